"""`arrivals`: what people do first after log-in."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="arrivals",
    sentence="The first five actions after log-in by their place, and the sequences they make.",
    grain=("what", "position", "kind", "action"),
    optional=True,
    columns=(
        Column(
            "what", "STRING", "A row of an action, or of a sequence.", True, values=("action", "sequence")
        ),
        Column("position", "INT", "Place after log-in; of a sequence its length.", True, low=1, high=5),
        Column("rank", "INT", "Its rank there by log-ins; at most 15 have a row.", True, low=1),
        Column(
            "kind",
            "STRING",
            "What the action is; left: nothing more was done by then.",
            True,
            values=("page", "click", "event", "left", "sequence"),
        ),
        Column(
            "action",
            "STRING",
            "Page template, text or selector of the element, event; of a sequence all of them, in order.",
            True,
        ),
        Column("logins", "BIGINT", "Arrivals with it.", True, low=1),
        Column("persons", "BIGINT", "Persons who made them.", True, low=1),
        Column("all_logins", "BIGINT", "All arrivals.", True, low=1),
        *share("share", "logins / all_logins.", required=True),
        Column("median_us", "BIGINT", "Median time from log-in to the (last) action, microseconds.", low=0),
    ),
)
