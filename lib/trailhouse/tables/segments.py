"""`segments`: how large each segment is."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="segments",
    sentence="One row a declared segment, as of the last complete day.",
    grain=("segment",),
    optional=True,
    columns=(
        Column("segment", "STRING", "Name of the segment.", True),
        Column("version", "STRING", "Hash of its rule.", True),
        Column("definition", "STRING", "Its rule in words.", True),
        Column("description", "STRING", "What it is for, as declared."),
        Column("as_of", "DATE", "The last complete project day.", True),
        Column("size", "BIGINT", "Members at its end.", True, low=0),
        Column("persons", "BIGINT", "All persons at its end.", True, low=0),
        Column("share", "DECIMAL(9,6)", "size / persons; null where there is nobody.", low=0, high=1),
        Column("ever", "BIGINT", "Persons who were members on any day.", True, low=0),
        Column(
            "joined_28", "BIGINT", "Times that somebody became a member in the last 28 days.", True, low=0
        ),
        Column("left_28", "BIGINT", "Times that somebody ceased to be one in the last 28 days.", True, low=0),
    ),
)
