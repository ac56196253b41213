"""`device_owners`: whose a shared identifier was, and when."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="device_owners",
    sentence="The person who last logged in on a shared identifier, by intervals of event time.",
    grain=("id_type", "id_value", "from_time"),
    columns=(
        Column("id_type", "STRING", "Type of the shared identifier.", True),
        Column("id_value", "STRING", "Its normalised value.", True),
        Column("from_time", "TIMESTAMP", "First event of the log-in, included.", True),
        Column("to_time", "TIMESTAMP", "First event of another person's log-in, excluded; null: none yet."),
        Column("person_id", "STRING", "Who logged in.", True),
        Column("account_type", "STRING", "Type of the identifier that logged in.", True),
        Column("account_value", "STRING", "Its normalised value.", True),
    ),
)
