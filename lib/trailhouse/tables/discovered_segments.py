"""`discovered_segments`: segments that nobody declared."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="discovered_segments",
    sentence="One row a group of persons whose profiles are alike, found by clustering.",
    grain=("segment",),
    optional=True,
    columns=(
        Column("segment", "INT", "Its number, from 1; the largest first.", True, low=1),
        Column("name", "STRING", "What its members share most.", True),
        Column("as_of", "DATE", "The last complete project day.", True),
        Column("size", "BIGINT", "Members.", True, low=1),
        Column("persons", "BIGINT", "All persons.", True, low=1),
        Column("share", "DECIMAL(9,6)", "size / persons.", True, low=0, high=1),
        Column("segments", "INT", "How many were found.", True, low=2),
        Column(
            "stability",
            "DECIMAL(9,6)",
            "How equally two halves of the persons split all: adjusted Rand index.",
            True,
            low=-1,
            high=1,
        ),
        Column("method", "STRING", "How they were found.", True),
        Column(
            "shared",
            "ARRAY<STRUCT<feature: STRING, value: STRING, share_in: DECIMAL(9,6), share_out: DECIMAL(9,6), "
            "lift: DECIMAL(18,4), low: DECIMAL(18,4), high: DECIMAL(18,4)>>",
            "What members have more often than others, with the 95 % interval of the lift.",
            True,
        ),
    ),
)
