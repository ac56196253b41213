"""The stage `retention`: the declared retention questions."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.questions.retention import cohorts
from trailhouse.questions.rows import no_rows
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.retention import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """The cohorts of every declared question; no row where none is declared."""
    settings = context.settings
    asked = [
        cohorts(
            question,
            inputs["activity"],
            inputs["person_days"],
            inputs["sessions"],
            inputs["watermark"],
            settings.project,
        )
        for question in settings.questions.retention
    ]
    none = no_rows(TABLE, inputs["activity"])
    return {TABLE.name: TABLE.select(reduce(DataFrame.unionByName, asked, none))}


STAGE = Stage(
    name="retention",
    reads=("activity", "sessions", "person_days", "watermark"),
    writes=("retention",),
    transform=transform,
    settings=("project", "questions"),
    pins={"activity": "person_days", "sessions": "person_days"},
    checks=(
        Check(
            "retention",
            "unbounded_holds_more",
            "Returns in a week are no more than returns in it or later, these no more than the cohort.",
            "units <= unbounded AND unbounded <= cohort_size",
        ),
        Check(
            "retention",
            "unbounded_only_falls",
            "Who returned in a week or later has returned in the week before or later.",
            query=(
                "SELECT question, cohort, period FROM (SELECT *, lag(unbounded) OVER "
                "(PARTITION BY question, cohort ORDER BY period) AS before FROM {batch}) "
                "WHERE unbounded > before"
            ),
        ),
    ),
)
