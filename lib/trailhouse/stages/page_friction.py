"""The stage `page_friction`: which pages people struggle on."""

from __future__ import annotations

from trailhouse.questions.friction import friction
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.page_friction import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a page template."""
    pages = friction(inputs["page_views"], inputs["sessions"], inputs["signals"])
    return {TABLE.name: TABLE.select(pages)}


STAGE = Stage(
    name="page_friction",
    reads=("page_views", "sessions", "signals"),
    writes=("page_friction",),
    transform=transform,
    pins={"page_views": "sessions", "signals": "sessions"},
    checks=(
        Check(
            "page_friction",
            "sessions_of_the_page",
            "Entries, exits and friction are counted among the sessions of the page, these among its views.",
            "greatest(entries, exits, friction_sessions) <= sessions AND sessions <= views",
        ),
    ),
)
