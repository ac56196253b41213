"""`recommendation_quality`: how often what was recommended came true, on later time."""

from trailhouse.contract import Column, Table
from trailhouse.tables.next_items import MODELS

SHARE = "DECIMAL(9,6)"
VERDICTS = (
    "baseline",
    "better than popularity",
    "no better than popularity",
    "too few",
    "too little history",
)

TABLE = Table(
    name="recommendation_quality",
    optional=True,
    sentence="One row a model of next items: learned before a split day, judged by what came after it.",
    grain=("model",),
    columns=(
        Column("model", "STRING", "How items are recommended.", True, values=MODELS),
        Column(
            "verdict",
            "STRING",
            "baseline: popularity; better than it with 95 % confidence over all models, or not; or why none "
            "was judged.",
            True,
            values=VERDICTS,
        ),
        Column("chosen", "BOOLEAN", "Whether next_items are by this model.", True),
        Column("definition", "STRING", "What counts, and what is learned, as declared.", True),
        Column("trained_as_of", "DATE", "The split day: nothing later was learned."),
        Column("judged_to", "DATE", "The last day of those after it that judge."),
        Column("trained_persons", "BIGINT", "Persons with an interaction up to the split.", low=0),
        Column("trained_items", "BIGINT", "Items that could be recommended.", low=0),
        Column(
            "judged_persons",
            "BIGINT",
            "Of these persons, those with an item afterwards that was new to them.",
            low=0,
        ),
        Column("recommended", "BIGINT", "Items recommended to each.", True, low=1),
        Column("hits", "BIGINT", "Persons with one of these afterwards.", low=0),
        Column("hit_rate", SHARE, "hits / judged_persons.", low=0, high=1),
        Column("low", SHARE, "Low end of its 95 % interval (Wilson).", low=0, high=1),
        Column("high", SHARE, "High end of it.", low=0, high=1),
        Column("gain", SHARE, "hit_rate less that of popularity, for the same persons."),
        Column("gain_low", SHARE, "Low end of its interval (Bonett, Price), 95 % for all models together."),
        Column("gain_high", SHARE, "High end of it."),
        Column("coverage", SHARE, "Share of the items that was recommended to any of them.", low=0, high=1),
    ),
)
