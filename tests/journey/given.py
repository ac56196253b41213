"""Rows as `read` gives them: what matters is named, the rest is empty."""

from __future__ import annotations

from typing import Any

NINE = 1_772_442_000
"""2026-03-02 09:00:00 UTC, a Monday, in seconds."""
SECOND = 1_000_000


def us(at: float) -> int:
    """So many seconds after nine."""
    return round((NINE + at) * SECOND)


def session(begin: float = 0, end: float = 100, **named: Any) -> dict[str, Any]:
    return {
        "session_id": "5" * 32,
        "person_id": "1" * 32,
        "start_us": us(begin),
        "end_us": us(end),
        "duration_us": round((end - begin) * SECOND),
        "events": 1,
        "views": 1,
        "clicks": 0,
        "engaged_us": 0,
        "channel": "Direct",
        "last_channel": "Direct",
        "is_bounce": False,
        "converted": False,
        "conversion_names": [],
        "value": [],
        "is_bot": False,
        "bot_reasons": [],
        "internal": False,
        "closed": True,
        **dict.fromkeys(("campaign", "device", "geo", "referrer", "entry_page", "exit_page", "user_id")),
        **named,
    }


def page(view: str, begin: float, end: float, number: int = 1, **named: Any) -> dict[str, Any]:
    return {
        "session_id": "5" * 32,
        "view_id": view,
        "view_number": number,
        "start_us": us(begin),
        "end_us": us(end),
        "dwell_us": round((end - begin) * SECOND),
        "engaged_us": 0,
        "page_path": f"/{view}",
        "continued": False,
        "inferred": False,
        **dict.fromkeys(
            ("page_group", "page_title", "page_url", "navigation_type", "max_scroll_pct", "form_outcome")
        ),
        **named,
    }


def line(name: str, at: float, view: str | None = "home", **named: Any) -> dict[str, Any]:
    """An event, or several that were folded (`count`, and `until`)."""
    until = named.pop("until", at)
    return {
        "session_id": "5" * 32,
        "view_id": view,
        "number": 1,
        "count": 1,
        "quiet": False,
        "start_us": us(at),
        "end_us": us(until),
        "event_id": f"{name} {at}",
        "event_name": name,
        "platform": "web",
        **dict.fromkeys(
            (
                *("scroll_offset", "viewport_height", "document_height", "media_position", "element", "form"),
                *("media", "search", "survey", "experiments", "value", "currency", "user_id", "page_path"),
                *("traits", "properties"),
            )
        ),
        **named,
    }


def quiet(name: str, count: int, at: float, until: float, view: str = "home", **named: Any) -> dict[str, Any]:
    return line(name, at, view, count=count, until=until, quiet=True, **named)


def signal(kind: str, event_id: str, at: float, view: str = "home", **named: Any) -> dict[str, Any]:
    return {
        "session_id": "5" * 32,
        "view_id": view,
        "kind": kind,
        "first_event_id": event_id,
        "presets": ["posthog"],
        "size": 1,
        "start_us": us(at),
        "end_us": us(at),
        "selector": None,
        "element_text": None,
        "total": 1,
        "place": 1,
        **named,
    }
