"""The stage `heatmaps`: where pages are clicked."""

from __future__ import annotations

from trailhouse.questions.heatmap import click_bins
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables.heatmaps import TABLE


def transform(inputs: Frames, context: Context) -> Frames:
    """Clicks by page template, device class, viewport band, day and bin."""
    bins = click_bins(inputs["activity"], inputs["sessions"], context.settings.project)
    return {TABLE.name: TABLE.select(bins)}


STAGE = Stage(
    name="heatmaps",
    reads=("activity", "sessions"),
    writes=("heatmaps",),
    transform=transform,
    settings=("project",),
    pins={"activity": "sessions"},
    checks=(
        Check(
            "heatmaps", "views_clicked", "Each view in a bin clicked there at least once.", "views <= clicks"
        ),
        Check(
            "heatmaps",
            "clicks_happened",
            "The maps hold no more clicks than the sessions of people.",
            query=(
                "SELECT 'all' AS page_group FROM (SELECT sum(clicks) AS mapped FROM {batch}), "
                "(SELECT sum(clicks) AS counted FROM {sessions} WHERE NOT is_bot AND NOT internal) "
                "WHERE mapped > coalesce(counted, 0)"
            ),
        ),
    ),
)
