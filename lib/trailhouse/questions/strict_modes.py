"""ClickHouse's strict modes of windowFunnel: where the matcher's walk ends (walk.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trailhouse.arrays import Flags, Ints
from trailhouse.questions.nodes import Nodes
from trailhouse.questions.rules import Rows, Rules


def cut(
    rules: Rules, rows: Rows, place: Ints, entered: Sequence[Nodes], reached: list[Nodes], reach: Ints
) -> tuple[list[Nodes], Ints]:
    """What ClickHouse's strict modes leave: nothing from the first event on that breaks them."""
    if not (rules.stop_at_other or rules.stop_at_repeat or rules.stop_at_skip):
        return reached, reach
    # Order of events and steps as windowFunnel sorts them: by time, then by step, other events first.
    wide = rules.steps + 1
    never = np.iinfo(np.int64).max

    def keys_of(nodes: Nodes, step: int) -> Ints:
        """Ascending; odd for a further event of the same time and step."""
        again = np.append(False, nodes.place[1:] == nodes.place[:-1])[: len(nodes.place)]
        key: Ints = 2 * (nodes.place * wide + step + 1) + again
        return key

    keys = [keys_of(nodes, step) for step, nodes in enumerate(entered)]
    valid = [keys_of(nodes, step) for step, nodes in enumerate(reached)]
    end = np.full(len(reach), never)
    begun = np.full(len(reach), never)
    np.minimum.at(begun, rows.runner[entered[0].row], keys[0])
    lowest = 2 * place[rows.begins] * wide

    def seen(step: int, runner: Ints, key: Ints) -> Flags:
        """Whether the step was done, by the runner, before the key."""
        at = np.searchsorted(valid[step], key) - 1
        return (at >= 0) & (np.append(valid[step], 0)[at] >= lowest[runner])

    if rules.stop_at_other:
        others = np.flatnonzero(rows.steps == 0)
        runner, key = rows.runner[others], 2 * place[others] * wide
        after = key > begun[runner]
        np.minimum.at(end, runner[after], key[after])
    for step in range(1, rules.steps):
        runner = rows.runner[entered[step].row]
        broken = np.zeros(len(runner), dtype=bool)
        if rules.stop_at_repeat:
            broken |= seen(step, runner, keys[step])
        if rules.stop_at_skip:
            broken |= (keys[step] > begun[runner]) & ~seen(step - 1, runner, keys[step])
        np.minimum.at(end, runner[broken], keys[step][broken])
    kept = [nodes.at(valid[step] < end[rows.runner[nodes.row]]) for step, nodes in enumerate(reached)]
    reach = np.full(len(reach), -1)
    for nodes in kept:
        np.maximum.at(reach, rows.runner[nodes.row], nodes.exit)
    return kept, reach
