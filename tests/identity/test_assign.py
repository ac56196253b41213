"""The person of an event, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.identity.oracle import Event
from tests.identity.worlds import frame
from trailhouse.identity.assign import person_of
from trailhouse.settings import Settings

AT = datetime(2024, 3, 1)
IDENTITIES = [
    ("user_id", "u1", "P-u1", "own"),
    ("user_id", "u2", "P-u2", "own"),
    ("email", "ann@x.org", "P-ann", "own"),
    ("phone", "7", "P-7", "own"),
    ("crm", "7", "P-crm", "own"),
    ("anonymous_id", "a1", "P-a1", "own"),
    ("anonymous_id", "a2", "P-a2", "own"),
    ("anonymous_id", "tablet", "P-tablet", "shared"),
    ("email", "office@x.org", "P-office", "hub"),
]
CASES = {
    "an account goes before all else": (
        Event(AT, "a1", "u1", {"email": "ann@x.org"}),
        "P-u1",
    ),
    "an address goes before a phone": (Event(AT, "a1", None, {"phone": "7", "email": "ann@x.org"}), "P-ann"),
    "other types go by the alphabet": (Event(AT, "a1", None, {"phone": "7", "crm": "7"}), "P-crm"),
    "any other type goes before a device": (Event(AT, "a1", None, {"phone": "7"}), "P-7"),
    "a device alone": (Event(AT, "a1"), "P-a1"),
    "a shared device comes after a device of one's own": (Event(AT, "tablet", None, {}, "a2"), "P-a2"),
    "a hub comes after a device, though an address": (
        Event(AT, "a1", None, {"email": "office@x.org"}),
        "P-a1",
    ),
    "a hub goes before a shared device by its type": (
        Event(AT, "tablet", None, {"email": "office@x.org"}),
        "P-office",
    ),
    "a shared device alone": (Event(AT, "tablet"), "P-tablet"),
    "an account on a shared device": (Event(AT, "tablet", "u1"), "P-u1"),
    "values are normalised before the look-up": (Event(AT, " a1\t", None, {"email": " ANN@x.org"}), "P-ann"),
    "a blocked account leaves the device": (Event(AT, "a1", "undefined"), "P-a1"),
    "an event's own column goes before the map": (Event(AT, None, "u2", {"user_id": "u1"}), "P-u2"),
    "a device goes before the one that an alias continues": (Event(AT, "a2", None, {}, "a1"), "P-a2"),
    "nothing usable": (Event(AT, "null", "0", {"email": ""}), None),
    "no identifier at all": (Event(AT), None),
    "an identifier that is not known": (Event(AT, "a9"), None),
}


@pytest.fixture(scope="module")
def assigned(spark: SparkSession):
    events = frame(spark, [event for event, _ in CASES.values()])
    known = spark.createDataFrame(
        IDENTITIES, "id_type string, id_value string, person_id string, status string"
    )
    return events, person_of(events, known, rows(spark, "device_owners"), Settings())


@pytest.fixture(scope="module")
def persons(assigned) -> dict[str, str | None]:
    return {row.event_id: row.person_id for row in assigned[1].collect()}


@pytest.mark.parametrize("place", range(len(CASES)), ids=list(CASES))
def test_an_event_belongs_to_the_identifier_of_highest_priority(place: int, persons: dict[str, str | None]):
    assert persons[str(place)] == list(CASES.values())[place][1]


def test_every_event_stays_once_with_its_columns_as_they_were(assigned):
    events, found = assigned
    assert found.columns == [*events.columns, "person_id"]
    assert sorted(row.event_id for row in found.collect()) == sorted(map(str, range(len(CASES))))
    assert found.drop("person_id", "identifiers").exceptAll(events.drop("identifiers")).count() == 0


def test_a_sort_merge_join_finds_the_same_persons(assigned, spark: SparkSession, persons):
    # Sets of identifiers with nulls in them must meet by either kind of join.
    before = spark.conf.get("spark.sql.autoBroadcastJoinThreshold")
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    try:
        known = spark.createDataFrame(
            IDENTITIES, "id_type string, id_value string, person_id string, status string"
        )
        found = person_of(assigned[0], known, rows(spark, "device_owners"), Settings())
        assert {row.event_id: row.person_id for row in found.collect()} == persons
    finally:
        spark.conf.set("spark.sql.autoBroadcastJoinThreshold", before)


OWNERS = [
    # Half-open: at NOON it is u2's. Before EARLY it is nobody's, and it never was the hub's.
    {
        "id_value": "tablet",
        "from_time": "2024-03-01 08:00",
        "to_time": "2024-03-01 12:00",
        "person_id": "P-u1",
    },
    {"id_value": "tablet", "from_time": "2024-03-01 12:00", "to_time": None, "person_id": "P-u2"},
]
BY_TIME = {
    "before the first log-in the device is nobody's": (7, Event(AT, "tablet"), "P-tablet"),
    "from a log-in on it is the account's": (8, Event(AT, "tablet"), "P-u1"),
    "until the next one's": (12, Event(AT, "tablet"), "P-u2"),
    "and stays so": (23, Event(AT, "tablet"), "P-u2"),
    "an event that names an account is the account's": (9, Event(AT, "tablet", "u2"), "P-u2"),
    "a device of one's own goes before": (9, Event(AT, "tablet", None, {}, "a2"), "P-a2"),
    "a hub has no owner": (9, Event(AT, "kiosk", None, {"email": "office@x.org"}), "P-office"),
}


@pytest.mark.parametrize(("shared", "owned"), [("last_user", True), ("separate", False)])
def test_an_event_on_a_shared_device_alone_goes_to_who_logged_in_last_where_the_settings_say_so(
    spark: SparkSession, shared: str, owned: bool
):
    events = frame(spark, [replace(event, at=AT + timedelta(hours=h)) for h, event, _ in BY_TIME.values()])
    known = spark.createDataFrame(
        IDENTITIES, "id_type string, id_value string, person_id string, status string"
    )
    owners = rows(spark, "device_owners", [{"id_type": "anonymous_id", **owner} for owner in OWNERS])
    settings = Settings(identity={"shared": shared})
    found = {row.event_id: row.person_id for row in person_of(events, known, owners, settings).collect()}
    alone = Event(AT, "tablet")
    wanted = {
        str(n): "P-tablet" if event == alone and not owned else person
        for n, (_, event, person) in enumerate(BY_TIME.values())
    }
    assert found == wanted
