"""The head of a journey's page: who it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trailhouse.journey.head import Head
from trailhouse.journey.lines import line_of
from trailhouse.journey.read import Rows
from trailhouse.journey.shapes import Clock, Line, Person, known
from trailhouse.progress import how_many
from trailhouse.report import text

Row = Mapping[str, Any]


def person(head: Head, zone: str, notes: Sequence[str] = ()) -> Person:
    """The head of the page."""
    clock, totals = Clock.of(zone), head.totals
    value = ", ".join(text.money(one["amount"], one["currency"]) for one in totals["value"])
    kinds = [word for word, is_so in (("bot", totals["is_bot"]), ("own staff", totals["internal"])) if is_so]
    facts = known(
        ("First seen", clock.moment(totals["first_us"])),
        ("Last seen", clock.moment(totals["last_us"])),
        ("Visits", text.number(totals["sessions"])),
        ("Pages", text.number(totals["views"] or 0)),
        ("Events", text.number(totals["events"])),
        ("Engaged", text.duration(totals["engaged_us"] or 0)),
        ("Converted", f"in {how_many(totals['converted'], 'visit')}" if totals["converted"] else "never"),
        ("Value", value),
        ("Channels", ", ".join(totals["channels"])),
        ("Devices", "; ".join(totals["devices"])),
        ("Places", "; ".join(totals["places"])),
        ("Left out of metrics", " and ".join(kinds)),
    )
    identifiers = tuple(
        (row["id_type"], text.short(row["id_value"], 120), row["status"], clock.moment(row["first_seen"]))
        for row in head.identifiers
    )
    return Person(
        person_id=head.person_id,
        facts=facts,
        identifiers=identifiers,
        more_identifiers=head.all_identifiers - len(identifiers),
        changes=tuple(_change(row, head.person_id, clock) for row in head.changes),
        outside=tuple(_lines_by_day(head.outside, clock)),
        more_outside=head.all_outside - sum(row["count"] for row in head.outside),
        sessions=totals["sessions"],
        notes=tuple(notes),
    )


def _change(row: Row, person_id: str, clock: Clock) -> str:
    one = f"{row['id_type']}:{text.short(row['id_value'], 120)}"
    came = row["person_after"] == person_id
    other = row["person_before"] if came else row["person_after"]
    way = "came from" if came else "went to"
    return f"{clock.moment(row['at'])} {one} {way} person {other} ({row['change']}, {row['cause']})"


def _lines_by_day(rows: Rows, clock: Clock) -> Iterable[Line]:
    for row in rows:
        line = line_of([row], (), clock)
        yield replace(line, at=f"{clock.moment(row['start_us'])}")
