"""From views to events, vectorised: page views, heartbeats, clicks with mutations, scrolls, mouse moves.

The result is one table of arrays, sorted by nothing in particular; `wire` turns rows into lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import site
from .journal import Journal
from .kinds import KIND
from .people import Population

Ints = NDArray[np.int64]
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


class _Rows:
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


def build_events(rng: np.random.Generator, population: Population, journal: Journal) -> Events:
    """Expand the journal into events."""
    visit = np.array(journal.view_visit, np.int64)
    template = np.array(journal.view_template, np.int64)
    dwell = np.array(journal.view_dwell, np.int64)
    browse = np.array(journal.view_browse, np.int64)
    engaged = np.minimum(np.array(journal.view_engaged, np.int64), dwell)
    device_of_visit = np.array(journal.visit_device, np.int64)
    layout_of_device = np.array([d.browser.layout for d in population.devices], np.int64)
    screen_of_device = np.array([d.browser.library != "analytics.js" for d in population.devices])
    size_of_device = np.array([d.browser.viewport for d in population.devices], np.int64)
    device = device_of_visit[visit]
    layout, width, height = layout_of_device[device], *size_of_device[device].T
    document = site.HEIGHTS[template, layout].astype(np.int64)

    rows = _Rows()
    seen = np.flatnonzero(np.array(journal.view_seen))
    rows.add(
        seen,
        np.zeros_like(seen),
        np.where(screen_of_device[device[seen]], KIND["screen_view"], KIND["page_view"]),
    )
    _heartbeats(rows, engaged)
    _clicks(rng, rows, browse, engaged, template, layout)
    _leading_clicks(rng, rows, np.array(journal.view_leads_on), dwell, template, layout)
    _scrolls(rng, rows, browse, engaged, np.maximum(document - height, 1))
    _moves(rng, rows, browse, engaged, layout, width, height)
    rows.add(
        np.array(journal.event_view, np.int64),
        np.array(journal.event_offset, np.int64),
        np.array(journal.event_kind, np.int64),
        text=np.arange(len(journal.event_view)),
    )

    view, offset, kind, x, y, element, text = rows.columns()
    relative = np.array(journal.view_start, np.int64)[view] + offset
    of_visit = visit[view]
    time = np.array(journal.visit_start, np.int64)[of_visit] + relative
    signed_in = (relative >= np.array(journal.visit_login_at, np.int64)[of_visit]) & (
        relative < np.array(journal.visit_logout_at, np.int64)[of_visit]
    )
    ident = np.where(
        signed_in,
        np.array(journal.visit_user, np.int64)[of_visit],
        np.array(journal.visit_anonymous, np.int64)[of_visit],
    )
    own = np.append(np.array(journal.event_ident, np.int64), -1)[text]
    ident = np.where(own >= 0, own, ident)
    server = np.append(np.array(journal.event_server, bool), False)[text]
    device = device_of_visit[of_visit]
    return Events(
        time,
        view,
        kind,
        x,
        y,
        element,
        text,
        ident,
        device,
        server,
        _sequence(device, time),
        message_ids(rng, len(time)),
    )


def _sequence(device: Ints, time: Ints) -> Ints:
    order = np.lexsort((time, device))
    sequence = np.empty(len(order), np.int64)
    ordered = device[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[first, len(order)])
    sequence[order] = np.arange(len(order)) - np.repeat(first, counts) + 1
    return sequence


def _repeat(counts: Ints) -> tuple[Ints, Ints]:
    """View of each row, and the row's number (from 0) within its view."""
    view = np.repeat(np.arange(len(counts)), counts)
    return view, np.arange(len(view)) - np.repeat(np.cumsum(counts) - counts, counts)


def _heartbeats(rows: _Rows, engaged: Ints) -> None:
    view, k = _repeat(np.maximum(engaged - 1, 0) // 10_000)
    rows.add(view, (k + 1) * 10_000, KIND["heartbeat"])


def _clicks(
    rng: np.random.Generator, rows: _Rows, browse: Ints, engaged: Ints, template: Ints, layout: Ints
) -> None:
    """Ordinary clicks: one in each of n equal slots of at least 4 s, so that two are 1.6 s apart or more."""
    window = np.maximum(engaged - browse - 4000, 0)
    count = np.minimum(rng.poisson(0.8, len(window)), window // 4000)
    view, k = _repeat(count)
    slot = window[view] / count[view]
    offset = (browse[view] + 1000 + slot * (k + 0.2 + 0.6 * rng.random(len(view)))).astype(np.int64)
    choices = max(len(c) for c in site.PLAIN_ELEMENTS)
    table = np.array([[c[i % len(c)] for i in range(choices)] for c in site.PLAIN_ELEMENTS])
    element = site.ELEMENT_BASE[template[view]] + table[template[view], rng.integers(0, choices, len(view))]
    box = site.BOXES[layout[view], element].astype(np.int64)
    x = box[:, 0] + (rng.random(len(view)) * box[:, 2]).astype(np.int64)
    y = box[:, 1] + (rng.random(len(view)) * box[:, 3]).astype(np.int64)
    rows.add(view, offset, KIND["click"], x, y, element.astype(np.int64))
    rows.add(view, offset + rng.integers(20, 600, len(view)), KIND["mutation"])


def _leading_clicks(
    rng: np.random.Generator,
    rows: _Rows,
    leads_on: NDArray[np.bool_],
    dwell: Ints,
    template: Ints,
    layout: Ints,
) -> None:
    """The click on the link to the next page."""
    view = np.flatnonzero(leads_on)
    element = site.ELEMENT_BASE[template[view]].astype(np.int64)
    box = site.BOXES[layout[view], element].astype(np.int64)
    x = box[:, 0] + (rng.random(len(view)) * box[:, 2]).astype(np.int64)
    y = box[:, 1] + (rng.random(len(view)) * box[:, 3]).astype(np.int64)
    rows.add(view, dwell[view] - rng.integers(200, 700, len(view)), KIND["click"], x, y, element)


def _scrolls(rng: np.random.Generator, rows: _Rows, browse: Ints, engaged: Ints, reach: Ints) -> None:
    window = np.maximum(engaged - browse - 1500, 0)
    count = np.where(window > 0, rng.poisson(1.5, len(window)), 0)
    view, k = _repeat(count)
    at = (k + rng.random(len(view))) / count[view]  # in order of time
    deep = np.minimum(1.0, 0.15 + at * rng.beta(2, 2, len(view)) * 1.3)
    rows.add(
        view,
        browse[view] + (window[view] * at).astype(np.int64),
        KIND["scroll"],
        y=(reach[view] * deep).astype(np.int64),
    )


def _moves(
    rng: np.random.Generator,
    rows: _Rows,
    browse: Ints,
    engaged: Ints,
    layout: Ints,
    width: Ints,
    height: Ints,
) -> None:
    window = np.maximum(engaged - browse - 1000, 0)
    view, _ = _repeat(np.where((layout == 0) & (window > 0), rng.poisson(1.3, len(window)), 0))
    rows.add(
        view,
        browse[view] + (window[view] * rng.random(len(view))).astype(np.int64),
        KIND["mouse_move"],
        x=(width[view] * rng.random(len(view))).astype(np.int64),
        y=(height[view] * rng.random(len(view))).astype(np.int64),
    )
