"""Small random worlds of profiles: rows of each table, on the grid where windows, weeks and days end."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.profiles.oracle import OF_DAYS, Row, World

ZONE = "Europe/Berlin"
LAST = date(2026, 4, 6)
AS_OF = (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 31), date(2026, 4, 5))
"""Around the begin of summer time in that zone, in two weeks."""
ITEMS = {
    "events": [
        {"event": "order", "item": "properties.plan", "category": "page_group", "weight": "2.5"},
        {"event": "page_view", "item": "page_group", "pattern": "^/([abc])$"},
    ],
    "half_life": "7d",
    "horizon": "60d",
    "top": 2,
}
"""Orders, with the plan as item, and views of three pages."""
_AGO = (0, 1, 2, 6, 7, 8, 9, 13, 14, 27, 28, 29, 34, 35, 89, 90, 91, 97, 100)


def random_world(seed: int) -> World:
    """Rows of two or three persons; all ids begin with the world's number."""
    draw = random.Random(seed)
    world = World()
    for number in range(draw.randint(2, 3)):
        person = f"w{seed}.p{number}"
        days = sorted({LAST - timedelta(draw.choice(_AGO)) for _ in range(draw.randint(1, 6))})
        world.person_days += [_day(draw, person, day) for day in days]
        for visit, day in enumerate(draw.choices(days, k=draw.randint(0, 5))):
            world.sessions.append(_session(draw, person, f"{person}.s{visit}", day))
        for event, day in enumerate(draw.choices(days, k=draw.randint(1, 12))):
            begun = [row["session_id"] for row in world.sessions if row["session_date"] <= day]
            world.activity.append(_event(draw, person, f"{person}.e{event}", day, begun))
        for value in range(draw.randint(0, 3)):
            at = _instant(draw, draw.choice(days))
            world.identities.append(
                {
                    "id_type": "anonymous_id",
                    "id_value": f"{person}.i{value}",
                    "person_id": person,
                    "first_seen": at,
                }
            )
    return world


def _instant(draw: random.Random, day: date) -> datetime:
    """On that day of the zone; often its first or last instant."""
    first, end = (
        datetime.combine(one, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)
        for one in (day, day + timedelta(1))
    )
    tick = timedelta(microseconds=1)
    inside = first + timedelta(hours=draw.randrange(1, 22), minutes=30 * draw.randrange(2))
    return draw.choice((first, end - tick, inside, inside))


def _day(draw: random.Random, person: str, day: date) -> Row:
    times = sorted(_instant(draw, day) for _ in range(2))
    currencies = draw.choice(((), (), ("EUR",), ("EUR", "USD")))
    counts = {name: draw.choice((0, 0, 1, 3)) for name in OF_DAYS}
    return {
        "person_id": person,
        "day": day,
        "first_time": times[0],
        "last_time": times[1],
        **counts,
        "events": draw.randint(1, 9),
        "value": [
            (currency, Decimal(draw.choice(("0.1", "2.5", "-3"))).quantize(Decimal("1.0000")))
            for currency in currencies
        ],
    }


def _session(draw: random.Random, person: str, session: str, day: date) -> Row:
    start = _instant(draw, day)
    return {
        "session_id": session,
        "person_id": person,
        "session_date": day,
        "start_time": start,
        "end_time": start + timedelta(minutes=draw.choice((0, 5, 200, 1500))),
        "engaged_us": draw.randrange(1000),
        "rage_clicks": draw.choice((0, 0, 2)),
        "dead_clicks": draw.choice((None, 0, 1)),
        "u_turns": 0,
        "channel": draw.choice(("Email", "Direct")),
        "campaign": draw.choice((None, {"name": "spring"}, {"name": None, "source": "x"})),
        "entry_page": draw.choice((None, "/a", "/b")),
        "device": draw.choice((None, {"type": "mobile"}, {"type": "desktop"})),
        "geo": draw.choice((None, {"country": "DE"}, {"country": "FR"})),
        "anonymous_id": draw.choice((None, "d0", "d1")),
        "is_bot": draw.random() < 0.1,
        "internal": draw.random() < 0.05,
    }


def _event(draw: random.Random, person: str, event: str, day: date, sessions: list[str]) -> Row:
    name = draw.choice(
        ("identify", "identify", "survey_response", "survey_response", "page_view", "order", "screen_view")
    )
    at = _instant(draw, day)
    traits = {key: draw.choice((None, "x", 3, True, 'a"<b')) for key in draw.sample("abc", 2)}
    kind = draw.choice(("nps", "csat", "ces"))
    return {
        "event_id": event,
        "person_id": person,
        "event_time": at,
        "event_date": at.date(),
        "event_name": name,
        "sequence": draw.choice((None, 1, 2)),
        "session_id": draw.choice((None, *sessions)),
        "user_id": draw.choice((None, "u1", "u2")),
        "account_id": draw.choice((None, None, "a1", "a2")),
        "page_group": draw.choice((None, "/a", "/b", "/c", "/d")),
        "traits": json.dumps(traits) if draw.random() < 0.9 else None,
        "survey": {"kind": kind, "score": draw.choice((None, 0, 1, 5, 6, 10, 11))}
        if draw.random() < 0.9
        else None,
        "properties": draw.choice(
            (None, '{"plan": "pro"}', '{"plan": "free"}', '{"plan": "team", "x": 1}', '{"x": 1}')
        ),
        "value": draw.choice((None, Decimal("1.5"), Decimal("20"))),
        "currency": draw.choice((None, "EUR", "USD")),
        "is_bot": draw.random() < 0.05,
        "internal": draw.random() < 0.05,
    }


def cut(world: World, day: date, prefix: str) -> World:
    """The world as it lay when `day` ended, with a prefix to all persons and sessions.

    Of a session under way nothing is known but its begin.
    """
    until = datetime.combine(day + timedelta(1), datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)
    found = World(
        [row for row in world.person_days if row["day"] <= day],
        [row for row in world.sessions if row["session_date"] <= day],
        [row for row in world.activity if row["event_time"] < until],
        [row for row in world.identities if row["first_seen"] < until],
    )
    otherwise = {"engaged_us": 77_777, "rage_clicks": 7, "channel": "Later", "entry_page": "/later"}
    otherwise |= {
        "device": {"type": "later"},
        "geo": {"country": "XX"},
        "anonymous_id": "later",
        "end_time": until,
    }
    found.sessions = [row if row["end_time"] < until else row | otherwise for row in found.sessions]
    for rows in (found.person_days, found.sessions, found.activity, found.identities):
        rows[:] = [
            row
            | {name: prefix + row[name] for name in ("person_id", "session_id", "event_id") if row.get(name)}
            for row in rows
        ]
    for row in found.identities:
        row["id_value"] = prefix + row["id_value"]
    return found
