"""`revenue`: monthly recurring revenue and its movement, a row a breakdown value, currency and month."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

_MONEY = "DECIMAL(28,4)"

TABLE = Table(
    name="revenue",
    sentence="Monthly recurring revenue (MRR) of a question, and what moved it.",
    grain=("question", "breakdown_by", "breakdown", "currency", "period"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("breakdown_by", "STRING", "'all', 'cohort' (month of the first revenue) or a field.", True),
        Column("breakdown", "STRING", "'all', the cohort's first day, or the field's value.", True),
        Column("currency", "STRING", "Currency; XXX where none is told.", True),
        Column("period", "DATE", "First day of the month.", True),
        Column("mrr_start", _MONEY, "MRR at its begin.", True, low=0),
        Column("new", _MONEY, "MRR of units that had never paid before.", True, low=0),
        Column("expansion", _MONEY, "More MRR of units that paid before the month.", True, low=0),
        Column("contraction", _MONEY, "Less MRR of units that go on paying.", True, low=0),
        Column("churn", _MONEY, "MRR of units that pay no more.", True, low=0),
        Column("reactivation", _MONEY, "MRR of units that had stopped and pay again.", True, low=0),
        Column("mrr", _MONEY, "MRR at its end.", True, low=0),
        Column("units", "BIGINT", "Units that pay at its end.", True, low=0),
        Column("new_units", "BIGINT", "Units behind `new`.", True, low=0),
        Column("expansion_units", "BIGINT", "Units behind `expansion`.", True, low=0),
        Column("contraction_units", "BIGINT", "Units behind `contraction`.", True, low=0),
        Column("churn_units", "BIGINT", "Units behind `churn`.", True, low=0),
        Column("reactivation_units", "BIGINT", "Units behind `reactivation`.", True, low=0),
        Column("arpu", "DECIMAL(18,4)", "mrr / units; null where nobody pays.", low=0),
        Column("ltv", "DECIMAL(18,4)", "MRR of all months so far, for each unit that ever paid.", low=0),
        Column("complete", "BOOLEAN", "The watermark has passed the month's end.", True),
    ),
)
