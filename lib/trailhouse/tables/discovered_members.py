"""`discovered_members`: who belongs to which discovered segment."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="discovered_members",
    sentence="One row a person, as of the last complete day; none where nothing was discovered.",
    grain=("person_id",),
    optional=True,
    columns=(
        Column("person_id", "STRING", "The person.", True),
        Column("segment", "INT", "Number of the segment, as in discovered_segments.", True, low=1),
    ),
)
