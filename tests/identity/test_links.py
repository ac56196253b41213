"""Normal forms, blocked values, links by day: golden cases."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.identity.oracle import Event
from tests.identity.worlds import frame
from trailhouse.identity.links import daily_links, daily_sightings, pairs_ever, sightings
from trailhouse.identity.normalise import is_blocked, normalised
from trailhouse.settings import Settings

SETTINGS = Settings(identity={"blocked": (" Demo-Account ",)})
MORNING, NOON, NEXT_DAY = datetime(2024, 3, 1, 8), datetime(2024, 3, 1, 12), datetime(2024, 3, 2, 0)


def _values(spark: SparkSession, values: list[str | None], column) -> list[object]:
    rows = spark.createDataFrame(list(enumerate(values)), "n int, value string")
    return [row[0] for row in rows.orderBy("n").select(column(F.col("value"))).collect()]


def test_values_that_name_nobody_are_blocked_whatever_their_case_and_edges(spark: SparkSession):
    nobody = """- 0 000 00000000-0000-0000-0000-000000000000 -1 null none nil undefined nan true false
        anonymous guest test id email distinct_id distinctid not_authenticated unknown n/a""".split()  # noqa: SIM905
    nobody += [
        "[object object]",
        "[object Object]",
        "",
        "  ",
        "\t\n",
        "\u00a0",
        "NULL",
        " Guest\u00a0",
        "\tn/A ",
    ]
    nobody += ["demo-account", "DEMO-ACCOUNT"]
    found = _values(spark, list(nobody), lambda value: is_blocked(value, SETTINGS))
    assert [value for value, blocked in zip(nobody, found, strict=True) if not blocked] == []


def test_values_that_only_resemble_blocked_ones_are_not_blocked(spark: SparkSession):
    # Null is no value, hence none to block.
    somebody = ["-2", "1", "00a", "nullable", "guest1", "test@example.org", "0.0", "object", "demo", None]
    assert _values(spark, somebody, lambda value: is_blocked(value, SETTINGS)) == [False] * len(somebody)


def test_an_address_is_trimmed_and_lowered_and_other_types_keep_their_case(spark: SparkSession):
    given = [" Ann@Example.ORG\t", None]
    email = _values(spark, given, lambda value: normalised(F.lit("email"), value, SETTINGS))
    user = _values(spark, given, lambda value: normalised(F.lit("user_id"), value, SETTINGS))
    assert email == ["ann@example.org", None]
    assert user == ["Ann@Example.ORG", None]


@pytest.fixture(scope="module")
def shown(spark: SparkSession):
    events = [
        Event(NOON, anonymous="a1", user="u1", others={"email": "Ann@x.org", "phone": "7"}),
        Event(MORNING, anonymous=" a1 ", user="u1", source="snowplow"),
        Event(NEXT_DAY, anonymous="a1", user="u1"),
        # An alias: the earlier anonymous id and the user; its own device as well.
        Event(NOON, anonymous="a2", user="u2", previous="a3"),
        # One usable identifier each, hence no link.
        Event(MORNING, anonymous="a4", user="null"),
        Event(NOON, anonymous="a4", previous="a4"),
        # Nothing usable.
        Event(NOON, user="0", others={"email": " ", "": "nameless"}),
        # A source that names an account of old under its own type.
        Event(NOON, user="u5", others={"user_id": "u6"}),
    ]
    return sightings(frame(spark, events), SETTINGS)


def test_each_pair_of_an_event_is_one_link_a_day_with_counts_times_and_sources(shown):
    links = {
        (row.type_a, row.value_a, row.type_b, row.value_b, row.link_date): (
            row.events,
            row.first_time,
            row.last_time,
            row.sources,
        )
        for row in daily_links(shown).collect()
    }
    day = date(2024, 3, 1)
    once = (1, NOON, NOON, ["segment"])
    assert links == {
        ("anonymous_id", "a1", "user_id", "u1", day): (2, MORNING, NOON, ["segment", "snowplow"]),
        ("anonymous_id", "a1", "user_id", "u1", date(2024, 3, 2)): (1, NEXT_DAY, NEXT_DAY, ["segment"]),
        ("anonymous_id", "a1", "email", "ann@x.org", day): once,
        ("anonymous_id", "a1", "phone", "7", day): once,
        ("email", "ann@x.org", "user_id", "u1", day): once,
        ("phone", "7", "user_id", "u1", day): once,
        ("email", "ann@x.org", "phone", "7", day): once,
        ("anonymous_id", "a2", "user_id", "u2", day): once,
        ("anonymous_id", "a3", "user_id", "u2", day): once,
        ("anonymous_id", "a2", "anonymous_id", "a3", day): once,
        ("user_id", "u5", "user_id", "u6", day): once,
    }


def test_a_pair_is_first_seen_on_the_earliest_of_its_days(shown):
    pairs = {(row.value_a, row.value_b): row.first_seen for row in pairs_ever(daily_links(shown)).collect()}
    assert pairs["a1", "u1"] == MORNING
    assert len(pairs) == 10


def test_identifiers_are_seen_by_day_with_or_without_a_link(shown):
    rows = daily_sightings(shown).where("NOT blocked").collect()
    seen = {(row.id_type, row.id_value, row.seen_date): (row.events, row.first_time) for row in rows}
    day = date(2024, 3, 1)
    assert seen["anonymous_id", "a4", day] == (2, MORNING)
    assert seen["anonymous_id", "a1", day] == (2, MORNING)
    assert seen["anonymous_id", "a1", date(2024, 3, 2)] == (1, NEXT_DAY)
    values = {value for _, value, _ in seen}
    assert values == {"a1", "a2", "a3", "a4", "u1", "u2", "u5", "u6", "ann@x.org", "7"}
    assert len(rows) == len(values) + 2  # a1 and u1 come on two days


def test_blocked_values_are_counted_by_day_in_one_spelling(spark: SparkSession):
    events = [Event(MORNING, user="NULL"), Event(NOON, user=" null", previous="0"), Event(NOON, user="u1")]
    rows = daily_sightings(sightings(frame(spark, events), SETTINGS)).where("blocked").collect()
    assert {(row.id_type, row.id_value): (row.events, row.first_time) for row in rows} == {
        ("user_id", "null"): (2, MORNING),
        ("anonymous_id", "0"): (1, NOON),
    }


def test_a_telephone_number_is_its_digits_where_the_settings_say_so(spark: SparkSession):
    settings = Settings(identity={"types": {"phone": {"digits": True}}})
    given = ["+49 (30) 123-45", "030/12345", "+4930 12345", None]
    found = _values(spark, given, lambda value: normalised(F.lit("phone"), value, settings))
    assert found == ["+493012345", "03012345", "+493012345", None]


def test_a_trait_of_identify_events_is_an_identifier_where_the_settings_name_it(spark: SparkSession):
    settings = Settings(identity={"types": {"crm": {"trait": "company.crm id"}, "card": {"trait": "it's"}}})
    rows = [
        ("a1", "identify", '{"company": {"crm id": " C1 "}, "its": "K"}'),
        ("a2", "group", '{"company": {"crm id": "C2"}}'),
        ("a3", "identify", "no JSON"),
    ]
    named = spark.createDataFrame(rows, "anonymous_id string, event_name string, traits string").selectExpr(
        "*",
        "cast(null as string) user_id",
        "cast(null as string) previous_id",
        "cast(null as map<string, string>) identifiers",
        "timestamp '2024-03-01 08:00:00' event_time",
        "date '2024-03-01' event_date",
        "'segment' source",
    )
    ids = {tuple(tuple(one) for one in row.ids) for row in sightings(named, settings).collect()}
    assert ids == {
        (("anonymous_id", "a1"), ("card", "K"), ("crm", "C1")),
        (("anonymous_id", "a2"),),
        (("anonymous_id", "a3"),),
    }
