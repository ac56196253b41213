"""`trials`: which trials became subscriptions, a row a breakdown value and month of the start."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="trials",
    sentence="Trials begun in a month, and those of the ended that converted.",
    grain=("question", "breakdown_by", "breakdown", "cohort"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("breakdown_by", "STRING", "'all' or the field.", True),
        Column("breakdown", "STRING", "'all' or the field's value at the trial's start.", True),
        Column("cohort", "DATE", "First day of the month in which the trials began.", True),
        Column("trials", "BIGINT", "Trials begun.", True, low=1),
        Column("ended", "BIGINT", "Of these, over by the watermark, grace included.", True, low=0),
        Column("converted", "BIGINT", "Of the ended, became a subscription.", True, low=0),
        Column("rate", "DECIMAL(9,6)", "converted / ended; null where none has ended.", low=0, high=1),
        Column("median_us", "BIGINT", "Median time from start to conversion, microseconds.", low=0),
        Column("complete", "BOOLEAN", "All of them have ended.", True),
    ),
)
