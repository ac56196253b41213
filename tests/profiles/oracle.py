"""Profiles by plain Python, one person and day at a time: what the tables are held against."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from trailhouse.signals.registry import STRUGGLES

Row = dict[str, Any]
DAYS = (1, 7, 28, 90)
OF_DAYS = (
    "events",
    "views",
    "clicks",
    "searches",
    "cart_adds",
    "form_submits",
    "media_plays",
    "conversions",
    "orders",
)
LAST = {
    "views": "view",
    "clicks": "click",
    "searches": "search",
    "cart_adds": "cart_add",
    "form_submits": "form_submit",
    "media_plays": "media_play",
    "conversions": "conversion",
    "orders": "order",
    "sessions": "session",
    "signals": "signal",
}


@dataclass
class World:
    """Rows by table, of some persons."""

    person_days: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    activity: list[Row] = field(default_factory=list)
    identities: list[Row] = field(default_factory=list)


def profile(world: World, person: str, day: date, zone: str, sunday: bool) -> Row | None:
    """The row of `profiles` that the person has when `day` ended; None: not seen yet."""
    until = datetime.combine(day + timedelta(1), time(), ZoneInfo(zone)).astimezone(UTC)
    days = [row for row in _own(world.person_days, person) if row["day"] <= day]
    if not days:
        return None
    bots = {row["session_id"] for row in world.sessions if row["is_bot"] or row["internal"]}
    events = [
        row
        for row in _own(world.activity, person)
        if row["event_time"] < until
        and not (row["is_bot"] or row["internal"])
        and row["session_id"] not in bots
    ]
    events.sort(key=place)
    begun = [
        row
        for row in _own(world.sessions, person)
        if row["session_date"] <= day and row["session_id"] not in bots
    ]
    ended = sorted(
        (row for row in begun if row["end_time"] < until),
        key=lambda row: (row["start_time"], row["session_id"]),
    )
    first = min(row["first_time"] for row in days)
    found = {
        "person_id": person,
        "as_of": day,
        "cohort_month": first.astimezone(ZoneInfo(zone)).date().replace(day=1),
        "first_seen": first,
        "last_seen": max(row["last_time"] for row in days),
        "lifecycle": _state({_week(row["day"], sunday) for row in days}, _week(day, sunday)),
    }
    tallies = [("active_days", [(row["day"], 1) for row in days])]
    tallies += [(name, [(row["day"], row[name]) for row in days]) for name in OF_DAYS]
    struggled = [(row, sum(row.get(kind.counted_as) or 0 for kind in STRUGGLES)) for row in ended]
    tallies += [
        ("sessions", [(row["session_date"], 1) for row in begun]),
        ("engaged_us", [(row["session_date"], row["engaged_us"]) for row in ended]),
        ("rage_clicks", [(row["session_date"], row["rage_clicks"]) for row in ended]),
        ("signals", [(row["session_date"], n) for row, n in struggled]),
        ("friction_sessions", [(row["session_date"], int(n > 0)) for row, n in struggled]),
    ]
    for name, amounts in tallies:
        found[name] = sum(n for _, n in amounts)
        for within in DAYS:
            found[f"{name}_{within}"] = sum(n for on, n in amounts if on > day - timedelta(within))
        if name in LAST:
            found[f"last_{LAST[name]}_day"] = max((on for on, n in amounts if n > 0), default=None)
    for suffix, within in (("", 10_000), *((f"_{n}", n) for n in DAYS)):
        total: dict[str, Decimal] = {}
        for row in days:
            if row["day"] > day - timedelta(within):
                for currency, amount in row["value"]:
                    total[currency] = total.get(currency, Decimal(0)) + Decimal(str(amount))
        found[f"value{suffix}"] = sorted(total.items())
    rate = Decimal(found["friction_sessions"]) / len(ended) if ended else None
    found["frustration_rate"] = rate and rate.quantize(Decimal("0.000001"), "ROUND_HALF_UP")
    return (
        found
        | _of_sessions(ended, begun, zone)
        | _of_events(events)
        | _interests(events, zone)
        | {"identifiers": _ids(world, person, day, zone)}
    )


def _of_sessions(ended: list[Row], begun: list[Row], zone: str) -> Row:
    def ends(name: str, at: int) -> Any:
        return ended[at][name] if ended else None

    types = [row["device"] for row in ended if row["device"]]
    countries = [row["geo"] for row in ended if row["geo"]]
    hours = Counter(row["start_time"].astimezone(ZoneInfo(zone)).hour for row in begun)
    campaign = ends("campaign", 0)
    return {
        "first_channel": ends("channel", 0),
        "last_channel": ends("channel", -1),
        "first_campaign": campaign and campaign["name"],
        "first_page": ends("entry_page", 0),
        "device_type": types[-1]["type"] if types else None,
        "device_types": sorted({one["type"] for one in types}),
        "country": countries[-1]["country"] if countries else None,
        "devices": len({row["anonymous_id"] for row in ended} - {None}),
        "favourite_hours": _most(hours)[:3],
    }


def _of_events(events: list[Row]) -> Row:
    def most(name: str, among: Iterable[Row]) -> list[Any]:
        return _most(Counter(row[name] for row in among if row[name] is not None))

    traits: dict[str, Any] = {}
    scores: dict[str, int] = {}
    for row in events:
        if row["event_name"] == "identify" and row["traits"]:
            traits |= json.loads(row["traits"])
        if row["event_name"] == "survey_response" and row["survey"]:
            kind, score = row["survey"]["kind"], row["survey"]["score"]
            low, high = {"nps": (0, 10), "csat": (1, 5)}.get(kind, (1, 0))
            if score is not None and low <= score <= high:
                scores[kind] = score
    told = {key: text(value) for key, value in sorted(traits.items()) if value is not None}
    views = [row for row in events if row["event_name"] in ("page_view", "screen_view")]
    return {
        "user_id": next(iter(most("user_id", events)), None),
        "account_id": next(iter(most("account_id", events)), None),
        "favourite_pages": most("page_group", views)[:3],
        "traits": json.dumps(told, separators=(",", ":")) if told else None,
        "latest_nps": scores.get("nps"),
        "latest_csat": scores.get("csat"),
        "computed_traits": _computed(events),
    }


def _computed(events: list[Row]) -> list[Any]:
    """By the rules of the test: see RULES there."""
    orders = [row for row in events if row["event_name"] == "order"]
    plans = [json.loads(row["properties"] or "{}").get("plan") for row in events]
    plans = [plan for plan in plans if plan is not None]
    euros = [row["value"] for row in orders if row["currency"] == "EUR" and row["value"] is not None]
    found = {}
    if orders:
        found["count"] = (Decimal(len(orders)), None, None)
    if euros:
        found["sum"] = (sum((Decimal(str(one)) for one in euros), Decimal(0)), None, None)
    if plans:
        found |= {
            "first": (None, plans[0], None),
            "last": (None, plans[-1], None),
            "most": (None, _most(Counter(plans))[0], None),
            "list": (None, None, sorted({*plans})[:2]),
        }
    return [(name, *told) for name, told in sorted(found.items())]


def _interests(events: list[Row], zone: str) -> Row:
    """By ITEMS: the two kinds of interaction of the test, in exact fractions of a thousand millionths."""
    found = []
    for row in events:
        day = row["event_time"].astimezone(ZoneInfo(zone)).date()
        plan = json.loads(row["properties"] or "{}").get("plan")
        if row["event_name"] == "order" and plan is not None:
            found.append((day, plan, row["page_group"], Decimal("2.5")))
        elif row["event_name"] == "page_view" and row["page_group"] in ("/a", "/b", "/c"):
            found.append((day, row["page_group"][1:], None, Decimal(1)))
    last = max((day for day, *_ in found), default=None)
    totals: dict[str, Counter[str]] = {"interest_items": Counter(), "interest_categories": Counter()}
    for day, item, category, weight in found:
        age = (last - day).days if last else 0
        if age < 60:
            left = round(Decimal("0.5") ** (Decimal(age) / 7) * 1_000_000)
            for name, of in (("interest_items", item), ("interest_categories", category)):
                if of is not None:
                    totals[name][of] += int(weight * 1000) * left
    return {"last_interest_day": last} | {
        name: [
            (of, _six(Decimal(units) / 10**9), _six(Decimal(units) / sum(sums.values())))
            for of, units in sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:2]
        ]
        for name, sums in totals.items()
    }


def _six(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000001"), "ROUND_HALF_UP")


def _ids(world: World, person: str, day: date, zone: str) -> list[Any]:
    seen = [
        (row["id_type"], row["id_value"])
        for row in _own(world.identities, person)
        if row["first_seen"].astimezone(ZoneInfo(zone)).date() <= day
    ]
    return sorted(seen)


def _own(rows: Iterable[Row], person: str) -> list[Row]:
    return [row for row in rows if row["person_id"] == person]


def place(row: Row) -> tuple[Any, ...]:
    number = row["sequence"]
    later = row["event_name"] not in ("page_view", "screen_view")
    return (row["event_time"], number is None, number or 0, later, row["event_id"])


def _most(counts: Counter[Any]) -> list[Any]:
    return [value for value, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _week(day: date, sunday: bool) -> date:
    return day - timedelta((day.weekday() + sunday) % 7)


def _state(weeks: set[date], now: date) -> str:
    if now not in weeks:
        return "dormant"
    if weeks == {now}:
        return "new"
    return "returning" if now - timedelta(7) in weeks else "resurrecting"
