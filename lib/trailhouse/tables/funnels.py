"""`funnels`: how far units got, a row a question, breakdown and step."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="funnels",
    sentence="Units that reached each step of a declared funnel.",
    grain=("question", "breakdown", "step"),
    partition_by=("question",),
    columns=(
        *ASKED,
        Column("breakdown", "STRING", "Value of the breakdown of step 1; 'all' for everyone.", True),
        Column("step", "INT", "Number of the step, from 1.", True, low=1, high=30),
        Column("step_name", "STRING", "The step.", True),
        Column("units", "BIGINT", "Units that reached it.", True, low=0),
        Column(
            "from_previous", "DECIMAL(9,6)", "Share of the step before; null where that is 0.", low=0, high=1
        ),
        Column("from_start", "DECIMAL(9,6)", "Share of step 1; null where that is 0.", low=0, high=1),
        Column("median_us", "BIGINT", "Median time from the step before, microseconds.", low=0),
        Column("mean_us", "BIGINT", "Mean time from the step before, rounded, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that time, microseconds.", low=0),
    ),
)
