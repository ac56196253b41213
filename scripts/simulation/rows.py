"""Events as a table of arrays, and what any view brings with it: heartbeats, scrolling, a moving pointer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kinds import KIND

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass
class Events:
    """All events, true and whole: one row an event.

    `time` is ms since the epoch; `text` points into the journal's scripted events (-1 = not one of them);
    `sequence` counts a device's events in order of time.
    """

    time: Ints
    view: Ints
    kind: Ints
    x: Ints
    y: Ints
    element: Ints
    text: Ints
    ident: Ints
    device: Ints
    server: NDArray[np.bool_]
    sequence: Ints
    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)


def message_ids(rng: np.random.Generator, count: int) -> list[str]:
    """Random UUID-like strings, unique for all purposes (122 random bits)."""
    raw = rng.integers(0, 256, (count, 16), np.uint8)
    digits = np.empty((count, 36), np.uint8)
    places = [i for i in range(36) if i not in (8, 13, 18, 23)]
    digits[:, [8, 13, 18, 23]] = ord("-")
    digits[:, places[0::2]] = HEX[raw >> 4]
    digits[:, places[1::2]] = HEX[raw & 15]
    text = digits.tobytes().decode("ascii")
    return [text[i : i + 36] for i in range(0, 36 * count, 36)]


class Rows:
    """Blocks of rows under construction."""

    def __init__(self) -> None:
        self.blocks: list[tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]] = []

    def add(
        self,
        view: Ints,
        offset: Ints,
        kind: int | Ints,
        x: int | Ints = 0,
        y: int | Ints = 0,
        element: int | Ints = 0,
        text: int | Ints = -1,
    ) -> None:
        def full(v: int | Ints) -> Ints:
            return np.broadcast_to(np.asarray(v, np.int64), view.shape)

        self.blocks.append((view, offset, full(kind), full(x), full(y), full(element), full(text)))

    def columns(self) -> list[Ints]:
        return [np.concatenate(parts) for parts in zip(*self.blocks, strict=True)]


def sequence_of(device: Ints, time: Ints) -> Ints:
    """Number of each event among its device's, from 1, in order of time."""
    order = np.lexsort((time, device))
    sequence = np.empty(len(order), np.int64)
    ordered = device[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[first, len(order)])
    sequence[order] = np.arange(len(order)) - np.repeat(first, counts) + 1
    return sequence


def repeat(counts: Ints) -> tuple[Ints, Ints]:
    """View of each row, and the row's number (from 0) within its view."""
    view = np.repeat(np.arange(len(counts)), counts)
    return view, np.arange(len(view)) - np.repeat(np.cumsum(counts) - counts, counts)


def add_heartbeats(rows: Rows, engaged: Ints) -> None:
    """A beat every ten seconds of each view's engaged ms."""
    view, k = repeat(np.maximum(engaged - 1, 0) // 10_000)
    rows.add(view, (k + 1) * 10_000, KIND["heartbeat"])


def add_scrolls(rng: np.random.Generator, rows: Rows, browse: Ints, engaged: Ints, reach: Ints) -> None:
    """Some scrolling, ever deeper, of views that have `reach` px to scroll."""
    window = np.maximum(engaged - browse - 1500, 0)
    count = np.where(window > 0, rng.poisson(1.5, len(window)), 0)
    view, k = repeat(count)
    at = (k + rng.random(len(view))) / count[view]  # in order of time
    deep = np.minimum(1.0, 0.15 + at * rng.beta(2, 2, len(view)) * 1.3)
    rows.add(
        view,
        browse[view] + (window[view] * at).astype(np.int64),
        KIND["scroll"],
        y=(reach[view] * deep).astype(np.int64),
    )


def add_moves(
    rng: np.random.Generator,
    rows: Rows,
    browse: Ints,
    engaged: Ints,
    layout: Ints,
    width: Ints,
    height: Ints,
) -> None:
    """Places where a mouse rests, on layout 0."""
    window = np.maximum(engaged - browse - 1000, 0)
    view, _ = repeat(np.where((layout == 0) & (window > 0), rng.poisson(1.3, len(window)), 0))
    rows.add(
        view,
        browse[view] + (window[view] * rng.random(len(view))).astype(np.int64),
        KIND["mouse_move"],
        x=(width[view] * rng.random(len(view))).astype(np.int64),
        y=(height[view] * rng.random(len(view))).astype(np.int64),
    )
