"""Who is one person, and where that is in doubt, as the template needs it.

Values of identifiers may be personal data. Those of hubs and blocked ones are shown, as somebody has to
judge them, and no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from trailhouse.report import charts, text
from trailhouse.report.reads import CHANGES, SIZES
from trailhouse.report.text import Row

Frames = Mapping[str, pd.DataFrame]

DAYS = 180
LETTERS = 40
CAME = CHANGES[:2]
MOVED = CHANGES[2:]
REASONS = {
    "unique": "It would put two values of {type} into one person, who has only one.",
    "limit": "It would put more values of {type} into one person than are allowed.",
    "shared": "One end is shared: several people use it, each with a {type} of their own.",
    "hub": "One end is a hub: it is linked to too many values of {type}.",
    "alias": "It calls two values of {type} one, though a person has only one.",
    "never_join": "People have said that its two ends are not one person.",
    "size": "It is part of so large a tangle of links that none of them joins anybody.",
}
"""What a rule says, for those who have not read the settings; {type} is the type that told."""


def people(frames: Frames) -> Row:
    """Headline, sizes, hubs, blocked values, refused links and changes; `known` is False without any."""
    persons = text.rows_of(frames, "person_sizes")
    blocked = text.rows_of(frames, "blocked")
    hubs = [_named(row) for row in text.rows_of(frames, "hubs")]
    refused = text.rows_of(frames, "refusals")
    changes = _changes(text.rows_of(frames, "identity_days"))
    own = [row for row in persons if row["status"] == "own"]
    events = blocked[0]["events"] if blocked else None
    return {
        "known": bool(persons or hubs or refused or events or changes),
        "headline": _headline(persons, refused, events),
        "sizes": (sizes := _sizes(own)),
        "chart": charts.person_sizes(sizes) if own else None,
        "hubs": hubs,
        "all_hubs": _count(persons, "hub"),
        "blocked": [_named(row) for row in text.rows_of(frames, "blocked_values")],
        "blocked_events": events,
        "refused": [_told(row) for row in refused],
        "changes": changes,
    }


def _count(persons: Sequence[Row], status: str | None = None, name: str = "identifiers") -> int:
    return sum(int(row[name]) for row in persons if status in (None, row["status"]))


def _headline(persons: Sequence[Row], refused: Sequence[Row], events: int | None) -> list[tuple[str, str]]:
    """Numbers with what they count. Persons are those of own identifiers: others name no one person."""
    own, many = _count(persons, "own", "persons"), _count(persons, "own")
    # Of whole numbers, not of floats, so that it rounds as one does on paper.
    mean = f"{Decimal(many) / own:.2f}" if own else text.NOTHING
    parts = f" ({text.number(many)} / {text.number(own)})" if own else ""
    return [
        (text.number(own), "persons"),
        (text.number(_count(persons)), "identifiers"),
        (mean, f"identifiers a person{parts}"),
        (text.number(_count(persons, "shared")), "shared identifiers"),
        (text.number(_count(persons, "hub")), "hubs"),
        (text.number(sum(int(row["links"]) for row in refused)), "refused links"),
        (text.number(events), "blocked sightings"),
    ]


def _sizes(own: Sequence[Row]) -> list[Row]:
    """A row for each of SIZES, also for those that nobody has."""
    found = {int(row["at_least"]): row for row in own}
    persons = _count(own, name="persons")
    rows = []
    for least, after in zip(SIZES, (*SIZES[1:], None), strict=True):
        row = found.get(least, {"persons": 0, "identifiers": 0})
        rows.append({**row, "label": _range(least, after), "share": text.ratio(row["persons"], persons)})
    return rows


def _range(least: int, after: int | None) -> str:
    if after is None:
        return f"{least}+"
    return str(least) if after == least + 1 else f"{least}–{after - 1}"


def _named(row: Row) -> Row:
    """The row with what it names short enough to be shown."""
    return {
        **row,
        "id_type": text.short(row["id_type"], LETTERS),
        "id_value": text.short(row["id_value"], LETTERS, "(empty)"),
        "detail": text.short(row.get("detail"), LETTERS, text.NOTHING),
    }


def _told(row: Row) -> Row:
    """A refusal in words."""
    of_type = text.short(row["detail"], LETTERS, "one type")
    sentence = REASONS.get(row["reason"], "").format(type=of_type)
    return {**row, "detail": text.short(row["detail"], LETTERS, text.NOTHING), "sentence": sentence}


def _changes(rows: Sequence[Row]) -> Row | None:
    """Days in order with a count a kind, charts of those that came and those that moved; None if none."""
    by_day: dict[date, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(CHANGES, 0))
    for row in rows:
        if row["change"] in CHANGES:
            by_day[text.as_date(row["day"])][row["change"]] += int(row["identifiers"])
    if not by_day:
        return None
    begin = max(by_day) - timedelta(days=DAYS - 1)
    days = [{"day": day, **by_day[day]} for day in sorted(by_day) if day >= begin]
    return {
        "kinds": CHANGES,
        "days": days,
        "totals": {kind: sum(row[kind] for row in days) for kind in CHANGES},
        # Apart, as the first run creates more identifiers than all others will ever merge.
        "came": _drawn(days, CAME),
        "moved": _drawn(days, MOVED),
    }


def _drawn(days: Sequence[Row], kinds: Sequence[str]) -> charts.Spec | None:
    some = any(row[kind] for row in days for kind in kinds)
    return charts.identity_changes(days, kinds) if some else None
