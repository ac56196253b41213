"""The lines of a page in order, with signals and gaps.

1. Clicks on one element shortly after each other are one line, and so are changes of one form; what comes by
   itself is told in a quiet line between others.
2. A signal marks the line that holds its first event; where that event is folded or left out it has a line of
   its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trailhouse.journey import words
from trailhouse.journey.shapes import Clock, Line, Mark
from trailhouse.progress import how_many
from trailhouse.report import text

Row = Mapping[str, Any]
GAP_US = 30_000_000
CLICKS_US = 10_000_000
"""Clicks on one element further apart are told apart."""
MARKS = {
    "rage_click": "rage click",
    "dead_click": "dead click",
    "error_click": "error click",
    "u_turn": "U-turn",
    "quick_back": "quick back",
    "excessive_scrolling": "excessive scrolling",
    "thrashed_cursor": "thrashed cursor",
    "form_abandonment": "form abandoned",
    "rapid_refresh": "rapid refresh",
}


def mark_of(signal: Row) -> Mark:
    """A signal's name, its size and the presets that found it."""
    lasted = signal["end_us"] - signal["start_us"]
    size = f"{how_many(signal['size'], 'event')} in {text.duration(lasted)}, " if signal["size"] > 1 else ""
    name = MARKS.get(signal["kind"], words.plain_name(signal["kind"]))
    return Mark(name, f"{size}by {', '.join(signal['presets'])}")


def lines_of(rows: Sequence[Row], signals: Sequence[Row], clock: Clock) -> Iterable[Line]:
    """The lines of a page in order, with signals and gaps."""
    of_event: dict[str, list[Row]] = defaultdict(list)
    for signal in signals:
        of_event[signal["first_event_id"]].append(signal)
    marked = {row["event_id"] for row in rows if not row["quiet"]}
    apart = sorted((s for s in signals if s["first_event_id"] not in marked), key=lambda s: s["start_us"])
    until: int | None = None
    for group in _grouped(rows):
        begin = group[0]["start_us"]
        while apart and apart[0]["start_us"] <= begin:
            yield _signal_line(apart.pop(0), clock)
        if until is not None and begin - until >= GAP_US:
            yield Line("gap", "", "", text.duration(begin - until))
        marks = [mark_of(signal) for row in group for signal in of_event[row["event_id"]]]
        yield line_of(group, () if group[0]["quiet"] else tuple(marks), clock)
        until = max(until or 0, *(row["end_us"] for row in group))
    for signal in apart:
        yield _signal_line(signal, clock)


def _grouped(rows: Sequence[Row]) -> Iterable[list[Row]]:
    """Rows that are one line (1.): quiet ones that follow each other, clicks on one element, one form."""
    groups: list[list[Row]] = []
    for row in rows:
        last = groups[-1] if groups else None
        if last and row["quiet"] and last[0]["quiet"]:
            last.append(row)
            continue
        loud = next((group for group in reversed(groups[-2:]) if not group[0]["quiet"]), None)
        if loud and not row["quiet"] and _same(loud[-1], row):
            loud.append(row)
            continue
        groups.append([row])
    return groups


def _same(a: Row, b: Row) -> bool:
    if a["event_name"] != b["event_name"] or b["start_us"] - a["end_us"] > CLICKS_US:
        return False
    if a["event_name"] == "click":
        one, other = a["element"] or {}, b["element"] or {}
        named = one.get("selector") or one.get("text")
        return bool(named) and all(one.get(key) == other.get(key) for key in ("selector", "text", "href"))
    if a["event_name"] == "form_change":
        return (a["form"] or {}).get("id") == (b["form"] or {}).get("id")
    return False


def line_of(group: list[Row], marks: tuple[Mark, ...], clock: Clock) -> Line:
    """The line of an event, or of several that are one."""
    first = group[0]
    at = clock.time(first["start_us"])
    if first["quiet"]:
        return Line("quiet", at, "", words.quiet(group))
    told = words.told(first)
    details, said = told.details, told.text
    if len(group) > 1 and first["event_name"] == "click":
        lasted = text.duration(group[-1]["end_us"] - first["start_us"])
        said = f"{len(group)} × {said[0].lower()}{said[1:]}"
        details = (f"in {lasted}", *(d for d in details if not d.endswith(" px")))
    elif len(group) > 1:
        fields = [(row["form"] or {}).get("field") or "a field" for row in group]
        times = {name: fields.count(name) for name in fields}
        shown = (name + (f" ({n} ×)" if n > 1 else "") for name, n in times.items())
        details = (f"fields {', '.join(shown)}",)
    return Line("event", at, told.tag, said, details, told.tone, marks, first["platform"] == "server")


def _signal_line(signal: Row, clock: Clock) -> Line:
    where = words.quoted(signal["element_text"]) or signal["selector"]
    mark = mark_of(signal)
    details = (f"on {where}",) if where else ()
    return Line("signal", clock.time(signal["start_us"]), "", "", details, "", (mark,))
