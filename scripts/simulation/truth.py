"""The truth about a world: tables of identifiers, events, sessions and signals, one JSON of the rest.

The pipeline never reads it; tests compare with it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import effects, faults, people, site, wire
from .identity import Identities, resolve
from .kinds import NAMES
from .oracle import OracleEvent, OracleSession, oracle_sessions
from .world import World

MS = pa.timestamp("us", tz="UTC")


@dataclass
class Truth:
    """What is true of a world; lists are by row of `world.events`."""

    identities: Identities
    owners: list[str | None]
    contested: list[bool]
    sessions: list[OracleSession]
    session_of: dict[str, str]


def find(world: World) -> Truth:
    """Resolve identities and sessions of a world's kept events."""
    journal, events = world.journal, world.events
    usable = world.population.idents.usable
    idents: list[int] = events.ident.tolist()
    texts: list[int] = events.text.tolist()
    emails = [value.strip().lower() or None for value in journal.event_email] + [None]
    previous = [value or None for value in journal.event_previous] + [None]
    appearances = {
        (*usable[i], emails[t], previous[t])
        for i, t in zip(idents, texts, strict=True)
        if emails[t] or previous[t]
    }
    appearances |= {(*usable[i], None, None) for i in set(idents)}
    identities = resolve(appearances)
    plain = {i: identities.owner(*usable[i], None) for i in set(idents)}
    owners = [
        identities.owner(*usable[i], emails[t]) if emails[t] else plain[i]
        for i, t in zip(idents, texts, strict=True)
    ]
    contested = [owner in identities.contested for owner in owners]
    sessions = oracle_sessions(
        map(
            OracleEvent,
            events.ids,
            owners,
            (events.time * 1000).tolist(),
            [NAMES[k] for k in events.kind.tolist()],
            events.server.tolist(),
            np.where(events.server, 0, events.sequence).tolist(),
        )
    )
    session_of = {event: s.session for s in sessions for event in s.event_ids}
    return Truth(identities, owners, contested, sessions, session_of)


def write(folder: Path, world: World, files: dict[str, int], arguments: dict[str, object]) -> None:
    """Write all tables of the truth and `truth.json` into a folder."""
    truth = find(world)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "identifiers": identifiers(world, truth),
        "events": events_table(world, truth),
        "sessions": sessions_table(truth),
        "signals": signals(world, truth),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    summary = {
        "arguments": arguments,
        "counts": counts(world, truth, files),
        "planted": dict(sorted(world.journal.planned.items())),
        "effects": effects.measure(world, truth.owners, tables["signals"]),
        "internal": {"network": people.OFFICE_NETWORK, "email_domain": people.OFFICE_DOMAIN},
    }
    (folder / "truth.json").write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")


def identifiers(world: World, truth: Truth) -> pa.Table:
    """One row a usable identifier that kept events show."""
    population = world.population
    human = {("anonymous_id", d.anonymous_id): d.owner for d in population.devices}
    contested_people = set()
    for person in reversed(population.people):
        for kind, value in (("user_id", person.user_id), ("email", person.sends_email)):
            if value:
                human[kind, value.strip().lower() if kind == "email" else value] = person.name
        if person.contested:
            contested_people.add(person.name)
    found = truth.identities
    rows = sorted(found.person)
    return pa.table(
        {
            "id_type": [t for t, _ in rows],
            "id_value": [v for _, v in rows],
            "human": [human[one] for one in rows],
            "observable": [found.person[one] for one in rows],
            "shared": [one in found.shared for one in rows],
            "contested": [
                found.person[one] in found.contested or human[one] in contested_people for one in rows
            ],
        }
    )


def events_table(world: World, truth: Truth) -> pa.Table:
    """One row a kept event, in order of time."""
    events, devices = world.events, world.population.devices
    device = events.device
    table = pa.table(
        {
            "event_id": pa.array(events.ids),
            "event_time": pa.array(events.time * 1000).cast(MS),
            "event_name": pa.array(NAMES).take(pa.array(events.kind)),
            "owner": pa.array(truth.owners, pa.string()),
            "session": pa.array([truth.session_of.get(i) for i in events.ids], pa.string()),
            "is_bot": pa.array(np.array([d.crawler for d in devices])[device]),
            "is_fast_bot": pa.array(np.array([d.owner == "fast-bot" for d in devices])[device]),
            "is_internal": pa.array(np.array([d.internal for d in devices])[device] & ~events.server),
            "is_server": pa.array(events.server),
            "contested": pa.array(truth.contested),
        }
    )
    return table.take(pa.array(np.argsort(events.time, kind="stable")))


def sessions_table(truth: Truth) -> pa.Table:
    """One row a session; `end` is its last client event, `events` counts server events too."""
    sessions = truth.sessions
    return pa.table(
        {
            "owner": [s.owner for s in sessions],
            "session": [s.session for s in sessions],
            "start": pa.array([s.start for s in sessions], pa.int64()).cast(MS),
            "end": pa.array([s.end for s in sessions], pa.int64()).cast(MS),
            "events": [len(s.event_ids) for s in sessions],
            "first_event_id": [s.event_ids[0] for s in sessions],
            "contested": [s.owner in truth.identities.contested for s in sessions],
        }
    )


def signals(world: World, truth: Truth) -> pa.Table:
    """One row a planted signal. A U-turn stands on the view that was left again; its end is the return."""
    journal, events = world.journal, world.events
    row_of_text = np.full(len(journal.event_view), -1)
    scripted = np.flatnonzero(events.text >= 0)
    row_of_text[events.text[scripted]] = scripted
    opening = {view: row for row, view in enumerate(events.view[: sum(journal.view_seen)].tolist())}
    rows = []
    for kind, view, selector, start, end, size, first in journal.signals:
        row = int(row_of_text[first]) if first >= 0 else opening[view]
        opened = journal.visit_start[journal.view_visit[view]] + journal.view_start[view]
        rows.append(
            {
                "kind": kind,
                "view_id": wire.view_id(view),
                "url": site.HOST + journal.view_path[view] + journal.view_search[view],
                "path": journal.view_path[view],
                "selector": selector,
                "start": (opened + start) * 1000,
                "end": (opened + end) * 1000,
                "size": size,
                "first_event_id": events.ids[row],
                "owner": truth.owners[row],
            }
        )
    rows.sort(key=lambda r: (r["kind"], r["start"], r["view_id"]))
    text = pa.string()
    schema = pa.schema(
        {
            "kind": text,
            "view_id": text,
            "url": text,
            "path": text,
            "selector": text,
            "start": MS,
            "end": MS,
            "size": pa.int64(),
            "first_event_id": text,
            "owner": text,
        }
    )
    return pa.Table.from_pylist(rows, schema)


def counts(world: World, truth: Truth, files: dict[str, int]) -> dict[str, object]:
    """The ledger: lines = kept + duplicates + quarantined, and the faults among them."""
    d, events, devices = world.deliveries, world.events, world.population.devices
    fates = Counter(d.fate.tolist())
    quarantined = {name: fates[faults.FIRST_QUARANTINED + k] for k, name in enumerate(faults.QUARANTINED)}
    kept = d.fate == faults.KEPT
    days_late = (d.received - events.time[d.event])[kept] // faults.DAY
    slow = (d.received - events.time[d.event])[kept] >= 2 * 60 * faults.MINUTE
    skewed = np.array([dev.skew != 0 for dev in devices])[events.device] & ~events.server
    raw, usable = world.population.idents.raw, world.population.idents.usable
    blocked = np.array(
        [
            any(r is not None and u is None for r, u in zip(raw[i], usable[i], strict=True))
            for i in range(len(raw))
        ]
    )
    owners, names = truth.owners, Counter(NAMES[k] for k in events.kind.tolist())
    return {
        "files": files,
        "lines": len(d.event),
        "records": len(d.event),
        "kept": len(events),
        "duplicates": {
            "total": sum(fates[f] for f in (1, 2, 3, 4)),
            "same_file": fates[faults.SAME_FILE],
            "other_file": fates[faults.OTHER_FILE],
            "sent_again": fates[faults.SENT_AGAIN],
            "conflicting": fates[faults.CONFLICTING],
        },
        "quarantined": {"total": sum(quarantined.values()), **quarantined},
        "late": {
            "events": int(slow.sum()),
            "by_whole_days": {str(k): int((slow & (days_late == k)).sum()) for k in range(6)},
        },
        "skewed": {"events": int(skewed.sum()), "devices": sum(dev.skew != 0 for dev in devices)},
        "blocked": {"events": int(blocked[events.ident].sum())},
        "bots": {
            "declared_events": int(np.array([dev.crawler for dev in devices])[events.device].sum()),
            "fast_bot_events": int(
                np.array([dev.owner == "fast-bot" for dev in devices])[events.device].sum()
            ),
        },
        "internal_events": int(
            (np.array([dev.internal for dev in devices])[events.device] & ~events.server).sum()
        ),
        "without_owner": sum(owner is None for owner in owners),
        "without_session": len(events) - len(truth.session_of),
        "sessions": len(truth.sessions),
        "owners": len({o for o in owners if o is not None}),
        "shared_identifiers": len(truth.identities.shared),
        "events_by_name": dict(sorted(names.items())),
        "people": len(world.population.people),
        "devices": len(devices),
    }
