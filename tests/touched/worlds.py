"""Small random worlds of events on a few days: what sessions, views and signals are made of."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 5, 21, tzinfo=UTC)
"""Late on a day, so that runs cross midnight."""

GAPS = (0, 0.000001, 0.3, 0.5, 5, 60, 600, 1700, 1799.999999, 1800, 1800.000001, 3600, 40_000, 90_000)
NAMES = ("click", "click", "page_view", "page_view", "heartbeat", "scroll", "mutation", "mouse_move", "order")


def random_events(seed: int) -> list[dict[str, Any]]:
    """The events of a world: two people, three devices, log-ins on each, tabs, views, tracker's sessions."""
    draw = random.Random(seed)
    events: list[dict[str, Any]] = []
    for walk in range(draw.randint(2, 4)):
        device = f"d{draw.randrange(3)}"
        user = draw.choice((None, "u0", "u1"))
        at = START + timedelta(seconds=draw.choice((0, 3000, 9000, 86_400, 100_000, 200_000)))
        view = 0
        tracks_views = draw.random() < 0.5
        for _ in range(draw.randint(1, 12)):
            at += timedelta(seconds=draw.choice(GAPS))
            _add(events, draw, walk, at, device, user if draw.random() < 0.3 else None, view, tracks_views)
            view += draw.random() < 0.3
        if draw.random() < 0.06:  # one that rests for a whole day and longer
            for _ in range(60):
                at += timedelta(seconds=1750)
                _add(events, draw, walk, at, device, None, view, tracks_views)
    for number, event in enumerate(events):
        event["event_id"] = f"e{number:03d}"
    return events


def _add(
    events: list[dict[str, Any]],
    draw: random.Random,
    walk: int,
    at: datetime,
    device: str,
    user: str | None,
    view: int,
    tracks_views: bool,
) -> None:
    name = draw.choice(NAMES)
    server = name == "order"
    page = f"/{draw.choice('abc')}"
    element: dict[str, Any] = {
        **{"x": draw.choice((1, 2, 300)), "y": 5, "selector": draw.choice(("a", "b")), "tag": "a"},
        "box": {"x": 0, "y": 0, "width": 10, "height": 10},
    }
    events.append(
        {
            "event_time": at,
            "event_date": at.date(),
            # Sometimes late, sometimes early: the watermark goes by it.
            "received_time": at + timedelta(seconds=draw.choice((1, 2, 5000))),
            "event_name": name,
            "platform": "server" if server else "web",
            "anonymous_id": None if server and user else device,
            "user_id": user,
            "tab_id": draw.choice(("t0", "t0", "t1")),
            "client_session_id": f"c{walk}{draw.choice('00001')}",
            "sequence": draw.choice((None, 1, 2)),
            "scroll_offset": draw.choice((0, 400)) if name == "scroll" else None,
            "viewport": {"width": 1000, "height": 500},
            "document": {"width": 1000, "height": 2000},
            "element": element if name == "click" else None,
            "page": {
                "url": f"https://shop.example{page}",
                "path": page,
                "group": page,
                # A view of the tracker's may go on for days.
                "view_id": f"{device}v{view // 2}" if tracks_views else None,
            },
            "campaign": {"source": draw.choice(("mail", "ads"))} if draw.random() < 0.1 else None,
            "value": 5 if server else None,
            "is_bot": draw.random() < 0.02,
            "internal": draw.random() < 0.02,
        }
    )


def prefixed(events: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """The same world with ids that no other has; `app_id` is the world."""
    named = ("event_id", "anonymous_id", "user_id", "client_session_id")
    found = []
    for event in events:
        own = {name: event[name] and prefix + event[name] for name in named}
        page = event["page"] | {"view_id": event["page"]["view_id"] and prefix + event["page"]["view_id"]}
        found.append(event | own | {"page": page, "app_id": prefix})
    return found
