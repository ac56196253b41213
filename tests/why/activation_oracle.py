"""Candidates of activations by their definition: a loop over units, starts and events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trailhouse.settings import Activation, Step

Event = Mapping[str, Any]
"""unit, at (UTC datetime), name, device, channel; bots are not among them."""
BANDS = {1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 4, 7: 4}


class Case:
    """A start and what came after it, up to the next where every start counts."""

    def __init__(self, question: Activation, events: Sequence[Event], start: Event, zone: ZoneInfo) -> None:
        self.start, self.zone = start, zone
        self.day0 = start["at"].astimezone(zone).date()
        self.events = [(one, (one["at"].astimezone(zone).date() - self.day0).days) for one in events]
        first, last = question.outcome_days
        done = [k for one, k in self.events if question.event is None or is_step(question.event, one)]
        came = any(first <= k <= last for k in done)
        self.outcome = came != (question.outcome == "churn" and question.event is None)
        self.at_risk = question.event is None or not any(k < first for k in done)

    def over(self, days: int, watermark: datetime) -> bool:
        end = datetime.combine(self.day0 + timedelta(days=days), datetime.min.time(), self.zone)
        return watermark >= end

    def times(self, action: str, labels: Mapping[str, Step | None]) -> list[tuple[int, float]]:
        """Day and seconds since the start of each time that it was done, in order."""
        step = labels[action]
        mine = [
            (k, (one["at"] - self.start["at"]).total_seconds())
            for one, k in self.events
            if (one["name"] == action if step is None else is_step(step, one))
        ]
        return sorted(mine)

    def active(self, days: int) -> int:
        return len({k for _, k in self.events if k < days})


def is_step(step: Step, event: Event) -> bool:
    if step.any_of:
        return any(is_step(one, event) for one in step.any_of)
    return step.event is None or step.event == event["name"]


def cases(question: Activation, events: Sequence[Event], zone: str) -> Iterator[Case]:
    own: dict[str, list[Event]] = defaultdict(list)
    for one in events:
        if one["unit"] is not None:
            own[one["unit"]].append(one)
    for told in own.values():
        told.sort(key=lambda one: (one["at"], one["id"]))
        starts = [one for one in told if question.start is None or is_step(question.start, one)]
        if question.starts == "first":
            starts = starts[:1]
        instants = sorted({one["at"] for one in starts})
        for at, following in zip(instants, [*instants[1:], datetime.max.replace(tzinfo=instants[0].tzinfo)],
                                 strict=True) if instants else ():  # fmt: skip
            start = next(one for one in starts if one["at"] == at)
            case = Case(question, [one for one in told if at <= one["at"] < following], start, ZoneInfo(zone))
            if question.from_day is None or case.day0 >= question.from_day:
                yield case


def counted(question: Activation, events: Sequence[Event], watermark: datetime, zone: str) -> dict[str, Any]:
    """`figures` by candidate, and `strata`: by action (None: all), days, times, stratum and outcome."""
    every = list(cases(question, events, zone))
    labels: dict[str, Step | None] = {one.label: one for one in question.actions}
    labels = labels or {one["name"]: None for one in events if one["name"] not in question.leave_out}
    figures, strata = {}, Counter[Any]()
    known = [one for one in every if one.at_risk and one.over(question.outcome_days[1] + 1, watermark)]
    for days in question.days:
        entered = [one for one in every if one.over(days, watermark)]
        for one in known:
            strata[None, days, None, *stratum(question, one, days), one.outcome] += 1
        for action in labels:
            for times in question.times:

                def reached(case: Case, action: str = action, times: int = times, days: int = days) -> bool:
                    return sum(k < days for k, _ in case.times(action, labels)) >= times

                with_ = [one for one in known if reached(one)]
                for one in with_:
                    strata[action, days, times, *stratum(question, one, days), one.outcome] += 1
                got = [one.times(action, labels)[times - 1][1] for one in entered if reached(one)]
                figures[action, times, days] = {
                    "entered": len(entered),
                    "reached": len(got),
                    "median": middle(got),
                    "units": len(known),
                    "with_units": len(with_),
                    "outcomes_with": sum(one.outcome for one in with_),
                    "outcomes_without": sum(one.outcome for one in known) - sum(one.outcome for one in with_),
                }
    return {"figures": figures, "strata": strata, "days": Counter(one.day0 for one in known)}


def stratum(question: Activation, case: Case, days: int) -> tuple[Any, ...]:
    fields = {"device_type": "device", "session.channel": "channel"}
    levels = tuple(case.start[fields[name]] or "unknown" for name in question.adjust)
    return BANDS.get(case.active(days), 5), levels, f"{case.day0:%Y-%m}"


def middle(seconds: Sequence[float]) -> float | None:
    ordered = sorted(seconds)
    if not ordered:
        return None
    half = (len(ordered) - 1) / 2
    return (ordered[int(half)] + ordered[int(half + 0.5)]) / 2


def split(days: Mapping[date, int], share: float) -> date | None:
    """The first day with at least this share of all before it."""
    before, total = 0, sum(days.values())
    for day in sorted(days):
        if before >= share * total:
            return day
        before += days[day]
    return None
