"""What events tell: rage, dead, inert and error clicks, thrashed cursors, forms left unsent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from trailhouse.arrays import Ints, codes, flags, ints, known
from trailhouse.settings import Signals
from trailhouse.signals.bursts import Spots, Things, bursts
from trailhouse.signals.chosen import chosen
from trailhouse.signals.clicks import SELECTED_MS
from trailhouse.signals.from_views import Views
from trailhouse.signals.world import Found, World, part

_MS = 1000


def find(world: World, views: Views, settings: Signals) -> Iterator[Found]:
    """The signals of events."""
    clicks = world.rows("click")
    if len(clicks):
        yield from _rages(world, clicks, settings)
        yield from _unanswered(world, views, clicks, settings)
        yield from _errors(world, clicks, settings)
    yield from _thrashed(world, settings)
    yield from _forms(world, views, settings)


def _rages(world: World, clicks: Ints, settings: Signals) -> Iterator[Found]:
    table, at = world.table, world.at[clicks]
    selector, text = (part(table, f"subject.{name}", clicks) for name in ("selector", "text"))
    x, y = (part(table, name, clicks) for name in "xy")
    spots = Spots(ints(x), ints(y), known(x) & known(y), codes(selector), codes(pc.coalesce(text, selector)))
    things = Things(world.view[clicks], at, ~flags(part(table, "subject.allowed", clicks)), spots)
    # Whether a click selected text, as an event soon after it tells.
    soon = world.next_at(clicks, "selection") - at <= SELECTED_MS * _MS
    selected = np.append(0, np.cumsum(soon & ~flags(part(table, "subject.touch", clicks))))
    for one in chosen(settings, "rage_click"):
        first, last = bursts(things, one.rule)
        no_text = selected[last + 1] == selected[first]
        first, last = first[no_text], last[no_text]
        row = clicks[first]
        yield Found(one, row, row, at[first], at[last], last - first + 1, row)


def _unanswered(world: World, views: Views, clicks: Ints, settings: Signals) -> Iterator[Found]:
    """Dead and inert clicks: judged only where the tracker would tell of what the click changed."""
    inert = part(world.table, "subject.inert", clicks)
    # Null where the click is not to be judged.
    judged = known(inert)
    clicks, of_inert = clicks[judged], flags(inert)[judged]
    at = world.at[clicks]
    answer = world.next_at(clicks, "error", "selection", "form", "answer")
    waited = np.minimum(answer, views.opened_beside(clicks)) - at
    for kind, of_kind in (("dead_click", ~of_inert), ("inert_click", of_inert)):
        for one in chosen(settings, kind):
            silent = of_kind & (waited > one.rule.ms * _MS)
            row, time = clicks[silent], at[silent]
            yield Found(one, row, row, time, time, subject=row, needs="mutations")


def _errors(world: World, clicks: Ints, settings: Signals) -> Iterator[Found]:
    at, error = world.at[clicks], world.next_at(clicks, "error")
    for one in chosen(settings, "error_click"):
        soon = error - at <= one.rule.ms * _MS
        row = clicks[soon]
        yield Found(one, row, row, at[soon], error[soon], subject=row)


def _thrashed(world: World, settings: Signals) -> Iterator[Found]:
    """A turn: where the pointer, moving on from a row, comes to and turns by over 90 degrees."""
    moves = world.rows("move")
    view = world.view[moves]
    by_x, by_y = (np.diff(ints(part(world.table, name, moves))) for name in "xy")
    way = np.flatnonzero((view[1:] == view[:-1]) & ((by_x != 0) | (by_y != 0)))
    by_x, by_y = by_x[way], by_y[way]
    back = by_x[1:] * by_x[:-1] + by_y[1:] * by_y[:-1] < 0
    turns = way[:-1][back & (view[way[1:]] == view[way[:-1]])]
    begun, come = moves[turns], moves[turns + 1]
    moment = world.at[come]
    things = Things(world.view[begun], moment, np.ones(len(turns), dtype=bool))
    for one in chosen(settings, "thrashed_cursor"):
        first, last = bursts(things, one.rule)
        yield Found(one, begun[first], come[first], moment[first], moment[last], last - first + 1)


def _forms(world: World, views: Views, settings: Signals) -> Iterator[Found]:
    begun = world.first_of_view("form")[world.view[views.rows]]
    for one in chosen(settings, "form_abandonment"):
        # Without the tracker's word: where it would have told of an outcome.
        for outcome, needs in (("abandoned", None), ("started", "form_outcomes")):
            left = flags(pc.equal(views.form_outcome, outcome)) & (begun >= 0)
            event = begun[left]
            start, end = world.at[event], views.end[left]
            yield Found(one, views.rows[left], event, start, end, subject=event, needs=needs)
