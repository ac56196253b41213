"""`next_items`: which items a person is likely to care for next."""

from trailhouse.contract import Column, Table

MODELS = ("popularity", "co_visits", "als")

TABLE = Table(
    name="next_items",
    optional=True,
    sentence="Items that each person did not have yet, best first, by the model that held on later time.",
    grain=("person_id", "rank"),
    columns=(
        Column("as_of", "DATE", "The last complete day: no interaction is later.", True),
        Column("person_id", "STRING", "The person.", True),
        Column("rank", "INT", "1: the best.", True, low=1),
        Column("item", "STRING", "The item.", True),
        Column("category", "STRING", "Its category, as last told."),
        Column("score", "DECIMAL(18,6)", "For ranking alone: each model has a scale of its own.", True),
        Column("model", "STRING", "What it was found by.", True, values=MODELS),
        Column("why_item", "STRING", "The item of the person's history that speaks most for it."),
    ),
)
