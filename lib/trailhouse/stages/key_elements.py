"""The stage `key_elements`: whether people notice what a page wants them to; only where some are declared."""

from __future__ import annotations

from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.key_elements import key_elements
from trailhouse.questions.map_views import views_of_people
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.key_elements import TABLE


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
        settings.elements,
        settings.sessions.gap_cap_seconds * 1_000_000,
        micros(settings.maps.dwell_cap),
    )
    return {TABLE.name: TABLE.select(found)}


def wanted(settings: Settings) -> bool:
    """Whether any is declared."""
    return bool(settings.elements.key)


STAGE = Stage(
    name="key_elements",
    reads=("activity", "page_views", "sessions"),
    writes=("key_elements",),
    transform=transform,
    wanted=wanted,
    settings=("project", "elements", "maps", "sessions.gap_cap_seconds"),
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
    ),
)
