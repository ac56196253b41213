"""`identity_sightings`: which identifiers were seen, by day."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="identity_sightings",
    sentence="An identifier that events showed, one row an identifier and event day; blocked values too.",
    grain=("id_type", "id_value", "seen_date"),
    partition_by=("seen_date",),
    columns=(
        Column("id_type", "STRING", "anonymous_id, user_id, email, ...", True),
        Column("id_value", "STRING", "Normalised value; a blocked one in lower case.", True),
        Column("seen_date", "DATE", "UTC day of the events.", True),
        Column("events", "BIGINT", "Events of that day that show it.", True, low=1),
        Column("first_time", "TIMESTAMP", "The first of them.", True),
        Column("blocked", "BOOLEAN", "Whether the value names nobody, so that it makes no link.", True),
    ),
)
