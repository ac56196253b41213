"""Small worlds of people and features, and what `feature_usage` must say of them, in plain Python."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trailhouse.settings import Feature

ZONE, BEGIN = ZoneInfo("America/New_York"), datetime(2026, 3, 1, 4, tzinfo=UTC)
"""Late in the evening before, in the project's zone; eight days before its clocks change."""
Row = dict[str, Any]


@dataclass
class World:
    """Rows by table."""

    activity: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    page_views: list[Row] = field(default_factory=list)
    person_days: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    signals: list[Row] = field(default_factory=list)

    def visit(
        self,
        person: str,
        at: datetime,
        told: Iterable[Mapping[str, Any]],
        device: str = "desktop",
        **more: Any,
    ) -> str:
        """A session of events, each `after` seconds; a page view begins a view, others go on in it."""
        session = f"{person}/{at:%m%d%H%M}"
        view, number, first = None, 0, len(self.activity)
        for number, one in enumerate(told, start=1):
            given = dict(one)
            time = at + timedelta(seconds=given.pop("after"))
            if given["event_name"] == "page_view":
                view = f"{session}#{number}"
                self.page_views.append(
                    {
                        "session_id": session,
                        "view_id": view,
                        "person_id": person,
                        "page_group": given["page_group"],
                        "start_time": time,
                        "document_height": 1000,
                        "max_scroll_pct": given.pop("scrolled", 50),
                        **{k: v for k, v in more.items() if k == "is_bot"},
                    }
                )
            self.activity.append(
                {
                    "person_id": person,
                    "session_id": session,
                    "view_id": view,
                    "event_id": f"{session}-{number:03d}",
                    "event_number": number,
                    "event_time": time,
                    **given,
                }
            )
            if view:
                self.page_views[-1]["end_time"] = time
        own = self.activity[first:]
        self.sessions.append(
            {
                "session_id": session,
                "person_id": person,
                "start_time": own[0]["event_time"],
                "end_time": own[-1]["event_time"],
                "session_date": own[0]["event_time"].astimezone(ZONE).date(),
                "channel": "Direct",
                "device": {"type": device},
                **more,
            }
        )
        return session

    def close(self) -> None:
        """`person_days` of the activity of people."""
        bots = {one["session_id"] for one in self.sessions if one.get("is_bot")}
        days: dict[tuple[str, date], list[datetime]] = defaultdict(list)
        for one in self.activity:
            if one["session_id"] not in bots:
                day = one["event_time"].astimezone(ZONE).date()
                days[one["person_id"], day].append(one["event_time"])
        self.person_days = [
            {"person_id": who, "day": day, "first_time": min(times), "last_time": max(times)}
            for (who, day), times in days.items()
        ]


RANDOM: dict[str, Feature] = {
    "declared": Feature.model_validate(
        {"use": ["use_a"], "exposed": [{"event": "page_view", "page_group": "/a"}]}
    ),
    "of elements": Feature.model_validate({"selectors": ["b.x", "b.y"]}),
    "for all": Feature.model_validate({"use": ["use_c", {"event": "use_a", "properties": {"k": "1"}}]}),
    "never": Feature.model_validate({"use": ["use_d"], "exposed": ["/nowhere"]}),
}


def random_world(seed: int, people: int, world: World) -> None:
    """More people, over five weeks."""
    rng = random.Random(seed)
    kinds = ("page_view", "click", "mouse_move", "use_a", "use_c", "other")
    for number in range(people):
        person = f"w{seed}-p{number:02d}"
        at = BEGIN + timedelta(minutes=rng.randrange(20_000))
        for _ in range(rng.randrange(1, 6)):
            told = []
            for n in range(rng.randrange(1, 8)):
                one: Row = {"event_name": rng.choice(kinds), "after": n * rng.choice([0, 40, 900])}
                # views first, as in the lake: else one could follow a use of its own time
                if one["event_name"] == "page_view":
                    one["page_group"] = rng.choice(["/a", "/b", "/c"])
                elif one["event_name"] == "use_a":
                    one["properties"] = rng.choice(['{"k":"1"}', '{"k":"2"}'])
                elif one["event_name"] in ("click", "mouse_move"):
                    one["page_group"] = rng.choice(["/b", "/b", "/c" if seed % 2 else "/b"])
                    one["element"] = {"selector": rng.choice(["b.x", "b.y", "b.z", "b.z"])}
                told.append(one)
            told.sort(key=lambda one: one["after"])
            bot = {"is_bot": True} if rng.random() < 0.1 else {}
            world.visit(person, at, told, rng.choice(["desktop", "mobile"]), **bot)
            at += timedelta(minutes=rng.choice([100, 3000, 9000]) + rng.randrange(1000))
        for segment in ("s1", "s2"):
            if rng.random() < 0.4:
                left = None if rng.random() < 0.7 else date(2026, 3, 20)
                world.members.append({"segment": segment, "person_id": person, "valid_to": left})


Key = tuple[str, str, str, str]


def expected(world: World, names: Iterable[str], without: str) -> dict[Key, dict[str, int | None]]:
    """By feature, breakdown, value, period: counts and times of `feature_usage`, `without` one person."""
    bots = {one["session_id"] for one in world.sessions if one.get("is_bot")}
    device = {one["session_id"]: one["device"]["type"] for one in world.sessions}
    people = [one for one in world.activity if one["session_id"] not in bots and one["person_id"] != without]
    pages = {
        one["page_group"] for one in people if (one.get("element") or {}).get("selector") in ("b.x", "b.y")
    }
    views = [one for one in world.page_views if one["session_id"] not in bots]
    is_use = {
        "declared": lambda e: e["event_name"] == "use_a",
        "of elements": lambda e: e["event_name"] == "click" and e["element"]["selector"] in ("b.x", "b.y"),
        "for all": lambda e: e["event_name"] == "use_c" or e.get("properties") == '{"k":"1"}',
        "never": lambda e: False,
    }
    first_seen: dict[str, datetime] = {}
    active: dict[str, set[str]] = defaultdict(set)
    for one in people:
        who, time = one["person_id"], one["event_time"]
        first_seen[who] = min(time, first_seen.get(who, time))
        active[who].add(week(time))
    segments: dict[str, list[str]] = defaultdict(list)
    for member in world.members:
        if member["valid_to"] is None:
            segments[member["person_id"]].append(member["segment"])
    table: dict[Key, dict[str, Any]] = {}

    def row(feature: str, breakdown: str, value: str, period: str) -> dict[str, Any]:
        counts = (
            "exposed",
            "tried",
            "adopted",
            "first_tried",
            "uses",
            "person_weeks",
            "sessions",
            "used_sessions",
        )
        return table.setdefault(
            (feature, breakdown, value, period), {**dict.fromkeys(counts, 0), "waits": [], "seen": []}
        )

    for feature in names:
        row(feature, "all", "all", "all")
        uses: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        offers: dict[str, list[tuple[datetime, str | None]]] = defaultdict(list)
        for one in people:
            if is_use[feature](one):
                uses[one["person_id"]].append((one["event_time"], one["session_id"]))
        for view in views:
            page = view["page_group"]
            if (feature == "declared" and page == "/a") or (feature == "of elements" and page in pages):
                offers[view["person_id"]].append((view["start_time"], view["session_id"]))
        if feature == "for all":  # sessions count where they begin, and days where somebody was there
            for session in world.sessions:
                if session["session_id"] not in bots:
                    offers[session["person_id"]].append((session["start_time"], session["session_id"]))
            for day in world.person_days:
                offers[day["person_id"]].append((day["first_time"], None))
        offers.pop(without, None)
        for who in {*uses, *offers}:
            every = sorted([*uses[who], *offers[who]], key=lambda one: (one[0], one[1] is None))
            values = [("all", "all"), ("device_type", device[every[0][1]]), ("channel", "Direct")]
            values += [("segment", one) for one in segments[who]]
            used_weeks = sorted({week(time) for time, _ in uses[who]})
            for period in ("all", *sorted({week(time) for time, _ in every} | active[who])):
                inside = [one for one in every if period in ("all", week(one[0]))]
                used = [one for one in uses[who] if period in ("all", week(one[0]))]
                later = [one for one in active[who] if used_weeks and one >= used_weeks[0]]
                weeks = len(later) if period == "all" else int(period in later)
                if not inside and not weeks:
                    continue
                new = bool(used) and (period == "all" or used_weeks[0] == period)
                adopted = len(used_weeks) >= 2 if period == "all" else bool(used) and used_weeks[0] < period
                for breakdown, value in values:
                    own = row(feature, breakdown, value, period)
                    own["exposed"] += bool(inside)
                    own["tried"] += bool(used)
                    own["adopted"] += adopted
                    own["first_tried"] += new
                    own["uses"] += len(used)
                    own["person_weeks"] += weeks
                    own["sessions"] += len({session for _, session in inside} - {None})
                    own["used_sessions"] += len({session for _, session in used})
                    if new:
                        first = min(uses[who])[0]
                        own["waits"].append(micros(first - every[0][0]))
                        own["seen"].append(micros(first - first_seen[who]))
    for own in table.values():
        for name, prefix in (("waits", ""), ("seen", "seen_")):
            values_ = own.pop(name)
            own[f"{prefix}median_us"] = quantile(values_, 0.5)
            own[f"{prefix}p90_us"] = quantile(values_, 0.9)
    return table


def week(time: datetime) -> str:
    """The Sunday that begins the week, in the project's zone."""
    day = time.astimezone(ZONE).date()
    return str(day - timedelta(days=(day.weekday() + 1) % 7))


def micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def quantile(values: list[int], share: float) -> int | None:
    if len(values) < 2:
        return values[0] if values else None
    cuts = statistics.quantiles(values, n=10, method="inclusive")
    return int(cuts[round(share * 10) - 1] + 0.5)
