"""`paths`: which way units go, a row a breakdown value and edge."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED, BREAKDOWN

KINDS = ("begin", "edge", "end", "cut", "path")

TABLE = Table(
    name="paths",
    sentence="Edges between the nodes of paths, where paths begin and end, and the top whole paths.",
    grain=("question", "breakdown_by", "breakdown", "kind", "step", "source", "target", "path"),
    partition_by=("question",),
    columns=(
        *ASKED,
        *BREAKDOWN,
        Column(
            "kind",
            "STRING",
            "edge: from source to target; begin: paths that begin at target; end: that end at source;"
            " cut: that go on beyond the steps shown; path: a whole path.",
            True,
            values=KINDS,
        ),
        Column(
            "step",
            "INT",
            "Place of the source, from 1, its target's being the next; to an end alone from the end, which"
            " is 0, backwards. Null for a whole path.",
            low=-10,
            high=10,
        ),
        Column("source", "STRING", "Node that it leads from, 'other' beyond the limit; null for a begin."),
        Column("target", "STRING", "Node that it leads to, 'other' beyond the limit; null for an end."),
        Column("path", "ARRAY<STRING>", "Nodes of a whole path, in order."),
        Column("units", "BIGINT", "Distinct units that took it.", True, low=1),
        Column("paths", "BIGINT", "Paths that it is part of.", True, low=1),
        Column("share", "DECIMAL(9,6)", "paths / all paths of its breakdown value.", True, low=0, high=1),
        Column("loops", "BIGINT", "Of these, paths that had been at the target before.", True, low=0),
        Column("u_turns", "BIGINT", "Of these, paths that went back to the node before the source.", True, 0),
        Column("median_us", "BIGINT", "Median time from source to target, or of a whole path.", low=0),
    ),
)
