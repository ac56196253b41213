"""Which views a changed attempt at a task touches, though no event of their sessions changed."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from tests.factories import rows
from trailhouse.stage import Look
from trailhouse.touched.views import attempted


def attempt(person: str, start: int, last: int, **more: Any) -> dict[str, Any]:
    """Of this person, by minutes."""
    span = {"start_time": f"2026-03-02 10:{start:02d}:00", "last_time": f"2026-03-02 10:{last:02d}:00"}
    return {"task": "buy", "person_id": person, "session_id": person, "completed": False, **span, **more}


def view(person: str, start: int, end: int) -> dict[str, Any]:
    span = {"start_time": f"2026-03-02 10:{start:02d}:00", "end_time": f"2026-03-02 10:{end:02d}:00"}
    return {"person_id": person, "view_id": f"{person} {start}", **span}


def test_views_with_a_changed_attempt_under_way_are_touched(spark: SparkSession) -> None:
    same = attempt("same", 0, 9)
    # Over by time alone; no longer there, as its person is another; completed by a later session; longer.
    before = [same, attempt("went", 5, 9), attempt("ended", 5, 9), attempt("longer", 5, 6)]
    now = [
        same,
        attempt("came", 5, 9),
        attempt("ended", 5, 9, completed=True),
        attempt("longer", 5, 9),
    ]
    persons = ("same", "came", "went", "ended", "longer", "other")
    views = [view(person, *span) for person in persons for span in ((0, 4), (4, 5), (9, 12), (10, 12))]
    frames = {
        "task_attempts": rows(spark, "task_attempts", now),
        "page_views": rows(spark, "page_views", views),
    }
    earlier = {"task_attempts": rows(spark, "task_attempts", before)}
    touched = attempted(Look(frames, earlier, {}, {"task_attempts": None}))
    assert touched is not None
    found = {(row["person_id"], row["start_time"].minute) for row in touched.collect()}
    # Those that ended as the attempt began, and began as it ended, are of it.
    assert found == {(person, minute) for person in persons[1:5] for minute in (4, 9)}
    # The log says that nothing changed: no row is looked at.
    assert attempted(Look({}, {}, {}, {"task_attempts": []})) is None
