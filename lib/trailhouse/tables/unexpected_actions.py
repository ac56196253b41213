"""`unexpected_actions`: ways from page to page that few go, and what precedes them."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

_BEFORE = (
    "ARRAY<STRUCT<what: STRING, value: STRING, times: BIGINT, share_in: DECIMAL(9,6),"
    " share_out: DECIMAL(9,6),"
    " lift: DECIMAL(18,4), low: DECIMAL(18,4), high: DECIMAL(18,4), p: DECIMAL(9,8), q: DECIMAL(9,8),"
    " too_few: BOOLEAN>>"
)

TABLE = Table(
    name="unexpected_actions",
    sentence="Ways from a page template to the next that few go, and what precedes them.",
    grain=("page_group", "next_page_group"),
    optional=True,
    columns=(
        Column("page_group", "STRING", "From which page template.", True),
        Column("next_page_group", "STRING", "To which.", True),
        Column("times", "BIGINT", "How often that way is gone.", True, low=1),
        Column("persons", "BIGINT", "Persons who go it.", True, low=1),
        Column("sessions", "BIGINT", "Sessions in which it is gone.", True, low=1),
        Column("all_times", "BIGINT", "Ways from the page template to any other.", True, low=1),
        *share("share", "times / all_times.", "share", required=True),
        Column("all_sessions", "BIGINT", "Sessions of people.", True, low=1),
        *share("visit_share", "sessions / all_sessions.", "visit", required=True),
        Column(
            "rare",
            "STRING",
            "Below the share among the ways from its page, among sessions (visits), or both.",
            True,
            values=("page", "visits", "both"),
        ),
        Column(
            "returned", "BIGINT", "Times that the page template was seen again in the session.", True, low=0
        ),
        *share("returned_share", "returned / times.", "returned", required=True),
        Column(
            "before",
            _BEFORE,
            "What comes oftener in the stay before than in other stays on the page template, at most "
            "five, the surest first: signs of struggle, errors, clicked elements; shares of these stays, "
            "lift with 95 % interval, p, and q adjusted for all that were compared.",
            True,
        ),
    ),
)
