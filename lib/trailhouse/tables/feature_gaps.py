"""`feature_gaps`: what people look for or ask for, and do not get."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="feature_gaps",
    sentence="Searches without a result, texts that ask, detours to one place: what the product lacks.",
    grain=("kind", "value"),
    optional=True,
    columns=(
        Column("kind", "STRING", "How it was told.", True, values=("search", "text", "detour")),
        Column(
            "value", "STRING", "The query, the theme, `task: place`; 'all' for all searches or texts.", True
        ),
        Column("n", "BIGINT", "Searches, texts, detours.", True, low=1),
        Column("persons", "BIGINT", "People behind them.", True, low=0),
        Column("weeks", "BIGINT", "Weeks with one.", True, low=1),
        Column(
            "of",
            "BIGINT",
            "Sessions that search and are told results; texts; attempts at the task with a detour.",
            True,
        ),
        *share("share", "Of these, the share with one.", required=True),
        Column("again", "BIGINT", "Sessions that searched again after it; null: no search.", low=0),
        Column("found_again", "BIGINT", "Of these, with a result.", low=0),
        *share("again_rate", "again / sessions with one.", "again"),
        Column("examples", "ARRAY<STRING>", "Up to five sessions; of texts, the texts.", True),
    ),
)
