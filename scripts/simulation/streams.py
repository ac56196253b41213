"""From the shop's views to events, vectorised: page views, heartbeats, clicks with mutations, scrolls, moves.

The result is one table of arrays, sorted by nothing in particular; `wire` turns rows into lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import site
from .journal import Journal
from .kinds import KIND
from .people import Population
from .rows import Events, Ints, Rows, add_heartbeats, add_moves, add_scrolls, message_ids, repeat, sequence_of


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
    document = site.SITE.heights[template, layout].astype(np.int64)

    rows = Rows()
    seen = np.flatnonzero(np.array(journal.view_seen))
    rows.add(
        seen,
        np.zeros_like(seen),
        np.where(screen_of_device[device[seen]], KIND["screen_view"], KIND["page_view"]),
    )
    add_heartbeats(rows, engaged)
    _clicks(rng, rows, browse, engaged, template, layout)
    _leading_clicks(rng, rows, np.array(journal.view_leads_on), dwell, template, layout)
    add_scrolls(rng, rows, browse, engaged, np.maximum(document - height, 1))
    add_moves(rng, rows, browse, engaged, layout, width, height)
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
        sequence_of(device, time),
        message_ids(rng, len(time)),
    )


def _clicks(
    rng: np.random.Generator, rows: Rows, browse: Ints, engaged: Ints, template: Ints, layout: Ints
) -> None:
    """Ordinary clicks: one in each of n equal slots of at least 4 s, so that two are 1.6 s apart or more."""
    window = np.maximum(engaged - browse - 4000, 0)
    count = np.minimum(rng.poisson(0.8, len(window)), window // 4000)
    view, k = repeat(count)
    slot = window[view] / count[view]
    offset = (browse[view] + 1000 + slot * (k + 0.2 + 0.6 * rng.random(len(view)))).astype(np.int64)
    choices = max(len(c) for c in site.PLAIN_ELEMENTS)
    table = np.array([[c[i % len(c)] for i in range(choices)] for c in site.PLAIN_ELEMENTS])
    element = (
        site.SITE.element_base[template[view]] + table[template[view], rng.integers(0, choices, len(view))]
    )
    box = site.SITE.boxes[layout[view], element].astype(np.int64)
    x = box[:, 0] + (rng.random(len(view)) * box[:, 2]).astype(np.int64)
    y = box[:, 1] + (rng.random(len(view)) * box[:, 3]).astype(np.int64)
    rows.add(view, offset, KIND["click"], x, y, element.astype(np.int64))
    rows.add(view, offset + rng.integers(20, 600, len(view)), KIND["mutation"])


def _leading_clicks(
    rng: np.random.Generator,
    rows: Rows,
    leads_on: NDArray[np.bool_],
    dwell: Ints,
    template: Ints,
    layout: Ints,
) -> None:
    """The click on the link to the next page."""
    view = np.flatnonzero(leads_on)
    element = site.SITE.element_base[template[view]].astype(np.int64)
    box = site.SITE.boxes[layout[view], element].astype(np.int64)
    x = box[:, 0] + (rng.random(len(view)) * box[:, 2]).astype(np.int64)
    y = box[:, 1] + (rng.random(len(view)) * box[:, 3]).astype(np.int64)
    rows.add(view, dwell[view] - rng.integers(200, 700, len(view)), KIND["click"], x, y, element)
