"""`elements`: what is clicked on a page."""

from trailhouse.contract import Column, Table

NAMED_BY = ("page", "selector", "text", "link")

TABLE = Table(
    name="elements",
    sentence="Clicks by element of a page template: by its selector, its text, its exact link; and the page.",
    grain=("page_group", "device_type", "day", "named_by", "element"),
    partition_by=("day",),
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column("device_type", "STRING", "Device class.", True),
        Column("day", "DATE", "Day in the project's zone on which the view began.", True),
        Column(
            "named_by",
            "STRING",
            "What the element is told by; page: all of the page in one row.",
            True,
            values=NAMED_BY,
        ),
        Column("element", "STRING", "Selector, text (its first 200 characters), link or page_group.", True),
        Column("page_views", "BIGINT", "Views of the page; on rows of the page alone.", low=0),
        Column("clicks", "BIGINT", "Clicks on it.", True, low=0),
        Column("views", "BIGINT", "Views in which it was clicked.", True, low=0),
        Column("persons", "BIGINT", "Persons who clicked it.", True, low=0),
        Column("inert_clicks", "BIGINT", "Of the clicks, those on something not clickable.", True, low=0),
        Column("first_clicks", "BIGINT", "Views in which it was the first thing clicked.", True, low=0),
        Column(
            "order_sum",
            "BIGINT",
            "Over these views, which click of the view was the first on it; by views: the mean.",
            True,
            low=0,
        ),
        Column("views_left", "BIGINT", "Of the views, those after which people left.", True, low=0),
        Column("views_converted", "BIGINT", "Of the views, those of sessions that converted.", True, low=0),
        Column("unplaced_clicks", "BIGINT", "Of the clicks, those whose place is in no map.", True, low=0),
        Column("moves", "BIGINT", "Pointer moves; on rows of the page alone.", low=0),
        Column("unplaced_moves", "BIGINT", "Of these, those whose place is in no map.", low=0),
    ),
)
