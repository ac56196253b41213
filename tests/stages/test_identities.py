"""The whole stage: stories with known persons, and random worlds against the oracle."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.factories import rows
from tests.identity import oracle
from tests.identity.oracle import Event, Law
from tests.identity.worlds import START, frame, prefixed, random_world
from trailhouse.identity import persons
from trailhouse.identity.assign import person_of
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import identity_links as identity_links_stage
from trailhouse.stages.identities import STAGE
from trailhouse.tables import identities, identity_conflicts, identity_links

# Small limits, so that small worlds meet hubs and limits.
IDENTITY = {
    "engine": "local",
    "hub_unique": 3,
    "hub_any": 5,
    "types": {
        "user_id": {"unique": True},
        "anonymous_id": {},
        "email": {"limit": 2, "lower": True},
    },
}
SETTINGS = Settings(identity=IDENTITY)
LAW = Law(limits={"email": 2}, hub_unique=3, hub_any=5)
WORLDS = 150
FIRST_SEED = 5000


def at(minutes: int) -> object:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Story:
    """`persons`: identifiers of each person, its oldest first; `alone`: status of the shared and the hubs."""

    events: list[Event]
    persons: list[str]
    alone: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, str] = field(default_factory=dict)


def see(minute: int, names: str, previous: str | None = None) -> Event:
    """An event that shows the named identifiers, typed by their first letter; v is a second user_id."""
    by_letter = {name[0]: name for name in names.split()}
    others = {"email": by_letter["e"]} if "e" in by_letter else {}
    if "v" in by_letter:
        others["user_id"] = by_letter["v"]
    return Event(at(minute), by_letter.get("a"), by_letter.get("u"), others, previous)


STORIES = {
    "a visit before log-in belongs to the account": Story([see(0, "a1"), see(5, "a1 u1")], ["a1 u1"]),
    "a log-in on a second device joins both devices": Story(
        [see(0, "a1 u1"), see(9, "a2"), see(10, "a2 u1")], ["a1 u1 a2"]
    ),
    "two people on one tablet are two persons and the tablet is shared": Story(
        [see(0, "a1 u1"), see(5, "a1 u2"), see(6, "a2 u2"), see(7, "a3 u1")],
        ["u1 a3", "u2 a2"],
        {"a1": "shared"},
        {"a1-u1": "shared", "a1-u2": "shared"},
    ),
    "a log-out and the next person's log-in do not join the two": Story(
        [see(0, "a1"), see(1, "a1 u1 e1"), see(2, "a1"), see(3, "a1 u2 e2")],
        ["e1 u1", "e2 u2"],
        {"a1": "shared"},
        {"a1-u1": "shared", "a1-u2": "shared", "a1-e1": "shared", "a1-e2": "shared"},
    ),
    "a link in an e-mail joins the device that opens it": Story(
        [see(0, "a1 u1 e1"), see(90, "a2 e1")], ["a1 e1 u1 a2"]
    ),
    "an alias joins the anonymous id that it continues": Story(
        [see(0, "a1"), see(3, "u1", previous="a1")], ["a1 u1"]
    ),
    "an alias of two accounts is a conflict": Story(
        [see(0, "a1 u1"), see(1, "a2 u2"), see(2, "u1 v2")],
        ["a1 u1", "a2 u2", "v2"],
        conflicts={"u1-v2": "alias"},
    ),
    "a late link joins two persons and the older one survives": Story(
        [see(5, "a2 e1"), see(1, "a1 u1"), see(9, "u1 e1")], ["a1 u1 a2 e1"]
    ),
    "an event that shows two accounts makes its device shared": Story(
        [see(0, "a1 u1 v2")],
        ["u1", "v2"],
        {"a1": "shared"},
        {"a1-u1": "shared", "a1-v2": "shared", "u1-v2": "alias"},
    ),
    "a third address is refused where two are the limit": Story(
        [see(0, "u1 e1"), see(1, "u1 e2"), see(2, "u1 e3")],
        ["e1 u1 e2", "e3"],
        conflicts={"e3-u1": "limit"},
    ),
    "a kiosk with four accounts is a hub where three are the limit": Story(
        [see(n, f"a1 u{n}") for n in range(4)],
        ["u0", "u1", "u2", "u3"],
        {"a1": "hub"},
        {f"a1-u{n}": "hub" for n in range(4)},
    ),
    "an account with many devices is no hub": Story(
        [see(n, f"a{n} u1") for n in range(5)], ["a0 a1 a2 a3 a4 u1"]
    ),
    "an address on six devices is a hub where five are the limit": Story(
        [see(n, f"a{n} e1") for n in range(6)],
        [f"a{n}" for n in range(6)],
        {"e1": "hub"},
        {f"a{n}-e1": "hub" for n in range(6)},
    ),
    "an address that another account gets later belongs to neither": Story(
        [see(0, "u1 e1"), see(9, "u2 e1")],
        ["u1", "u2"],
        {"e1": "shared"},
        {"e1-u1": "shared", "e1-u2": "shared"},
    ),
    "an address that another person types does not join the two accounts": Story(
        [see(0, "a1 u1 e1"), see(1, "a2 u2 e2"), see(2, "a2 e1")],
        ["a1 e1 u1", "e2 u2"],
        {"a2": "shared"},
        {"a2-e1": "shared", "a2-u2": "shared", "a2-e2": "shared"},
    ),
    "a chain of aliases is one person": Story(
        [see(0, "a2", previous="a1"), see(1, "a3", previous="a2"), see(2, "u1", previous="a3")],
        ["a1 a2 a3 u1"],
    ),
    "a long chain of aliases is one person": Story(
        [see(n, f"a{n + 1}", previous=f"a{n}") for n in range(30)],
        [" ".join(f"a{n}" for n in range(31))],
    ),
    "aliases of several devices into one account are one person": Story(
        [see(n, "u1", previous=f"a{n}") for n in range(4)], ["a0 u1 a1 a2 a3"]
    ),
    "aliases that part and meet again are one person": Story(
        [
            see(0, "a2", previous="a1"),
            see(1, "a3", previous="a1"),
            see(2, "u1", previous="a2"),
            see(3, "u1", previous="a3"),
        ],
        ["a1 a2 a3 u1"],
    ),
    "a device without any link is a person": Story([see(0, "a1"), see(1, "a2")], ["a1", "a2"]),
    "nobody is joined by a value that names nobody": Story(
        [
            Event(at(0), "a1", "null"),
            Event(at(1), "a2", "null"),
            Event(at(2), "a2", "0", {"email": "N/A"}),
        ],
        ["a1", "a2"],
    ),
}
_TYPES = {"a": "anonymous_id", "u": "user_id", "v": "user_id", "e": "email"}


@dataclass(frozen=True)
class Result:
    """The stage's rows, and each event's person by the event's place."""

    links: dict[object, object]
    identities: dict[oracle.Id, tuple[str, str, object]]
    conflicts: dict[oracle.Pair, tuple[str, str, object]]
    persons: list[str | None]


def run(events: DataFrame, scratch: Path, settings: Settings = SETTINGS) -> Result:
    context = Context(settings, str(scratch))
    daily = identity_links_stage.STAGE.transform({"events": events}, context)
    inputs = {**daily, "identity_overrides": rows(events.sparkSession, "identity_overrides")}
    found = {**daily, **STAGE.transform(inputs, context)}
    assert set(found) == {*STAGE.writes, *identity_links_stage.STAGE.writes}
    links = identity_links.TABLE.select(found["identity_links"]).collect()
    people = identities.TABLE.select(found["identities"]).collect()
    conflicts = identity_conflicts.TABLE.select(found["identity_conflicts"]).collect()
    assigned = person_of(events, found["identities"], found["device_owners"], settings).collect()
    result = Result(
        {
            (((r.type_a, r.value_a), (r.type_b, r.value_b)), r.link_date): (
                r.events,
                r.first_time,
                r.last_time,
                r.sources,
            )
            for r in links
        },
        {(r.id_type, r.id_value): (r.person_id, r.status, r.first_seen) for r in people},
        {
            ((r.type_a, r.value_a), (r.type_b, r.value_b)): (r.reason, r.detail, r.first_seen)
            for r in conflicts
        },
        [r.person_id for r in sorted(assigned, key=lambda r: int(r.event_id))],
    )
    # One row by the grain each.
    assert (len(links), len(people), len(conflicts)) == tuple(
        map(len, (result.links, result.identities, result.conflicts))
    )
    return result


@dataclass(frozen=True)
class Suite:
    events: list[Event]
    starts: dict[str, int]
    result: Result


@pytest.fixture(scope="module")
def worlds() -> dict[str, list[Event]]:
    """Every world by its prefix."""
    stories = {f"s{n}.": prefixed(story.events, f"s{n}.") for n, story in enumerate(STORIES.values())}
    seeds = range(FIRST_SEED, FIRST_SEED + WORLDS)
    return stories | {f"w{seed}.": prefixed(random_world(seed), f"w{seed}.") for seed in seeds}


@pytest.fixture(scope="module")
def suite(
    spark: SparkSession, worlds: dict[str, list[Event]], tmp_path_factory: pytest.TempPathFactory
) -> Suite:
    """All worlds in one run."""
    events: list[Event] = []
    starts = {}
    for prefix, world in worlds.items():
        starts[prefix] = len(events)
        events += world
    return Suite(events, starts, run(frame(spark, events), tmp_path_factory.mktemp("scratch")))


def _of(prefix: str, rows: Mapping) -> dict:
    """The rows of one world; an e-mail address is lower case, and so are the prefixes."""

    def value(key) -> str:
        while not isinstance(key[1], str):
            key = key[0]
        return key[1]

    return {key: row for key, row in rows.items() if value(key).startswith(prefix)}


@pytest.mark.parametrize("number", range(len(STORIES)), ids=list(STORIES))
def test_a_story_ends_with_its_persons_and_conflicts(number: int, suite: Suite):
    told = list(STORIES.values())[number]
    prefix = f"s{number}."

    def named(name: str) -> oracle.Id:
        return _TYPES[name[0]], prefix + name

    expected = {}
    for person in told.persons:
        oldest, *others = person.split()
        for name in (oldest, *others):
            expected[named(name)] = (oracle.person_id(named(oldest)), "own")
    for name, status in told.alone.items():
        expected[named(name)] = (oracle.shared_id(named(name)), status)
    found = {one: row[:2] for one, row in _of(prefix, suite.result.identities).items()}
    assert found == expected
    conflicts = {
        f"{a[1]}-{b[1]}".replace(prefix, ""): row[0]
        for (a, b), row in _of(prefix, suite.result.conflicts).items()
    }
    assert conflicts == told.conflicts


def test_random_worlds_have_the_links_persons_and_conflicts_of_the_oracle(
    worlds: dict[str, list[Event]], suite: Suite
):
    reasons = set()
    for prefix, world in worlds.items():
        answer = oracle.solve(world, LAW)
        where = f"world {prefix} (random_world(seed) with the number as its seed)"
        assert _of(prefix, suite.result.links) == oracle.daily(world), where
        found = _of(prefix, suite.result.identities)
        assert found == {
            one: (answer.person[one], answer.status[one], answer.first_seen[one]) for one in answer.person
        }, where
        conflicts = _of(prefix, suite.result.conflicts)
        assert {pair: row[:2] for pair, row in conflicts.items()} == answer.conflicts, where
        reasons |= {row[0] for row in conflicts.values()}
        start = suite.starts[prefix]
        persons = suite.result.persons[start : start + len(world)]
        assert persons == [oracle.assign(event, answer) for event in world], where
    # The worlds are worth their time only if they meet every rule.
    assert reasons == {"shared", "hub", "alias", "limit"}


def test_another_order_and_partitioning_of_events_gives_the_same_rows(
    spark: SparkSession, suite: Suite, tmp_path: Path
):
    places = list(range(len(suite.events)))
    random.Random(FIRST_SEED).shuffle(places)
    given = frame(spark, suite.events)
    ordered = given.collect()
    shuffled = spark.createDataFrame([ordered[n] for n in places], given.schema).repartition(5)
    assert run(shuffled, tmp_path) == suite.result, f"seed {FIRST_SEED}"


def test_events_that_name_nobody_give_empty_tables(spark: SparkSession, tmp_path: Path):
    empty = run(frame(spark, [Event(at(0)), Event(at(1), user="null")]), tmp_path)
    assert (empty.links, empty.identities, empty.conflicts) == ({}, {}, {})
    assert empty.persons == [None, None]


def test_a_component_too_large_to_take_apart_joins_nobody_and_is_told(spark: SparkSession, tmp_path: Path):
    # Two accounts on one device, and a chain of devices behind it: six links where five are the most.
    events = [see(0, "a1 u1"), see(1, "a1 u2"), *(see(n, f"a{n}", previous=f"a{n - 1}") for n in range(2, 6))]
    small = [see(0, "a8 u8"), see(1, "a8 u9")]
    settings = Settings(identity={**IDENTITY, "largest": 5})
    found = run(frame(spark, [*events, *small]), tmp_path, settings)
    giant = {one: row for one, row in found.identities.items() if one[1] not in ("a8", "u8", "u9")}
    assert len({person for person, _, _ in giant.values()}) == len(giant) == 7
    assert {row[1] for row in giant.values()} == {"own"}
    reasons = {tuple(one[1] for one in pair): row[0] for pair, row in found.conflicts.items()}
    assert reasons == {
        ("a1", "u1"): "size",
        ("a1", "u2"): "size",
        **{(f"a{n - 1}", f"a{n}"): "size" for n in range(2, 6)},
        ("a8", "u8"): "shared",
        ("a8", "u9"): "shared",
    }


def test_two_identifiers_of_one_number_are_told_apart(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def few(id_type: str, id_value: str) -> Column:
        """Numbers so few that most identifiers share theirs with others."""
        return F.pmod(F.xxhash64(id_type, id_value), F.lit(5))

    events = [see(0, "a1 u1"), see(1, "a2 u2"), see(2, "a3 e3"), see(3, "a4"), see(4, "a5"), see(5, "a6 u1")]
    true = run(frame(spark, events), tmp_path / "true")
    monkeypatch.setattr(persons, "number", few)
    assert run(frame(spark, events), tmp_path / "few") == true


def test_a_million_events_of_one_identifier_are_one_sighting_a_day(spark: SparkSession, tmp_path: Path):
    start = "timestamp '2024-03-01'"
    bot = spark.range(1_000_000).selectExpr(
        "cast(id AS string) event_id",
        "'bot' anonymous_id",
        "'u1' user_id",
        "cast(null AS map<string, string>) identifiers",
        "cast(null AS string) previous_id",
        f"{start} + make_interval(0, 0, 0, 0, 0, 0, id % 172800) event_time",
        f"to_date({start} + make_interval(0, 0, 0, 0, 0, 0, id % 172800)) event_date",
        "'segment' source",
    )
    daily = identity_links_stage.STAGE.transform({"events": bot}, Context(SETTINGS, str(tmp_path)))
    assert daily["identity_sightings"].where("id_value = 'bot'").count() == 2
    links = daily["identity_links"].orderBy("link_date").collect()
    assert [(row.events, len(row.logins)) for row in links] == [(518_400, 1), (481_600, 1)]
