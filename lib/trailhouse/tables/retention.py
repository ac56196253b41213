"""`retention`: who came back, a row a question, breakdown, cohort and period."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED, BREAKDOWN, INTERVAL

TABLE = Table(
    name="retention",
    sentence="Units of a cohort that returned in a later period.",
    grain=("question", "breakdown_by", "breakdown", "cohort", "period"),
    partition_by=("question",),
    columns=(
        *ASKED,
        INTERVAL,
        Column(
            "counted",
            "STRING",
            "Which returns `units` counts.",
            True,
            values=("on", "on_or_after", "on_or_before", "brackets", "streak"),
        ),
        Column("base", "STRING", "What `rate` is a share of.", True, values=("total", "previous")),
        *BREAKDOWN,
        Column("cohort", "DATE", "First day of the cohort's period.", True),
        Column("period", "INT", "Periods after it; 0 is the cohort's own.", True, low=0),
        Column("period_end", "INT", "Last period of a bracket; else `period`.", True, low=0),
        Column("cohort_size", "BIGINT", "Units in the cohort.", True, low=1),
        Column("units", "BIGINT", "Units that returned in the period, as counted.", True, low=0),
        Column("unbounded", "BIGINT", "Units that returned in the period or later.", True, low=0),
        Column(
            "rate",
            "DECIMAL(9,6)",
            "units / cohort_size, or / units of the row before; null where that is 0, or from 1,000 on.",
            low=0,
        ),
        Column("complete", "BOOLEAN", "The watermark has passed the period's end.", True),
    ),
)
