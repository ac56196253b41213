"""`identity_links`: which two identifiers were seen together, by day."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="identity_links",
    sentence="Two identifiers that were seen in one event, one row a pair and event day.",
    grain=("type_a", "value_a", "type_b", "value_b", "link_date"),
    partition_by=("link_date",),
    columns=(
        Column("type_a", "STRING", "Type of the lesser identifier by (type, value).", True),
        Column("value_a", "STRING", "Its normalised value.", True),
        Column("type_b", "STRING", "Type of the greater identifier.", True),
        Column("value_b", "STRING", "Its normalised value.", True),
        Column("link_date", "DATE", "UTC day of the events.", True),
        Column("events", "BIGINT", "Events of that day that show both.", True, low=1),
        Column("first_time", "TIMESTAMP", "The first of them.", True),
        Column("last_time", "TIMESTAMP", "The last of them.", True),
        Column("sources", "ARRAY<STRING>", "Source modules that saw the pair, sorted.", True),
        Column(
            "logins",
            "ARRAY<TIMESTAMP>",
            "When, on that day, the account of the pair took over the other identifier from another account, "
            "sorted; empty where neither or both are of a unique type.",
            True,
        ),
    ),
)
