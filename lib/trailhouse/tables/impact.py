"""`impact`: what a pain costs, stated and observed, and what came of its fix."""

from trailhouse.contract import Column, Table

NUMBER = "DECIMAL(28,6)"
PARTS = f"ARRAY<STRUCT<name: STRING, value: {NUMBER}, low: {NUMBER}, high: {NUMBER}>>"

TABLE = Table(
    name="impact",
    sentence="Estimates of each declared case (docs/cases.md), over all time and by month.",
    grain=("case", "estimate", "measure", "month"),
    optional=True,
    columns=(
        Column("case", "STRING", "Name of the case.", True),
        Column("version", "STRING", "Hash of its definition.", True),
        Column("unit", "STRING", "Who leaves and pays.", True, values=("person", "account")),
        Column(
            "estimate",
            "STRING",
            "stated: what those who leave say; observed: who leaves oftener (an association); link: a "
            "further point of completion, if it is the cause; release: after less before; reach: persons.",
            True,
            values=("stated", "observed", "link", "release", "reach"),
        ),
        Column(
            "measure",
            "STRING",
            "money a month, or of a release the share with the pain (pain) or that leaves (churn).",
            True,
            values=("money", "pain", "churn", "persons"),
        ),
        Column("month", "STRING", "First day of a whole month as YYYY-MM-DD; 'all' for all.", True),
        Column("currency", "STRING", "Currency of money."),
        Column("value", NUMBER, "The estimate; null where it is not known."),
        Column("low", NUMBER, "Lower end of its 95 % interval."),
        Column("high", NUMBER, "Upper end of it."),
        Column("n", "BIGINT", "What it rests on: answers, matched customers or trials.", True, low=0),
        Column("too_few", "BOOLEAN", "Too few of them for a claim.", True),
        Column(
            "verdict",
            "STRING",
            "What can be said.",
            True,
            values=("estimate", "too few", "not known", "too early", "not released"),
        ),
        Column("reach", "BIGINT", "Persons affected a month; null: no month is whole yet.", low=0),
        Column("reach_units", "BIGINT", "Customers affected a month.", low=0),
        Column("months", "INT", "Whole months behind what is told a month.", True, low=0),
        Column("parts", PARTS, "What it is made of, each with its interval where it has one.", True),
    ),
)
