"""`event_catalog`: what events there are, and what they carry."""

from trailhouse.contract import Column, Table

KINDS = ("event", "property", "trait", "column")
_COUNTS = "ARRAY<STRUCT<type: STRING, rows: BIGINT>>"

TABLE = Table(
    name="event_catalog",
    sentence="What events there are, by source, and which properties, traits and columns they carry.",
    grain=("event_name", "source", "kind", "path"),
    columns=(
        Column("event_name", "STRING", "Name of the event.", True),
        Column("source", "STRING", "The source module that read it.", True),
        Column(
            "kind",
            "STRING",
            "The event itself, a place in its properties or in its traits, or a column of `events`.",
            True,
            values=KINDS,
        ),
        Column(
            "path",
            "STRING",
            "Name of the column, or the place, as `products[].price`; '' for the event or all traits.",
            True,
        ),
        Column("rows", "BIGINT", "Events of this name and source.", True, low=1),
        Column("filled", "BIGINT", "Those that have a value there other than null.", True, low=0),
        Column("fill_rate", "DECIMAL(9,6)", "filled / rows.", True, low=0, high=1),
        Column(
            "types",
            _COUNTS,
            "JSON types seen there, with the events that have one; of an event those of its properties, "
            "`unreadable` where they are no JSON object.",
            True,
        ),
        Column("formats", _COUNTS, "Of strings: date, date-time, uuid, uri or email.", True),
        Column("apps", "ARRAY<STRING>", "Values of app_id of the events that have it, sorted.", True),
        Column("releases", "BIGINT", "How many releases sent it.", True, low=0),
        Column("first_seen", "TIMESTAMP", "Time of the first event that has it, be it null.", True),
        Column("last_seen", "TIMESTAMP", "Time of the last one.", True),
        Column(
            "left_out",
            "BIGINT",
            "Of an event: its places beyond `catalog.paths`, the least filled, that have no row here.",
            low=0,
        ),
    ),
)
