"""The timeline: what was read as visits and pages in order, plain values for a page to show.

1. A visit's pages stand in their order; a page that begins before the last event of one before it lies beside
   it, in another tab. An event on no page (of a server) stands on the page that was last begun.
2. A signal whose first event is a page's own view marks the page; for others, and for lines, see lines.py.
3. Gaps of half a minute and more are told, on a page, between pages and between visits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trailhouse.columns import VIEW_EVENTS
from trailhouse.journey import words
from trailhouse.journey.lines import GAP_US, MARKS, lines_of, mark_of
from trailhouse.journey.read import Rows, Visits
from trailhouse.journey.shapes import Clock, Page, Visit, known
from trailhouse.journey.words import Tone
from trailhouse.progress import how_many
from trailhouse.report import text

Row = Mapping[str, Any]


def timeline(found: Visits, zone: str) -> tuple[Visit, ...]:
    """The visits, the newest first."""
    clock = Clock.of(zone)
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
    facts = known(
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
        person_id=session["person_id"],
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
    # 2.
    on_view = [s for s in draft.signals if first is not None and s["first_event_id"] == first["event_id"]]
    others = [s for s in draft.signals if s not in on_view]
    lines = tuple(lines_of(shown, others, clock))
    marks = tuple(mark_of(signal) for signal in on_view)
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
    facts = known(
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
