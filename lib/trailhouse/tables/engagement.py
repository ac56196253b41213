"""`engagement`: one row a day, a column a metric of `questions/metrics.py`."""

from trailhouse.contract import Column, Table
from trailhouse.questions.metrics import METRICS

TABLE = Table(
    name="engagement",
    sentence="Daily engagement, a column a declared metric, without bots and internal traffic.",
    grain=("day",),
    columns=(
        Column("day", "DATE", "Day in the project's zone.", True),
        Column("complete", "BOOLEAN", "The watermark has passed the day's end.", True),
        *(metric.column() for metric in METRICS),
    ),
)
