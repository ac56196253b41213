"""Identities by deliveries: at each stop those of the oracle over all events so far, and no trace is lost.

One lake goes through the life of some hundred random worlds: deliveries in random order, a crash, events
that are taken away, decisions of people and their revocation, a rebuild. The steps are a chain: each
test of the chain begins where the one before it ended.
"""

from __future__ import annotations

import io
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from tests.factories import rows
from tests.identity import oracle
from tests.identity.oracle import Event, Words
from tests.identity.worlds import prefixed, random_world
from tests.pipeline.test_reruns import contents
from tests.stages.test_identities import IDENTITY, LAW, STORIES, see
from trailhouse.errors import IdentityError
from trailhouse.progress import Progress
from trailhouse.run import Run, open_run, run_stage
from trailhouse.settings import Settings
from trailhouse.stages import identities, identity_links
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

SEED = 7100
WORLDS = 120
STAGES = (identity_links.STAGE, identities.STAGE)
DAY = timedelta(days=1)
KIOSK = "kiosk."
LONG = pytest.mark.soak
LAWFUL = [name for stage in STAGES for name in stage.writes if TABLES[name].lawful]


def worlds() -> dict[str, list[Event]]:
    """By prefix the events of a world, which lie on three days."""
    rng = random.Random(SEED)
    stories = {f"s{n}.": prefixed(story.events, f"s{n}.") for n, story in enumerate(STORIES.values())}
    random_ones = {
        f"w{seed}.": prefixed(random_world(seed), f"w{seed}.") for seed in range(SEED, SEED + WORLDS)
    }
    # Five accounts where three are the limit.
    kiosk = {KIOSK: prefixed([see(n, f"a1 u{n}") for n in range(5)], KIOSK)}
    return {
        prefix: [event_on(event, rng.randrange(3)) for event in events]
        for prefix, events in (stories | random_ones | kiosk).items()
    }


def event_on(event: Event, day: int) -> Event:
    return Event(
        event.at + day * DAY, event.anonymous, event.user, event.others, event.previous, event.source
    )


@dataclass
class Life:
    """A lake, what it has been given, and what is said of it."""

    spark: SparkSession
    lake: Lake
    worlds: dict[str, list[Event]]
    given: dict[str, list[int]]
    words: dict[str, Words] = field(default_factory=lambda: defaultdict(Words))
    seen: list[tuple[datetime, dict[oracle.Id, str]]] = field(default_factory=list)

    def settings(self) -> Settings:
        return Settings(identity=IDENTITY, lake={"root": self.lake.root})

    @contextmanager
    def run(self) -> Iterator[Run]:
        with open_run(self.spark, self.settings(), Progress(Console(file=io.StringIO()))) as run:
            yield run

    def bring_up(self, *, rebuild: bool = False) -> dict[str, str]:
        """A run of both stages; what it did to each table."""
        with self.run() as run:
            published = [run_stage(run, stage, rebuild=rebuild) for stage in STAGES]
        people = {(r.id_type, r.id_value): r.person_id for r in self.lake.read("identities").collect()}
        self.seen.append((run.started, people))
        return {table: done.action for each in published for table, done in each.items()}

    def give(self, places: dict[str, list[int]]) -> None:
        """More events, by world and place."""
        given = []
        for prefix, numbers in places.items():
            self.given[prefix] += numbers
            for n in numbers:
                event = self.worlds[prefix][n]
                given.append(
                    {
                        "event_id": f"{prefix}{n}",
                        "event_time": event.at,
                        "event_date": event.at.date(),
                        "anonymous_id": event.anonymous,
                        "user_id": event.user,
                        "identifiers": event.others or None,
                        "previous_id": event.previous,
                        "source": event.source,
                    }
                )
        self.lake.append(TABLES["events"], rows(self.spark, "events", given))

    def take(self, places: dict[str, list[int]]) -> None:
        """Events away, as where a better copy of another time or content replaces them."""
        ids = [f"{prefix}{n}" for prefix, numbers in places.items() for n in numbers]
        for prefix, numbers in places.items():
            self.given[prefix] = [n for n in self.given[prefix] if n not in numbers]
        DeltaTable.forPath(self.spark, self.lake.path("events")).delete(
            f"event_id IN ({', '.join(map(repr, ids))})"
        )

    def say(self, decisions: list[tuple[str, oracle.Id, oracle.Id | None]]) -> None:
        at = datetime(2026, 1, 1) + timedelta(seconds=len(self.seen))
        given = [
            {
                "at": at,
                "action": action,
                "type_a": a[0],
                "value_a": a[1],
                "type_b": b and b[0],
                "value_b": b and b[1],
            }
            for action, a, b in decisions
        ]
        self.lake.append(TABLES["identity_overrides"], rows(self.spark, "identity_overrides", given))

    def require_oracle(self) -> None:
        """Links, persons, refused links and owners are those of all that was given."""
        found = {name: self.lake.read(name).collect() for name in LAWFUL}
        people = {(r.id_type, r.id_value): (r.person_id, r.status, r.first_seen) for r in found["identities"]}
        conflicts = {
            ((r.type_a, r.value_a), (r.type_b, r.value_b)): (r.reason, r.detail)
            for r in found["identity_conflicts"]
        }
        links = {
            (((r.type_a, r.value_a), (r.type_b, r.value_b)), r.link_date): (
                r.events,
                r.first_time,
                r.last_time,
                r.sources,
            )
            for r in found["identity_links"]
        }
        owners = defaultdict(list)
        for r in sorted(found["device_owners"], key=lambda r: r.from_time):
            owners[r.id_type, r.id_value].append((r.from_time, r.to_time, r.person_id))
        expected: tuple[dict, ...] = ({}, {}, {}, {})
        for prefix, world in self.worlds.items():
            events = [world[n] for n in self.given[prefix]]
            answer = oracle.solve(events, LAW, self.words[prefix])
            expected[0].update(
                {
                    one: (answer.person[one], answer.status[one], answer.first_seen[one])
                    for one in answer.person
                }
            )
            expected[1].update(answer.conflicts)
            expected[2].update(oracle.daily(events))
            for device, taken in oracle.owners(events, LAW, answer).items():
                ends = [at for at, _ in taken[1:]] + [None]
                expected[3][device] = [(at, to, person) for (at, person), to in zip(taken, ends, strict=True)]
        for name, one, other in zip(
            ("identities", "identity_conflicts", "identity_links", "device_owners"),
            (people, conflicts, links, dict(owners)),
            expected,
            strict=True,
        ):
            wrong = sorted(
                str((key, one.get(key), other.get(key)))
                for key in one.keys() | other.keys()
                if one.get(key) != other.get(key)
            )
            assert not wrong, f"{name}, seed {SEED}: key, found, expected:\n" + "\n".join(wrong[:5])
        assert len(people) == len(found["identities"])


@pytest.fixture(scope="module")
def life(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Life:
    every = worlds()
    return Life(
        spark, Lake(spark, str(tmp_path_factory.mktemp("identities") / "lake")), every, {p: [] for p in every}
    )


@pytest.fixture(scope="module")
def deliveries(life: Life) -> list[dict[str, list[int]]]:
    """Each world's events in three deliveries, each event in one."""
    rng = random.Random(SEED)
    found: list[dict[str, list[int]]] = [{}, {}, {}]
    for prefix, events in life.worlds.items():
        for n in rng.sample(range(len(events)), len(events)):
            delivery = found[0] if prefix == KIOSK else rng.choice(found)
            delivery.setdefault(prefix, []).append(n)
    return found


def test_a_first_delivery_gives_the_persons_of_the_oracle(life: Life, deliveries) -> None:
    life.give(deliveries[0])
    life.bring_up()
    life.require_oracle()


def test_a_run_without_news_changes_no_table(life: Life) -> None:
    before = {name: life.lake.version(name) for stage in STAGES for name in stage.writes}
    assert set(life.bring_up().values()) == {"unchanged"}
    assert {name: life.lake.version(name) for stage in STAGES for name in stage.writes} == before


def cut_off(life: Life, published: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends when it has published so many tables of identities."""
    real, done = Lake.publish, []

    def publish(self: Lake, table, *arguments, **named):
        if table.name in identities.STAGE.writes:
            if len(done) == published:
                raise RuntimeError("power cut")
            done.append(table.name)
        return real(self, table, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "publish", publish)
        with pytest.raises(RuntimeError, match="power cut"):
            life.bring_up()


@LONG
@pytest.mark.parametrize(("part", "published"), [(0, 1), (1, 4)])
def test_a_run_cut_off_between_two_publishes_is_made_good_by_the_next(
    life: Life, deliveries, part: int, published: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A third of the second delivery each time; what is left of it comes with the third.
    life.give({prefix: numbers[part::3] for prefix, numbers in deliveries[1].items() if numbers[part::3]})
    cut_off(life, published, monkeypatch)
    life.bring_up()
    life.require_oracle()


def test_events_that_are_replaced_take_their_links_and_hubs_with_them_though_the_first_run_is_cut_off(
    life: Life, deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(SEED + 1)
    kiosk = f"id_value = '{KIOSK}a1'"
    assert life.lake.read("identities").where(kiosk).first().status == "hub"
    # Of a third of the worlds some events go; of the kiosk's, those of two accounts.
    gone = {
        prefix: rng.sample(numbers, max(1, len(numbers) // 4))
        for prefix, numbers in life.given.items()
        if numbers and rng.random() < 0.35
    } | {KIOSK: [1, 3]}
    life.take(gone)
    left: dict[str, list[int]] = defaultdict(list)
    for delivery in deliveries[1:]:
        for prefix, numbers in delivery.items():
            known = {*life.given[prefix], *gone.get(prefix, ())}
            left[prefix] += [n for n in numbers if n not in known]
    life.give(left)
    cut_off(life, 3, monkeypatch)
    life.bring_up()
    life.require_oracle()
    assert life.lake.read("identities").where(kiosk).first().status == "shared"


def test_decisions_of_people_count_and_are_taken_back(life: Life) -> None:
    before = contents(life.lake, LAWFUL)
    rng = random.Random(SEED + 2)
    decisions: list[tuple[str, oracle.Id, oracle.Id | None]] = []
    for prefix, numbers in life.given.items():
        events = [life.worlds[prefix][n] for n in numbers]
        answer = oracle.solve(events, LAW)
        if len(answer.person) < 3 or rng.random() < 0.3:
            continue
        words = life.words[prefix]
        ids = sorted(answer.person)
        pairs = list(combinations(ids, 2))
        hubs = {one for one in ids if answer.status[one] == "hub"}
        kind = rng.choice(("never", "always", "ignore", "both"))
        if kind in ("never", "both"):
            together = [p for p in pairs if answer.person[p[0]] == answer.person[p[1]]] or pairs
            words.never.add(rng.choice(together))
        if kind in ("always", "both"):
            words.always |= {p for p in rng.sample(pairs, 1) if not hubs & {*p} and p not in words.never}
        if kind == "ignore":
            words.ignored.add(rng.choice(ids))
        decisions += [("never_join", *p) for p in words.never]
        # Whichever end is named first.
        decisions += [("always_join", b, a) for a, b in words.always]
        decisions += [("ignore_identifier", one, None) for one in words.ignored]
    assert {action for action, *_ in decisions} == {"never_join", "always_join", "ignore_identifier"}
    life.say(decisions)
    life.bring_up()
    life.require_oracle()
    changed = life.lake.read("identity_changes").where("cause = 'override'")
    assert {r.change for r in changed.select("change").distinct().collect()} >= {"split", "merged", "refused"}

    life.say([("revoke", a, b) for _, a, b in decisions])
    life.words.clear()
    life.bring_up()
    # Which was what the oracle tells.
    assert contents(life.lake, LAWFUL) == before


def test_a_rebuild_changes_no_table(life: Life) -> None:
    names = [*LAWFUL, "identity_history", "identity_changes"]
    before = contents(life.lake, names)
    assert set(life.bring_up(rebuild=True).values()) == {"unchanged"}
    assert contents(life.lake, names) == before


# What was made in parts is held against the whole by the rebuild; here, without a table of before.
@LONG
def test_one_run_over_all_events_gives_the_same_tables(life: Life, tmp_path: Path) -> None:
    whole = Life(
        life.spark, Lake(life.spark, str(tmp_path / "lake")), life.worlds, {p: [] for p in life.worlds}
    )
    whole.give({prefix: sorted(numbers) for prefix, numbers in life.given.items()})
    whole.bring_up()
    assert contents(whole.lake, LAWFUL) == contents(life.lake, LAWFUL)


def test_history_tells_who_was_who_after_each_run(life: Life) -> None:
    history = life.lake.read("identity_history").collect()
    assert len(life.seen) > 5
    for at, people in life.seen:
        moment = at.replace(tzinfo=None)
        known = {
            (r.id_type, r.id_value): r.person_id
            for r in history
            if r.valid_from <= moment and (r.valid_to is None or moment < r.valid_to)
        }
        assert known == people, f"as of {at}"


def test_changes_lead_from_run_to_run_without_a_gap(life: Life) -> None:
    changes = life.lake.read("identity_changes").where("change NOT IN ('refused', 'allowed')").collect()
    person: dict[oracle.Id, str | None] = {}
    for r in sorted(changes, key=lambda r: (r.at, r.change_id)):
        one = (r.id_type, r.id_value)
        assert person.get(one) == r.person_before, f"{one} in run {r.run_id}"
        person[one] = r.person_after
    assert {one: found for one, found in person.items() if found} == life.seen[-1][1]
    assert {r.change for r in changes} >= {"created", "linked", "merged", "split", "renamed", "removed"}


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ([("never_join", ("user_id", "nobody"), ("user_id", "none else"))], "no event shows user_id:nobody"),
        ([("never_join", ("user_id", "x"), ("user_id", "x"))], "names one identifier twice"),
    ],
)
def test_a_decision_that_cannot_be_is_told_and_changes_nothing(
    life: Life, decisions: list[tuple[str, oracle.Id, oracle.Id]], told: str
) -> None:
    before = {name: life.lake.version(name) for name in LAWFUL}
    life.say(decisions)
    with pytest.raises(IdentityError, match=told):
        life.bring_up()
    assert {name: life.lake.version(name) for name in LAWFUL} == before
    DeltaTable.forPath(life.spark, life.lake.path("identity_overrides")).delete("value_a IN ('nobody', 'x')")
