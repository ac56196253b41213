"""`stickiness`: in how many periods units were active, a row a question, range, breakdown and number."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED, BREAKDOWN, INTERVAL

TABLE = Table(
    name="stickiness",
    sentence="Units by the number of periods of a range in which they were active.",
    grain=("question", "date", "breakdown_by", "breakdown", "periods"),
    partition_by=("question",),
    columns=(
        *ASKED,
        INTERVAL,
        Column(
            "within",
            "STRING",
            "The range: each week, each month, or the days asked for.",
            True,
            values=("week", "month", "range"),
        ),
        Column("date", "DATE", "First day of the range.", True),
        *BREAKDOWN,
        Column("periods", "INT", "Active periods.", True, low=1),
        Column("units", "BIGINT", "Units with exactly so many.", True, low=0),
        Column("at_least", "BIGINT", "Units with so many or more.", True, low=0),
        Column("share", "DECIMAL(9,6)", "at_least / all units of the range.", True, low=0, high=1),
        Column("complete", "BOOLEAN", "The watermark has passed the range's end.", True),
    ),
)
