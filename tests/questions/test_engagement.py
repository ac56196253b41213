"""Daily engagement and the registry of its metrics."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows, watermark
from trailhouse.questions.engagement import daily
from trailhouse.questions.metrics import METRICS, Metric
from trailhouse.settings import Project
from trailhouse.tables.engagement import TABLE
from trailhouse.tables.person_days import TABLE as PERSON_DAYS


def by_day(spark: SparkSession, days: list[dict], sessions: list[dict], until: str) -> dict[str, Row]:  # type: ignore[type-arg]
    result = daily(
        rows(spark, "person_days", days),
        rows(spark, "sessions", sessions),
        watermark(spark, until),
        Project(),
    )
    return {str(row["day"]): row for row in TABLE.select(result).collect()}


def test_a_day_counts_its_persons_and_sessions_and_takes_ratios_last(spark: SparkSession) -> None:
    days = [
        {
            "person_id": "p",
            "day": "2026-03-02",
            "clicks": 3,
            "orders": 1,
            "conversions": 1,
            "value": [{"currency": "EUR", "amount": "1.10"}, {"currency": "USD", "amount": 5}],
        },
        {
            "person_id": "q",
            "day": "2026-03-02",
            "clicks": 4,
            "value": [{"currency": "EUR", "amount": "2.20"}],
        },
        {"person_id": "p", "day": "2026-03-04", "clicks": 1},
    ]
    sessions = [
        {
            "session_date": "2026-03-02",
            "views": 3,
            "engaged_us": 10,
            "converted": True,
            "rage_clicks": 2,
            "dead_clicks": 0,
        },
        {"session_date": "2026-03-02", "views": 1, "engaged_us": 5, "is_bounce": True, "dead_clicks": 1},
        {"session_date": "2026-03-02", "views": 1, "engaged_us": 5, "is_bounce": True},
        {"session_date": "2026-03-02", "views": 99, "is_bot": True},
        {"session_date": "2026-03-02", "views": 99, "internal": True},
        {"session_date": "2026-03-04", "views": 1},
    ]
    found = by_day(spark, days, sessions, "2026-03-04 23:59:59")
    assert sorted(found) == ["2026-03-02", "2026-03-03", "2026-03-04"]
    first = found["2026-03-02"].asDict(recursive=True)
    expected = {
        "complete": True,
        "active_persons": 2,
        "new_persons": 2,
        "clicks": 7,
        "orders": 1,
        "sessions": 3,
        "bounces": 2,
        "bounce_rate": Decimal("0.666667"),
        "views": 5,
        "views_per_session": Decimal("1.666667"),
        "engaged_us": 20,
        "engaged_us_per_session": 7,  # 6.67
        "converted_sessions": 1,
        "conversion_rate": Decimal("0.333333"),
        "rage_clicks": 2,
        "dead_clicks": 1,
        "friction_sessions": 2,
        "friction_rate": Decimal("0.666667"),
        "value": [
            {"currency": "EUR", "amount": Decimal("3.3000")},
            {"currency": "USD", "amount": Decimal("5.0000")},
        ],
    }
    assert {name: first[name] for name in expected} == expected
    last = found["2026-03-04"]
    assert (last["complete"], last["new_persons"], last["dead_clicks"]) == (False, 0, None)  # not collected
    assert (last["wau"], last["stickiness"]) == (2, Decimal("0.5"))


def test_a_day_without_anybody_is_a_row_of_zeros_without_ratios(spark: SparkSession) -> None:
    days = [{"person_id": "p", "day": on} for on in ("2026-03-02", "2026-03-04")]
    empty = by_day(spark, days, [], "2026-03-05 00:00:00")["2026-03-03"]
    assert (empty["active_persons"], empty["wau"], empty["sessions"], empty["clicks"]) == (0, 1, 0, 0)
    assert (empty["bounce_rate"], empty["engaged_us_per_session"], empty["dead_clicks"]) == (None, None, None)
    assert (empty["stickiness"], empty["value"]) == (0, [])


def test_weekly_and_monthly_persons_are_those_that_sets_of_days_give(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    first = date(2026, 1, 1)
    active = {(f"p{chance.randrange(30)}", first + timedelta(days=chance.randrange(70))) for _ in range(160)}
    found = by_day(spark, [{"person_id": p, "day": d} for p, d in sorted(active)], [], "2026-06-01 00:00:00")
    for row in found.values():
        for name, span in (("active_persons", 1), ("wau", 7), ("mau", 28)):
            expected = len({p for p, d in active if row["day"] - timedelta(days=span) < d <= row["day"]})
            assert row[name] == expected, f"seed {seed}, {name} of {row['day']}"
    assert len(found) == (max(d for _, d in active) - min(d for _, d in active)).days + 1, f"seed {seed}"


def test_no_days_give_no_rows(spark: SparkSession) -> None:
    assert by_day(spark, [], [], "2026-03-05 00:00:00") == {}


def test_an_appended_metric_is_a_column_without_further_work(spark: SparkSession) -> None:
    more = Metric("most_clicks", "BIGINT", "Most clicks of one person.", lambda: F.max("clicks"))
    days = rows(spark, "person_days", [{"clicks": 2}, {"clicks": 7}])
    result = daily(days, rows(spark, "sessions"), watermark(spark, None), Project(), (*METRICS, more))
    assert [row["most_clicks"] for row in result.collect()] == [7]
    assert (more.column().name, more.column().required, more.column().low) == ("most_clicks", True, 0)


def test_money_is_spelled_as_in_the_tables_that_it_comes_from() -> None:
    assert TABLE.column("value").type == PERSON_DAYS.column("value").type


def test_a_metric_without_its_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a measure"):
        Metric("broken", "BIGINT", "Nothing.")
