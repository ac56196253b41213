"""`capabilities`: which inputs a tracker sends, by UTC day."""

from trailhouse.capabilities import INPUTS
from trailhouse.contract import Column, Table

TABLE = Table(
    name="capabilities",
    sentence="One row an app, platform and day: how many events carry each input; 0 means not collected.",
    grain=("day", "app_id", "platform"),
    partition_by=("day",),
    columns=(
        Column("app_id", "STRING", "Write key or site."),
        Column("platform", "STRING", "Where it was made."),
        Column("day", "DATE", "UTC day.", True),
        *(Column(one.name, "BIGINT", one.sentence, True, low=0) for one in INPUTS),
    ),
)
