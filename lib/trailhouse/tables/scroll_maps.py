"""`scroll_maps`: how far down a page is seen, and for how long."""

from trailhouse.contract import Column, Table
from trailhouse.tables.heatmaps import MAP

TABLE = Table(
    name="scroll_maps",
    sentence="Every 5 % of a page template by the views that reach it and the attention it gets;"
    " views of apps that send no scrolling are not in it.",
    grain=("page_group", "device_type", "viewport_band", "day", "depth"),
    partition_by=("day",),
    columns=(
        *MAP,
        Column(
            "depth", "INT", "Lower edge of the 5 % in percent of the page's height.", True, low=5, high=100
        ),
        Column("views", "BIGINT", "Views of the map whose scrolling is collected.", True, low=1),
        Column("views_left", "BIGINT", "Of these, those after which people left.", True, low=0),
        Column("views_converted", "BIGINT", "Of these, those of sessions that converted.", True, low=0),
        Column("reached", "BIGINT", "Views that were scrolled at least so deep.", True, low=0),
        Column("reached_left", "BIGINT", "Of these, those after which people left.", True, low=0),
        Column("reached_converted", "BIGINT", "Of these, those of sessions that converted.", True, low=0),
        Column("below_fold", "BIGINT", "Views whose first screen ended above it.", True, low=0),
        Column("attention_us", "BIGINT", "How long some of it was in sight, in microseconds.", True, low=0),
        Column("attention_left_us", "BIGINT", "Of this, in views after which people left.", True, low=0),
        Column("attention_converted_us", "BIGINT", "Of this, in sessions that converted.", True, low=0),
    ),
)
