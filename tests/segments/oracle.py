"""Rules of segments day by day in plain Python, from their definition: no running counts, no closed forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, groupby, pairwise, permutations, product
from typing import Any

Event = Mapping[str, Any]
"""name, plan (a property), utc, at (the project's clock), in the order in which they happened."""
Rule = Mapping[str, Any]
"""A rule as it is written in YAML, steps as texts or {event, where: plan}."""


def stretches(
    rule: Rule, rules: Mapping[str, Rule], profile: Mapping[str, Any], events: Sequence[Event], last: date
) -> list[tuple[date, date | None]]:
    """(valid_from, valid_to) of one person, judged at the end of each day from the first event to `last`."""
    first = min(event["at"].date() for event in events)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    held = [False, *(holds(rule, rules, profile, events, day) for day in days), False]
    turns = [day for day, (was, now) in zip([*days, None], pairwise(held), strict=True) if was != now]
    return list(zip(turns[::2], turns[1::2], strict=True))


def holds(
    rule: Rule, rules: Mapping[str, Rule], profile: Mapping[str, Any], events: Sequence[Event], day: date
) -> bool:
    """Whether a rule holds at the end of a day; `rules` are those of all segments."""
    if "segment" in rule:
        return holds(rules[rule["segment"]], rules, profile, events, day)
    if "all" in rule:
        return all(holds(one, rules, profile, events, day) for one in rule["all"])
    if "any" in rule:
        return any(holds(one, rules, profile, events, day) for one in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], rules, profile, events, day)
    if "field" in rule:
        return profile.get(rule["field"].partition(".")[2]) == rule["value"]
    past = [event for event in events if event["at"].date() <= day]
    if "in_sequence" in rule:
        inside = [event for event in past if looked_at(rule, event, day)]
        ways = [tuple(inside)] if rule.get("ties") == "strict" else orders(inside)
        window = rule.get("window")
        return any(runs(rule["in_sequence"], way[at:], window) for way in ways for at in range(len(way)))
    step = rule.get("did", rule.get("did_not"))
    done = [event for event in past if matches(step, event)]
    done = done[:1] if rule.get("first_ever") else done
    count = sum(looked_at(rule, event, day) for event in done)
    if "did_not" in rule:
        return count == 0
    if "exactly" in rule:
        return count == rule["exactly"]
    low = rule.get("at_least", 0 if "at_most" in rule else 1)
    return low <= count <= rule.get("at_most", count)


def orders(events: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    """The events with those of one time in every order."""
    ties = [tuple(own) for _, own in groupby(events, key=lambda event: event["utc"])]
    for way in product(*(permutations(own) for own in ties)):
        yield tuple(chain.from_iterable(way))


def runs(steps: Iterable[Any], events: Sequence[Event], window: timedelta | None) -> bool:
    """Whether the first event begins a run through all steps, taking each at the first chance."""
    first, *rest = steps
    if not matches(first, events[0]):
        return False
    left = iter(events[1:])
    last: datetime = events[0]["utc"]
    for step in rest:
        found = next((event for event in left if matches(step, event)), None)
        if found is None:
            return False
        last = found["utc"]
    return window is None or last - events[0]["utc"] <= window


def looked_at(rule: Rule, event: Event, day: date) -> bool:
    """Whether the rule, asked about a day, looks at the day of the event."""
    own = event["at"].date()
    if "within" in rule:
        return day - rule["within"] < own
    return rule.get("from_day", own) <= own <= rule.get("to_day", own)


def matches(step: Any, event: Event) -> bool:
    if isinstance(step, str):
        return step in ("*", event["name"])
    return event["name"] == step["event"] and all(event["plan"] == one["value"] for one in step["where"])
