"""The stage `heatmaps`: maps of pages, by pointer and by scrolling, and the elements that are clicked.

A run makes anew the days on which views began that lie in sessions with events on changed days.
"""

from __future__ import annotations

from trailhouse.columns import micros
from trailhouse.questions.elements import clicked_elements
from trailhouse.questions.heatmap import bins
from trailhouse.questions.map_views import of_their_views, views_of_people
from trailhouse.questions.scroll_map import scroll_bands
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES
from trailhouse.touched.views import view_days

_TABLES = ("heatmaps", "scroll_maps", "elements")


def transform(inputs: Frames, context: Context) -> Frames:
    """Bins of clicks and moves, 5 % steps of pages, and elements: by page template, device class and day."""
    settings, activity = context.settings, inputs["activity"]
    views = views_of_people(inputs["page_views"], inputs["sessions"], settings.project)
    rules = settings.sessions
    # Else a session is one person's, and so are its views.
    several = rules.boundary == "client" and rules.scope == "device"
    made = {
        "heatmaps": bins(activity, views, micros(settings.maps.dwell_cap)),
        "scroll_maps": scroll_bands(activity, views, rules.gap_cap_seconds * 1_000_000),
        "elements": clicked_elements(of_their_views(activity, views) if several else activity, views),
    }
    return {name: TABLES[name].select(frame) for name, frame in made.items()}


def narrow(look: Look, context: Context) -> Part | str:
    """The days on which views of touched sessions began."""
    return view_days(look, context, _TABLES)


STAGE = Stage(
    name="heatmaps",
    reads=("activity", "page_views", "sessions"),
    writes=_TABLES,
    transform=transform,
    narrow=narrow,
    settings=("project", "maps", "sessions.gap_cap_seconds", "sessions.boundary", "sessions.scope"),
    pins={"activity": "sessions", "page_views": "sessions"},
    version=2,
    checks=(
        Check(
            "heatmaps",
            "views_clicked",
            "Each view in a bin has at least one point there.",
            "views <= points",
        ),
        Check(
            "heatmaps",
            "points_have_an_outcome_once",
            "Points of views after which people left, or of sessions that converted, are among the points.",
            "greatest(points_left, points_converted) <= points",
        ),
        Check(
            "heatmaps",
            "clicks_happened",
            "The maps hold no more clicks than the sessions of people.",
            query=(
                "SELECT 'all' AS page_group FROM "
                "(SELECT sum(points) AS mapped FROM {batch} WHERE kind <> 'move'), "
                "(SELECT sum(clicks) AS counted FROM {sessions} WHERE NOT is_bot AND NOT internal) "
                "WHERE mapped > coalesce(counted, 0)"
            ),
        ),
        Check(
            "elements",
            "every_click_is_placed_or_counted",
            "On each day the clicks and moves of a page are those on its map and those without a place.",
            query=(
                "SELECT page_group, device_type, day, sum(clicks) AS clicks, sum(moves) AS moves FROM ("
                "SELECT page_group, device_type, day, if(kind = 'move', 0, points) AS clicks, "
                "if(kind = 'move', points, 0) AS moves FROM {heatmaps} UNION ALL "
                "SELECT page_group, device_type, day, unplaced_clicks - clicks, unplaced_moves - moves "
                "FROM {batch} WHERE named_by = 'page') "
                "GROUP BY page_group, device_type, day HAVING sum(clicks) <> 0 OR sum(moves) <> 0"
            ),
        ),
        Check(
            "elements",
            "parts_of_clicks",
            "Persons and first clicks are counted among the views that clicked, these among the clicks.",
            "greatest(persons, first_clicks, views_left, views_converted) <= views AND views <= clicks "
            "AND greatest(inert_clicks, unplaced_clicks) <= clicks AND order_sum >= views",
        ),
        Check(
            "elements",
            "pages_say_their_views",
            "Rows of a page alone say how often it was seen, and no less than it was clicked.",
            "(named_by = 'page') = (page_views IS NOT NULL) AND coalesce(page_views >= views, true)",
        ),
        Check(
            "scroll_maps",
            "parts_of_views",
            "Views that reach a depth, or have it below the fold, are among the views.",
            "greatest(reached, below_fold, views_left, views_converted) <= views "
            "AND greatest(reached_left, reached_converted) <= reached "
            "AND greatest(attention_left_us, attention_converted_us) <= attention_us",
        ),
        Check(
            "scroll_maps",
            "reach_only_falls",
            "No more views reach a depth than reach the one above it.",
            query=(
                "SELECT page_group, device_type, viewport_band, day, depth FROM (SELECT *, lag(reached) OVER "
                "(PARTITION BY page_group, device_type, viewport_band, day ORDER BY depth) AS above "
                "FROM {batch}) WHERE reached > above"
            ),
        ),
    ),
)
