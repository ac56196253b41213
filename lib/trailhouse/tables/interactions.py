"""`interactions`: what people did with items."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="interactions",
    optional=True,
    sentence="One row an event and item, by the declared events, without bots and internal traffic.",
    grain=("event_id", "item"),
    partition_by=("day",),
    columns=(
        Column("day", "DATE", "Day in the project's zone.", True),
        Column("person_id", "STRING", "Whose interaction it is.", True),
        Column("time", "TIMESTAMP", "When it happened.", True),
        Column("item", "STRING", "The item's id.", True),
        Column("category", "STRING", "The item's category, where the event tells."),
        Column(
            "kind",
            "STRING",
            "What was done, as declared.",
            True,
            values=("view", "click", "cart", "order", "custom"),
        ),
        Column("weight", "DECIMAL(9,3)", "How much it says, as declared.", True, low=0),
        Column("session_id", "STRING", "The session; null outside of every session."),
        Column("event_id", "STRING", "The event.", True),
    ),
)
