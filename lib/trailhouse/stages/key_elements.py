"""The stage `key_elements`: whether people notice what a page wants them to; only where some are declared.

A run makes anew the days on which views began that lie in sessions with events on changed days, or in which
attempts at tasks were under way that changed.
"""

from __future__ import annotations

from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.key_elements import BY_TASK, OUTCOMES, key_elements
from trailhouse.questions.map_views import views_of_people
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables.key_elements import TABLE
from trailhouse.touched.views import attempted, view_days


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a declared element, device class and day."""
    settings = context.settings
    if not settings.elements.key:
        nothing = [F.lit(None).cast(column.type).alias(column.name) for column in TABLE.columns]
        return {TABLE.name: TABLE.select(inputs["sessions"].where(F.lit(False)).select(*nothing))}
    views = views_of_people(inputs["page_views"], inputs["sessions"], settings.project)
    found = key_elements(
        inputs["activity"],
        views,
        inputs["task_attempts"],
        settings.elements,
        settings.tasks,
        settings.sessions.gap_cap_seconds * 1_000_000,
        micros(settings.maps.dwell_cap),
    )
    return {TABLE.name: TABLE.select(found)}


def _by_outcome() -> str:
    # greatest passes over nulls.
    whole = [
        f"greatest({', '.join(f'{n}_{how}' for how in OUTCOMES)}) <= {n}"
        for n in ("views", "judged", "reached", "focused")
    ]
    within = [
        f"coalesce(greatest(reached_{how}, seen_{how}), 0) <= judged_{how} AND judged_{how} <= views_{how} "
        f"AND coalesce(ignored_{how} <= seen_{how}, true) AND clicked_{how} <= focused_{how} "
        f"AND focused_{how} <= views_{how}"
        for how in OUTCOMES
    ]
    known = [f"(views_{how} IS NULL) = (clicked_{how} IS NULL)" for how in BY_TASK]
    whole += known
    return " AND ".join([*whole, *within])


def wanted(settings: Settings) -> bool:
    """Whether any is declared."""
    return bool(settings.elements.key)


def narrow(look: Look, context: Context) -> Part | str:
    """The days on which views of touched sessions began, and views with a touched attempt under way."""
    return view_days(look, context, STAGE.writes, attempted)


STAGE = Stage(
    name="key_elements",
    reads=("activity", "page_views", "sessions", "task_attempts"),
    writes=("key_elements",),
    transform=transform,
    narrow=narrow,
    version=3,
    optional=("task_attempts",),
    wanted=wanted,
    settings=("project", "elements", "tasks", "maps", "sessions.gap_cap_seconds"),
    pins={"activity": "sessions", "page_views": "sessions"},
    checks=(
        Check(
            "key_elements",
            "each_step_only_loses",
            "Seen is among judged, clicked among focused, ignored among seen, persons among views.",
            "coalesce(greatest(reached, seen, below_fold), 0) <= judged AND judged <= views "
            "AND coalesce(ignored, 0) <= coalesce(seen, 0) AND clicked <= focused AND focused <= views "
            "AND persons <= views",
        ),
        Check(
            "key_elements",
            "one_first_focus_a_view",
            "First focus is among focus, and what took the focus instead did so in views that ignored it.",
            "first_focused <= focused AND order_sum >= focused "
            "AND coalesce(instead_views, 0) <= coalesce(ignored, 0)",
        ),
        Check(
            "key_elements",
            "parts_by_outcome",
            "What views did by outcome is among what all views did, and each step only loses there, too.",
            _by_outcome(),
        ),
    ),
)
