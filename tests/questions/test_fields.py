"""Fields, conditions and steps of questions; the rows that a question looks at."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.factories import rows
from trailhouse.questions.asked import Asked
from trailhouse.questions.asked import rows as asked_rows
from trailhouse.questions.fields import holds, matches
from trailhouse.settings import Filter, Project, Question, Step
from trailhouse.settings.questions.fields import EVENT_FIELDS, PROFILE_FIELDS, SESSION_FIELDS
from trailhouse.tables import TABLES

EVENT = {
    "event_name": "page_view",
    "page_path": "/Pricing",
    "page_group": "/pricing",
    "device": {"type": "mobile"},
    "search": {"term": "a", "results": 3},
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
