"""`signals`: where people struggled, one row a signal."""

from trailhouse.contract import Column, Table
from trailhouse.signals import registry

KINDS = tuple(registry.BY_NAME)

TABLE = Table(
    name="signals",
    sentence="One row a sign of struggle, by a named preset of a rule.",
    grain=("signal_id",),
    partition_by=("signal_date",),
    columns=(
        Column("signal_id", "STRING", "Hash of kind, preset and first event (of scrolling: the view).", True),
        Column("signal_date", "DATE", "UTC day of its start.", True),
        Column("kind", "STRING", "Which sign it is.", True, values=KINDS),
        Column("preset", "STRING", "The thresholds it was found by.", True),
        Column("rule_version", "INT", "Version of the rule.", True, low=1),
        Column(
            "extra", "BOOLEAN", "By a preset beside the first one of its kind: counted nowhere else.", True
        ),
        Column("person_id", "STRING", "Who struggled.", True),
        Column("session_id", "STRING", "In which session.", True),
        Column("view_id", "STRING", "On which view.", True),
        Column("page_group", "STRING", "On which page template."),
        Column("page_path", "STRING", "On which path."),
        Column("selector", "STRING", "On which element (of the first event); of a form, its id."),
        Column("element_text", "STRING", "Its text."),
        Column("start_time", "TIMESTAMP", "First event.", True),
        Column("end_time", "TIMESTAMP", "Last event.", True),
        Column("size", "INT", "How many make it up: clicks, turns, reloads, views.", True, low=1),
        Column("first_event_id", "STRING", "First event; null where the rule looks at no events."),
        Column("device_type", "STRING", "desktop, mobile, tablet, ..."),
        Column("is_bot", "BOOLEAN", "Left out of metrics.", True),
        Column("internal", "BOOLEAN", "Own staff.", True),
    ),
)
