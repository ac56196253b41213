"""The page of a replay: rrweb's player over what was recorded, else the session drawn from its events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from trailhouse.replay.rrweb import CUSTOM, PLUGIN, Event, Window
from trailhouse.replay.session import Mark, Session, View
from trailhouse.report.environment import embedded_json, environment, in_script, policy, resource
from trailhouse.report.screenshots import read_screenshots
from trailhouse.report.text import duration

_PACKAGE = "trailhouse.replay"
COLOURS = {
    "rage_click": "#c0392b",
    "dead_click": "#b9770e",
    "error_click": "#8e2f87",
    "u_turn": "#2e6da4",
}
"""Of signals on the time line; those of other kinds have OTHER."""
OTHER = "#5b6470"
_PLAIN = (1280, 720)
"""Width and height of a visible area that no event tells of."""
_SOURCE_MAP = re.compile(r"^/[/*]# sourceMappingURL=.*$", re.MULTILINE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_replay(session: Session, screenshots: Mapping[str, str | Mapping[str, str]] | None = None) -> str:
    """One HTML file that needs no network.

    With a recording that can be played, rrweb's player shows it, a window at a time; else pointer, clicks and
    scrolling are drawn over the screenshots of `report.screenshots`, or a plain page of
    its proportions. The page's own policy lets the browser run the scripts embedded here alone and load
    nothing from anywhere; what is played lies in a frame without scripts. SettingsError for a screenshot that
    cannot be read.
    """
    recorded = [window for window in session.windows if window.playable]
    damaged = sum(window.damaged for window in session.windows)
    if recorded:
        scripts = [_player("rrweb-player.min.js"), resource(_PACKAGE, "recorded.js")]
        styles = [_player("rrweb-player.min.css"), resource(_PACKAGE, "replay.css")]
        data = _recorded(session, recorded)
    else:
        scripts, styles = [resource(_PACKAGE, "drawn.js")], [resource(_PACKAGE, "replay.css")]
        data = _drawn(session, screenshots or {})
    scripts = [in_script(script) for script in scripts]
    return (
        environment(_PACKAGE)
        .get_template("replay.html.j2")
        .render(
            policy=policy(scripts, fonts=True),
            styles=[Markup(style) for style in styles],
            scripts=[Markup(script) for script in scripts],
            session=session,
            started=_clock(session.start_us),
            lasted=duration(session.end_us - session.start_us),
            windows=recorded,
            chunks=len(session.chunks),
            damaged=damaged,
            data=_embedded(data),
        )
    )


def _recorded(session: Session, recorded: Sequence[Window]) -> dict[str, Any]:
    return {
        "colours": {mark.kind: COLOURS.get(mark.kind, OTHER) for mark in session.marks if mark.is_signal},
        "windows": [
            {
                "name": _name(number, window, session.views),
                "start": window.start_ms,
                "events": [*_played(window), *_custom(marks)],
                "marks": [_told(mark, window.start_ms) for mark in marks],
            }
            for number, window in enumerate(recorded, start=1)
            for marks in [_marks_of(window, session.marks, several=len(recorded) > 1)]
        ],
    }


def _played(window: Window) -> list[Event]:
    """The recording without its own custom and plugin events: nothing of them is to be seen, and the former
    would stand on the time line among the signals."""
    return [event for event in window.events if event["type"] not in (CUSTOM, PLUGIN)]


def _custom(marks: Sequence[Mark]) -> list[Event]:
    """Signals as rrweb's custom events, which the player puts on its time line."""
    return [
        {"type": CUSTOM, "timestamp": mark.at_us // 1000, "data": {"tag": mark.kind, "payload": mark.text}}
        for mark in marks
        if mark.is_signal
    ]


def _marks_of(window: Window, marks: Sequence[Mark], *, several: bool) -> list[Mark]:
    """Those within its time; of several windows, those of its own tab, and those of none."""
    return [
        mark
        for mark in marks
        if window.start_ms <= mark.at_us // 1000 <= window.end_ms
        and (not several or None in (mark.tab_id, window.tab_id) or mark.tab_id == window.tab_id)
    ]


def _name(number: int, window: Window, views: Sequence[View]) -> str:
    own = [view for view in views if view.tab_id == window.tab_id and (view.path or view.title)]
    at = f"{_clock(window.start_ms * 1000)}, {duration((window.end_ms - window.start_ms) * 1000)}"
    where = f", {own[0].path or own[0].title}" if own and window.tab_id is not None else ""
    return f"Window {number}: {at}{where}"


def _drawn(session: Session, screenshots: Mapping[str, str | Mapping[str, str]]) -> dict[str, Any]:
    numbers = {view.view_id: number for number, view in enumerate(session.views)}
    start = session.start_us
    steps = [
        [
            (step.at_us - start) // 1000, step.name, numbers[step.view_id], step.x, step.y, step.offset,
            step.text, step.box,
        ]
        for step in session.steps
        if step.view_id is not None
    ]  # fmt: skip
    return {
        "length": max((session.end_us - start) // 1000, 1),
        "views": [_drawn_view(view, session, start) for view in session.views],
        "steps": steps,
        "marks": [_told(mark, start // 1000) for mark in session.marks],
        "pictures": _pictures(session, screenshots),
    }


def _drawn_view(view: View, session: Session, start: int) -> dict[str, Any]:
    own = [step for step in session.steps if step.view_id == view.view_id]
    width, fold = view.width or _PLAIN[0], view.fold or _PLAIN[1]
    lowest = max(
        (max(step.y or 0, (step.offset or 0) + fold) for step in own if step.y is not None or step.offset),
        default=0,
    )
    return {
        "at": (view.start_us - start) // 1000,
        "title": view.title,
        "path": view.path,
        "group": view.group,
        "width": width,
        "fold": fold,
        # A page is at least as tall as what was done on it.
        "height": max(view.height or 0, lowest, fold),
        "told": view.height is not None,
    }


def _told(mark: Mark, start_ms: int) -> dict[str, Any]:
    return {
        "at": max(mark.at_us // 1000 - start_ms, 0),
        "kind": mark.kind,
        "text": mark.text,
        "colour": COLOURS.get(mark.kind, OTHER) if mark.is_signal else None,
    }


def _pictures(session: Session, given: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    """Data URIs of the pages that the session saw: of its device where there is one, else of any."""
    seen = {view.group for view in session.views}
    read = read_screenshots({group: where for group, where in given.items() if group in seen})
    # What comes later replaces what came before: that of the session's own device comes last.
    ranked = sorted(read, key=lambda one: (one[1] == session.device_type, one[1] is None, str(one[1])))
    return {group: read[group, device] for group, device in ranked}


def _embedded(value: Any) -> Markup:
    """As the report embeds JSON; half characters, which a recorder may cut text into, are replaced."""
    found = embedded_json(value)
    try:
        found.encode()
        return found
    except UnicodeEncodeError:
        return Markup(found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _clock(us: int) -> str:
    return f"{_EPOCH + timedelta(microseconds=us):%Y-%m-%d %H:%M:%S} UTC"


def _player(name: str) -> str:
    return _SOURCE_MAP.sub("", resource(_PACKAGE, name, "player"))
