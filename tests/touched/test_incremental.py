"""Activity, views, signals, sessions and days by deliveries: at each stop what a run over all would give.

One lake goes through the life of some hundred random worlds: deliveries in random order, a crash, events
that go or move, decisions on who is who, a rebuild. The steps are a chain: each test of the chain begins
where the one before it ended. A table is held against its own transform of whole inputs, whose rules have
oracles of their own.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from tests.factories import rows
from tests.touched.worlds import prefixed, random_events
from trailhouse.difference import fingerprint
from trailhouse.progress import Progress
from trailhouse.run import Run, _input_versions, _inputs, open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stage import Context, Stage
from trailhouse.stages import activity, identities, identity_links, page_views, person_days, sessions, signals
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

SEED = 4200
WORLDS = 100
WHO = (identity_links.STAGE, identities.STAGE)
STAGES = (activity.STAGE, page_views.STAGE, signals.STAGE, sessions.STAGE, person_days.STAGE)
NAMES = [name for stage in STAGES for name in stage.writes]
LONG = pytest.mark.soak

DEFINITIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "device": {
        "sessions": {"scope": "device", "cut_on_campaign": True},
        "project": {"timezone": "Asia/Tokyo"},
    },
    "client": {"sessions": {"preset": "snowplow"}, "identity": {"shared": "last_user"}},
    "midnight": {
        "sessions": {"cut_at_midnight": True, "max_length": None, "keep_alive_starts": True},
        "project": {"timezone": "America/New_York"},
    },
}


@dataclass
class Life:
    """A lake, what it has been given, and by which settings it runs."""

    spark: SparkSession
    lake: Lake
    events: dict[str, dict[str, Any]]
    options: dict[str, Any]
    given: set[str] = field(default_factory=set)

    def settings(self) -> Settings:
        # Whatever share is touched, a part of the tables is made.
        always_a_part = {"incremental": {"whole_from": 2.0}}
        return Settings.model_validate({**always_a_part, **self.options, "lake": {"root": self.lake.root}})

    @contextmanager
    def run(self) -> Iterator[Run]:
        with open_run(self.spark, self.settings(), Progress(Console(file=io.StringIO()))) as run:
            yield run

    def bring_up(self, *, rebuild: bool = False) -> dict[str, str]:
        with self.run() as run:
            done = [run_stage(run, stage, rebuild=rebuild) for stage in (*WHO, *STAGES)]
        return {table: one.action for each in done for table, one in each.items()}

    def give(self, ids: list[str]) -> None:
        self.lake.append(TABLES["events"], rows(self.spark, "events", [self.events[one] for one in ids]))
        self.given |= {*ids}

    def take(self, ids: list[str]) -> None:
        DeltaTable.forPath(self.spark, self.lake.path("events")).delete(
            f"event_id IN ({', '.join(map(repr, ids))})"
        )
        self.given -= {*ids}

    def require_whole(self) -> None:
        """Each table is what its transform makes of all of its inputs."""
        for stage in STAGES:
            expected = transformed(self, stage)
            for table in stage.writes:
                found = self.lake.read(table)
                one, other = (fingerprint(frame).first() for frame in (found, expected[table]))
                if one != other:
                    raise AssertionError(
                        f"{table}, seed {SEED}: {differences(found, expected[table], table)}"
                    )

    def parts(self) -> list[str]:
        """What the last run says of how much of each table it made."""
        ledger = self.lake.read("ledger").where(f"table_name IN ({', '.join(map(repr, NAMES))})")
        last = ledger.agg({"at": "max"}).first()[0]
        return [row.note for row in ledger.where(ledger["at"] > last - timedelta(minutes=2)).collect()]


def transformed(life: Life, stage: Stage) -> dict[str, Any]:
    """The outputs of a stage over the whole of the inputs that it consumed."""
    inputs = _inputs(life.lake, stage, _input_versions(life.lake, stage))
    made = stage.transform(inputs, Context(life.settings(), life.lake.scratch("test")))
    return {table: TABLES[table].select(frame) for table, frame in made.items()}


def differences(found: DataFrame, expected: DataFrame) -> str:
    only = found.exceptAll(expected).limit(4).collect(), expected.exceptAll(found).limit(4).collect()
    return "\n".join([f"found: {row}" for row in only[0]] + [f"expected: {row}" for row in only[1]])


@pytest.fixture(
    scope="module",
    params=["default", "client", *(pytest.param(name, marks=LONG) for name in ("device", "midnight"))],
)
def life(request, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Life:
    worlds = [prefixed(random_events(seed), f"w{seed}.") for seed in range(SEED, SEED + WORLDS)]
    events = {event["event_id"]: event for world in worlds for event in world}
    lake = Lake(spark, str(tmp_path_factory.mktemp(request.param) / "lake"))
    return Life(spark, lake, events, DEFINITIONS[request.param])


@pytest.fixture(scope="module")
def deliveries(life: Life) -> list[list[str]]:
    """The events in four deliveries: most of the past, the newest day, late ones, and late ones again."""
    rng = random.Random(SEED)
    found: list[list[str]] = [[], [], [], []]
    for one in rng.sample(sorted(life.events), len(life.events)):
        late = rng.random()
        found[2 if late < 0.1 else 3 if late < 0.15 else life.events[one]["event_date"].day >= 8].append(one)
    return found


def test_a_first_delivery_gives_whole_tables(life: Life, deliveries) -> None:
    life.give(deliveries[0])
    life.bring_up()
    life.require_whole()


def test_a_new_day_and_late_events_are_made_in_part_as_in_whole(life: Life, deliveries) -> None:
    life.give(deliveries[1])
    life.bring_up()
    life.require_whole()
    life.give(deliveries[2])
    assert set(life.bring_up().values()) >= {"published"}
    assert all(note.startswith("a part") for note in life.parts()), life.parts()
    life.require_whole()


def test_a_run_without_news_changes_no_table(life: Life) -> None:
    before = {name: life.lake.version(name) for name in NAMES}
    assert set(life.bring_up().values()) == {"unchanged"}
    assert {name: life.lake.version(name) for name in NAMES} == before


def test_a_run_cut_off_before_its_mark_is_made_good_by_the_next(
    life: Life, deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = len(deliveries[3]) // 2
    life.give(deliveries[3][:half])

    def cut_off(self: Lake, table: str, *arguments: object) -> None:
        if table in NAMES:
            raise RuntimeError("power cut")
        mark(self, table, *arguments)

    mark = Lake.mark
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "mark", cut_off)
        with pytest.raises(RuntimeError, match="power cut"):
            life.bring_up()
    # What it had read is taken back before it is made good.
    life.take(deliveries[3][: half // 2])
    life.give(deliveries[3][half:])
    life.bring_up()
    life.require_whole()


def test_events_that_go_or_move_leave_no_orphan(life: Life) -> None:
    rng = random.Random(SEED + 1)
    chosen = rng.sample(sorted(life.given), len(life.given) // 15)
    moved = chosen[: len(chosen) // 2]
    life.take(chosen)
    for one in moved:  # replaced by a better copy of another time, name or person
        event = life.events[one]
        at = event["event_time"] + timedelta(seconds=rng.choice((-40_000, -1, 0, 900)))
        life.events[one] = event | {
            "event_time": at,
            "event_date": at.date(),
            "event_name": rng.choice(("click", "page_view", "heartbeat")),
            "is_bot": rng.random() < 0.2,
        }
    life.give(moved)
    life.bring_up()
    life.require_whole()


def test_a_split_of_persons_cuts_the_sessions_of_both_and_its_revocation_joins_them_again(life: Life) -> None:
    people = life.lake.read("identities").where("status = 'own'").collect()
    members: dict[str, list[tuple[str, str]]] = {}
    for row in people:
        members.setdefault(row.person_id, []).append((row.id_type, row.id_value))
    pairs = [sorted(ids)[:2] for ids in members.values() if len(ids) > 1][::3]
    assert len(pairs) > 5
    before = {name: fingerprint(life.lake.read(name)).first() for name in NAMES}
    for action in ("never_join", "revoke"):
        decided = [
            {
                "at": datetime(2026, 2, 1) + timedelta(seconds=action == "revoke"),
                "action": action,
                "type_a": a[0],
                "value_a": a[1],
                "type_b": b[0],
                "value_b": b[1],
            }
            for a, b in pairs
        ]
        life.lake.append(TABLES["identity_overrides"], rows(life.spark, "identity_overrides", decided))
        life.bring_up()
        life.require_whole()
        if action == "never_join":
            assert fingerprint(life.lake.read("activity")).first() != before["activity"]
    assert {name: fingerprint(life.lake.read(name)).first() for name in NAMES} == before


def test_a_rebuild_changes_no_table(life: Life) -> None:
    actions = life.bring_up(rebuild=True)
    assert {actions[name] for name in NAMES} == {"unchanged"}
