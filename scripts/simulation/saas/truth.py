"""The truth about a world: tables of identifiers, people, accounts, events and attempts at tasks, one JSON.

The pipeline never reads it; tests compare with it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..kinds import NAMES
from . import app, realised
from .cast import STEPS
from .subscriptions import NEVER, NO_DAY
from .work import DETOURS, TASKS
from .world import World

US = pa.timestamp("us", tz="UTC")
_CLASSES = ("wide", "laptop", "phone")


def write(folder: Path, world: World, files: dict[str, int], arguments: dict[str, object]) -> None:
    """Write all tables of the truth and `truth.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "identifiers": identifiers(world),
        "people": people(world),
        "accounts": accounts(world),
        "tasks": tasks(world),
        "events": events(world),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    summary = {
        "arguments": arguments,
        "counts": counts(world, files),
        "effects": realised.measure(world),
    }
    (folder / "truth.json").write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")


def owners(world: World) -> list[str]:
    """The observable person, by person: the user, or the device of who never signs up."""
    cast = world.scene.cast
    main = cast.device_of[:, 0].tolist()
    return [
        f"user:{cast.user_id(p)}" if a >= 0 else f"anonymous_id:{cast.devices[d].anonymous_id}"
        for p, (a, d) in enumerate(zip(cast.account.tolist(), main, strict=True))
    ]


def identifiers(world: World) -> pa.Table:
    """One row an identifier that events show: whose it is."""
    cast, observable = world.scene.cast, owners(world)
    used = set(np.unique(world.scene.visits.device).tolist())
    rows = []
    for person, devices in enumerate(cast.device_of.tolist()):
        member = cast.account[person] >= 0
        human = cast.user_id(person) if member else f"visitor-{person:06d}"
        for device in devices:
            if device in used:
                rows.append(("anonymous_id", cast.devices[device].anonymous_id, human, observable[person]))
        if member:
            rows.append(("user_id", human, human, observable[person]))
            rows.append(("email", f"{human}@mail.example", human, observable[person]))
    rows.sort()
    names = ("id_type", "id_value", "human", "observable")
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(names)})


def people(world: World) -> pa.Table:
    """One row a person: account, device, and what was planted in them."""
    cast = world.scene.cast
    known, back = realised.returned(world)
    layout = cast.layout[cast.device_of[:, 0]]
    named = [cast.account_id(a) if a >= 0 else None for a in cast.account.tolist()]
    return pa.table(
        {
            "person": owners(world),
            "account": pa.array(named, pa.string()),
            "is_owner": cast.owner,
            "first_day": pa.array(cast.joined),
            "device_class": [_CLASSES[k] for k in layout.tolist()],
            "variant": [("control", "treatment")[k] for k in cast.variant.tolist()],
            "taste": [app.CATEGORIES[k] for k in cast.taste.tolist()],
            "tags_in_first_days": pa.array(realised.tags_of_first_days(world)),
            "back_is_known": known,
            "came_back": back,
        }
    )


def accounts(world: World) -> pa.Table:
    """One row an account: its owner's onboarding, its trial and its subscription."""
    scene = world.scene
    cast, drawn = scene.cast, scene.subscriptions
    over, converts = realised.converted(world)
    gone = drawn.cancel_day < NO_DAY
    first = world.start.toordinal()

    def times(column: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
        missing = column >= NEVER
        return pa.array(
            np.where(missing, 0, (scene.start_ms + np.minimum(column, 1 << 45)) * 1000), mask=missing
        ).cast(US)

    days = [
        str(world.start.fromordinal(first + d)) if d < NO_DAY else None for d in drawn.cancel_day.tolist()
    ]
    last = [app.PLANS[p + bool(u)] for p, u in zip(cast.plan.tolist(), drawn.upgrades.tolist(), strict=True)]
    return pa.table(
        {
            "account": [cast.account_id(a) for a in range(len(over))],
            "owner": [f"user:{cast.user_id(p)}" for p in cast.owners.tolist()],
            "industry": [app.INDUSTRIES[k] for k in cast.industry.tolist()],
            "low_mood": cast.low_mood,
            "last_step": pa.array(cast.last_step),
            "completed": cast.last_step == STEPS,
            "below_the_fold": cast.affected,
            "trial_start": times(drawn.trial),
            "trial_is_over": over,
            "converted": converts,
            "subscribed_at": times(drawn.start),
            "first_plan": [app.PLANS[p] for p in cast.plan.tolist()],
            "last_plan": last,
            "cancel_day": pa.array(days, pa.string()),
            "names_import": drawn.names_import,
            "import_failed_before_cancel": gone & drawn.affected,
        }
    )


def tasks(world: World) -> pa.Table:
    """One row an attempt at a task."""
    scene = world.scene
    found = scene.story.attempts.columns()
    visit = world.assembled.episode_visit[found["episode"]]
    begun = world.assembled.episode_start[found["episode"]] + found["start"]
    observable, releases = owners(world), scene.release()[visit].tolist()
    named = [observable[p] for p in scene.visits.person[visit].tolist()]
    table = pa.table(
        {
            "task": [TASKS[k] for k in found["task"].tolist()],
            "person": named,
            "start": pa.array(begun * 1000).cast(US),
            "completed": found["completed"] > 0,
            "seconds": (found["end"] - found["start"]) / 1000,
            "detour": [DETOURS[k] if k >= 0 else None for k in found["detour"].tolist()],
            "returned": found["returned"] > 0,
            "release": [app.RELEASES[k] for k in releases],
            "device_class": [_CLASSES[k] for k in scene.story.layout[visit].tolist()],
        }
    )
    return table.take(pa.array(np.lexsort((found["task"], begun))))


def events(world: World) -> pa.Table:
    """One row an event, in order of time."""
    told, observable = world.assembled.events, pa.array(owners(world))
    table = pa.table(
        {
            "event_id": pa.array(told.ids),
            "event_time": pa.array(told.time * 1000).cast(US),
            "event_name": pa.array(NAMES).take(pa.array(told.kind)),
            "owner": observable.take(pa.array(world.assembled.person)),
            "is_server": pa.array(told.server),
        }
    )
    return table.take(pa.array(np.argsort(told.time, kind="stable")))


def counts(world: World, files: dict[str, int]) -> dict[str, object]:
    """How much there is of everything."""
    names = Counter(NAMES[k] for k in world.assembled.events.kind.tolist())
    cast = world.scene.cast
    return {
        "files": files,
        "lines": len(world.deliveries.event),
        "kept": len(world.assembled.events),
        "people": int((cast.account >= 0).sum()),
        "visitors": int((cast.account < 0).sum()),
        "accounts": len(cast.signup_day),
        "visits": len(world.scene.visits),
        "events_by_name": dict(sorted(names.items())),
    }
