"""`identities`: which person an identifier belongs to now."""

from trailhouse.contract import Column, Table

STATUSES = ("own", "shared", "hub")

TABLE = Table(
    name="identities",
    sentence="The current person of every identifier that any event showed and that is not blocked.",
    grain=("id_type", "id_value"),
    columns=(
        Column("id_type", "STRING", "anonymous_id, user_id, email, ...", True),
        Column("id_value", "STRING", "Normalised value.", True),
        Column("person_id", "STRING", "Hash of the person's oldest identifier.", True),
        Column("first_seen", "TIMESTAMP", "First event that shows the identifier.", True),
        Column(
            "status", "STRING", "own, or a person of its own because shared or a hub.", True, values=STATUSES
        ),
        Column("detail", "STRING", "Of a shared identifier or a hub: the type that it knows too many of."),
        Column("component", "BIGINT", "One number for all that links connect, refused ones too.", True),
    ),
)
