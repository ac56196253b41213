"""Fields, conditions and steps of questions; the rows that a question looks at."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from trailhouse.errors import SettingsError
from trailhouse.questions import churn, experiments, revenue, trials
from trailhouse.questions.asked import Asked
from trailhouse.questions.asked import rows as asked_rows
from trailhouse.questions.fields import holds, matches, value_of
from trailhouse.settings import (
    Churn,
    Experiment,
    Filter,
    Profiles,
    Project,
    Question,
    Revenue,
    Step,
    Trials,
    load_settings,
)
from trailhouse.settings.questions.fields import ACCOUNT_FIELDS, EVENT_FIELDS, PROFILE_FIELDS, SESSION_FIELDS
from trailhouse.tables import TABLES

EVENT = {
    "event_name": "page_view",
    "page_path": "/Pricing",
    "page_group": "/pricing",
    "device": {"type": "mobile"},
    "search": {"term": "a", "results": 3},
    "value": Decimal("50"),
    "properties": '{"plan": "pro", "seats": 12, "trial": true, "a.b\'": "x"}',
}
TRUE: list[dict[str, Any]] = [
    {"field": "page_path", "value": "/Pricing"},
    {"field": "page_path", "value": ["/other", "/Pricing"]},
    {"field": "page_path", "op": "contains", "value": "PRIC"},
    {"field": "page_path", "op": "matches", "value": "^/P.*g$"},
    {"field": "device_type", "op": "is_not", "value": "desktop"},
    {"field": "browser", "op": "is_not", "value": "Firefox"},
    {"field": "browser", "op": "not_contains", "value": "Fire"},
    {"field": "browser", "op": "is_not_set"},
    {"field": "search_results", "op": "at_least", "value": 3},
    {"field": "properties.seats", "op": "above", "value": 9},
    {"field": "properties.seats", "op": "at_most", "value": 12},
    {"field": "properties.trial", "value": True},
    {"field": "properties.a.b'", "value": "x"},
    {"field": "properties.plan", "op": "is_set"},
    # Whatever number of places the column has.
    {"field": "value", "value": 50},
    {"field": "value", "value": Decimal("50.00")},
    {"field": "value", "op": "contains", "value": "50"},
]
FALSE: list[dict[str, Any]] = [
    {"field": "page_path", "value": "/pricing"},
    {"field": "page_path", "op": "not_contains", "value": "pric"},
    {"field": "device_type", "op": "is_not", "value": ["desktop", "mobile"]},
    {"field": "browser", "value": "Firefox"},
    {"field": "browser", "op": "contains", "value": ""},
    {"field": "search_results", "op": "below", "value": 3},
    {"field": "properties.plan", "op": "above", "value": 1},
    {"field": "properties.none", "op": "is_set"},
    {"field": "value", "value": 5},
    {"field": "value", "op": "is_not", "value": [50, 60]},
]
STEPS = {
    "/Pricing": True,
    "/pricing": False,
    "*": True,
    "order": False,
}


def test_conditions_and_steps_hold_as_they_say(spark: SparkSession) -> None:
    frame = rows(spark, "activity", [EVENT])
    conditions = [holds(Filter.model_validate(one)) for one in (*TRUE, *FALSE)]
    several = Step(any_of=(Step(event="order"), Step(event="page_view")), page_group="/pricing")
    steps = [matches(Step.model_validate(text)) for text in STEPS] + [matches(several)]
    found = frame.select(F.array(*conditions).alias("c"), F.array(*steps).alias("s")).collect()[0]
    assert list(zip([*TRUE, *FALSE], found.c, strict=True)) == [
        *((one, True) for one in TRUE),
        *((one, False) for one in FALSE),
    ]
    assert found.s == [*STEPS.values(), True]


def test_every_field_is_a_column() -> None:
    activity = TABLES["activity"].schema
    for path in EVENT_FIELDS.values():
        kind: Any = activity
        for part in path.split("."):
            kind = kind[part].dataType
    assert set(SESSION_FIELDS) <= set(TABLES["sessions"].schema.names)
    assert set(PROFILE_FIELDS) <= set(TABLES["profiles"].schema.names)
    single = {c.name for c in TABLES["accounts"].columns if not c.type.startswith("ARRAY")}
    assert set(ACCOUNT_FIELDS) == single - {"as_of", "traits"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"field": "device_typ", "value": "x"}, "did you mean device_type"),
        ({"field": "profile.contry", "value": "x"}, "did you mean profile.country"),
        ({"field": "country", "op": "above", "value": "x"}, "compares with a number"),
        ({"field": "country", "op": "is_set", "value": "x"}, "is_set takes no value"),
        ({"field": "country"}, "is takes a value"),
        ({"field": "country", "op": "matches", "value": "("}, "no regular expression"),
    ],
)
def test_a_wrong_condition_says_what_is_allowed(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Filter.model_validate(given)


def test_a_question_looks_at_its_units_days_segment_and_conditions_of_people_alone(
    spark: SparkSession,
) -> None:
    def event(
        id_: str, at: str = "2026-03-03 12:00:00", person: str | None = "p", **more: Any
    ) -> dict[str, Any]:
        return {"event_id": id_, "event_time": at, "person_id": person, "event_name": "order", **more}

    activity = [
        event("in", session_id="s"),
        event("first instant", "2026-03-01 23:00:00"),  # midnight of 2 March in Berlin
        event("too early", "2026-03-01 22:59:59"),
        event("too late", "2026-03-04 23:00:00"),
        event("other name", event_name="click"),
        event("nobody", person=None),
        event("bot", is_bot=True),
        event("bot by session", session_id="bot"),
        event("staff", internal=True),
        event("no member", person="q"),
        event("member no more", person="r"),
        event("wrong country", geo={"country": "DE"}),
        event("by channel", session_id="direct"),
    ]
    frames = {
        "activity": rows(spark, "activity", activity),
        "sessions": rows(
            spark,
            "sessions",
            [
                {"session_id": "bot", "is_bot": True},
                {"session_id": "s", "channel": "Email"},
                {"session_id": "direct", "channel": "Direct"},
            ],
        ),
        "segment_members": spark.createDataFrame(
            [
                ("vip", "p", "2026-03-01", None),
                ("vip", "r", "2026-03-01", "2026-03-04"),
                ("x", "q", None, None),
            ],
            "segment STRING, person_id STRING, valid_from STRING, valid_to STRING",
        ).selectExpr("segment", "person_id", "DATE(valid_from) AS valid_from", "DATE(valid_to) AS valid_to"),
    }
    question = Question.model_validate(
        {
            "segment": "vip",
            "from_day": "2026-03-02",
            "to_day": "2026-03-04",
            "where": [
                {"field": "country", "op": "is_not", "value": "DE"},
                {"field": "channel", "op": "is_not", "value": "Direct"},
            ],
        }
    )
    asked = Asked(frames, Project(timezone="Europe/Berlin"))
    found = asked_rows(question, asked, [Step(event="order")], {"from": F.col("session.channel")}).collect()
    assert sorted((row.unit, row.event_id, row["from"]) for row in found) == [
        ("p", "first instant", None),
        ("p", "in", "Email"),
    ]


DECLARED = Profiles.model_validate(
    {
        "traits": [
            {"name": "reviews", "kind": "count", "event": "review"},
            {"name": "plan", "kind": "last", "event": "x", "field": "properties.plan"},
            {"name": "spent", "kind": "sum", "event": "x", "field": "properties.price"},
            {"name": "brands", "kind": "unique_list", "event": "x", "field": "properties.brand"},
        ]
    }
)
TRAITS: list[tuple[dict[str, Any], set[str]]] = [
    # p's are computed: three reviews, 12.5 spent, brands a and b, the plan `pro`; q was told all of it.
    ({"field": "trait.reviews", "value": 3}, {"p"}),
    ({"field": "trait.reviews", "op": "at_least", "value": 2}, {"p"}),
    ({"field": "trait.reviews", "value": 9}, set()),  # that q was told is hidden by the rule
    ({"field": "trait.reviews", "op": "is_not_set"}, {"q", "r", "s"}),
    ({"field": "trait.reviews", "op": "is_not", "value": 3}, {"q", "r", "s"}),
    ({"field": "trait.plan", "value": "pro"}, {"p"}),
    ({"field": "trait.Plan", "value": "Pro"}, {"q"}),  # another name, which no rule has
    ({"field": "trait.spent", "value": "12.5"}, {"p"}),
    ({"field": "trait.spent", "value": Decimal("12.50")}, {"p"}),
    ({"field": "trait.spent", "op": "above", "value": Decimal("12.4")}, {"p"}),
    ({"field": "trait.brands", "value": "b"}, {"p"}),
    ({"field": "trait.brands", "value": ["c", "a"]}, {"p"}),
    ({"field": "trait.brands", "op": "contains", "value": "A"}, {"p"}),
    ({"field": "trait.brands", "op": "matches", "value": "^a$"}, {"p"}),
    ({"field": "trait.brands", "op": "is_not", "value": "b"}, {"q", "r", "s"}),
    ({"field": "trait.brands", "op": "not_contains", "value": "c"}, {"p", "q", "r", "s"}),
    ({"field": "trait.was.there", "value": 7}, {"r"}),  # no rule any more: the table still has it
    ({"field": "trait.was.there", "value": 8}, {"q"}),
    ({"field": "profile.orders_28", "op": "at_least", "value": 2}, {"p"}),
]
OF_ACCOUNTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"field": "profile.plan", "value": "team"}, {"acme"}),
    ({"field": "profile.plan", "op": "is_not", "value": "team"}, {"bits", "new"}),
    ({"field": "profile.persons_7", "op": "above", "value": 1}, {"acme"}),
    ({"field": "profile.orders_28", "op": "at_least", "value": 2}, {"bits"}),  # its own, not p's
    ({"field": "trait.size", "value": 12}, {"acme"}),
    ({"field": "trait.plan", "op": "is_set"}, {"bits"}),
]


def test_traits_are_computed_or_told_and_fields_of_accounts_are_the_accounts_own(spark: SparkSession) -> None:
    def entry(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, **more}

    people = [
        {
            "person_id": "p",
            "traits": '{"plan": "free", "reviews": "many"}',
            "orders_28": 2,
            "computed_traits": [
                entry("brands", list=["a", "b"]),
                entry("plan", text="pro"),
                entry("reviews", number=3),
                entry("spent", number="12.5"),
            ],
        },
        {
            "person_id": "q",
            "traits": '{"reviews": 9, "Plan": "Pro", "plan": "pro", "brands": "b", "spent": 12.5, '
            '"was.there": 8}',
        },
        {
            "person_id": "r",
            "traits": '{"was.there": 8}',
            "computed_traits": [entry("was.there", number=7)],
        },
    ]
    accounts = [
        {"account_id": "acme", "plan": "team", "persons_7": 2, "traits": '{"size": 12}'},
        {"account_id": "bits", "orders_28": 2, "traits": '{"plan": "x"}'},
    ]
    frames = {
        "activity": rows(
            spark,
            "activity",
            [
                *({"person_id": name, "event_name": "x"} for name in "pqrs"),
                *({"person_id": "p", "event_name": "x", "account_id": name} for name in ("acme", "bits")),
                {"person_id": "s", "event_name": "x", "account_id": "new"},
            ],
        ),
        "sessions": rows(spark, "sessions"),
        "profiles": rows(spark, "profiles", people),
        "accounts": rows(spark, "accounts", accounts),
    }
    asked = Asked(frames, profiles=DECLARED)

    def units(question: Question, cases: list[tuple[dict[str, Any], set[str]]], *shown: str) -> DataFrame:
        conditions = [Filter.model_validate(one) for one, _ in cases]
        keep = {
            "held": F.array(*map(holds, conditions)),
            "shown": F.array(*map(value_of, shown)),
        }
        names = {*(one.field for one in conditions), *shown}
        return asked_rows(question, asked, [Step()], keep, names).select("unit", "held", "shown").distinct()

    of_persons = units(Question(), TRAITS, "trait.reviews", "trait.spent", "trait.brands", "trait.none")
    of_accounts = units(Question(unit="account"), OF_ACCOUNTS, "profile.plan", "profile.cohort_month")
    told = {row.unit: row for row in of_persons.unionByName(of_accounts).collect()}
    for names, cases in (("pqrs", TRAITS), (("acme", "bits", "new"), OF_ACCOUNTS)):
        for place, (condition, expected) in enumerate(cases):
            assert {name for name in names if told[name].held[place]} == expected, condition
    assert told["p"].shown == ["3", "12.5", "a, b", "unknown"]
    assert told["q"].shown == ["unknown"] * 4
    assert told["acme"].shown == ["team", "2026-03-02"]
    assert told["new"].shown == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "funnels=[{name: f, steps: [a, {event: b, where: [{field: profile.first_chanel, value: x}]}]}]",
            "questions.funnels.0.steps.1.where.0.field = 'profile.first_chanel': no field of events, "
            "sessions or profiles; did you mean profile.first_channel?",
        ),
        (
            "funnels=[{name: f, unit: account, steps: [a, {event: b, where: [{field: profile.orders_7, "
            "op: is_set}, {field: profile.views_7, op: is_set}]}]}]",
            "steps.1.where.1.field = profile.views_7: profiles of accounts have no views_7, those of persons "
            "have; did you mean profile.orders_7? there are cohort_month, first_seen, last_seen, account_id, "
            "plan, last_conversion_day, last_order_day, and ever or over the last days (_1, _7, _28, _90) "
            "active_days, persons, sessions, events, conversions, orders",
        ),
        (
            "retention=[{name: f, breakdowns: [country, profile.persons_28]}]",
            "questions.retention.0 = {'name': 'f', 'breakdowns': ['country', 'profile.persons_28']}: "
            "breakdowns.1 = profile.persons_28: profiles of persons have no persons_28, those of accounts",
        ),
        (
            "lifecycle=[{name: f, unit: account, where: [{field: trait.reviews, value: 1}]}]",
            "the question f: where.0.field = trait.reviews: profiles.traits computes it of persons",
        ),
    ],
)
def test_a_field_that_the_unit_does_not_have_is_told_with_those_it_has(given: str, told: str) -> None:
    rule = "profiles.traits=[{name: reviews, kind: count, event: review}]"
    with pytest.raises(SettingsError) as caught:
        load_settings(None, [rule, f"questions.{given}"])
    assert told in str(caught.value)


def test_every_field_that_a_question_names_is_joined_to_its_events(spark: SparkSession) -> None:
    frames = {name: rows(spark, name) for name in ("activity", "sessions", "profiles", "accounts")}
    frames["watermark"] = watermark(spark, None)
    asked = Asked(frames)
    # None is computed: a column that is not there is told when the plan is made.
    experiments.answer(Experiment(name="e", experiment="x", variant="trait.group"), asked)
    revenue.answer(Revenue(name="r", unit="account", interval="profile.plan", amount="trait.price"), asked)
    churn.answer(Churn(name="c", rules=("cancelled",), subscription="session.channel"), asked)
    trials.answer(Trials(name="t", ends_at="profile.first_seen"), asked)
