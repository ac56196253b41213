"""The stage `pages`: what becomes of people on each page, and what was to be expected."""

from __future__ import annotations

from trailhouse.questions.pages import pages
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.pages import TABLE
from trailhouse.tables.signals import KINDS


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a page template, device and period."""
    signals, project = inputs["signals"].where("NOT extra"), context.settings.project
    rows = pages(inputs["page_views"], inputs["sessions"], signals, project, KINDS)
    return {TABLE.name: TABLE.select(rows)}


STAGE = Stage(
    name="pages",
    reads=("page_views", "sessions", "signals"),
    writes=("pages",),
    transform=transform,
    settings=("project",),
    pins={"page_views": "sessions", "signals": "sessions"},
    checks=(
        Check(
            "pages",
            "sessions_of_the_page",
            "Entries, exits and friction are counted among the sessions of the page, these among its views.",
            "greatest(entries, exits, friction_sessions) <= sessions AND sessions <= views",
        ),
        Check(
            "pages",
            "parts_of_entries",
            "Who bounces on a page began there, and each person had a session.",
            "bounces <= entries AND persons <= sessions",
        ),
        Check(
            "pages",
            "devices_add_up",
            "The views of a page's devices add up to those of 'all', in every period.",
            query=(
                "SELECT page_group, 'all' AS device_type, period FROM {batch} GROUP BY page_group, period "
                "HAVING sum(if(device_type = 'all', views, -views)) <> 0"
            ),
        ),
        Check(
            "pages",
            "expected_exits_agree",
            "Over all pages, as many exits are expected as there were.",
            # A millionth a stratum is lost to rounding.
            query=(
                "SELECT 'all' AS page_group, device_type, period FROM {batch} GROUP BY device_type, period "
                "HAVING abs(sum(expected_exits) - sum(exits)) > 0.001 * count(*)"
            ),
        ),
    ),
)
