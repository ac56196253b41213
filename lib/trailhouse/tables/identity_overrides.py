"""`identity_overrides`: what people say of who is one person; they append, the suite only reads."""

from trailhouse.contract import Column, Table

ACTIONS = ("never_join", "always_join", "ignore_identifier", "revoke")

TABLE = Table(
    name="identity_overrides",
    sentence="Decisions of people about identifiers, which the next run applies.",
    grain=("at", "action", "type_a", "value_a", "type_b", "value_b"),
    lawful=False,
    optional=True,
    columns=(
        Column("at", "TIMESTAMP", "When it was decided.", True),
        Column(
            "action",
            "STRING",
            "never_join and always_join of two, ignore_identifier of one; revoke takes such a decision back.",
            True,
            values=ACTIONS,
        ),
        Column("type_a", "STRING", "Type of the one identifier.", True),
        Column("value_a", "STRING", "Its value.", True),
        Column("type_b", "STRING", "Type of the other; null where the decision is about one."),
        Column("value_b", "STRING", "Its value."),
        Column("note", "STRING", "Why, in words."),
    ),
)
