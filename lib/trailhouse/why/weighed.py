"""Counts of reasons as evidence: shares of both groups, lift, interval, adjusted p, a verdict, an order.

1. Counts are put together: an error's releases; of a key element who could not see it, and who saw it and did
   not touch it.
2. Units of one person are alike: counts are cut to what they would be worth if all units were independent.
3. Lift, interval and p of all reasons; p adjusted for their number. What is claimed is more frequent in the
   group asked about, surely so, and not too few.
4. First what is claimed, then by how many units more than expected it was with.
5. People say much that has nothing to do with it: words on a theme that is claimed are shown before others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from trailhouse.why.asked import Number
from trailhouse.why.causes import CAUSES, KEY
from trailhouse.why.evidence import ALPHA, adjusted, lifts

CLAIMED, UNCLEAR, TOO_FEW = "association", "no clear difference", "too few"
VERDICTS = (CLAIMED, UNCLEAR, TOO_FEW)
_ITSELF = 0.9
"""Share of those who went on and touched an element, above which touching it is the step itself."""
_ORDER = {name: place for place, name in enumerate(("unseen", "ignored", *(cause.kind for cause in CAUSES)))}
_MOSTLY = 0.9


@dataclass(frozen=True)
class Sums:
    """Units, the sum by person of their squares, persons, and how many units failed."""

    n: int
    nn: int
    persons: int
    failed: int = 0


@dataclass
class Seen:
    """A reason in one group: x of the units that could have it; sums by person of squares and products."""

    x: int = 0
    xx: int = 0
    xs: int = 0
    could: int = 0


@dataclass
class Reason:
    """A reason in both groups. `could`: whether only some units could have it: shares are of these."""

    kind: str
    value: str
    page_group: str | None = None
    element: str | None = None
    release: str | None = None
    inside: Seen = field(default_factory=Seen)
    outside: Seen = field(default_factory=Seen)
    could: bool = False
    sessions: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, ...]:
        """What orders reasons that explain as much."""
        return (
            f"{_ORDER.get(self.kind, len(_ORDER)):02d}",
            *(str(getattr(self, name) or "") for name in KEY),
        )


def judged(number: Number, counts: pd.DataFrame, inside: Sums, outside: Sums) -> list[dict[str, Any]]:
    """The reasons behind a number in their order, each a mapping; counts are rows of reasons.counted."""
    found = sorted(_put_together(number, _records(counts)), key=lambda one: one.key)
    if not found or not inside.n or not outside.n:
        return []
    swapped = number.change and inside.failed * outside.n < outside.failed * inside.n
    sides = [(one.inside, inside, one.outside, outside) for one in found]
    if swapped:  # it got better: what stopped them before, and does no longer
        sides = [(own, own_all, other, other_all) for other, other_all, own, own_all in sides]
    ours = [_worth(own, one.could, all_) for one, (own, all_, _, _) in zip(found, sides, strict=True)]
    others = [_worth(other, one.could, all_) for one, (_, _, other, all_) in zip(found, sides, strict=True)]
    a, n = (np.array(part, dtype="int64") for part in zip(*(one.worth for one in ours), strict=True))
    b, m = (np.array(part, dtype="int64") for part in zip(*(one.worth for one in others), strict=True))
    evidence = lifts(a, n, b, m)
    evidence["q"] = adjusted(evidence["p"])
    rows = []
    for one, own, other, told in zip(found, ours, others, _records(evidence), strict=True):
        rows.append({**_row(one, own, other, told), "compared": len(found), "swapped": swapped})
    rows.sort(key=lambda row: (VERDICTS.index(row["verdict"]), -row["excess"], row["order"]))
    return [{**row, "rank": rank} for rank, row in enumerate(_on_topic(rows), start=1)]


def _on_topic(rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The same; where a theme is claimed, a reason's comments are those of such themes, if it has any."""
    topics = {
        said
        for row in rows
        if (row["kind"], row["verdict"]) == ("theme", CLAIMED)
        for said in row["comments"]
    }
    for row in rows:
        yield {**row, "comments": [said for said in row["comments"] if said in topics] or row["comments"]}


def _row(one: Reason, own: _Worth, other: _Worth, told: Mapping[str, Any]) -> dict[str, Any]:
    """Shares are of the units as they are; the interval is that of what they are worth."""
    expected = Fraction(own.n * other.x, other.n) if other.n else Fraction(own.x)
    too_few = bool(told["too_few"])
    if own.x and other.x and own.n and other.n:  # what counts are worth is rounded, their shares are not
        exact = (own.x / own.n) / (other.x / other.n)
        told = {
            **told,
            **{name: told[name] * exact / told["lift"] for name in ("low", "high")},
            "lift": exact,
        }
    sure = bool(told["q"] <= ALPHA and told["low"] > 1)
    return {
        **{name: getattr(one, name) for name in KEY},
        "with_it": own.x,
        "units": own.n,
        "others_with_it": other.x,
        "others": other.n,
        **{name: told[name] for name in ("share_in", "share_out", "lift", "low", "high", "p", "q")},
        "share_in": own.x / own.n if own.n else None,
        "share_out": other.x / other.n if other.n else None,
        "too_few": too_few,
        "excess": Fraction(own.x) - expected,
        "verdict": TOO_FEW if too_few else CLAIMED if sure else UNCLEAR,
        "sessions": sorted(one.sessions),
        "comments": sorted(one.comments),
        "order": one.key,
    }


@dataclass(frozen=True)
class _Worth:
    """x of n units, and the same as if units were independent."""

    x: int
    n: int
    worth: tuple[int, int]


def _worth(seen: Seen, could: bool, every: Sums) -> _Worth:
    """J. N. K. Rao and A. J. Scott (1992), Biometrics 48: counts divided by the design effect.

    The effect is that of the share as a ratio of sums by person. Where all units have it, or none, these tell
    nothing: it is taken to be as large as if a person's units were always alike.
    """
    n = seen.could if could else every.n
    x, share = seen.x, seen.x / n if n else 0.0
    if n == 0 or every.persons < 2 or every.nn <= every.n:
        return _Worth(x, n, (x, n))
    if 0 < x < n:
        spread = seen.xx - 2 * share * seen.xs + share * share * every.nn
        effect = every.persons / (every.persons - 1) * spread / (n * share * (1 - share))
    else:
        effect = every.nn / every.n
    effect = max(effect, 1.0)
    worth = max(int(n / effect), 1)
    return _Worth(x, n, (min(round(worth * share), worth), worth))


def _put_together(number: Number, rows: Iterable[Mapping[str, Any]]) -> Iterable[Reason]:
    """Reasons from counted rows."""
    plain: dict[tuple[Any, ...], Reason] = {}
    errors: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    elements: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        key = tuple(_known(row[name]) for name in KEY)
        if row["kind"] == "element":
            elements[key].append(row)
            continue
        if row["kind"] == "error":
            errors[key[:-1]].append(row)
            key = (*key[:-1], None)
        _add(plain.setdefault(key, Reason(*key)), number, row)
    for key, own in errors.items():
        _name_release(plain[(*key, None)], number, own)
    for key, own in elements.items():
        yield from _of_element(key, number, own)
    yield from plain.values()


def _add(reason: Reason, number: Number, row: Mapping[str, Any], *, present: bool = True) -> None:
    """One row of counts; in a change a reason counts only for units that stopped."""
    side = reason.inside if row["now"] else reason.outside
    n = int(row["n"])
    side.could += n
    if not present or (number.change and not row["failed"]):
        return
    side.x += n
    side.xx += int(row["xx"])
    side.xs += int(row["xs"])
    reason.sessions |= set(row["sessions"])
    reason.comments |= set(row["comments"])


def _name_release(reason: Reason, number: Number, rows: Iterable[Mapping[str, Any]]) -> None:
    """The error's release, where nearly all units of the group had it in that one."""
    releases: Counter[str] = Counter()
    for row in rows:
        if row["now"] and (row["failed"] or not number.change) and _known(row["release"]):
            releases[row["release"]] += int(row["n"])
    if releases:
        release, n = min(releases.items(), key=lambda one: (-one[1], one[0]))
        if n >= _MOSTLY * reason.inside.x:
            reason.release = release


def _of_element(key: tuple[Any, ...], number: Number, rows: list[Mapping[str, Any]]) -> Iterable[Reason]:
    """Who did not scroll down to it; who did, and neither pointed at it nor clicked it.

    It lies where most clicks of that device and week were told to be; without one there, nobody can say.
    """
    places: dict[tuple[str, date], Counter[int]] = defaultdict(Counter)
    for row in rows:
        if _known(row["y"]) is not None:
            places[_where(row)][int(row["y"])] += int(row["n"])
    at = {where: min(told.items(), key=lambda one: (-one[1], one[0]))[0] for where, told in places.items()}
    _, value, page, selector, _ = key
    unseen, ignored = (Reason(kind, value, page, selector, could=True) for kind in ("unseen", "ignored"))
    for row in rows:
        y, bottom = at.get(_where(row)), _known(row["bottom"])
        if y is None or bottom is None:
            continue
        own = _known(row["y"])
        reached = bottom >= (y if own is None else own) or bool(row["touched"])
        _add(unseen, number, row, present=not reached)
        if reached:
            _add(ignored, number, row, present=not row["touched"])
    if unseen.inside.could and unseen.outside.could:
        yield unseen
    went_on = ignored.outside
    if selector in number.own:
        return
    if went_on.could and ignored.inside.could and went_on.could - went_on.x < _ITSELF * went_on.could:
        yield ignored


def _where(row: Mapping[str, Any]) -> tuple[str, date]:
    return str(row["device"]), row["week"]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _known(value: Any) -> Any:
    return (
        None if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) else value
    )


def finite(value: float | None) -> float | None:
    """The number, or None for one that is none."""
    return None if value is None or not np.isfinite(value) or abs(value) > 1e12 else float(value)
