"""`lifecycle`: who came, came again, came back and stayed away, a row a question, period and breakdown."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED, BREAKDOWN, INTERVAL

TABLE = Table(
    name="lifecycle",
    sentence="Units that are new, returning, resurrecting and dormant in a period.",
    grain=("question", "date", "breakdown_by", "breakdown"),
    partition_by=("question",),
    columns=(
        *ASKED,
        INTERVAL,
        Column("date", "DATE", "First day of the period.", True),
        *BREAKDOWN,
        Column("active", "BIGINT", "Units that were active: new, returning and resurrecting.", True, low=0),
        Column("new", "BIGINT", "Units for which it is the first active period ever.", True, low=0),
        Column("returning", "BIGINT", "Units that were active in the period before, too.", True, low=0),
        Column("resurrecting", "BIGINT", "Units that are back after a pause.", True, low=0),
        Column("dormant", "BIGINT", "Units that were active in the period before alone.", True, low=0),
        Column("complete", "BOOLEAN", "The watermark has passed the period's end.", True),
    ),
)
