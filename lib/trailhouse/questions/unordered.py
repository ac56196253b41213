"""Steps in any order: the most of them that distinct events within a window do.

An attempt begins with an event that can be any step. A step that shares no event with others is done by its
first event in the window. Of steps that do, distinct events do as many as the least, over all sets of such
steps, of those outside the set and the events that can be one inside it (P. Hall, 1935). Each next step
is done by the first event that makes one more possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from trailhouse.arrays import Ints
from trailhouse.questions.ranges import Timeline
from trailhouse.questions.rules import Attempts, Rows, Rules


class AnyOrder:
    """A world of rows under rules; an attempt's rows are those of its first, second ... step."""

    def __init__(self, rows: Rows, rules: Rules) -> None:
        self.count, self.rules = rules.steps, rules
        self._known: dict[tuple[int, ...], list[list[int]]] = {}
        kept = np.flatnonzero(rows.steps)
        self.original = kept
        self.t, self.steps = rows.t[kept], rows.steps[kept]
        self.of = rows.runner[kept]
        place = rows.instants[kept]
        self.begins = np.flatnonzero(np.append(True, place[1:] != place[:-1])) if len(kept) else kept
        change = np.zeros(len(kept), dtype=np.int64)
        change[self.begins[1:]] = 1
        self.place = np.cumsum(change)
        """Of each row the number of its instant; `begins` the instants' first rows."""
        self.runner = self.of[self.begins]
        self.start = self.t[self.begins]
        self.timeline = Timeline(self.of, self.t, self.place)
        last = self.timeline.last_until(self.runner, self.start + rules.window)
        self.end = np.append(self.begins, len(kept))[last + 1] if len(kept) else kept
        """Of each instant the row behind its window."""
        self.last = last

    def attempts(self) -> Attempts:
        """Those that count, sorted by runner and start."""
        if not len(self.of):
            return Attempts.none(self.count)
        alone, joint = _groups(self.steps, self.count)
        found = np.zeros(len(self.begins) + 1, dtype=np.int64)
        firsts = [self._first(step) for step in alone]
        for low, place, _ in firsts:
            found += np.bincount(low, minlength=len(found)) - np.bincount(place + 1, minlength=len(found))
        done = np.cumsum(found)[:-1]
        for group in joint:
            done = done + self._rank(group, self.begins, self.end)
        if self.rules.one_each:
            most = np.zeros(int(self.runner[-1]) + 1, dtype=np.int64)
            np.maximum.at(most, self.runner, done)
            starts = np.flatnonzero(done == most[self.runner])
            starts = starts[_begin(self.runner[starts])]
        else:
            starts = self._entries(alone, joint, done)
        return self._told(starts, joint, firsts)

    def _first(self, step: int) -> tuple[Ints, Ints, Ints]:
        """Of each event of the step the instants from which it is the first such: from, to; and its row."""
        rows = np.flatnonzero(self.steps >> step & 1)
        place, runner = self.place[rows], self.of[rows]
        low = self.timeline.first_from(runner, self.t[rows] - self.rules.window)
        same = np.append(False, runner[1:] == runner[:-1]) if len(rows) else np.zeros(0, dtype=bool)
        before = np.append(-1, place[:-1]) if len(rows) else place
        low = np.maximum(low, np.where(same, before + 1, 0))
        fresh = low <= place  # a second event of one instant is the first of none
        return low[fresh], place[fresh], rows[fresh]

    def _rank(self, group: Sequence[int], begin: Ints, end: Ints) -> Ints:
        """How many of the group's steps the events of rows begin:end do."""
        least = np.full(len(begin), len(group))
        sets = self._known.setdefault(tuple(group), [])
        if not sets:
            sets += _sets(group, self.steps)
        for inside in sets:
            bits = sum(1 << step for step in inside)
            until = np.append(0, np.cumsum(self.steps & bits != 0))
            least = np.minimum(least, len(group) - len(inside) + until[end] - until[begin])
        return least

    def _told(
        self, starts: Ints, joint: Sequence[Sequence[int]], firsts: Sequence[tuple[Ints, Ints, Ints]]
    ) -> Attempts:
        """The events of the attempts that begin at these instants; their windows do not overlap."""
        attempt, row = [], []
        for low, place, rows in firsts:
            at = np.searchsorted(starts, place, side="right") - 1
            known = np.flatnonzero(at >= 0)
            mine = known[starts[at[known]] >= low[known]]
            mine = mine[self.runner[starts[at[mine]]] == self.of[rows[mine]]]
            attempt.append(at[mine])
            row.append(rows[mine])
        for group in joint:
            bits = sum(1 << step for step in group)
            rows = np.flatnonzero(self.steps & bits)
            at = np.searchsorted(self.begins[starts], rows, side="right") - 1
            rows, at = rows[at >= 0], at[at >= 0]
            inside = rows < self.end[starts[at]]
            rows, at = rows[inside], at[inside]
            more = self._rank(group, self.begins[starts[at]], rows + 1) > self._rank(
                group, self.begins[starts[at]], rows
            )
            attempt.append(at[more])
            row.append(rows[more])
        of, rows = np.concatenate(attempt), np.concatenate(row)
        order = np.lexsort((rows, of))
        of, rows = of[order], rows[order]
        first = np.searchsorted(of, np.arange(len(starts)))
        done = np.full((len(starts), self.count), -1, dtype=np.int64)
        done[of, np.arange(len(of)) - first[of]] = self.original[rows]
        return Attempts(self.runner[starts], done)

    def _entries(
        self,
        alone: Sequence[int],
        joint: Sequence[Sequence[int]],
        done: Ints,
    ) -> Ints:
        """The instants at which attempts begin, each after the one before has ended."""
        begins = _begin(self.runner)
        if self.rules.first_only:
            return begins
        closes = self.last.copy()
        whole = np.flatnonzero(done == self.count)
        closes[whole] = self._completed(whole, alone, joint)
        after = closes + 1
        same = (after < len(self.runner)) & (
            self.runner[np.minimum(after, len(self.runner) - 1)] == self.runner
        )
        jump = np.append(np.where(same, after, len(self.runner)), len(self.runner))
        come = np.zeros(len(self.runner) + 1, dtype=bool)
        come[begins] = True
        for _ in range(max(1, len(self.runner).bit_length())):
            come[jump[np.flatnonzero(come)]] = True
            jump = jump[jump]
        return np.flatnonzero(come[:-1])

    def _completed(self, whole: Ints, alone: Sequence[int], joint: Sequence[Sequence[int]]) -> Ints:
        """The instants at which attempts that do all steps do the last of them."""
        at = np.zeros(len(whole), dtype=np.int64)
        for step in alone:
            rows = np.flatnonzero(self.steps >> step & 1)
            at = np.maximum(at, self.place[rows[np.searchsorted(rows, self.begins[whole])]])
        for group in joint:
            # The first row by which all of the group is done, by halving.
            low, high = self.begins[whole] + 1, self.end[whole].copy()
            while (low < high).any():
                middle = (low + high) // 2
                there = self._rank(group, self.begins[whole], middle) == len(group)
                low, high = np.where(there, low, np.minimum(middle + 1, high)), np.where(there, middle, high)
            at = np.maximum(at, self.place[low - 1])
        return at


def _groups(steps: Ints, count: int) -> tuple[list[int], list[list[int]]]:
    """Steps that share no event, and groups of those that do."""
    group = list(range(count))
    for mask in map(int, np.unique(steps)):
        own = {group[step] for step in range(count) if mask >> step & 1}
        group = [min(own) if one in own else one for one in group]
    every = [[step for step in range(count) if group[step] == one] for one in sorted(set(group))]
    return [one[0] for one in every if len(one) == 1], [one for one in every if len(one) > 1]


def _sets(group: Sequence[int], steps: Ints) -> list[list[int]]:
    """The sets of a group's steps that can be short of events: steps of the same events go together."""
    masks = np.unique(steps)
    kinds: dict[tuple[bool, ...], list[int]] = {}
    for step in group:
        kinds.setdefault(tuple(masks >> step & 1 == 1), []).append(step)
    classes = list(kinds.values())
    return [
        [step for one in chosen for step in one]
        for size in range(1, len(classes) + 1)
        for chosen in combinations(classes, size)
    ]


def _begin(values: Ints) -> Ints:
    """Where sorted values begin anew."""
    return (
        np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
    )
