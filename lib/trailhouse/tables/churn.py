"""`churn`: who came and who went, a row a rule, breakdown value and month."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="churn",
    sentence="Units that went in a month, by cancelling or by staying away.",
    grain=("question", "rule", "breakdown_by", "breakdown", "period"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("rule", "STRING", "What counts as going.", True, values=("cancelled", "inactive")),
        Column("breakdown_by", "STRING", "'all', 'cohort' (month of the first stay) or a field.", True),
        Column("breakdown", "STRING", "'all', the cohort's first day, or the field's value.", True),
        Column("period", "DATE", "First day of the month.", True),
        Column("units_start", "BIGINT", "Units there at its begin.", True, low=0),
        Column("new", "BIGINT", "Came for the first time.", True, low=0),
        Column("returned", "BIGINT", "Came back after they had gone, each time.", True, low=0),
        Column("churned", "BIGINT", "Went, each time.", True, low=0),
        Column("units_end", "BIGINT", "Units there at its end.", True, low=0),
        Column("churned_from_start", "BIGINT", "Of those there at its begin, went.", True, low=0),
        Column("rate", "DECIMAL(9,6)", "churned_from_start / units_start; null for 0.", low=0, high=1),
        Column("retained", "DECIMAL(9,6)", "units_end / units that ever came.", low=0, high=1),
        Column("inactive_days", "INT", "Days without activity that are churn; rule inactive.", low=1),
        Column("learned_days", "INT", "Days that hold the asked share of all gaps; rule inactive.", low=1),
        Column("complete", "BOOLEAN", "The watermark has passed the month's end.", True),
    ),
)
