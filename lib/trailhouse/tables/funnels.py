"""`funnels`: how far units got, a row a question, breakdown and step."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="funnels",
    sentence="Units that reached each step of a declared funnel.",
    grain=("question", "date", "breakdown_by", "breakdown", "step"),
    partition_by=("question",),
    columns=(
        *ASKED,
        Column("date", "DATE", "First day of the period in which the attempts began; null: all of them."),
        Column(
            "complete",
            "BOOLEAN",
            "Whether all who began then have had the whole window; null without a date.",
        ),
        Column("breakdown_by", "STRING", "Field of the breakdown; 'all' for everyone.", True),
        Column("breakdown", "STRING", "Value of that field; 'all' for everyone.", True),
        Column(
            "attribution",
            "STRING",
            "Whose value it is: first_touch, last_touch, all (one at every step: some count twice), step K.",
        ),
        Column("step", "INT", "Number of the step, from 1.", True, low=1, high=30),
        Column("step_name", "STRING", "The step.", True),
        Column("optional", "BOOLEAN", "Whether it may be left out.", True),
        Column(
            "units", "BIGINT", "Units that reached it; sessions or attempts where these count.", True, low=0
        ),
        Column(
            "from_previous",
            "DECIMAL(9,6)",
            "Share of the required step before; null where that is 0.",
            low=0,
            high=1,
        ),
        Column("from_start", "DECIMAL(9,6)", "Share of step 1; null where that is 0.", low=0, high=1),
        Column("median_us", "BIGINT", "Median time from the step before, microseconds.", low=0),
        Column("mean_us", "BIGINT", "Mean time from the step before, rounded, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that time, microseconds.", low=0),
    ),
)
