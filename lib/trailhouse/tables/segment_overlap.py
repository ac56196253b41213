"""`segment_overlap`: how many persons two segments share."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="segment_overlap",
    sentence="One row a pair of declared segments, as of the last complete day.",
    grain=("a", "b"),
    optional=True,
    columns=(
        Column("a", "STRING", "A segment.", True),
        Column("b", "STRING", "Another, whose name comes later.", True),
        Column("both", "BIGINT", "Members of both.", True, low=0),
        Column("only_a", "BIGINT", "Members of a alone.", True, low=0),
        Column("only_b", "BIGINT", "Members of b alone.", True, low=0),
        Column("jaccard", "DECIMAL(9,6)", "both / members of any; null where there are none.", low=0, high=1),
    ),
)
