"""`forms`: how many who begin a form send it."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

BROKEN_DOWN = (
    Column("device_type", "STRING", "Device of the session; 'all' for every one, 'unknown' for none.", True),
    Column("period", "STRING", "First day of the sessions' week as YYYY-MM-DD; 'all' for all.", True),
)

OF_FORM = (
    Column("form_id", "STRING", "The form; 'unknown' where its events name none.", True),
    Column("page_group", "STRING", "Page template of its first event; 'unknown' for none.", True),
    *BROKEN_DOWN,
)

TABLE = Table(
    name="forms",
    sentence="Views in which a form was begun, submitted or abandoned, and how long it took.",
    grain=("form_id", "page_group", "device_type", "period"),
    columns=(
        *OF_FORM,
        Column("persons", "BIGINT", "People with an event of it.", True, low=1),
        Column(
            "started",
            "BIGINT",
            "Views with an event of it; null: not collected, as nothing but submits comes.",
            low=1,
        ),
        Column("submitted", "BIGINT", "Views in which it was submitted.", True, low=0),
        Column("abandoned", "BIGINT", "Views in which it was begun and never submitted.", low=0),
        Column("told_abandoned", "BIGINT", "Of these, those with a form_abandon.", low=0),
        *share("submission_rate", "submitted / started."),
        Column("median_us", "BIGINT", "Median time from its first event to its submit, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that, microseconds.", low=0),
    ),
)
