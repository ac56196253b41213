"""The rules of signals once more, in plain loops over the rows of one session (staging.session_rows)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.signals.staging import START
from trailhouse.signals.clicks import INERT, SELECTS_TEXT
from trailhouse.signals.kind import Burst, Return, Wait

Event = Mapping[str, Any]
Found = list[tuple[int, int]]
"""(start in ms, size)."""
ALLOWED = ("stepper", "carousel", "calendar", "datepicker", "game")


def ms(event: Event) -> int:
    return round((event["event_time"] - START).total_seconds() * 1000)


def element(event: Event, name: str) -> Any:
    return (event.get("element") or {}).get(name)


def by_view(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The events of each view in the session's order."""
    views: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one["event_number"]):
        views[event["view_id"]].append(event)
    return views


class View:
    """What a row of page_views says."""

    def __init__(self, events: Sequence[Event]) -> None:
        opened = [one for one in events if one["event_name"] == "page_view"]
        first = (opened or events)[0]
        self.id = first["view_id"]
        self.start, self.end = min(map(ms, events)), max(map(ms, events))
        self.number = first["view_number"]
        self.opened = bool(opened)
        self.device, self.tab = first["anonymous_id"], first["tab_id"]
        self.path, self.navigation = first["page_path"], first["navigation_type"]
        names = [one["event_name"] for one in events]
        self.clicks = names.count("click")
        self.form = next(
            (
                outcome
                for outcome, of in (
                    ("submitted", ("form_submit",)),
                    ("abandoned", ("form_abandon",)),
                    ("started", ("form_start", "form_change")),
                )
                if {*of} & {*names}
            ),
            None,
        )
        self.scrolled = any((one["scroll_offset"] or 0) > 0 for one in events)
        self.forms = [ms(one) for one in events if one["event_name"].startswith("form_")]


def views_of(events: Sequence[Event]) -> list[View]:
    return [View(of) for of in by_view(events).values()]


def tabs_of(events: Sequence[Event]) -> list[list[View]]:
    tabs: dict[tuple[str, str], list[View]] = defaultdict(list)
    for one in views_of(events):
        tabs[one.device, one.tab].append(one)
    return [sorted(tab, key=lambda one: (one.start, one.number)) for tab in tabs.values()]


def bursts(
    count: int, things: Sequence[Any], together: Callable[[int], bool], window: bool
) -> list[list[Any]]:
    """Longest runs of things that belong together, with enough of them.

    `together(i)`: of a chain, i and i - 1; of a window, the `count` things from i on.
    """
    joined: set[int] = set()
    for i in range(len(things)):
        if window and i + count <= len(things) and together(i):
            joined.update(range(i + 1, i + count))
        if not window and i and together(i):
            joined.add(i)
    found, start = [], 0
    for i in range(1, len(things) + 1):
        if i not in joined:
            if i - start >= count:
                found.append([*things[start:i]])
            start = i
    return found


def rage(events: Sequence[Event], preset: Burst) -> Found:
    found: Found = []
    for of_view in by_view(events).values():
        clicks = [one for one in of_view if one["event_name"] == "click"]
        told = [ms(one) for one in of_view if one["event_name"] in SELECTS_TEXT]

        def fits(one: Event) -> bool:
            selector = (element(one, "selector") or "").lower()
            return not any(part in selector for part in ALLOWED)

        def name(one: Event) -> Any:
            if preset.on == "label":
                return element(one, "text") or element(one, "selector")
            return element(one, "selector")

        def near(some: Sequence[Event]) -> bool:
            names = {name(one) for one in some}
            same = len(names) == 1 and None not in names
            if preset.on != "place":
                return same
            places = [(element(one, "x"), element(one, "y")) for one in some]
            if any(None in place for place in places):
                return same
            return all(abs(a[0] - b[0]) + abs(a[1] - b[1]) <= preset.px for a in places for b in places)

        def together(i: int, clicks: Sequence[Event] = clicks) -> bool:
            window = preset.mode == "window"
            some = clicks[i : i + preset.count] if window else clicks[i - 1 : i + 1]
            span = ms(some[-1]) - ms(some[0])
            soon = span < preset.ms if preset.below else span <= preset.ms
            return soon and all(map(fits, some)) and near(some)

        for burst in bursts(preset.count, clicks, together, preset.mode == "window"):
            selecting = any(
                0 <= at - ms(one) <= 1000 and one.get("pointer") != "touch" for one in burst for at in told
            )
            if not selecting:
                found.append((ms(burst[0]), len(burst)))
    return sorted(found)


def thrashed(events: Sequence[Event], preset: Burst) -> Found:
    found: Found = []
    for of_view in by_view(events).values():
        moves = [
            one for one in of_view if one["event_name"] == "mouse_move" and element(one, "x") is not None
        ]
        points = [(ms(one), element(one, "x"), element(one, "y")) for one in moves]
        steps = [
            (b[0], b[1] - a[1], b[2] - a[2])
            for a, b in zip(points, points[1:], strict=False)
            if a[1:] != b[1:]
        ]
        turns = [a[0] for a, b in zip(steps, steps[1:], strict=False) if a[1] * b[1] + a[2] * b[2] < 0]
        for burst in bursts(
            preset.count,
            turns,
            lambda i, turns=turns: turns[i + preset.count - 1] - turns[i] <= preset.ms,  # type: ignore[misc]
            True,
        ):
            found.append((burst[0], len(burst)))
    return sorted(found)


def unanswered(events: Sequence[Event], preset: Wait, *, inert: bool) -> Found:
    views, found = views_of(events), []
    for name, of_view in by_view(events).items():
        (own,) = (one for one in views if one.id == name)
        answers = [ms(one) for one in of_view if one["event_name"] not in INERT]
        answers += [one.start for one in views if one.opened and one.id != name and one.device == own.device]
        for one in of_view:
            if one["event_name"] == "click" and element(one, "tag") != "input":
                answered = any(0 <= at - ms(one) <= preset.ms for at in answers)
                if not answered and (element(one, "interactive") is False) == inert:
                    found.append((ms(one), 1))
    return sorted(found)


def errors(events: Sequence[Event], preset: Wait) -> Found:
    found = []
    for of_view in by_view(events).values():
        told = [ms(one) for one in of_view if one["event_name"] == "error"]
        clicks = [ms(one) for one in of_view if one["event_name"] == "click"]
        found += [(at, 1) for at in clicks if any(0 <= error - at <= preset.ms for error in told)]
    return sorted(found)


def u_turns(events: Sequence[Event], preset: Return) -> Found:
    found = []
    for tab in tabs_of(events):
        for a, b, c in zip(tab, tab[1:], tab[2:], strict=False):
            back = a.path is not None and a.path == c.path and b.path is not None and b.path != a.path
            by_history = c.navigation in (None, "back_forward")
            idle = not (preset.still and (b.clicks or b.form or b.scrolled))
            if back and by_history and idle and c.start - b.start <= (preset.ms or 7000):
                found.append((b.start, 2))
    return sorted(found)


def quick_backs(events: Sequence[Event], preset: Return) -> Found:
    found = []
    for tab in tabs_of(events):
        for b, c in zip(tab, tab[1:], strict=False):
            by_link_and_back = (b.navigation, c.navigation) == ("link", "back_forward")
            if by_link_and_back and c.start - b.start <= (preset.ms or 0):
                found.append((b.start, 2))
    return sorted(found)


def refreshes(events: Sequence[Event], preset: Burst) -> Found:
    found: Found = []
    for tab in tabs_of(events):
        reloads = [
            i > 0 and b.navigation == "reload" and b.path == tab[i - 1].path for i, b in enumerate(tab)
        ]

        def together(i: int, tab: list[View] = tab, reloads: list[bool] = reloads) -> bool:
            part = slice(i, i + preset.count)
            return all(reloads[part]) and tab[i + preset.count - 1].start - tab[i].start <= preset.ms

        found += [(b[0].start, len(b)) for b in bursts(preset.count, tab, together, True)]
    return sorted(found)


def forms(events: Sequence[Event], preset: object) -> Found:
    left = [one for one in views_of(events) if one.form in ("abandoned", "started")]
    return sorted((min(one.forms), 1) for one in left)


RULES: dict[str, Callable[..., Found]] = {
    "rage_click": rage,
    "dead_click": lambda events, preset: unanswered(events, preset, inert=False),
    "inert_click": lambda events, preset: unanswered(events, preset, inert=True),
    "error_click": errors,
    "u_turn": u_turns,
    "quick_back": quick_backs,
    "rapid_refresh": refreshes,
    "thrashed_cursor": thrashed,
    "form_abandonment": forms,
}
"""All kinds but excessive scrolling, which looks at many sessions."""
