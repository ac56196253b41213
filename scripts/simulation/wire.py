"""Lines and files: Segment's JSON, gzipped, in folders by the UTC day of receipt.

Only what differs from row to row is formatted a row; what is the same within a view, an ident or a kind
of event is a ready piece of JSON, and all times are written by numpy.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from . import faults
from .devices import Device, Idents
from .faults import Deliveries
from .journal import Journal
from .kinds import KIND, KINDS
from .rows import Events, Ints

DAY = 86_400_000
PART_ROWS = 60_000
_TIME_PIECES = ('","originalTimestamp":"', '","sentAt":"', '","receivedAt":"', '","timestamp":"', '",')
_SERVER = '"channel":"server","context":{"library":{"name":"analytics-node","version":"2.1.0"}}'


def view_id(view: int) -> str:
    """The id that the tracker gives to a view."""
    return f"v-{view:08x}"


def iso(ms: Ints) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """ISO-8601 with milliseconds and Z, as a matrix of 24 ASCII codes a row."""
    out = np.empty((len(ms), 24), np.uint8)
    days, inverse = np.unique(ms // DAY, return_inverse=True)
    names = np.datetime_as_string(days.astype("datetime64[D]")).astype("S10")
    out[:, :10] = np.frombuffer(names.tobytes(), np.uint8).reshape(-1, 10)[inverse]
    out[:, 10], out[:, 13], out[:, 16], out[:, 19], out[:, 23] = (ord(c) for c in "T::.Z")
    rest = ms % DAY
    digits = (
        (11, 36_000_000, 10),
        (12, 3_600_000, 10),
        (14, 600_000, 6),
        (15, 60_000, 10),
        (17, 10_000, 6),
        (18, 1000, 10),
        (20, 100, 10),
        (21, 10, 10),
        (22, 1, 10),
    )
    for place, unit, base in digits:
        out[:, place] = 48 + rest // unit % base
    return out


def time_blocks(original: Ints, sent: Ints, received: Ints) -> list[str]:
    """The four times of each message as one piece of JSON; `timestamp` is corrected as Segment does it."""
    columns = (original, sent, received, original + (received - sent))
    parts = []
    for piece, column in zip(_TIME_PIECES, columns, strict=False):
        parts += [
            np.broadcast_to(np.frombuffer(piece.encode(), np.uint8), (len(original), len(piece))),
            iso(column),
        ]
    parts.append(np.broadcast_to(np.frombuffer(_TIME_PIECES[-1].encode(), np.uint8), (len(original), 2)))
    block = np.hstack(parts)
    text, width = block.tobytes().decode("ascii"), block.shape[1]
    return [text[i : i + width] for i in range(0, len(text), width)]


class Writer:
    """Turns deliveries into lines."""

    def __init__(self, devices: list[Device], idents: Idents, journal: Journal, events: Events) -> None:
        self.journal, self.events = journal, events
        self.kinds = [f'"type":"{kind}",' + (f'"event":"{name}",' if name else "") for _, kind, name in KINDS]
        self.idents = [
            ("" if a is None else f'"anonymousId":"{a}",') + ("" if u is None else f'"userId":"{u}",')
            for a, u in idents.raw
        ]
        self.contexts, self.pages = self._views(devices)
        self.layouts = [d.browser.layout for d in devices]

    def _views(self, devices: list[Device]) -> tuple[list[str], list[str]]:
        journal, site, contexts, pages = self.journal, self.journal.site, [], []
        heads, tails = [], []
        for d in devices:
            b = d.browser
            heads.append(
                f'"context":{{"library":{{"name":"{b.library}","version":"4.4.1"}},'
                f'"userAgent":"{b.user_agent}","locale":"{d.locale}","ip":"{d.ip}",'
                f'"app":{{"name":"{site.app}","version":"'
            )
            sizes = f'"viewport":{{"width":{b.viewport[0]},"height":{b.viewport[1]}}}'
            tails.append((sizes, b.viewport[0], b.layout, b.library != "analytics.js"))
        rows = zip(
            journal.view_visit,
            journal.view_template,
            journal.view_path,
            journal.view_search,
            journal.view_title,
            journal.view_referrer,
            journal.view_campaign,
            journal.view_navigation,
            journal.view_tab,
            journal.view_account,
            strict=True,
        )
        heights = site.heights.tolist()
        for view, (
            visit, template, path, search, title, referrer, campaign, navigation, tab, account
        ) in enumerate(rows):  # fmt: skip
            device = journal.visit_device[visit]
            sizes, width, layout, screen = tails[device]
            page = (
                f'"url":"{site.host}{path}{search}","path":"{path}","title":"{title}","referrer":"{referrer}",'
                f'"search":"{search}"'
            )
            contexts.append(
                f'{heads[device]}{journal.visit_release[visit]}"}},{sizes},"page":{{{page},"viewId":"{view_id(view)}","navigationType":"{navigation}"}},'
                f'"sessionId":"s-{visit:07x}","tabId":"t-{tab:x}",'
                f'"document":{{"width":{width},"height":{heights[template][layout]}}},'
                + (f'"campaign":{campaign},' if campaign else "")
                + (f'"groupId":"{account}",' if account else "")
                + '"sequence":'
            )
            pages.append(
                f',"name":"{title}","properties":{{"name":"{title}"}}'
                if screen
                else f',"name":"{title}","properties":{{{page}}}'
            )
        return contexts, pages

    def lines(self, deliveries: Deliveries, rows: Ints) -> list[str]:
        """The lines of some rows, in their order, without line ends."""
        e, d = self.events, deliveries
        of = d.event[rows]
        columns = zip(
            rows.tolist(),
            time_blocks(d.original[rows], d.sent[rows], d.received[rows]),
            d.fate[rows].tolist(),
            e.view[of].tolist(),
            e.kind[of].tolist(),
            e.x[of].tolist(),
            e.y[of].tolist(),
            e.element[of].tolist(),
            e.text[of].tolist(),
            e.ident[of].tolist(),
            e.device[of].tolist(),
            e.server[of].tolist(),
            e.sequence[of].tolist(),
            strict=True,
        )
        click, scroll, move = KIND["click"], KIND["scroll"], KIND["mouse_move"]
        views = (KIND["page_view"], KIND["screen_view"])
        texts, contexts, pages, kinds, idents = (
            self.journal.event_tail,
            self.contexts,
            self.pages,
            self.kinds,
            self.idents,
        )
        click_tails, layouts, ids = self.journal.site.click_tails, self.layouts, d.ids
        out: list[str] = []
        for row, times, fate, view, kind, x, y, element, text, ident, device, server, sequence in columns:
            if text >= 0:
                tail = texts[text]
            elif kind == click:
                tail = f',"properties":{{"x":{x},"y":{y},{click_tails[layouts[device]][element]}}}'
            elif kind == scroll:
                tail = f',"properties":{{"offset":{y}}}'
            elif kind == move:
                tail = f',"properties":{{"x":{x},"y":{y},"selector":"main"}}'
            elif kind in views:
                tail = pages[view]
            else:
                tail = ',"properties":{}'
            if fate == faults.CONFLICTING:
                tail = ',"properties":{"second_version":true}'
            context = _SERVER if server else f"{contexts[view]}{sequence}}}"
            line = f'{{"messageId":"{ids[row]}{times}{idents[ident]}{kinds[kind]}{context}{tail}}}'
            if fate >= faults.FIRST_QUARANTINED:
                line = faults.damage(faults.QUARANTINED[fate - faults.FIRST_QUARANTINED], line, ids[row])
            out.append(line)
        return out


def write(
    rng: np.random.Generator, out: Path, writer: Writer, deliveries: Deliveries, split: int
) -> dict[str, int]:
    """Write all files below `out`; returns counts of files, lines, bytes and lines out of order.

    With `split` > 1 the files lie in as many folders `delivery-00`, ...: each holds a range of days,
    and a tenth of all lines strays into some other one.
    """
    d = deliveries
    day = d.received // DAY
    first, last = int(day.min()), int(day.max())
    folder = (day - first) * split // (last - first + 1)
    stray = rng.random(len(day)) < 0.1
    folder = np.where(stray, rng.integers(0, split, len(day)), folder)
    key = faults.disorder(rng, d.received)
    part, _ = _parts(d, day)
    counts = {"files": 0, "lines": 0, "bytes": 0, "out_of_order": 0}
    order = np.lexsort((key, part, day, folder))
    place = np.stack([folder, day, part])[:, order]
    edges = np.flatnonzero(np.r_[True, (place[:, 1:] != place[:, :-1]).any(axis=0), True])
    number: dict[tuple[int, int], int] = {}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = order[start:stop]
        in_folder, of_day = int(place[0, start]), int(place[1, start])
        n = number.get((in_folder, of_day), 0)
        number[in_folder, of_day] = n + 1
        base = out / f"delivery-{in_folder:02d}" if split > 1 else out
        path = base / f"dt={np.datetime64(of_day, 'D')}" / f"part-{n:04d}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([*writer.lines(d, rows), ""])
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: a gzip header, whose time is 0
        raw = text.encode("ascii")
        path.write_bytes(packer.compress(raw) + packer.flush())
        received = d.received[rows]
        counts["files"] += 1
        counts["lines"] += len(rows)
        counts["bytes"] += len(raw)
        counts["out_of_order"] += int((received < np.maximum.accumulate(received)).sum())
    return counts


def _parts(d: Deliveries, day: Ints) -> tuple[Ints, int]:
    """Part of its day's files for each row: by time of receipt, at least two a day."""
    part = np.zeros(len(day), np.int64)
    order = np.lexsort((d.received, day))
    edges = np.flatnonzero(np.r_[True, np.diff(day[order]) != 0, True])
    counts = np.ones(len(day), np.int64)
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        parts = max(2, -(-int(stop - start) // PART_ROWS))
        part[order[start:stop]] = np.arange(stop - start) * parts // (stop - start)
        counts[order[start:stop]] = parts
    kept = np.flatnonzero(d.fate == faults.KEPT)
    part_of_event = np.empty(len(kept), np.int64)
    part_of_event[d.event[kept]] = part[kept]
    same = d.fate == faults.SAME_FILE
    part[same] = part_of_event[d.event[same]]
    other = d.fate == faults.OTHER_FILE
    part[other] = (part_of_event[d.event[other]] + 1) % counts[other]
    return part, int(counts.max())
