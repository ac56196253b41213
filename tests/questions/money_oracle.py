"""Attribution by hand: every conversion in fractions, every removal tried, every order of arrival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import permutations

Visit = tuple[int, str, bool]
"""Microsecond, touch, whether it is direct."""
Conversion = tuple[str, int, str, int | None]
"""Unit, microsecond, currency, value in ten thousandths."""
DAY = 86_400_000_000


def shared(amount: int, grain: int, weights: Sequence[int]) -> list[int]:
    """Largest remainders: whole grains, the rest to the first in line."""
    sign, amount = (-1 if amount < 0 else 1), abs(amount)
    exact = [Fraction(amount // grain * weight, sum(weights)) for weight in weights]
    parts = [int(one) for one in exact]
    line = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], not weights[i], i))
    for i in line[: amount // grain - sum(parts)]:
        parts[i] += 1
    parts = [part * grain for part in parts]
    parts[line[0]] += amount % grain
    assert sum(parts) == amount
    return [sign * part for part in parts]


def path_of(visits: Sequence[Visit], first: int, last: int, *, direct: bool) -> list[Visit]:
    """The visits that count, in order."""
    path = sorted(visit for visit in visits if first <= visit[0] <= last)
    others = [visit for visit in path if not visit[2]]
    return path if direct or not others else others


def credits(model: str, path: Sequence[Visit], amount: int, grain: int, half_life: int) -> dict[str, int]:
    """What each touch of a path gets of an amount."""
    touches, count = [visit[1] for visit in path], len(path)
    if model == "shapley":
        touches = list(dict.fromkeys(touches))
        weights = [1] * len(touches)
    elif model == "position":
        ends = max(2 * (count - 2), 1)
        weights = [ends if i in (0, count - 1) else 1 for i in range(count)]
    elif model == "time_decay":
        weights = [int(2**30 * 0.5 ** ((path[-1][0] - t) / half_life)) for t, _, _ in path]
    else:
        chosen = {"first": {0}, "last": {count - 1}, "linear": set(range(count))}[model]
        weights = [int(i in chosen) for i in range(count)]
    found: dict[str, int] = defaultdict(int)
    for touch, part in zip(touches, shared(amount, grain, weights), strict=True):
        found[touch] += part
    return found


def shapley(paths: Sequence[tuple[frozenset[str], Fraction]]) -> dict[str, Fraction]:
    """The mean of what a touch adds, over every order in which touches may arrive."""
    players = sorted(frozenset().union(*(touches for touches, _ in paths)))
    found: dict[str, Fraction] = defaultdict(Fraction)
    orders = list(permutations(players))
    for order in orders:
        there: set[str] = set()
        worth = Fraction(0)
        for player in order:
            there.add(player)
            now = sum((amount for touches, amount in paths if touches <= there), Fraction(0))
            found[player] += (now - worth) / len(orders)
            worth = now
    return found


def removal(walks: Sequence[tuple[Sequence[str], bool]]) -> dict[str, Fraction]:
    """By touch the share of the conversions of the chain that is lost without it."""
    steps: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for touches, converts in walks:
        states = ["\0start", *touches, "\0yes" if converts else "\0no"]
        for origin, target in zip(states, states[1:], strict=False):
            steps[origin][target] += 1
    whole = _chance(steps, None)
    return {name: 1 - _chance(steps, name) / whole for name in steps if not name.startswith("\0")}


def _chance(steps: Mapping[str, Mapping[str, int]], without: str | None) -> Fraction:
    """The chance to convert from the start, by elimination of one state after the other."""
    out = {
        origin: {
            target if target != without else "\0no": Fraction(count, sum(targets.values()))
            for target, count in targets.items()
        }
        for origin, targets in steps.items()
        if origin != without
    }
    for gone in [name for name in out if name != "\0start"]:
        own = out.pop(gone)
        stays = own.pop(gone, Fraction(0))
        for targets in out.values():
            through = targets.pop(gone, Fraction(0))
            for target, share in own.items():
                targets[target] = targets.get(target, Fraction(0)) + through * share / (1 - stays)
    return out["\0start"].get("\0yes", Fraction(0))
