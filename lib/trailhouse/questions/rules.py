"""What the step matcher is given and gives: rules, rows, attempts, all plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trailhouse.arrays import Ints


@dataclass(frozen=True)
class Rules:
    """A funnel in numbers: steps count from 0, times are microseconds.

    `within`, `optional`: one a step. `exclusions`: of each the first step that it comes after and the one it
    comes before; `leave_out`: it does not stop an attempt but takes it away. `one_each`: of a runner
    counts the attempt that gets furthest, then the earliest; else its attempts after one another, or
    with `first_only` the first of these. `stop_at_other`, `stop_at_skip`, `stop_at_repeat` are windowFunnel's
    strict_order (its two parts) and strict_deduplication.
    """

    steps: int
    window: int
    order: Literal["ordered", "strict", "unordered"] = "ordered"
    ties: Literal["any_order", "strict", "increasing"] = "any_order"
    reuse: bool = False
    within: tuple[int | None, ...] = ()
    optional: tuple[bool, ...] = ()
    exclusions: tuple[tuple[int, int], ...] = ()
    leave_out: bool = False
    one_each: bool = True
    first_only: bool = False
    stop_at_other: bool = False
    stop_at_skip: bool = False
    stop_at_repeat: bool = False

    @property
    def by_instant(self) -> bool:
        """Whether events of one time have no order; that of neighbours needs one."""
        return self.order == "unordered" or (self.order == "ordered" and self.ties != "strict")

    @property
    def needs_all(self) -> bool:
        """Whether events that are no step matter."""
        return self.order == "strict" or self.stop_at_other


@dataclass(frozen=True)
class Rows:
    """Events sorted by runner, time and tie-break. `runner` counts from 0 without gaps.

    `mask`: bits of the steps that an event can be, then of the exclusions that it is.
    """

    runner: Ints
    t: Ints
    mask: Ints
    count: int

    @cached_property
    def steps(self) -> Ints:
        """The bits of steps alone."""
        return self.mask & ((1 << self.count) - 1)

    @cached_property
    def instants(self) -> Ints:
        """A number for each runner's time, ascending."""
        if not len(self.t):
            return np.zeros(0, dtype=np.int64)
        change = (self.runner[1:] != self.runner[:-1]) | (self.t[1:] != self.t[:-1])
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(change, dtype=np.int64)])

    @cached_property
    def begins(self) -> Ints:
        """The first row of each runner."""
        if not len(self.t):
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(np.append(True, self.runner[1:] != self.runner[:-1]))

    @cached_property
    def ends(self) -> Ints:
        """Behind the last row of each runner."""
        return np.append(self.begins[1:], len(self.t)) if len(self.t) else self.begins


@dataclass(frozen=True)
class Attempts:
    """Attempts, sorted by runner and start. `rows`: by attempt and step the row that did it, else -1."""

    runner: Ints
    rows: Ints

    @cached_property
    def reach(self) -> Ints:
        """The last step done."""
        count = self.rows.shape[1]
        last: Ints = count - 1 - np.argmax(self.rows[:, ::-1] >= 0, axis=1)
        return last

    @cached_property
    def last_row(self) -> Ints:
        """The row of the last step done."""
        last: Ints = self.rows[np.arange(len(self.runner)), self.reach]
        return last

    def at(self, chosen: NDArray[np.generic]) -> Attempts:
        """Some of them."""
        return Attempts(self.runner[chosen], self.rows[chosen])

    def first_of_each(self) -> Attempts:
        """The first of each runner."""
        if not len(self.runner):
            return self
        return self.at(np.flatnonzero(np.append(True, self.runner[1:] != self.runner[:-1])))

    @classmethod
    def none(cls, count: int) -> Attempts:
        """None at all."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros((0, count), dtype=np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Attempts], count: int) -> Attempts:
        """All of the parts."""
        every = [*parts, cls.none(count)]
        return cls(np.concatenate([one.runner for one in every]), np.concatenate([one.rows for one in every]))
