"""Three ways to say what comes next, over plain numbers; each sees a person's history as items with weights.

- **Popularity**: what most others cared for, the same for everyone.
- **Co-visits**: what goes together with the items of the history, by the cosine of persons who had both.
  M. Deshpande, G. Karypis (2004), Item-based top-N recommendation algorithms, ACM TOIS 22(1).
- **ALS**: factors of items by alternating least squares of implicit feedback. Y. Hu, Y. Koren, C. Volinsky
  (2008), Collaborative filtering for implicit feedback datasets, ICDM. A person's own factors are solved from
  the history, and each item's part of a score is known exactly (their section 5).

Items are numbered from the most popular on, so that of equal scores the lower number comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from trailhouse.arrays import Ints

Floats = NDArray[np.float64]
PLACES = 6
HISTORY = 200
"""Items of a history that count at most: those of most weight."""


class Model(Protocol):
    """What the next items of a history are made by."""

    @property
    def name(self) -> str: ...

    def parts(self, items: Ints, weights: Floats) -> Floats:
        """What each item of a history adds to the score of every item: history x catalogue."""
        ...


@dataclass(frozen=True)
class Popularity:
    shares: Floats
    """By item: the share of all persons who had it, lately ones for more."""
    name: str = "popularity"

    def parts(self, items: Ints, weights: Floats) -> Floats:
        return self.shares[None, :]


@dataclass(frozen=True)
class CoVisits:
    cosines: csr_array = field(repr=False)
    """items x items, symmetric, nothing on the diagonal."""
    name: str = "co_visits"

    def parts(self, items: Ints, weights: Floats) -> Floats:
        found: Floats = self.cosines[items].toarray() * weights[:, None]
        return found


@dataclass(frozen=True)
class Factorised:
    factors: Floats = field(repr=False)
    """items x rank."""
    confidence: float
    penalty: float
    name: str = "als"

    def parts(self, items: Ints, weights: Floats) -> Floats:
        own, more = self.factors[items], self.confidence * weights
        system = self._gram + (own * more[:, None]).T @ own
        system += self.penalty * len(items) * np.eye(own.shape[1])
        solved = np.linalg.solve(system, (own * (1 + more)[:, None]).T)
        found: Floats = solved.T @ self.factors.T
        return found

    @property
    def _gram(self) -> Floats:
        found: Floats = self.factors.T @ self.factors
        return found


@dataclass(frozen=True)
class Next:
    """One recommended item of a history, by number; `why` is the item of the history that adds most."""

    item: int
    score: float
    why: int | None


def cosines(pairs: Sequence[tuple[int, int, int]], persons: Ints) -> csr_array:
    """items x items: persons of both / square root of persons of each; `persons` by item.

    `pairs` are (item, greater item, persons of both), each once.
    """
    a, b, both = (
        np.array(part, dtype=np.int64) for part in (zip(*pairs, strict=True) if pairs else ((),) * 3)
    )
    values = both / np.sqrt(persons[a] * persons[b])
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    size = len(persons)
    return csr_array((np.concatenate([values, values]), (rows, columns)), shape=(size, size))


def next_items(model: Model, history: Sequence[tuple[int, float]], limit: int) -> list[Next]:
    """The best `limit` items that are not in the history (item, weight), best first.

    Scores are rounded before they are compared; ties go to the more popular item. An item on which the
    history has nothing to say has no `why`.
    """
    known = sorted(sorted(history, key=lambda one: (-one[1], one[0]))[:HISTORY])
    items = np.array([item for item, _ in known], dtype=np.int64)
    parts = model.parts(items, np.array([weight for _, weight in known], dtype=np.float64))
    scores = np.round(parts.sum(axis=0), PLACES) + 0.0  # no minus 0
    free = np.ones(len(scores), dtype=bool)
    free[[item for item, _ in history]] = False
    candidates = np.flatnonzero(free)
    best = candidates[np.argsort(-scores[candidates], kind="stable")[:limit]]
    speaks = model.name != "popularity" and len(items) > 0
    found = []
    for item in best:
        most = int(np.argmax(np.round(parts[:, item], PLACES))) if speaks else None
        adds = most is not None and np.round(parts[most, item], PLACES) > 0
        found.append(
            Next(int(item), float(scores[item]), int(items[most]) if adds and most is not None else None)
        )
    return found
