"""The step matcher's core: numpy over many units at once, a loop over steps and none over events.

Rows are sorted by runner (a unit, or a unit's part that is looked at alone), time and tie-break. A *place*
is what has an order: an instant where events of one time may stand in any order, else a row. A *node* is
what an attempt can do at a place: one step (entered and left by it), or, at an instant where some event
can be several steps, a run of steps that distinct events of that instant can do.

1. Forward, step by step: the latest start from which an attempt can have come to each node, and with it
   whether any can, by windows and exclusions. Only starts and places count, so that of the nodes of the
   step before the best in a range of places is looked up.
2. The furthest step of each runner. An attempt that counts is to end there.
3. Backward, step by step: the earliest end that an attempt can have from each node.
4. The earliest start whose end is in the window, and from it node by node the earliest from which the
   end can still be reached.

Each event is touched once a step that it can be: linear in events, flat in the number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from trailhouse.arrays import Flags, Ints
from trailhouse.questions.instants import Runs, runs_of
from trailhouse.questions.nodes import Layer, Nodes, firsts, merged
from trailhouse.questions.ranges import NONE, Extremes, Timeline
from trailhouse.questions.rules import Attempts, Rows, Rules
from trailhouse.questions.strict_modes import cut


class Walk:
    """A world of rows under rules; `attempts` is what counts."""

    def __init__(self, rows: Rows, rules: Rules) -> None:
        self.rows, self.rules = rows, rules
        self.count = rules.steps
        self.place = rows.instants if rules.by_instant else np.arange(len(rows.t), dtype=np.int64)
        self.runs = self._runs()
        # Where neither holds, the nearest is the best: see docs/decisions/025-one-walk-over-steps.md.
        self.nearest = self.runs is None and not (any(rules.optional) and rules.exclusions)
        self.first_place = self.place[rows.begins]
        self.last_place = self.place[rows.ends - 1]
        self.excluded = [self._excluded(state) for state in range(self.count)]
        self.entered = [self._entered(step) for step in range(self.count)]

    @cached_property
    def timeline(self) -> Timeline:
        """Where a runner's times lie."""
        return Timeline(self.rows.runner, self.rows.t, self.place)

    def attempts(self) -> Attempts:
        """Those that count, sorted by runner and start."""
        reached, reach, _ = self._forward()
        if self.rules.one_each:
            return self._from(reached, reach).first_of_each()
        return self._one_after_another(reached, reach)

    def latest_begins(self) -> tuple[Ints, Ints]:
        """Rows by which the last step can be done (at an instant of several orders its first row), and for
        each the latest time from which a whole attempt in the window can have come to it."""
        _, _, whole = self._forward()
        parts = [(np.zeros(0, dtype=np.int64),) * 2, *((nodes.row, begun) for nodes, begun in whole)]
        rows, begun = (np.concatenate([part[n] for part in parts]) for n in range(2))
        return rows, begun

    def left_out(self, attempts: Attempts) -> Flags:
        """Which of the attempts an exclusion comes into: between two steps, or after the last one in time."""
        found = np.zeros(len(attempts.runner), dtype=bool)
        if not len(found):
            return found
        place = np.where(attempts.rows >= 0, self.place[attempts.rows], np.iinfo(np.int64).max)
        ends = 1 + self.timeline.last_until(
            attempts.runner, self.rows.t[attempts.rows[:, 0]] + self.rules.window
        )
        ends = np.where(attempts.reach == self.count - 1, 0, ends)
        behind = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
        for number, (after, before) in enumerate(self.rules.exclusions):
            stops = np.unique(self.place[self.rows.mask >> (self.count + number) & 1 == 1])
            for state in range(after, before):
                until = np.where(attempts.reach == state, ends, behind[:, min(state + 1, self.count - 1)])
                done = attempts.rows[:, state] >= 0
                first = np.searchsorted(stops, place[:, state], side="right")
                found |= done & (first < np.searchsorted(stops, until))
        return found

    def _runs(self) -> Runs | None:
        if self.rules.ties != "any_order" or self.rules.reuse or self.rules.order == "strict":
            return None
        return runs_of(self.place, self.rows.steps, self.rules.optional)

    def _excluded(self, state: int) -> Ints | None:
        """Places that stop an attempt whose last step is `state`."""
        bits = sum(1 << (self.count + n) for n, (a, b) in enumerate(self.rules.exclusions) if a <= state < b)
        if not bits or self.rules.leave_out:
            return None
        return np.unique(self.place[self.rows.mask & bits != 0])

    def _entered(self, step: int) -> Nodes:
        rows = np.flatnonzero(self.rows.steps >> step & 1)
        if self.runs is not None:
            rows = rows[~self.runs.hard[self.place[rows]]]
        place = self.place[rows]
        if self.rules.reuse and self.rules.ties != "increasing":
            free = np.ones(len(rows), dtype=np.int64)
        elif self.runs is not None:
            free = self.runs.free[place].astype(np.int64)
        else:
            free = np.zeros(len(rows), dtype=np.int64)
        nodes = Nodes(place, rows, np.full(len(rows), step), np.full(len(rows), 1 << step), free)
        if self.runs is None:
            return nodes
        hard, exits, bits = self.runs.entering(step)
        row = np.searchsorted(self.place, hard)
        more = Nodes(hard, row, exits, bits, np.zeros(len(hard), dtype=np.int64))
        return merged([nodes, more])

    def _before(self, step: int) -> range:
        """The steps that may be the one done before `step`, the nearest last."""
        first = step - 1
        while first > 0 and self.rules.optional[first]:
            first -= 1
        return range(max(first, 0), step)

    def _after(self, step: int) -> range:
        """The steps that may be the next one done, the nearest first."""
        last = step + 1
        while last < self.count - 1 and self.rules.optional[last]:
            last += 1
        return range(step + 1, min(last, self.count - 1) + 1)

    def _forward(self) -> tuple[list[Nodes], Ints, list[tuple[Nodes, Ints]]]:
        """The nodes that an attempt can come to, by the step that enters them; each runner's last; and
        the nodes that are left by the last step, each with the latest start."""
        left: list[list[tuple[Nodes, Ints]]] = [[] for _ in range(self.count)]
        reached: list[Nodes] = []
        reach = np.full(len(self.rows.begins), -1, dtype=np.int64)
        starts: list[Layer | None] = [None] * self.count
        for step, nodes in enumerate(self.entered):
            t = self.rows.t[nodes.row]
            if step == 0:
                best = t
            else:
                best = np.full(len(t), NONE)
                for state in self._before(step):
                    layer = starts[state]
                    if layer is not None and len(t):
                        low, high = self._range_before(nodes, state, step)
                        place = layer.nodes.place
                        found = layer.value.over(np.searchsorted(place, low), np.searchsorted(place, high))
                        best = np.maximum(best, found)
                keep = (best > NONE) & (t - best <= self.rules.window)
                nodes, best = nodes.at(keep), best[keep]
            reached.append(nodes)
            np.maximum.at(reach, self.rows.runner[nodes.row], nodes.exit)
            for state in np.unique(nodes.exit):
                chosen = nodes.exit == state
                left[state].append((nodes.at(chosen), best[chosen]))
            parts = left[step]
            if parts:
                starts[step] = self._layer(parts, "last")
        return (*cut(self.rules, self.rows, self.place, self.entered, reached, reach), left[-1])

    def _layer(self, parts: Sequence[tuple[Nodes, Ints]], best: str) -> Layer:
        nodes, value = merged([one for one, _ in parts]), np.concatenate([two for _, two in parts])
        if len(parts) > 1:
            value = value[np.argsort(np.concatenate([one.place for one, _ in parts]), kind="stable")]
        return Layer(nodes, Extremes(value, best if self.nearest else None))

    def _range_before(self, nodes: Nodes, state: int, step: int) -> tuple[Ints, Ints]:
        """Places from which, of the state, the nodes can be entered: from, and below."""
        runner = self.rows.runner[nodes.row]
        low = self.first_place[runner]
        if self.rules.order == "strict":
            low = np.maximum(low, nodes.place - 1)
        stops = self.excluded[state]
        if stops is not None and len(stops):
            at = np.searchsorted(stops, nodes.place) - 1
            low = np.maximum(low, np.where(at >= 0, stops[at], -1))
        within = self.rules.within[step]
        if within is not None:
            low = np.maximum(low, self.timeline.first_from(runner, self.rows.t[nodes.row] - within))
        return low, nodes.place + nodes.free

    def _range_after(self, nodes: Nodes, state: int, step: int) -> tuple[Ints, Ints]:
        """Places at which, from the state, the step can be done: from, and below."""
        runner = self.rows.runner[nodes.row]
        high = self.last_place[runner]
        if self.rules.order == "strict":
            high = np.minimum(high, nodes.place + 1)
        stops = self.excluded[state]
        if stops is not None and len(stops):
            at = np.searchsorted(stops, nodes.place, side="right")
            high = np.where(at < len(stops), np.minimum(high, stops[np.minimum(at, len(stops) - 1)]), high)
        within = self.rules.within[step]
        if within is not None:
            high = np.minimum(high, self.timeline.last_until(runner, self.rows.t[nodes.row] + within))
        return nodes.place + 1 - nodes.free, high + 1

    def _from(self, reached: Sequence[Nodes], target: Ints) -> Attempts:
        """From each start that can, the earliest attempt that ends with the runner's `target`."""
        ends: list[Layer | None] = [None] * self.count
        for step in reversed(range(self.count)):
            nodes = reached[step]
            wanted = target[self.rows.runner[nodes.row]]
            end = np.where(nodes.exit == wanted, self.rows.t[nodes.row], -NONE)
            for state in np.unique(nodes.exit[nodes.exit < wanted]):
                chosen = np.flatnonzero((nodes.exit == state) & (wanted > state))
                some = nodes.at(chosen)
                for next_ in self._after(int(state)):
                    layer = ends[next_]
                    if layer is not None:
                        low, high = self._range_after(some, int(state), next_)
                        place = layer.nodes.place
                        found = layer.value.over(np.searchsorted(place, low), np.searchsorted(place, high))
                        end[chosen] = np.minimum(end[chosen], -found)
            keep = end < -NONE
            if keep.any():
                ends[step] = Layer(nodes.at(keep), Extremes(-end[keep], "first" if self.nearest else None))
        if ends[0] is None:
            return Attempts.none(self.count)
        begin = ends[0].nodes
        t = self.rows.t[begin.row]
        in_time = np.flatnonzero(-ends[0].value.values - t <= self.rules.window)
        first = in_time[firsts(begin.place[in_time])]
        return self._followed(begin.at(first), target, ends)

    def _followed(self, begin: Nodes, target: Ints, ends: Sequence[Layer | None]) -> Attempts:
        """Node by node the earliest from which the end can be reached in time."""
        runner = self.rows.runner[begin.row]
        bound = -(self.rows.t[begin.row] + self.rules.window)
        wanted = target[runner]
        done = np.full((len(runner), self.count), -1, dtype=np.int64)
        now = begin
        self._note(done, np.arange(len(runner)), now)
        for state in range(self.count):
            active = np.flatnonzero((now.exit == state) & (wanted > state))
            if not len(active):
                continue
            here = now.at(active)
            place = np.full(len(active), -NONE)
            which, at = np.zeros(len(active), dtype=np.int64), np.zeros(len(active), dtype=np.int64)
            for next_ in self._after(state):
                layer = ends[next_]
                if layer is None:
                    continue
                low, high = (
                    np.searchsorted(layer.nodes.place, one) for one in self._range_after(here, state, next_)
                )
                found = layer.value.first_at_least(low, high, bound[active])
                there = layer.nodes.place[np.minimum(found, len(layer.nodes.place) - 1)]
                better = (found < high) & (there < place)
                place = np.where(better, there, place)
                which, at = np.where(better, next_, which), np.where(better, found, at)
            for next_ in self._after(state):
                layer = ends[next_]
                if layer is None:
                    continue
                took = np.flatnonzero(which == next_)
                nodes = layer.nodes.at(at[took])
                self._note(done, active[took], nodes)
                for name in ("place", "row", "exit", "steps", "free"):
                    getattr(now, name)[active[took]] = getattr(nodes, name)
        return Attempts(runner, done)

    def _note(self, done: Ints, attempts: Ints, nodes: Nodes) -> None:
        """The rows by which the attempts did the steps of these nodes."""
        single = nodes.steps & (nodes.steps - 1) == 0
        if self.runs is None or not self.runs.hard.any():
            done[attempts, nodes.exit] = nodes.row
            return
        hard = self.runs.hard[nodes.place]
        plain = single & ~hard
        done[attempts[plain], nodes.exit[plain]] = nodes.row[plain]
        for step in range(self.count):
            doing = hard & (nodes.steps >> step & 1 == 1)
            done[attempts[doing], step] = self.runs.row_of(nodes.place[doing], step)

    def _one_after_another(self, reached: list[Nodes], reach: Ints) -> Attempts:
        """Attempts of a runner that begin after one another: see Rules.one_each."""
        found: list[Attempts] = []
        taken = np.zeros(int(self.place[-1]) + 1 if len(self.place) else 0, dtype=bool)
        for target in range(int(reach.max(initial=-1)), -1, -1):
            wanted = np.where(reach >= target, target, -1)
            some = self._from(reached, wanted)
            place = self.place[some.rows[:, 0]]
            fresh = ~taken[place]
            taken[place] = True
            found.append(some.at(fresh))
        every = Attempts.joined(found, self.count)
        every = every.at(np.argsort(self.place[every.rows[:, 0]], kind="stable"))
        return every.at(self._entries(every))

    def _entries(self, every: Attempts) -> Ints:
        """Which of the attempts begin after the one before has ended."""
        if not len(every.runner):
            return np.zeros(0, dtype=np.int64)
        start = self.place[every.rows[:, 0]]
        begins = np.flatnonzero(np.append(True, every.runner[1:] != every.runner[:-1]))
        if self.rules.first_only:
            return begins
        last = self.place[every.last_row]
        closes = self.timeline.last_until(every.runner, self.rows.t[every.rows[:, 0]] + self.rules.window)
        if self.rules.order == "strict":
            closes = last
        for state in range(self.count):
            stops = self.excluded[state]
            if stops is not None and len(stops):
                at = np.searchsorted(stops, last, side="right")
                stop = np.append(stops, np.iinfo(np.int64).max)[at]
                closes = np.where(every.reach == state, np.minimum(closes, stop), closes)
        closes = np.where(every.reach == self.count - 1, last, np.maximum(closes, last))
        after = np.searchsorted(start, closes, side="right")
        same = every.runner[np.minimum(after, len(start) - 1)] == every.runner
        after = np.where((after < len(start)) & same, after, len(start))
        # Who is come to from the first of each runner, in doubling strides.
        come = np.zeros(len(start) + 1, dtype=bool)
        come[begins] = True
        jump = np.append(after, len(start))
        for _ in range(max(1, int(len(start)).bit_length())):
            come[jump[np.flatnonzero(come)]] = True
            jump = jump[jump]
        return np.flatnonzero(come[:-1])
