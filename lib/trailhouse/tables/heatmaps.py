"""`heatmaps`: where a page is clicked."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="heatmaps",
    sentence="Clicks by place on a page template, per device class, viewport band and day.",
    grain=("page_group", "device_type", "viewport_band", "day", "kind", "x_bin", "y_bin"),
    partition_by=("day",),
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column("device_type", "STRING", "Device class.", True),
        Column(
            "viewport_band",
            "STRING",
            "Band of viewport width in px.",
            True,
            values=("<480", "480-767", "768-1279", ">=1280"),
        ),
        Column("day", "DATE", "Day in the project's zone.", True),
        Column(
            "kind",
            "STRING",
            "click, or click_inert on something not clickable.",
            True,
            values=("click", "click_inert"),
        ),
        Column("x_bin", "INT", "Share of the viewport's width, 1 % bins.", True, low=0, high=99),
        Column("y_bin", "INT", "Distance from the page's top, 16 px bins.", True, low=0),
        Column("clicks", "BIGINT", "Clicks in the bin.", True, low=1),
        Column("views", "BIGINT", "Views that clicked there.", True, low=1),
    ),
)
