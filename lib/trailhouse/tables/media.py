"""`media`: how far videos and recordings are watched."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share
from trailhouse.tables.forms import BROKEN_DOWN

TABLE = Table(
    name="media",
    sentence="Plays, completion and the share watched of each 5 % of a video or recording.",
    grain=("media_id", "device_type", "period"),
    columns=(
        Column("media_id", "STRING", "Its id, else its title; 'unknown' for none.", True),
        *BROKEN_DOWN,
        Column("title", "STRING", "Title that was told last."),
        Column("plays", "BIGINT", "Times that play was pressed.", True, low=0),
        Column("views", "BIGINT", "Page views with an event of it.", True, low=1),
        Column("persons", "BIGINT", "People with an event of it.", True, low=1),
        Column("completed", "BIGINT", "Views in which it was played to the end.", True, low=0),
        *share("completion_rate", "completed / views.", required=True),
        Column("length_us", "BIGINT", "Its length, microseconds; null: not collected.", low=1),
        Column("measured_views", "BIGINT", "Views whose positions and length are known.", True, low=0),
        Column(
            "watched",
            "ARRAY<BIGINT>",
            "Of these, how many watched each 5 %, 20 counts from the begin; null: not collected.",
        ),
        Column("watched_us", "BIGINT", "Time watched, microseconds; null: not collected.", low=0),
        Column(
            "median_watched_us", "BIGINT", "Median of that a view, microseconds; null: not collected.", low=0
        ),
    ),
)
