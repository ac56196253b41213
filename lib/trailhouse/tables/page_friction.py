"""`page_friction`: which page templates people struggle on."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="page_friction",
    sentence="Traffic, exits and struggle by page template, over all days.",
    grain=("page_group",),
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column("views", "BIGINT", "Views.", True, low=0),
        Column("sessions", "BIGINT", "Sessions with a view of it.", True, low=1),
        Column("entries", "BIGINT", "Sessions that began there.", True, low=0),
        Column("exits", "BIGINT", "Sessions that ended there.", True, low=0),
        Column("engaged_us", "BIGINT", "Engaged time, microseconds.", True, low=0),
        Column("rage_clicks", "BIGINT", "Rage-click signals.", True, low=0),
        Column("dead_clicks", "BIGINT", "Dead-click signals; null: not collected.", low=0),
        Column("u_turns", "BIGINT", "U-turns away from it.", True, low=0),
        Column("friction_sessions", "BIGINT", "Sessions with any signal there.", True, low=0),
        Column("friction_rate", "DECIMAL(9,6)", "friction_sessions / sessions.", True, low=0, high=1),
        Column("exit_rate", "DECIMAL(9,6)", "exits / sessions.", True, low=0, high=1),
    ),
)
