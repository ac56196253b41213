"""`plan_violations`: where events differ from the tracking plan."""

from trailhouse.contract import Column, Table

KINDS = ("unplanned", "missing", "mistyped", "unexpected", "invalid", "unreadable")
SEVERITIES = ("warn", "error")

TABLE = Table(
    name="plan_violations",
    sentence="Where events differ from the tracking plan, counted by release.",
    grain=("event_name", "release", "property", "kind"),
    optional=True,
    columns=(
        Column("event_name", "STRING", "Name of the event.", True),
        Column("release", "STRING", "Version of the app or site that sent it."),
        Column(
            "property",
            "STRING",
            "The place in its properties, as in `event_catalog`; '' for the event itself; `\\*` for all "
            "places of this kind beyond `catalog.paths` together.",
            True,
        ),
        Column(
            "kind",
            "STRING",
            "The event is not planned; the property is missing, of another type, not planned, or of a value "
            "that its rules forbid; the properties are no JSON object.",
            True,
            values=KINDS,
        ),
        Column("severity", "STRING", "What the plan says of it.", True, values=SEVERITIES),
        Column("owner", "STRING", "Who the plan says the event belongs to."),
        Column("rows", "BIGINT", "Events that differ so.", True, low=1),
        Column("first_seen", "TIMESTAMP", "Time of the first of them.", True),
        Column("last_seen", "TIMESTAMP", "Time of the last one.", True),
    ),
)
