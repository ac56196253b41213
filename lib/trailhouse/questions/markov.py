"""The engine of the Markov model: what each touch is worth to a chain of visits.

E. Anderl, I. Becker, F. von Wangenheim, J. H. Schumann (2016), Mapping the customer journey: lessons
learned from graph-based online attribution modeling, International Journal of Research in Marketing
33(3). The chain is of first order. The removal effect of a touch is the share of the conversions that
is lost when whoever would come to it leaves instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from pyspark.sql import DataFrame

from trailhouse.contract import Column
from trailhouse.from_counts import Row, from_counts

START, TOUCH, CONVERSION, NOTHING = range(4)
"""Kinds of states; a touch has a name, too."""
State = tuple[int, str]
PRECISION = 1_000_000_000
"""Weights are whole billionths: beyond that solvers differ."""


def removal_effects(steps: DataFrame) -> DataFrame:
    """touch, weight (BIGINT, billionths: the removal effect), sorted rows; none without a conversion.

    `steps`: origin and target (STRUCT<kind: INT, touch: STRING>), `number` BIGINT. An engine, on one
    worker: it holds a matrix of all touches, so these are few.
    """
    return from_counts(steps.select("origin", "target", "number"), _WEIGHTS, _weighed)


_WEIGHTS = (
    Column("touch", "STRING", "The touch."),
    Column("weight", "BIGINT", "Its removal effect, billionths."),
)


def _weighed(rows: Iterable[Row]) -> Iterator[Row]:
    steps: dict[tuple[State, State], int] = {}
    for row in rows:
        origin, target = ((row[end]["kind"], row[end]["touch"] or "") for end in ("origin", "target"))
        steps[origin, target] = steps.get((origin, target), 0) + row["number"]
    for touch, weight in weights(steps).items():
        yield {"touch": touch, "weight": weight}


def weights(steps: Mapping[tuple[State, State], int]) -> dict[str, int]:
    """By touch its removal effect in billionths, in the order of names.

    With N the expected visits to each touch from each other, and b the chance to convert from it: taking
    c out loses the walks that come to c and convert from there, N[start, c] / N[c, c] x b[c].
    """
    touches = sorted({name for pair in steps for kind, name in pair if kind == TOUCH})
    place = {name: number for number, name in enumerate(touches)}
    between = np.zeros((len(touches), len(touches)))
    begins, converts, leaves = (np.zeros(len(touches)) for _ in range(3))
    for (origin, target), number in sorted(steps.items()):
        if origin[0] == START and target[0] == TOUCH:
            begins[place[target[1]]] += number
        elif origin[0] == TOUCH and origin != target:  # staying changes no chance of what comes after
            at = place[origin[1]]
            if target[0] == TOUCH:
                between[at, place[target[1]]] += number
            elif target[0] == CONVERSION:
                converts[at] += number
            else:
                leaves[at] += number
    total = between.sum(axis=1) + converts + leaves
    if not converts.any():
        return {}
    visits = np.linalg.inv(np.eye(len(touches)) - between / total[:, None])
    chance = visits @ (converts / total)
    came = (begins / begins.sum()) @ visits
    lost = came / np.diag(visits) * chance
    effect = lost / float((begins / begins.sum()) @ chance)
    return {name: round(float(effect[number]) * PRECISION) for name, number in place.items()}
