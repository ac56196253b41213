"""`arrival_searches`: what people look for after log-in, and whether they find it."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

_UNKNOWN = {
    "empty": "the tracker tells no results",
    "first_empty": "the tracker tells no results",
    "again": "goals are not searched for",
    "opened": "no event is declared that opens a result",
    "found": "no event is declared that tells it",
}


def _counted(name: str, sentence: str, of: str) -> tuple[Column, ...]:
    why = _UNKNOWN[name]
    return (
        Column(name, "BIGINT", f"{sentence}; null where {why}.", low=0),
        *share(f"{name}_share", f"Their share of {of}.", name),
    )


TABLE = Table(
    name="arrival_searches",
    sentence="Searches and stated goals after log-in, and whether they were found in that arrival.",
    grain=("what", "term", "breakdown", "value"),
    optional=True,
    columns=(
        Column(
            "what",
            "STRING",
            "One query, all searches; one stated goal, all of these.",
            True,
            values=("search", "search_all", "goal", "goal_all"),
        ),
        Column("term", "STRING", "The query without case; the goal; 'all'.", True),
        Column("breakdown", "STRING", "By what.", True, values=("all", "device_type", "week")),
        Column("value", "STRING", "Device, or first day of the week; 'all' for everyone.", True),
        Column("times", "BIGINT", "Searches, or answers that state a goal.", True, low=1),
        Column("persons", "BIGINT", "Who made them.", True, low=1),
        Column("arrivals", "BIGINT", "Arrivals with any.", True, low=1),
        Column("logins", "BIGINT", "All arrivals of everyone.", True, low=1),
        Column("first", "BIGINT", "Searches that are the first of their arrival; null for goals.", low=0),
        Column("known", "BIGINT", "Searches whose number of results is told.", True, low=0),
        Column("first_known", "BIGINT", "Of these, the first of their arrival.", True, low=0),
        *_counted("empty", "Searches without a result", "known"),
        *_counted("first_empty", "First searches without a result", "first_known"),
        *_counted("again", "Searches after which people searched again", "times"),
        *_counted("opened", "Searches of which a result was opened before the next search", "times"),
        *_counted(
            "found", "Searches, or goals, that were found later in the arrival", "times it can be told of"
        ),
    ),
)
