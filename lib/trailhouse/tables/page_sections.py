"""`page_sections`: where on a page people are held."""

from trailhouse.contract import Column, Table

_SECONDS = "DECIMAL(12,3)"

TABLE = Table(
    name="page_sections",
    sentence="Seconds that sections of a page hold people, by device class and week.",
    grain=("page_group", "device_type", "period", "from_px", "section"),
    optional=True,
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column("device_type", "STRING", "desktop, mobile, tablet, ...; 'all'.", True),
        Column("period", "STRING", "First day of the views' week as YYYY-MM-DD; 'all'.", True),
        Column("section", "STRING", "Name of the declared section, or the band's pixels.", True),
        Column("from_px", "INT", "Where it begins, page px.", True, low=0),
        Column("to_px", "INT", "Where it ends, not included; null: at the page's end."),
        Column(
            "rank", "INT", "Its rank on the page by seconds; those of too few views come last.", True, low=1
        ),
        Column("views", "BIGINT", "Views of the page whose scrolling is collected.", True, low=1),
        Column("held_views", "BIGINT", "Views with the section in the middle of what is seen.", True, low=1),
        Column("held_share", "DECIMAL(9,6)", "held_views / views.", True, low=0, high=1),
        Column("total_ms", "BIGINT", "Time that it was there in all views, milliseconds.", True, low=0),
        Column("seconds", _SECONDS, "total_ms / held_views, in seconds.", True, low=0),
        Column("low", _SECONDS, "Lower end of its 95 % interval (Student); null for one view."),
        Column("high", _SECONDS, "Upper end of it."),
        Column(
            "pairs",
            "BIGINT",
            "Views that it and another section held, both below the first screen's.",
            True,
            low=0,
        ),
        Column(
            "difference", _SECONDS, "Seconds longer than the mean of the others; null on the first screen."
        ),
        Column("difference_low", _SECONDS, "Lower end of its 95 % interval."),
        Column("difference_high", _SECONDS, "Upper end of it."),
        Column("p", "DECIMAL(9,8)", "p of no difference (paired t).", low=0, high=1),
        Column(
            "q",
            "DECIMAL(9,8)",
            "p adjusted for all rows of the same kind (Benjamini-Hochberg).",
            low=0,
            high=1,
        ),
        Column("too_few", "BOOLEAN", "Fewer than 30 such views: the interval is no claim.", True),
        Column("holds", "BOOLEAN", "Longer than the others: q below 0.05, and not too few.", True),
    ),
)
