"""What a funnel counts, by trying every way through the steps: slow, plain, and apart from the matcher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trailhouse.questions.rules import Rules

Attempt = list[tuple[int, int]]
"""Step and time of what was done, in order."""


@dataclass(frozen=True)
class Seen:
    """An event at a time: the steps that it can be, the exclusions that it is."""

    t: int
    can: frozenset[int]
    stops: frozenset[int] = frozenset()


def attempts_by_hand(events: Sequence[Seen], rules: Rules) -> list[Attempt]:
    """The attempts of one runner that count; events are sorted by time and tie-break."""
    if rules.order == "unordered":
        return _sequence(events, rules, _any_order(events, rules))
    best: dict[int, tuple[int, list[tuple[int, int]]]] = {}
    for chain in _chains(events, rules):
        start = _place(events, chain[0][1], rules)
        key = (-chain[-1][0], [(_place(events, event, rules), step) for step, event in chain])
        if start not in best or key < best[start]:
            best[start] = key
    times = {one.t: one.t for one in events} if rules.by_instant else {n: e.t for n, e in enumerate(events)}
    told = {
        start: (key, [(step, times[place]) for place, step in key[1]], key[1][-1][0])
        for start, key in best.items()
    }
    if rules.one_each:
        return [min(told.values())[1]] if told else []
    return _sequence(events, rules, {start: (one[1], one[2]) for start, one in told.items()})


def left_out(events: Sequence[Seen], rules: Rules, attempt: Attempt) -> bool:
    """Whether an exclusion comes into the attempt, by times."""
    for number, (after, before) in enumerate(rules.exclusions):
        for n, (step, t) in enumerate(attempt):
            last = n + 1 == len(attempt)
            if not after <= step < before or (last and step == rules.steps - 1):
                continue
            end = attempt[0][1] + rules.window + 1 if last else attempt[n + 1][1]
            if any(t < one.t < end and number in one.stops for one in events):
                return True
    return False


def _place(events: Sequence[Seen], event: int, rules: Rules) -> int:
    return events[event].t if rules.by_instant else event


def _chains(events: Sequence[Seen], rules: Rules) -> Iterator[list[tuple[int, int]]]:
    """Every way: steps with the numbers of their events."""

    def follows(one: int, other: int) -> bool:
        if rules.order == "strict":
            return other == one + 1
        if rules.ties == "strict":
            return other > one
        if rules.ties == "increasing":
            return events[other].t > events[one].t
        return events[other].t >= events[one].t

    def stopped(step: int, one: int, other: int) -> bool:
        if rules.leave_out:
            return False
        low, high = _place(events, one, rules), _place(events, other, rules)
        return any(
            after <= step < before and number in events[n].stops and low < _place(events, n, rules) < high
            for number, (after, before) in enumerate(rules.exclusions)
            for n in range(len(events))
        )

    def walk(done: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
        yield done
        step, event = done[-1]
        for next_ in range(step + 1, rules.steps):
            for n, one in enumerate(events):
                within = rules.within[next_]
                if (
                    next_ in one.can
                    and n not in {used for _, used in done}
                    and follows(event, n)
                    and one.t - events[done[0][1]].t <= rules.window
                    and (within is None or one.t - events[event].t <= within)
                    and not stopped(step, event, n)
                ):
                    yield from walk([*done, (next_, n)])
            if not rules.optional[next_]:
                return

    for n, one in enumerate(events):
        if 0 in one.can:
            yield from walk([(0, n)])


def _any_order(events: Sequence[Seen], rules: Rules) -> dict[int, tuple[Attempt, int]]:
    """By start: the most steps in its window, each as early as can be."""
    found = {}
    for start in {one.t for one in events if one.can}:
        inside = [one for one in events if start <= one.t <= start + rules.window]
        done: Attempt = []
        for n in range(1, len(inside) + 1):
            most = _matched([one.can for one in inside[:n]])
            if most > len(done):
                done.append((len(done), inside[n - 1].t))
        found[start] = (done, done[-1][1])
    return found


def _matched(can: Sequence[frozenset[int]]) -> int:
    """The most steps that distinct events are: all sets of steps that they can be, one each or none."""
    sets = {frozenset[int]()}
    for one in can:
        sets |= {done | {step} for done in sets for step in one if step not in done}
    return max(map(len, sets))


def _sequence(
    events: Sequence[Seen], rules: Rules, by_start: dict[int, tuple[Attempt, int]]
) -> list[Attempt]:
    """The attempts one after another, or the one that counts."""
    if not by_start:
        return []
    starts = sorted(by_start)
    if rules.one_each:
        return [by_start[min(starts, key=lambda start: (-len(by_start[start][0]), start))][0]]
    found, at = [], -1
    for start in starts:
        if found and start <= at:
            continue
        attempt, last = by_start[start]
        found.append(attempt)
        if rules.first_only:
            break
        at = _closed(events, rules, attempt, last)
    return found


def _closed(events: Sequence[Seen], rules: Rules, attempt: Attempt, last: int) -> int:
    """The place up to which the attempt lasts."""
    whole = len(attempt) == rules.steps if rules.order == "unordered" else attempt[-1][0] == rules.steps - 1
    if whole or rules.order == "strict":
        return last
    places = [
        _place(events, n, rules) for n, one in enumerate(events) if one.t <= attempt[0][1] + rules.window
    ]
    end = max(places)
    if rules.order == "ordered" and not rules.leave_out:
        step = attempt[-1][0]
        stops = [
            _place(events, n, rules)
            for n, one in enumerate(events)
            for number, (after, before) in enumerate(rules.exclusions)
            if number in one.stops and after <= step < before and _place(events, n, rules) > last
        ]
        end = min([end, *stops])
    return end


def level_by_hand(events: Sequence[Seen], rules: Rules) -> int:
    """The level of windowFunnel, by a state machine over time and condition: strict_once and _increase not.

    After the description of its modes in ClickHouse's documentation of parametric aggregate functions.
    """
    pairs = sorted((one.t, step) for one in events for step in (one.can or {-1}))
    started: list[int | None] = [None] * rules.steps

    def level() -> int:
        return max((step + 1 for step, start in enumerate(started) if start is not None), default=0)

    for t, step in pairs:
        begun = started[0] is not None
        if step < 0:
            if begun and rules.stop_at_other:
                break
        elif step == 0:
            started[0] = t
        elif rules.stop_at_repeat and started[step] is not None:
            break
        elif started[step - 1] is None:
            if begun and rules.stop_at_skip:
                break
        else:
            start = started[step - 1]
            assert start is not None
            if t <= start + rules.window:
                started[step] = start
                if step + 1 == rules.steps:
                    break
    return level()
