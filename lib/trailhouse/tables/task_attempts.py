"""`task_attempts`: one row an attempt at a task."""

from trailhouse.contract import Column, Table

_PLACE = "STRUCT<what: STRING, name: STRING>"

TABLE = Table(
    name="task_attempts",
    sentence="One row an attempt at a task that is over: who, when, how far, how long, by which ways.",
    grain=("task", "start_event_id"),
    optional=True,
    sort_by=("person_id",),
    columns=(
        Column("task", "STRING", "Name of the task.", True),
        Column("start_event_id", "STRING", "Event that began it.", True),
        Column("person_id", "STRING", "Who tried.", True),
        Column("session_id", "STRING", "Session of the start; null outside of sessions."),
        Column("start_time", "TIMESTAMP", "Its first event.", True),
        Column("start_day", "DATE", "Day of that in the project's zone.", True),
        Column("last_time", "TIMESTAMP", "Its last event: the end, if it was completed.", True),
        Column("completed", "BOOLEAN", "Whether it came to the end.", True),
        Column("time_us", "BIGINT", "Time on task of a completed one, microseconds.", low=0),
        Column("furthest", "INT", "Declared steps that were done in order.", True, low=0),
        Column(
            "leg_us",
            "ARRAY<BIGINT>",
            "Microseconds on the way to each step, and to the end; of a completed attempt these and away_us "
            "sum to time_us.",
            True,
        ),
        Column("device_type", "STRING", "Device class of the session.", True),
        Column("channel", "STRING", "Channel of the session.", True),
        Column("release", "STRING", "Version of the app at the start.", True),
        Column(
            "segments",
            "ARRAY<STRING>",
            "Segments that the person was a member of at the end of the day before.",
            True,
        ),
        Column("first_attempt", "BOOLEAN", "Whether it is the person's first at the task.", True),
        Column("detour", _PLACE, "Page or feature that its first detour went to; null: it made none."),
        Column("detours", "INT", "How many detours it made.", True, low=0),
        Column("returned", "BOOLEAN", "Whether it came back from the first of them; null: it made none."),
        Column("away_us", "BIGINT", "Microseconds of detours that came back.", True, low=0),
        Column(
            "left_for",
            _PLACE,
            "Page or feature that the person went on to when they gave up; null: none is known.",
        ),
        Column("last_page", "STRING", "Last page template in it, before it was given up."),
        Column("last_element", "STRING", "Last selector clicked in it, before it was given up."),
        Column("last_signal", "STRING", "Last sign of struggle that began in it, before it was given up."),
        Column("pages", "ARRAY<STRING>", "Page templates in it, before it was given up.", True),
        Column("elements", "ARRAY<STRING>", "Selectors clicked in it, before it was given up.", True),
        Column("signals", "ARRAY<STRING>", "Kinds of struggle in it, before it was given up.", True),
    ),
)
