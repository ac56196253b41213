"""`replay_events`: what recordings tell, in the columns of `events`."""

from trailhouse.contract import Table
from trailhouse.tables import events

TABLE = Table(
    name="replay_events",
    sentence="Events decoded from recordings, of kinds that the tracker itself does not send.",
    grain=("event_id",),
    partition_by=("event_date",),
    stats=("event_key", "event_time", "event_date", "event_name"),
    optional=True,
    columns=events.TABLE.columns,
)
