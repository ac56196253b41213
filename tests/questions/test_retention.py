"""Weekly retention."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from trailhouse.questions.asked import Asked
from trailhouse.questions.retention import answer
from trailhouse.settings import Project, Retention


def day(person: str, on: str, **more: Any) -> dict[str, Any]:
    return {
        "person_id": person,
        "day": on,
        "first_time": f"{on} 12:00:00",
        "last_time": f"{on} 12:00:00",
        **more,
    }


def found(
    spark: SparkSession,
    question: Retention,
    *,
    days: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
    until: str | None,
    project: Project | None = None,
) -> dict[tuple[str, int], tuple[Any, ...]]:
    """(cohort, period) -> (cohort_size, units, unbounded, complete)."""
    frames = {
        "activity": rows(spark, "activity", events or []),
        "person_days": rows(spark, "person_days", days or []),
        "sessions": rows(spark, "sessions", [{"session_id": "bot", "is_bot": True}]),
        "watermark": watermark(spark, until),
    }
    result = answer(question, Asked(frames, project or Project()))
    return {
        (str(r["cohort"]), r["period"]): (r["cohort_size"], r["units"], r["unbounded"], r["complete"])
        for r in result.collect()
    }


def test_cohorts_are_the_week_of_the_first_day_ever_and_returns_any_day_of_a_later_week(
    spark: SparkSession,
) -> None:
    days = [
        *(day("back in week 2", on) for on in ("2026-03-02", "2026-03-20")),
        *(day("back in 1 and 2", on) for on in ("2026-03-08", "2026-03-09", "2026-03-16")),
        day("never back", "2026-03-04"),
        day("of the next week", "2026-03-09"),
    ]
    assert found(spark, Retention(name="r", periods=3), days=days, until="2026-03-22 23:00:00") == {
        ("2026-03-02", 0): (3, 3, 3, True),
        ("2026-03-02", 1): (3, 1, 2, True),
        ("2026-03-02", 2): (3, 2, 2, False),  # the week lasts one more hour; week 3 has not begun
        ("2026-03-09", 0): (1, 1, 1, True),
        ("2026-03-09", 1): (1, 0, 0, False),
    }


def test_a_week_is_complete_at_the_instant_it_ends_in_the_projects_zone(spark: SparkSession) -> None:
    question, days = Retention(name="r", periods=1), [day("p", "2026-03-04")]
    berlin = Project(timezone="Europe/Berlin")
    # Monday 00:00 in Berlin is 23:00 UTC on Sunday
    assert found(spark, question, days=days, until="2026-03-08 22:59:59.999999", project=berlin) == {
        ("2026-03-02", 0): (1, 1, 1, False)
    }
    assert found(spark, question, days=days, until="2026-03-08 23:00:00", project=berlin) == {
        ("2026-03-02", 0): (1, 1, 1, True),
        ("2026-03-02", 1): (1, 0, 0, False),
    }


def test_weeks_begin_on_sunday_where_the_project_says_so(spark: SparkSession) -> None:
    days = [day("p", "2026-03-07"), day("p", "2026-03-08")]  # Saturday and Sunday
    weeks = found(
        spark,
        Retention(name="r", periods=1),
        days=days,
        until="2026-04-01 00:00:00",
        project=Project(week_start="sunday"),
    )
    assert weeks == {("2026-03-01", 0): (1, 1, 1, True), ("2026-03-01", 1): (1, 1, 1, True)}


def test_named_events_count_people_from_the_start_on_and_only_the_first_start_ever(
    spark: SparkSession,
) -> None:
    def event(person: str, name: str, on: str, **more: Any) -> dict[str, Any]:
        return {"person_id": person, "event_name": name, "event_time": f"2026-03-{on}:00", **more}

    events = [
        event("p", "order", "03 08:00"),  # before the start, in its week
        event("p", "sign_up", "03 09:00"),
        event("p", "sign_up", "12 09:00"),
        event("p", "order", "10 09:00"),
        event("q", "sign_up", "04 09:00"),
        event("q", "order", "04 09:00"),  # at the instant of the start
        event("bot", "sign_up", "04 09:00", is_bot=True),
        event("staff", "sign_up", "04 09:00", internal=True),
        event("by session", "sign_up", "04 09:00", session_id="bot"),
        event(None, "sign_up", "04 09:00"),  # type: ignore[arg-type]
    ]
    question = Retention(name="r", start="sign_up", event="order", periods=2)
    assert found(spark, question, events=events, until="2026-03-30 00:00:00") == {
        ("2026-03-02", 0): (2, 1, 2, True),
        ("2026-03-02", 1): (2, 1, 1, True),
        ("2026-03-02", 2): (2, 0, 0, True),
    }


@pytest.mark.parametrize("until", [None, "2026-03-01 00:00:00"])
def test_periods_that_the_watermark_has_not_reached_do_not_exist(
    spark: SparkSession, until: str | None
) -> None:
    assert found(spark, Retention(name="r"), days=[day("p", "2026-03-04")], until=until) == {}


def test_random_histories_give_the_triangle_that_sets_of_weeks_give(spark: SparkSession) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    zone = "America/New_York"  # its clocks change on 2026-03-08
    first = datetime(2026, 2, 20, tzinfo=UTC)
    instants = [
        (f"p{chance.randrange(60)}", first + timedelta(minutes=chance.randrange(60 * 24 * 40)))
        for _ in range(400)
    ]
    events = [
        {"person_id": person, "event_name": "use", "event_time": at.strftime("%Y-%m-%d %H:%M:%S")}
        for person, at in instants
    ]
    weeks: dict[str, set[date]] = {}
    for person, at in instants:
        local = at.astimezone(ZoneInfo(zone)).date()
        weeks.setdefault(person, set()).add(local - timedelta(days=local.weekday()))
    expected: dict[tuple[str, int], tuple[int, int, int]] = {}
    for cohort in {min(own) for own in weeks.values()}:
        members = [own for own in weeks.values() if min(own) == cohort]
        for period in range(4):
            week = cohort + timedelta(weeks=period)
            on = sum(week in own for own in members)
            after = sum(max(own) >= week for own in members)
            expected[str(cohort), period] = (len(members), on, after)
    question = Retention(name="r", start="use", event="use", periods=3)
    got = found(spark, question, events=events, until="2026-06-01 00:00:00", project=Project(timezone=zone))
    assert {key: value[:3] for key, value in got.items()} == expected, f"seed {seed}"
