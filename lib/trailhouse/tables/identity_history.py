"""`identity_history`: which person an identifier was held to belong to, and when."""

from trailhouse.contract import Column, Table
from trailhouse.tables.identities import STATUSES

TABLE = Table(
    name="identity_history",
    sentence="The person of every identifier as the runs knew it over time (slowly changing, type 2).",
    grain=("id_type", "id_value", "valid_from"),
    lawful=False,
    columns=(
        Column("id_type", "STRING", "anonymous_id, user_id, email, ...", True),
        Column("id_value", "STRING", "Normalised value.", True),
        Column("person_id", "STRING", "The person that it was held to belong to.", True),
        Column("status", "STRING", "own, shared or hub.", True, values=STATUSES),
        Column("valid_from", "TIMESTAMP", "Begin of the run that learned it, included.", True),
        Column(
            "valid_to", "TIMESTAMP", "Begin of the run that learned otherwise, excluded; null: valid now."
        ),
        Column("run_id", "STRING", "The run that learned it.", True),
    ),
)
