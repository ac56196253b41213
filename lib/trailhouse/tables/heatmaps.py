"""`heatmaps`: where a page is clicked, and where the pointer goes."""

from trailhouse.contract import Column, Table

BANDS: tuple[tuple[str, int | None], ...] = (
    ("<480", 480),
    ("480-767", 768),
    ("768-1279", 1280),
    (">=1280", None),
)
"""Name of a band of viewport widths, and the first width in px beyond it."""

MAP = (
    Column("page_group", "STRING", "Page template.", True),
    Column("device_type", "STRING", "Device class.", True),
    Column(
        "viewport_band",
        "STRING",
        "Band of the view's widest viewport, in px.",
        True,
        values=tuple(name for name, _ in BANDS),
    ),
    Column("day", "DATE", "Day in the project's zone on which the view began.", True),
)
"""What tells one map from another."""

TABLE = Table(
    name="heatmaps",
    sentence="Clicks and pointer moves by place on a page template, per device class, viewport band and day.",
    grain=("page_group", "device_type", "viewport_band", "day", "kind", "x_bin", "y_bin"),
    partition_by=("day",),
    columns=(
        *MAP,
        Column(
            "kind",
            "STRING",
            "click, click_inert on something not clickable, or move of the pointer.",
            True,
            values=("click", "click_inert", "move"),
        ),
        Column("x_bin", "INT", "Share of the viewport's width, 1 % bins.", True, low=0, high=99),
        Column("y_bin", "INT", "Distance from the page's top, 16 px bins.", True, low=0),
        Column("points", "BIGINT", "Clicks or moves in the bin.", True, low=1),
        Column("views", "BIGINT", "Views with one there.", True, low=1),
        Column(
            "points_left", "BIGINT", "Of the points, those of views after which people left.", True, low=0
        ),
        Column("points_converted", "BIGINT", "Of the points, those of sessions that converted.", True, low=0),
        Column(
            "dwell_us",
            "BIGINT",
            "How long the pointer rested there, in microseconds; null for clicks.",
            low=0,
        ),
    ),
)
