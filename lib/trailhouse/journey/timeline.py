"""The timeline: what was read as visits, pages and lines in order, plain values for a page to show.

1. A visit's pages stand in their order; a page that begins before the last event of one before it lies beside
   it, in another tab. An event on no page (of a server) stands on the page that was last begun.
2. On a page: clicks on one element shortly after each other are one line, and so are changes of one form;
   what comes by itself is told in a quiet line between others.
3. A signal marks the line that holds its first event, else the page where that is its view; where that event
   is folded or left out it has a line of its own.
4. Gaps of half a minute and more are told, on a page, between pages and between visits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trailhouse.columns import VIEW_EVENTS
from trailhouse.journey import words
from trailhouse.journey.read import Head, Rows, Visits
from trailhouse.journey.words import Tone
from trailhouse.progress import how_many
from trailhouse.report import text

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
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """A signal: what it is called, and how it was found."""

    name: str
    detail: str


@dataclass(frozen=True)
class Line:
    """One line; `kind` is event, quiet, signal or gap."""

    kind: str
    at: str
    tag: str
    text: str
    details: tuple[str, ...] = ()
    tone: Tone = ""
    marks: tuple[Mark, ...] = ()
    server: bool = False


@dataclass(frozen=True)
class Page:
    """A view; `gap`: how long nothing happened before it; `share` of the visit's longest dwell, 0 to 1."""

    number: int | None
    at: str
    path: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    gap: str = ""
    dwell: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Visit:
    """A session; `later`: the time since the one before it in the list of the person's."""

    session_id: str
    day: str
    at: str
    until: str
    facts: tuple[tuple[str, str], ...]
    outcome: str
    tone: Tone
    signals: tuple[tuple[str, int], ...]
    pages: tuple[Page, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    recorded: bool = False
    later: str = ""
    duration: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Person:
    """The head of the page."""

    person_id: str
    facts: tuple[tuple[str, str], ...]
    identifiers: tuple[tuple[str, str, str, str], ...]
    more_identifiers: int
    changes: tuple[str, ...]
    outside: tuple[Line, ...]
    more_outside: int
    sessions: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """Times as the project's zone has them."""

    zone: ZoneInfo

    def at(self, us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self.zone)

    def time(self, us: int) -> str:
        return f"{self.at(us):%H:%M:%S}"

    def day(self, us: int) -> str:
        return f"{self.at(us):%a} {self.at(us).day} {self.at(us):%b %Y}"

    def moment(self, us: int | None) -> str:
        return text.NOTHING if us is None else f"{self.at(us):%Y-%m-%d %H:%M}"


def timeline(found: Visits, zone: str) -> tuple[Visit, ...]:
    """The visits, the newest first."""
    clock = Clock(ZoneInfo(zone))
    pages, lines, signals = map(_by_session, (found.pages, found.lines, found.signals))
    made = []
    for place, session in enumerate(found.sessions):
        own = session["session_id"]
        visit = _visit(session, pages[own], lines[own], signals[own], clock)
        before = found.sessions[place + 1] if place + 1 < len(found.sessions) else None
        later = ""
        if before and before["person_id"] == session["person_id"]:
            later = text.duration(max(session["start_us"] - before["end_us"], 0))
        made.append(replace(visit, later=later, recorded=session["session_id"] in found.recorded))
    return tuple(made)


def _by_session(rows: Rows) -> Mapping[str, list[Row]]:
    apart: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        apart[row["session_id"]].append(row)
    return apart


def outcome(session: Row) -> tuple[str, Tone]:
    """How a session ended, and whether that is good: converted, bounced, or left."""
    if session["converted"]:
        money = [text.money(one["amount"], one["currency"]) for one in session["value"]]
        what = ", ".join(words.plain_name(name) for name in session["conversion_names"])
        return "converted: " + ", ".join([what, *money] if what else money), "good"
    return ("bounced", "warn") if session["is_bounce"] else ("left without converting", "")


def _visit(session: Row, pages: list[Row], lines: list[Row], signals: list[Row], clock: Clock) -> Visit:
    device = session["device"] or {}
    geo = session["geo"] or {}
    campaign = session["campaign"] or {}
    last = session["last_channel"]
    facts = _known(
        ("Duration", text.duration(session["duration_us"])),
        ("Engaged", text.duration(session["engaged_us"])),
        ("Pages", text.number(session["views"])),
        ("Clicks", text.number(session["clicks"])),
        ("Channel", session["channel"] + (f", then {last}" if last != session["channel"] else "")),
        ("Campaign", ", ".join(filter(None, (campaign.get(k) for k in ("source", "medium", "name"))))),
        ("Referrer", text.short(session["referrer"], 120, "")),
        ("Device", ", ".join(filter(None, (device.get(k) for k in ("type", "browser", "os"))))),
        ("Place", ", ".join(filter(None, (geo.get(k) for k in ("country", "region", "city"))))),
        ("Entry", session["entry_page"]),
        ("Exit", session["exit_page"]),
        ("Account", session["user_id"]),
    )
    counts: dict[str, int] = defaultdict(int)
    for row in signals:
        counts[row["kind"]] += 1
    told, tone = outcome(session)
    notes = []
    if session["is_bot"]:
        notes.append(f"Taken for a bot ({', '.join(session['bot_reasons']) or 'no reason kept'})")
    if session["internal"]:
        notes.append("Own staff")
    if not session["closed"]:
        notes.append("Not over yet: later events may still belong to it")
    return Visit(
        session_id=session["session_id"],
        day=clock.day(session["start_us"]),
        at=clock.time(session["start_us"]),
        until=clock.time(session["end_us"]),
        facts=facts,
        outcome=told,
        tone=tone,
        signals=tuple(sorted((MARKS.get(kind, words.plain_name(kind)), n) for kind, n in counts.items())),
        pages=_pages(pages, lines, signals, clock),
        left_out=_left_out(session, pages, lines, signals),
        notes=tuple(notes),
        duration=text.duration(session["duration_us"]),
        depth=session["views"],
    )


def _known(*facts: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts if value)


def _left_out(session: Row, pages: list[Row], lines: list[Row], signals: list[Row]) -> tuple[str, ...]:
    """What a long session has beyond what was read."""
    events = session["events"] - sum(line["count"] for line in lines)
    total = signals[0]["total"] if signals else 0
    parts = ((session["views"] - len(pages), "page"), (events, "event"), (total - len(signals), "signal"))
    return tuple(how_many(number, noun) for number, noun in parts if number > 0)


@dataclass
class _Draft:
    """A page that is being filled."""

    view: Row | None
    lines: list[Row] = field(default_factory=list)
    signals: list[Row] = field(default_factory=list)

    @property
    def begin(self) -> int:
        start = self.view["start_us"] if self.view else min(line["start_us"] for line in self.lines)
        return int(start)


def _pages(views: list[Row], lines: list[Row], signals: list[Row], clock: Clock) -> tuple[Page, ...]:
    # 1.
    drafts = {view["view_id"]: _Draft(view) for view in views}
    before = _Draft(None)
    for line in lines:
        own = drafts.get(line["view_id"]) if line["view_id"] is not None else None
        (own or _current(drafts.values(), line["start_us"]) or before).lines.append(line)
    for signal in signals:
        (
            drafts.get(signal["view_id"]) or _current(drafts.values(), signal["start_us"]) or before
        ).signals.append(signal)
    filled = [before] if before.lines else []
    filled += drafts.values()
    longest = max((view["dwell_us"] for view in views), default=0)
    made: list[Page] = []
    until: int | None = None
    beside: Row | None = None
    for draft in filled:
        made.append(_page(draft, until, beside, longest, clock))
        ends = [line["end_us"] for line in draft.lines] + ([draft.view["end_us"]] if draft.view else [])
        if until is None or max(ends) >= until:
            until, beside = max(ends), draft.view
    return tuple(made)


def _current(drafts: Iterable[_Draft], at: int) -> _Draft | None:
    begun = [draft for draft in drafts if draft.begin <= at]
    return begun[-1] if begun else None


def _page(draft: _Draft, until: int | None, beside: Row | None, longest: int, clock: Clock) -> Page:
    view, begin = draft.view, draft.begin
    gap = text.duration(begin - until) if until is not None and begin - until >= GAP_US else ""
    first = next((line for line in draft.lines if view and line["event_name"] in VIEW_EVENTS), None)
    shown = [line for line in draft.lines if line is not first]
    # 3.
    on_view = [s for s in draft.signals if first is not None and s["first_event_id"] == first["event_id"]]
    others = [s for s in draft.signals if s not in on_view]
    lines = tuple(_lines(shown, others, clock))
    marks = tuple(_mark(signal) for signal in on_view)
    if view is None:
        return Page(None, clock.time(begin), "Before the first page", "", lines=lines, marks=marks, gap=gap)
    notes = []
    if until is not None and beside is not None and begin < until:
        notes.append(f"beside page {beside['view_number']}, in another tab or window")
    if view["continued"]:
        notes.append("went on from an earlier visit")
    if view["inferred"]:
        notes.append("its page view never came")
    if view["navigation_type"] == "back_forward":
        notes.append("by the browser's history")
    if view["navigation_type"] == "reload":
        notes.append("reloaded")
    facts = _known(
        ("dwell", text.duration(view["dwell_us"])),
        ("engaged", text.duration(view["engaged_us"])),
        ("scroll", None if view["max_scroll_pct"] is None else f"{view['max_scroll_pct']} %"),
        ("form", view["form_outcome"]),
    )
    path = view["page_path"] or view["page_url"] or view["page_title"] or "(a page without address)"
    group = view["page_group"]
    if group and group != path:
        facts = (*facts, ("group", group))
    return Page(
        number=view["view_number"],
        at=clock.time(begin),
        path=text.short(path, 200),
        title=text.short(view["page_title"], 200, "") if view["page_title"] != path else "",
        facts=facts,
        notes=tuple(notes),
        marks=marks,
        lines=lines,
        gap=gap,
        dwell=text.duration(view["dwell_us"]),
        share=view["dwell_us"] / longest if longest else 0.0,
    )


def _mark(signal: Row) -> Mark:
    lasted = signal["end_us"] - signal["start_us"]
    size = f"{how_many(signal['size'], 'event')} in {text.duration(lasted)}, " if signal["size"] > 1 else ""
    name = MARKS.get(signal["kind"], words.plain_name(signal["kind"]))
    return Mark(name, f"{size}by {', '.join(signal['presets'])}")


def _lines(rows: Sequence[Row], signals: Sequence[Row], clock: Clock) -> Iterable[Line]:
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
        marks = [_mark(signal) for row in group for signal in of_event[row["event_id"]]]
        yield _line(group, () if group[0]["quiet"] else tuple(marks), clock)
        until = max(until or 0, *(row["end_us"] for row in group))
    for signal in apart:
        yield _signal_line(signal, clock)


def _grouped(rows: Sequence[Row]) -> Iterable[list[Row]]:
    """Rows that are one line (2.): quiet ones that follow each other, clicks on one element, one form."""
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


def _line(group: list[Row], marks: tuple[Mark, ...], clock: Clock) -> Line:
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
    mark = _mark(signal)
    details = (f"on {where}",) if where else ()
    return Line("signal", clock.time(signal["start_us"]), "", "", details, "", (mark,))


def person(head: Head, zone: str, notes: Sequence[str] = ()) -> Person:
    """The head of the page."""
    clock, totals = Clock(ZoneInfo(zone)), head.totals
    value = ", ".join(text.money(one["amount"], one["currency"]) for one in totals["value"])
    kinds = [word for word, is_so in (("bot", totals["is_bot"]), ("own staff", totals["internal"])) if is_so]
    facts = _known(
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
        line = _line([row], (), clock)
        yield replace(line, at=f"{clock.moment(row['start_us'])}")
