"""Activity, views, signals, sessions and days by deliveries: at each stop what a run over all would give.

One lake goes through the life of some hundred random worlds: deliveries in random order, events that go,
move or come late, decisions on who is who, a crash. The steps are a chain: each test of the chain begins
where the one before it ended. A table is held against its own transform of whole inputs, whose rules have
oracles of their own; who is who is told by the oracle of identities.
"""

from __future__ import annotations

import io
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from tests.factories import rows
from tests.identity import oracle
from tests.identity.oracle import Law, Words
from tests.touched.worlds import prefixed, random_events
from trailhouse.difference import fingerprint
from trailhouse.progress import Progress
from trailhouse.run import Run, input_versions, open_run, read_inputs, run_stage
from trailhouse.settings import Settings
from trailhouse.stage import Context, Stage
from trailhouse.stages import (
    activity,
    heatmaps,
    key_elements,
    page_views,
    person_days,
    sessions,
    signals,
)
from trailhouse.storage import NONE, Lake
from trailhouse.tables import TABLES

SEED = 4200
WORLDS = 100
STAGES = (
    activity.STAGE,
    page_views.STAGE,
    signals.STAGE,
    sessions.STAGE,
    person_days.STAGE,
    heatmaps.STAGE,
    key_elements.STAGE,
)
NAMES = [name for stage in STAGES for name in stage.writes]
LONG = pytest.mark.soak
KEY = [{"name": name, "page_group": page, "selector": name} for page in ("/a", "/b") for name in "ab"]

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
    words: dict[str, Words] = field(default_factory=lambda: defaultdict(Words))

    def settings(self) -> Settings:
        # Whatever share is touched, a part of the tables is made.
        given = {"incremental": {"whole_from": 2.0}, "elements": {"key": KEY}}
        return Settings.model_validate({**given, **self.options, "lake": {"root": self.lake.root}})

    @contextmanager
    def run(self) -> Iterator[Run]:
        with open_run(self.spark, self.settings(), Progress(Console(file=io.StringIO()))) as run:
            yield run

    def bring_up(self) -> dict[str, str]:
        """A run of all stages behind identities, whose tables are made; what it did to each table."""
        self.say_who()
        return self.run_stages()

    def run_stages(self, stages: Sequence[Stage] = STAGES) -> dict[str, str]:
        """The run alone."""
        with self.run() as run:
            done = [run_stage(run, stage) for stage in stages]
        return {table: one.action for each in done for table, one in each.items()}

    def answers(self) -> dict[str, tuple[oracle.Answer, list[oracle.Event]]]:
        """By world, who is who in what was given."""
        seen: dict[str, list[oracle.Event]] = defaultdict(list)
        for one in sorted(self.given):
            event = self.events[one]
            seen[event["app_id"]].append(
                oracle.Event(event["event_time"], event["anonymous_id"], event["user_id"])
            )
        return {world: (oracle.solve(es, Law(), self.words[world]), es) for world, es in seen.items()}

    def say_who(self) -> None:
        """The tables of identities, as their stage would leave them."""
        people, taken, seen = [], [], []
        for answer, events in self.answers().values():
            for (kind, value), person in answer.person.items():
                one = (kind, value)
                people.append(
                    {
                        "id_type": kind,
                        "id_value": value,
                        "person_id": person,
                        "first_seen": answer.first_seen[one],
                        "status": answer.status[one],
                    }
                )
            for (kind, value), log_ins in oracle.owners(events, Law(), answer).items():
                ends = [at for at, _ in log_ins[1:]] + [None]
                taken += [
                    {"id_type": kind, "id_value": value, "from_time": at, "to_time": end, "person_id": person}
                    for (at, person), end in zip(log_ins, ends, strict=True)
                ]
            days = {(one, event.at.date()) for event in events for one in oracle.ids_of(event)}
            seen += [{"id_type": one[0], "id_value": one[1], "seen_date": day} for one, day in sorted(days)]
        versions = {"events": self.lake.version("events")}
        tables = (("identity_sightings", seen), ("device_owners", taken), ("identities", people))
        for name, given in tables:
            done = self.lake.publish(TABLES[name], rows(self.spark, name, given))
            # Nobody has decided anything: the stage of identities names a table that is not there.
            self.lake.mark(name, {"inputs": {**versions, "identity_overrides": NONE}}, done.version)
            versions[name] = done.version

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
            sides = {name: (self.lake.read(name), made) for name, made in transformed(self, stage).items()}
            # What the tables of a stage have in common is computed once.
            prints = [
                fingerprint(side).withColumns({"table": F.lit(name), "expected": F.lit(place)})
                for name, both in sides.items()
                for place, side in enumerate(both)
            ]
            rows_of: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
            for row in reduce(DataFrame.unionByName, prints).collect():
                rows_of[row.table].add((row._rows, row._sum, row._xor))
            for name in stage.writes:
                if len(rows_of[name]) > 1:
                    raise AssertionError(f"{name}, seed {SEED}: {differences(*sides[name])}")

    def told(self, run_id: str | None = None) -> dict[str, Any]:
        """By table, the last row of the ledger."""
        last = self.lake.read("ledger").groupBy("table_name").agg({"at": "max"})
        newest = self.lake.read("ledger").join(last, on="table_name").where("at = `max(at)`")
        return {row.table_name: row for row in newest.collect()}


def transformed(life: Life, stage: Stage) -> dict[str, Any]:
    """The outputs of a stage over the whole of the inputs that it consumed."""
    inputs = read_inputs(life.lake, stage, input_versions(life.lake, stage))
    made = stage.transform(inputs, Context(life.settings(), life.lake.scratch("test")))
    return {table: TABLES[table].select(frame) for table, frame in made.items()}


def differences(found: DataFrame, expected: DataFrame) -> str:
    only = found.exceptAll(expected).limit(4).collect(), expected.exceptAll(found).limit(4).collect()
    return "\n".join([f"found: {row}" for row in only[0]] + [f"expected: {row}" for row in only[1]])


def life_of(spark: SparkSession, folder: Path, definition: str) -> Life:
    worlds = [prefixed(random_events(seed), f"w{seed}.") for seed in range(SEED, SEED + WORLDS)]
    events = {event["event_id"]: event for world in worlds for event in world}
    return Life(spark, Lake(spark, str(folder / "lake")), events, DEFINITIONS[definition])


def deliveries_of(life: Life) -> list[list[str]]:
    """The events in three deliveries: most of the past, the newest days and late events, and later ones."""
    rng = random.Random(SEED)
    found: list[list[str]] = [[], [], []]
    for one in rng.sample(sorted(life.events), len(life.events)):
        late = rng.random()
        newest = life.events[one]["event_date"].day >= 8
        found[2 if late < 0.1 else 1 if late < 0.2 or newest else 0].append(one)
    return found


def move_some(life: Life) -> None:
    """Events that go, and events that are replaced by a better copy of another time or content."""
    rng = random.Random(SEED + 1)
    chosen = rng.sample(sorted(life.given), len(life.given) // 20)
    moved = chosen[: len(chosen) // 2]
    life.take(chosen)
    for one in moved:
        event = life.events[one]
        at = event["event_time"] + timedelta(seconds=rng.choice((-40_000, -1, 0, 900)))
        life.events[one] = event | {
            "event_time": at,
            "event_date": at.date(),
            "event_name": rng.choice(("click", "page_view", "heartbeat")),
            "is_bot": rng.random() < 0.2,
        }
    life.give(moved)


def split_some(life: Life) -> int:
    """Decisions that two identifiers of one person are two people's; how many."""
    number = 0
    for world, (answer, _) in life.answers().items():
        members: dict[str, list[oracle.Id]] = defaultdict(list)
        for one, person in answer.person.items():
            members[person].append(one)
        together = [sorted(ids)[:2] for ids in members.values() if len(ids) > 1]
        if together and number % 3 == 0:
            life.words[world].never.add(tuple(together[0]))
        number += bool(together)
    return number


def bring_first(life: Life) -> None:
    """A first delivery."""
    life.give(deliveries_of(life)[0])
    assert set(life.bring_up().values()) == {"published"}


def bring_second(life: Life) -> None:
    """News of every kind at once, of which parts are made."""
    life.give([one for one in deliveries_of(life)[1] if one not in life.given])
    move_some(life)
    assert split_some(life) > 10
    assert set(life.bring_up().values()) == {"published"}
    told = life.told()
    assert all(told[name].note.startswith("a part") for name in NAMES), told
    assert told["sessions"].restated > 0


@pytest.fixture(
    scope="module",
    params=["default", *(pytest.param(name, marks=LONG) for name in DEFINITIONS if name != "default")],
)
def life(request, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Life:
    made = life_of(spark, tmp_path_factory.mktemp(request.param), request.param)
    bring_first(made)
    return made


def test_a_run_cut_off_before_its_mark_is_made_good_by_the_next(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = deliveries_of(life)[2]
    half = len(late) // 2
    life.give(late[:half])
    mark = Lake.mark

    def cut_off(self: Lake, table: str, *arguments: Any) -> None:
        if table in NAMES:
            raise RuntimeError("power cut")
        mark(self, table, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "mark", cut_off)
        life.say_who()
        with pytest.raises(RuntimeError, match="power cut"):
            life.run_stages(STAGES[:1])
    # Some of what it had published goes before it is made good.
    life.take(late[: half // 2])
    life.say_who()
    life.run_stages(STAGES[:1])
    assert life.told()["activity"].note == "all of it: the run before was cut off"


def test_news_of_every_kind_is_made_in_parts(life: Life) -> None:
    """Held against the whole with the parts that are made behind them."""
    bring_second(life)
    if life.settings().sessions.boundary == "time":
        told = life.told()["activity"]
        assert told.split > 0
        assert told.joined > 0


def test_late_events_of_one_day_and_a_decision_taken_back_touch_that_day_and_these_people(life: Life) -> None:
    late = [one for one in deliveries_of(life)[2] if one not in life.given]
    day = life.events[late[0]]["event_date"]
    life.give([one for one in late if life.events[one]["event_date"] == day])
    world = next(iter(life.words))
    life.words[world] = Words()
    life.bring_up()
    assert life.told()["activity"].note.startswith("a part")


def test_what_is_made_in_part_is_as_in_whole(life: Life) -> None:
    life.require_whole()


def test_a_run_without_news_changes_no_table(life: Life) -> None:
    before = {name: life.lake.version(name) for name in NAMES}
    assert set(life.bring_up().values()) == {"unchanged"}
    assert {name: life.lake.version(name) for name in NAMES} == before


# The tracker's own sessions, which need no neighbour in time.
@LONG
def test_what_is_made_in_part_is_as_in_whole_by_the_trackers_sessions(
    spark: SparkSession, tmp_path: Path
) -> None:
    life = life_of(spark, tmp_path, "client")
    bring_first(life)
    bring_second(life)
    life.require_whole()
