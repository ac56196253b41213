"""From a story to one journal and one table of events, with times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..journal import NEVER, Journal
from ..kinds import KIND
from ..rows import Events, Ints, Rows, add_heartbeats, add_moves, add_scrolls, message_ids, sequence_of
from .app import HOST, RELEASES, SITE
from .billing import Message
from .scene import Scene


@dataclass
class Assembled:
    """The journal and events that deliveries are made of, and when each episode began."""

    journal: Journal
    events: Events
    episode_start: Ints
    """By episode, ms since the epoch."""
    episode_visit: Ints
    person: Ints
    """By event."""


@dataclass
class _Views:
    """Columns by view, in the order of their numbers."""

    visit: Ints
    start: Ints
    """ms since the visit's start, as for `dwell`."""
    dwell: Ints
    template: Ints
    roams: Ints


def assemble(rng: np.random.Generator, scene: Scene, messages: list[Message]) -> Assembled:
    """Give everything its time."""
    story, visits, cast = scene.story, scene.visits, scene.cast
    episodes, views, told = story.episodes.columns(), story.views.columns(), story.events.columns()
    offset, length = _offsets(episodes, len(visits))
    login = _logins(scene, offset)
    seen = _views(views, episodes["visit"], offset, length)
    journal = _journal(scene, seen, views, length, login)

    rows = Rows()
    number = np.arange(len(seen.visit))
    rows.add(number, np.zeros_like(number), KIND["page_view"])
    add_heartbeats(rows, seen.dwell)
    device = visits.device[seen.visit]
    size = np.array([d.browser.viewport for d in cast.devices], np.int64)[device]
    layout = cast.layout[device]
    free = np.where(seen.roams > 0, seen.dwell, 0)
    reach = np.maximum(SITE.heights[seen.template, layout] - size[:, 1], 1).astype(np.int64)
    after = np.full_like(free, 700)
    add_scrolls(rng, rows, after, free, reach)
    add_moves(rng, rows, after, free, layout, size[:, 0], size[:, 1])
    at = offset[told["episode"]] + told["at"] - seen.start[told["view"]]
    rows.add(told["view"], at, told["kind"], told["x"], told["y"], told["element"], told["text"])

    view, at, kind, x, y, element, text = rows.columns()
    of = seen.visit[view]
    relative = seen.start[view] + at
    ident = np.where(
        relative >= login[of],
        cast.signed_in[visits.device[of]],
        np.array([d.anonymous for d in cast.devices])[visits.device[of]],
    )
    time = scene.start_ms + visits.start[of] + relative
    client = len(view)
    billed = _billed(scene, messages, journal)

    def with_server(column: Ints, name: str) -> Ints:
        return np.concatenate([column, billed[name]])

    nothing = np.zeros(len(messages), np.int64)
    time, devices = with_server(time, "time"), with_server(visits.device[of], "device")
    events = Events(
        time,
        with_server(view, "view"),
        with_server(kind, "kind"),
        np.concatenate([x, nothing]),
        np.concatenate([y, nothing]),
        np.concatenate([element, nothing]),
        with_server(text, "text"),
        with_server(ident, "ident"),
        devices,
        np.arange(len(time)) >= client,
        sequence_of(devices, time),
        message_ids(rng, len(time)),
    )
    journal.event_tail = [*story.texts, *(tail for *_, tail in messages)]
    start = scene.start_ms + visits.start[episodes["visit"]] + offset
    return Assembled(journal, events, start, episodes["visit"], with_server(visits.person[of], "person"))


def _offsets(episodes: dict[str, Ints], visits: int) -> tuple[Ints, Ints]:
    """When each episode begins after its visit did, and how long each visit lasts (ms).

    Episodes are closed in the order in which they were numbered.
    """
    order = np.lexsort((episodes["place"], episodes["visit"]))
    visit, length = episodes["visit"][order], episodes["length"][order]
    end = np.cumsum(length)
    first = np.flatnonzero(np.r_[True, visit[1:] != visit[:-1]])
    base = np.repeat((end - length)[first], np.diff(np.r_[first, len(visit)]))
    offset = np.empty_like(length)
    offset[order] = end - length - base
    whole = np.zeros(visits, np.int64)
    np.add.at(whole, visit, length)
    return offset, whole


def _logins(scene: Scene, offset: Ints) -> Ints:
    """By visit: from when on messages carry the user id, ms since the visit's start."""
    visits, logins = scene.visits, scene.story.logins.columns()
    member = scene.cast.account[visits.person] >= 0
    found = np.where(member, -NEVER, NEVER)
    of = scene.story.episodes.columns()["visit"][logins["episode"]]
    found[of] = offset[logins["episode"]] + logins["at"]
    return found


def _views(views: dict[str, Ints], visit_of: Ints, offset: Ints, length: Ints) -> _Views:
    visit = visit_of[views["episode"]]
    start = offset[views["episode"]] + views["at"]
    order = np.lexsort((start, visit))
    following = np.empty_like(start)
    same = np.r_[visit[order][1:] == visit[order][:-1], False]
    following[order] = np.where(same, np.r_[start[order][1:], 0], length[visit[order]])
    return _Views(visit, start, following - start, views["template"], views["roams"])


def _journal(scene: Scene, seen: _Views, views: dict[str, Ints], length: Ints, login: Ints) -> Journal:
    story, visits, cast = scene.story, scene.visits, scene.cast
    journal = Journal(SITE)
    journal.visit_device = visits.device.tolist()
    journal.visit_start = (scene.start_ms + visits.start).tolist()
    journal.visit_end = length.tolist()
    journal.visit_release = [RELEASES[r] for r in scene.release().tolist()]
    places = [story.addresses[a] for a in views["address"].tolist()]
    journal.view_visit, journal.view_start = seen.visit.tolist(), seen.start.tolist()
    journal.view_template, journal.view_dwell = seen.template.tolist(), seen.dwell.tolist()
    journal.view_path = [path for path, _, _ in places]
    journal.view_search = [search for _, search, _ in places]
    journal.view_title = [title for _, _, title in places]
    journal.view_navigation = [("link", "back_forward")[back] for back in views["navigation"].tolist()]
    journal.view_tab = (4 * seen.visit).tolist()
    came = views["referrer"].tolist()
    order = np.lexsort((seen.start, seen.visit)).tolist()
    referrers = [""] * len(order)
    for one, after in zip(order, order[1:], strict=False):
        if journal.view_visit[one] == journal.view_visit[after]:
            referrers[after] = f"{HOST}{journal.view_path[one]}{journal.view_search[one]}"
    outside = story.landings
    journal.view_referrer = [outside[k][0] if k >= 0 else r for k, r in zip(came, referrers, strict=True)]
    journal.view_campaign = [outside[k][1] if k >= 0 else "" for k in came]
    account = np.where(seen.start >= login[seen.visit], cast.account[visits.person[seen.visit]], -1)
    journal.view_account = ["" if a < 0 else cast.account_id(a) for a in account.tolist()]
    return journal


def _billed(scene: Scene, messages: list[Message], journal: Journal) -> dict[str, Ints]:
    """Columns of what the server tells; each account gets a visit and view that nobody sees."""
    cast, texts = scene.cast, len(scene.story.texts)
    account = np.array([m[0] for m in messages], np.int64)
    at = np.array([m[1] for m in messages], np.int64)
    accounts, of = np.unique(account, return_inverse=True)
    owners = cast.owners[accounts]
    first_view = len(journal.view_visit)
    for owner, start in zip(owners.tolist(), scene.subscriptions.trial[accounts].tolist(), strict=True):
        visit = journal.add_visit(cast.devices[cast.device_of[owner, 0]], -1, True)
        journal.visit_start[visit] = scene.start_ms + start
        journal.add_view(visit, 0, "billing", "/billing", "Billing", seen=False)
    ident = np.array([cast.idents.add(None, cast.user_id(p)) for p in owners.tolist()], np.int64)
    return {
        "time": scene.start_ms + at,
        "view": first_view + of,
        "kind": np.array([KIND[m[2]] for m in messages], np.int64),
        "text": texts + np.arange(len(messages)),
        "ident": ident[of],
        "device": cast.device_of[owners[of], 0],
        "person": owners[of],
    }
