"""Trends, against the same told in plain Python."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession

from tests.conftest import ROOT
from tests.factories import rows, watermark
from tests.questions.trends_oracle import Event, Figures, Key, differences, expected, world
from trailhouse.gates.counting import count_offending
from trailhouse.questions.asked import Asked
from trailhouse.questions.trends import CHECKS, answer
from trailhouse.settings import Project
from trailhouse.settings.questions import Questions, Trend
from trailhouse.tables import TABLES


def found(
    spark: SparkSession, asked: list[tuple[Trend, Project]], events: list[Event], until: str | None
) -> tuple[DataFrame, dict[str, dict[Key, Figures]]]:
    """All rows, and by question (series, breakdown_by, breakdown, currency, start) -> figures."""
    given = [{name: value for name, value in one.items() if name not in ("at", "n")} for one in events]
    frames = {
        "activity": rows(spark, "activity", given).coalesce(1),
        "sessions": rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}]),
        "watermark": watermark(spark, until),
    }
    # One by one: adaptive execution plans the rest of a query anew after each of its stages.
    told = [
        row
        for question, project in asked
        for row in TABLES["trends"].select(answer(question, Asked(frames, project))).collect()
    ]
    cells: dict[str, dict[Key, Figures]] = defaultdict(dict)
    for row in told:
        key = (row["series"], row["breakdown_by"], row["breakdown"], row["currency"], row["start"])
        assert key not in cells[row["question"]], key
        figures = (row["date"], row["value"], row["units"], row["previous"], row["complete"])
        cells[row["question"]][key] = figures
    return spark.createDataFrame(told, TABLES["trends"].schema), cells


VISITS = {"name": "visits", "event": "visit"}
ORDERS = {"name": "orders", "event": "order"}
BERLIN = Project(timezone="Europe/Berlin")
OF_N = [
    {"name": f"n_{how}", "event": "visit", "measure": how, "field": "properties.n"}
    for how in ("sum", "avg", "min", "max", "percentile")
]
ASKED: list[tuple[dict[str, Any], Project]] = [
    (
        {
            "name": "days, broken down",
            "series": [VISITS, ORDERS, {"name": "people", "measure": "units"},
                       {"name": "stays", "event": "visit", "measure": "sessions"}],
            "formulas": [{"name": "rate", "formula": "orders / visits * 100"},
                         {"name": "odd", "formula": "-(orders + 2.5) / (people - people)"}],
            "breakdowns": ["platform"],
            "breakdown_limit": 1,
            "compare": "interval",
        },
        BERLIN,
    ),
    (
        {
            "name": "hours where clocks change",
            "series": [VISITS, {"name": "each", "event": "visit", "measure": "per_unit"}],
            "interval": "hour",
            "from_day": "2026-03-29",
            "to_day": "2026-03-30",
            "compare": "range",
            "unit": "account",
        },
        BERLIN,
    ),
    (
        {
            "name": "weeks from Sunday",
            "series": [*OF_N[:4], {**OF_N[4], "percentile": 90}],
            "interval": "week",
            "from_day": "2026-03-18",
            "compare": "week",
            "unit": "device",
        },
        Project(timezone="America/New_York", week_start="sunday"),
    ),
    (
        {
            "name": "rolling",
            "series": [{"name": "wau", "measure": "units"}, ORDERS, OF_N[1], OF_N[4]],
            "formulas": [{"name": "per", "formula": "orders / wau"}],
            "rolling": 7,
            "breakdowns": ["platform", "event_name"],
            "breakdown_limit": 2,
            "from_day": "2026-03-20",
            "to_day": "2026-03-26",
        },
        BERLIN,
    ),
    (
        {
            "name": "money by month",
            "series": [ORDERS, {"name": "revenue", "event": "order", "measure": "sum", "field": "value"},
                       {"name": "median", "event": "order", "measure": "percentile", "field": "value"}],
            "formulas": [{"name": "basket", "formula": "revenue / orders"},
                         {"name": "twice", "formula": "2*orders"}],
            "interval": "month",
            "breakdowns": ["platform"],
            "unit": "session",
        },
        Project(),
    ),
]  # fmt: skip


def test_random_worlds_give_the_figures_that_counting_each_period_gives(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    events = world(random.Random(seed))
    asked = [(Trend.model_validate(given), project) for given, project in ASKED]
    until = "2026-04-11 21:30:00"
    told, cells = found(spark, asked, events, until)
    for question, project in asked:
        wanted = expected(question, project, events, datetime.fromisoformat(until))
        assert wanted, f"{question.name}, seed {seed}"
        assert not differences(cells[question.name], wanted), f"{question.name}, seed {seed}"
    assert count_offending({"trends": told}, CHECKS) == [0] * len(CHECKS), f"seed {seed}"


def test_days_without_events_are_rows_of_nought_and_no_records_no_rows(spark: SparkSession) -> None:
    events = [
        {
            "person_id": "p",
            "event_name": "order",
            "event_time": "2026-03-02 10:00:00",
            "value": 5,
            "at": 0,
            "n": 0,
        }
    ]
    series = [ORDERS, {"name": "most", "event": "order", "measure": "max", "field": "properties.n"}]
    given = {"series": series, "from_day": "2026-03-01"}
    asked = [
        (Trend.model_validate({**given, "name": "some"}), Project()),
        (Trend.model_validate({"name": "none", "series": [{"name": "never", "event": "never"}]}), Project()),
    ]
    _, cells = found(spark, asked, events, "2026-03-03 00:00:00")
    by_day = {(key[0], str(figures[0])): figures[1:] for key, figures in cells["some"].items()}
    assert by_day == {
        ("orders", "2026-03-01"): (0, 0, None, True),
        ("orders", "2026-03-02"): (1, 1, None, True),
        ("orders", "2026-03-03"): (0, 0, None, False),
        ("most", "2026-03-01"): (None, 0, None, True),
        ("most", "2026-03-02"): (None, 1, None, True),
        ("most", "2026-03-03"): (None, 0, None, False),
    }
    assert "none" not in cells


@pytest.mark.parametrize(
    "formula",
    ["orders +", "visits", "__import__('os')", "orders ** 2", "orders.x", "1e400", "(" * 90, "True",
     "orders if orders else 1", "0x" + "f" * 30, "'a' * 9"]
)  # fmt: skip
def test_a_formula_is_arithmetic_of_known_series_and_nothing_else(formula: str) -> None:
    given = {"series": [ORDERS], "formulas": [{"name": "f", "formula": formula}]}
    with pytest.raises(ValidationError):
        Trend.model_validate(given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"series": [{"name": "a", "measure": "sum"}]}, "sum needs a field"),
        ({"series": [{"name": "a", "field": "value"}]}, "count takes no field"),
        ({"series": [{"name": "a", "measure": "sum", "field": "session.views"}]}, "not of its session"),
        ({"series": [{"name": "a"}, {"name": "a"}]}, "found twice: a"),
        ({"series": [{"name": "a"}], "rolling": 7, "interval": "week"}, "rolling figures are by day"),
        ({"series": [{"name": "a"}], "compare": "range"}, "needs from_day and to_day"),
        ({"series": [{"name": "a"}], "compare": "week", "interval": "month"}, "no week before it"),
    ],
)
def test_what_no_trend_can_be_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Trend.model_validate(given)


def test_the_example_of_the_docs_and_the_shops_own_are_questions() -> None:
    page = (ROOT / "docs" / "questions" / "trends.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    for told in (example, (ROOT / "conf" / "questions" / "orders.yaml").read_text(encoding="utf-8")):
        assert len(Questions.model_validate(yaml.safe_load(told)).trends) == 1
