"""`retention`: who came back, a row a question, cohort and period."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="retention",
    sentence="Units of a cohort that returned in a later period.",
    grain=("question", "cohort", "period"),
    partition_by=("question",),
    columns=(
        *ASKED,
        Column("cohort", "DATE", "First day of the cohort's period.", True),
        Column("period", "INT", "Periods after it; 0 is the cohort's own.", True, low=0),
        Column("cohort_size", "BIGINT", "Units in the cohort.", True, low=1),
        Column("units", "BIGINT", "Units that returned in the period.", True, low=0),
        Column("unbounded", "BIGINT", "Units that returned in the period or later.", True, low=0),
        Column("rate", "DECIMAL(9,6)", "units / cohort_size.", True, low=0, high=1),
        Column("complete", "BOOLEAN", "The watermark has passed the period's end.", True),
    ),
)
