"""`replay_chunks`: recordings of pages, in the pieces in which trackers send them."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="replay_chunks",
    sentence="What rrweb recorded of a page, one row a chunk as its tracker sent it.",
    grain=("event_id",),
    partition_by=("event_date",),
    stats=("event_id", "client_session_id", "event_time"),
    sort_by=("client_session_id", "event_time"),
    optional=True,
    # What people saw and typed, as far as the recorder did not mask it.
    private=True,
    columns=(
        Column("event_id", "STRING", "The chunk: its event, of name replay_chunk.", True),
        Column("event_date", "DATE", "UTC day of event_time.", True),
        Column("event_time", "TIMESTAMP", "When it was sent off, as in events.", True),
        Column("received_time", "TIMESTAMP", "When the collector received it."),
        Column("content_hash", "STRING", "That of the event.", True),
        Column("app_id", "STRING", "Write key or site."),
        Column("anonymous_id", "STRING", "Identifier of the device or browser."),
        Column("user_id", "STRING", "Account that was logged in."),
        Column("client_session_id", "STRING", "The tracker's own session."),
        Column("tab_id", "STRING", "The browser window or tab that was recorded."),
        Column("sequence", "BIGINT", "The chunk's number in its recording, if the tracker gives one."),
        Column("first_time", "TIMESTAMP", "Its first rrweb event, the client's clock corrected.", True),
        Column("last_time", "TIMESTAMP", "Its last rrweb event, the client's clock corrected.", True),
        Column("shift_us", "BIGINT", "What was added to the client's clock, in microseconds.", True),
        Column("events", "INT", "rrweb events in it.", True, low=1),
        Column("snapshots", "INT", "Full snapshots among them: a recording plays from one on.", True, low=0),
        Column("length", "BIGINT", "Bytes of the rrweb events as JSON.", True, low=2),
        Column("masked", "BOOLEAN", "Whether the tracker says that it masked text; null: it does not say."),
        Column("data", "BINARY", "The rrweb events, a JSON array packed with gzip.", True),
    ),
)
