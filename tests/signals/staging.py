"""Sessions told by `Happening`s, through page_views to signals, all of them in one Spark action."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from tests.factories import rows
from trailhouse.settings import Settings
from trailhouse.signals.kind import Happening
from trailhouse.signals.registry import KINDS
from trailhouse.stage import Context
from trailhouse.stages import page_views, signals

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
EVERYTHING = {kind.name: [preset.name for preset in kind.presets] for kind in KINDS}
"""Every preset of every kind, side by side."""

_ELEMENT = ("x", "y", "selector", "text", "tag", "href", "interactive")
_COLUMNS = ("pointer", "is_bot", "internal", "app_id", "platform", "page_url", "event_id")
_SENT = ("mutation", "error", "form_submit", "form_abandon", "mouse_move", "scroll", "page_view")


def activity(
    spark: SparkSession, cases: Mapping[str, Sequence[Happening]], *, collected: bool = True
) -> DataFrame:
    """Rows of `activity`: each case is a session. `collected`: a session beside them sends everything."""
    found = []
    if collected:
        of_tracker = {
            "session_id": "of the tracker",
            "app_id": "shop",
            "platform": "web",
            "navigation_type": "link",
            "scroll_offset": 0,
            "event_time": START,
        }
        found += [{**of_tracker, "event_name": name} for name in _SENT]
    for case, events in cases.items():
        found += session_rows(case, events)
    return rows(spark, "activity", found)


def session_rows(case: str, events: Iterable[Happening]) -> list[dict[str, Any]]:
    current: dict[tuple[str, str], tuple[str, str | None]] = {}
    numbers: dict[str, int] = {}
    found = []
    ordered = sorted(events, key=lambda one: one.ms)
    for number, event in enumerate(ordered, start=1):
        fields = event.fields
        tab = fields.get("device", "d"), fields.get("tab", "t")
        opened, path = current.get(tab, ("v", None))
        if event.name == "page_view":
            opened, path = fields.get("view", f"{fields['path']}@{event.ms}"), fields["path"]
            current[tab] = opened, path
        view, path = fields.get("view", opened), fields.get("path", path)
        at = START + timedelta(milliseconds=event.ms)
        row: dict[str, Any] = {
            "event_id": f"{case}:{number}",
            "event_number": number,
            "view_number": numbers.setdefault(view, len(numbers) + 1),
            "event_name": event.name,
            "event_time": at,
            "session_start": START,
            "event_date": at.date(),
            "person_id": "p",
            "session_id": case,
            "view_id": f"{case} {view}",
            "anonymous_id": tab[0],
            "tab_id": tab[1],
            "app_id": "shop",
            "platform": "web",
            "page_url": f"https://shop.example{path or '/'}",
            "page_path": path,
            "page_group": path and f"{case}{path}",
            "navigation_type": fields.get("navigation"),
            "scroll_offset": fields.get("scroll"),
            "viewport": {"width": 1000, "height": 500},
            "document": {"width": 1000, "height": 5000},
        }
        if "form" in fields:
            row["form"] = {"id": fields["form"]}
        element = {name: fields[name] for name in _ELEMENT if name in fields}
        if element:
            row["element"] = element
        row |= {name: fields[name] for name in _COLUMNS if name in fields}
        found.append(row)
    return found


def found(
    spark: SparkSession,
    cases: Mapping[str, Sequence[Happening]],
    chosen: Mapping[str, Any] | None = None,
    *,
    collected: bool = True,
) -> list[Row]:
    """The rows of `signals` of all cases; `chosen` are settings of signals (default: every preset)."""
    context = Context(Settings.model_validate({"signals": chosen or EVERYTHING}), "")
    events = activity(spark, cases, collected=collected).localCheckpoint()
    views = page_views.transform({"activity": events}, context)
    inputs = {"activity": events, **views}
    return list(signals.transform(inputs, context)["signals"].collect())


def told(of: Iterable[Row], kind: str, preset: str | None = None) -> defaultdict[str, list[tuple[int, int]]]:
    """By case the signals of a kind (and preset): (start in ms, size), in order of start."""
    by_case: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in of:
        if row.kind == kind and (preset is None or row.preset == preset):
            start = row.start_time.replace(tzinfo=UTC) - START
            by_case[row.session_id].append((start // timedelta(milliseconds=1), row.size))
    for case in by_case:
        by_case[case].sort()
    return by_case
