"""`identity_conflicts`: links that were refused, and why."""

from trailhouse.contract import Column, Table

REASONS = ("unique", "limit", "shared", "hub", "alias", "never_join", "size")

TABLE = Table(
    name="identity_conflicts",
    sentence="Links that would have joined two people, refused.",
    grain=("type_a", "value_a", "type_b", "value_b"),
    columns=(
        Column("type_a", "STRING", "Type of the lesser identifier by (type, value).", True),
        Column("value_a", "STRING", "Its normalised value.", True),
        Column("type_b", "STRING", "Type of the greater identifier.", True),
        Column("value_b", "STRING", "Its normalised value.", True),
        Column("first_seen", "TIMESTAMP", "First event that shows the pair.", True),
        Column("reason", "STRING", "Which rule refused it.", True, values=REASONS),
        Column("detail", "STRING", "The type whose rule would have broken."),
    ),
)
