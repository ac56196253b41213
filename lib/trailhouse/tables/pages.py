"""`pages`: traffic, attention and struggle by page template, beside what is to be expected."""

from trailhouse.contract import Column, Table
from trailhouse.tables.signals import KINDS


def _rate(what: str, sentence: str) -> tuple[Column, ...]:
    """The columns of a rate and of what is expected of it."""
    return (
        Column(f"{what}_rate", "DECIMAL(9,6)", sentence, low=0, high=1),
        Column(
            f"expected_{what}s",
            "DECIMAL(18,6)",
            f"{what.capitalize()}s that its mix of devices and entry channels lets expect.",
            True,
            low=0,
        ),
        Column(
            f"expected_{what}_rate", "DECIMAL(9,6)", f"The same as a share, as {what}_rate.", low=0, high=1
        ),
        Column(
            f"excess_{what}_rate",
            "DECIMAL(9,6)",
            f"{what}_rate less expected_{what}_rate.",
            low=-1,
            high=1,
        ),
        Column(
            f"excess_{what}_low", "DECIMAL(9,6)", "Lower end of its 95 % interval (Wilson).", low=-1, high=1
        ),
        Column(f"excess_{what}_high", "DECIMAL(9,6)", "Upper end of it.", low=-1, high=1),
    )


TABLE = Table(
    name="pages",
    sentence="Views, attention, struggle, exits and bounces by page template, beside what its traffic lets"
    " expect.",
    grain=("page_group", "device_type", "period"),
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column(
            "device_type", "STRING", "Device of the session; 'all' for every one, 'unknown' for none.", True
        ),
        Column("period", "STRING", "First day of the sessions' week as YYYY-MM-DD; 'all' for all.", True),
        Column("views", "BIGINT", "Views.", True, low=1),
        Column("persons", "BIGINT", "People who saw it.", True, low=1),
        Column("sessions", "BIGINT", "Sessions with a view of it.", True, low=1),
        Column("entries", "BIGINT", "Sessions that began there.", True, low=0),
        Column("exits", "BIGINT", "Sessions that ended there.", True, low=0),
        Column("bounces", "BIGINT", "Sessions that began there and bounced.", True, low=0),
        Column("dwell_us", "BIGINT", "Sum of the views' dwell, microseconds.", True, low=0),
        Column("median_dwell_us", "BIGINT", "Median dwell of a view, microseconds.", True, low=0),
        Column("engaged_us", "BIGINT", "Sum of the views' engaged time, microseconds.", True, low=0),
        Column("scrolled_views", "BIGINT", "Views whose scroll depth is known.", True, low=0),
        Column(
            "mean_scroll_pct",
            "INT",
            "Mean of their depths, percent; null: not collected.",
            low=0,
            high=100,
        ),
        Column(
            "median_scroll_pct",
            "INT",
            "Median of their depths, percent; null: not collected.",
            low=0,
            high=100,
        ),
        *(
            Column(
                f"{kind}_sessions",
                "BIGINT",
                f"Sessions with a {kind.replace('_', ' ')} there; null: collected in none of its sessions.",
                low=0,
            )
            for kind in KINDS
        ),
        Column(
            "friction_sessions",
            "BIGINT",
            "Sessions with any sign of struggle there (docs/signals.md).",
            True,
            low=0,
        ),
        Column("friction_rate", "DECIMAL(9,6)", "friction_sessions / sessions.", True, low=0, high=1),
        *_rate("exit", "exits / sessions."),
        *_rate("bounce", "bounces / entries; null where no session began there."),
    ),
)
