"""`segment_members`: who is a member of which segment, since when."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="segment_members",
    sentence="One row a stretch of days over which a person is a member of a declared segment.",
    grain=("segment", "person_id", "valid_from"),
    partition_by=("segment",),
    sort_by=("person_id",),
    optional=True,
    columns=(
        Column("segment", "STRING", "Name of the segment.", True),
        Column("version", "STRING", "Hash of its rule: another rule has another version.", True),
        Column("person_id", "STRING", "The person.", True),
        Column("valid_from", "DATE", "First project day at whose end the rule holds.", True),
        Column("valid_to", "DATE", "First day after it at whose end it does not; null: it still does."),
    ),
)
