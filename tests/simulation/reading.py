"""Reads simulated files the slow way, by the text of docs/sources/segment.md, as an independent judge."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Message = dict[str, Any]
EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
NAMES = {
    "Element Clicked": "click", "Page Scrolled": "scroll", "Mouse Moved": "mouse_move",
    "Heartbeat": "heartbeat", "DOM Mutated": "mutation", "Form Started": "form_start",
    "Form Changed": "form_change", "Form Submitted": "form_submit", "Order Completed": "order",
    "Survey Answered": "survey_response", "Form Abandoned": "form_abandon", "Error Occurred": "error",
}  # fmt: skip


@dataclass
class Raw:
    """All lines of a folder: by file, and sorted into those that are records and those that are not."""

    files: dict[str, list[str]] = field(default_factory=dict)
    quarantined: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    """By messageId, the earliest received first."""

    @property
    def lines(self) -> int:
        """How many lines all files have."""
        return sum(len(lines) for lines in self.files.values())

    def winners(self) -> list[Message]:
        """The one message of each id that stays: the earliest received."""
        return [copies[0] for copies in self.messages.values()]


def read(folder: Path) -> Raw:
    """Read every file below a folder and sort its lines."""
    raw = Raw()
    for path in sorted(folder.rglob("*.json.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        assert text.endswith("\n"), path
        raw.files[str(path.relative_to(folder))] = text[:-1].split("\n")
    for lines in raw.files.values():
        for line in lines:
            reason, message = judge(line)
            if message is None:
                raw.quarantined[reason].append(line)
            else:
                raw.messages[message["messageId"]].append(message)
    for copies in raw.messages.values():
        copies.sort(key=lambda m: m["receivedAt"])
    return raw


def judge(line: str) -> tuple[str, Message | None]:
    """The reason why a line is no record (with None), or "" and the message."""
    if len(line) > 1 << 20:
        return "oversized", None
    try:
        message = json.loads(line)
    except json.JSONDecodeError:
        return "cut", None
    if not isinstance(message, dict):
        return "not_object", None
    time = message.get("originalTimestamp") or message.get("timestamp")
    if time is None:
        return "no_time", None
    try:
        if instant(time) < EARLIEST:
            return "out_of_range", None
    except ValueError:
        return "bad_time", None
    if "anonymousId" not in message and "userId" not in message:
        return "no_identifier", None
    if message["type"] == "track" and "event" not in message:
        return "no_name", None
    return "", message


def instant(text: str) -> dt.datetime:
    """A time of the wire; ValueError when it is none."""
    return dt.datetime.fromisoformat(text)


def event_time(message: Message) -> dt.datetime:
    """Segment's correction: client time + (received - sent)."""
    return instant(message["originalTimestamp"]) + (
        instant(message["receivedAt"]) - instant(message["sentAt"])
    )


def name(message: Message) -> str:
    """The canonical name, of the few that the tests ask for, else as it came."""
    if message["type"] == "track":
        return NAMES.get(message["event"], message["event"])
    return {"page": "page_view", "screen": "screen_view"}.get(message["type"], message["type"])


def milliseconds(message: Message) -> int:
    """event_time in ms since the epoch, exactly."""
    return (event_time(message) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def by_view(messages: list[Message]) -> dict[str, list[Message]]:
    """Messages that have a view, by its id, in order of the tracker."""
    views: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        page = message["context"].get("page")
        if page:
            views[page["viewId"]].append(message)
    for members in views.values():
        members.sort(key=lambda m: (milliseconds(m), m["context"]["sequence"]))
    return views
