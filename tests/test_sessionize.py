"""Each rule of sessions, a case each; then random worlds against a plain-Python oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from scripts.simulation.oracle import OracleEvent, oracle_sessions
from tests.worlds import Happening, random_world, resolved_events
from trailhouse.columns import with_place
from trailhouse.sessionize import with_sessions
from trailhouse.settings import Sessions
from trailhouse.views import with_views


def sessions_of(
    spark: SparkSession, happenings: Sequence[Happening], timezone: str = "UTC", **rules: object
) -> list[list[str]]:
    """The event names of each session in time order; events outside of sessions are left out."""
    placed = with_sessions(
        with_place(resolved_events(spark, happenings)), Sessions.model_validate(rules), timezone
    )
    rows = placed.where("session_id IS NOT NULL").orderBy("session_start", "event_time", "event_id").collect()
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.session_id].append(row.event_name)
    return list(found.values())


def test_a_gap_of_exactly_the_timeout_keeps_a_session_and_a_microsecond_more_ends_it(
    spark: SparkSession,
) -> None:
    tie = [Happening("p", 0, "a"), Happening("p", 1800, "b"), Happening("p", 3600.000001, "c")]
    assert sessions_of(spark, tie) == [["a", "b"], ["c"]]


def test_a_run_is_cut_24_hours_after_its_start_and_the_rest_goes_on(spark: SparkSession) -> None:
    kiosk = [Happening("p", at * 1800, f"h{at}") for at in range(50)]  # 24.5 h without a gap
    assert [len(session) for session in sessions_of(spark, kiosk)] == [48, 2]
    assert [len(session) for session in sessions_of(spark, kiosk, max_length=None)] == [50]


def test_keep_alive_events_keep_a_run_alive_but_start_no_session(spark: SparkSession) -> None:
    beats = [
        Happening("p", 0, "heartbeat"),  # before the first starter: in no session
        Happening("p", 1000, "click"),
        Happening("p", 2700, "heartbeat"),
        Happening("p", 4400, "click"),  # 3400 s after the first click, but kept alive
        Happening("p", 9000, "heartbeat"),  # a run of keep-alives alone
    ]
    assert sessions_of(spark, beats) == [["click", "heartbeat", "click"]]
    started = sessions_of(spark, beats, keep_alive_starts=True)
    assert started == [["heartbeat", "click", "heartbeat", "click"], ["heartbeat"]]


def test_a_server_event_joins_a_session_it_lies_in_and_extends_nothing(spark: SparkSession) -> None:
    paid = [
        Happening("p", 0, "click"),
        Happening("p", 1800, "order", platform="server"),  # end + timeout, inclusive
        Happening("p", 1800.000001, "refund", platform="server"),  # outside
        Happening("p", 3000, "click"),  # the server event bridged nothing
    ]
    assert sessions_of(spark, paid) == [["click", "order"], ["click"]]
    assert sessions_of(spark, paid, server_events="ignore") == [["click"], ["click"]]


def test_a_server_event_at_the_instant_of_the_start_lies_in_the_session(spark: SparkSession) -> None:
    tie = [
        Happening("p", 0, "order", event_id="a", platform="server"),
        Happening("p", 0, "click", event_id="b"),
    ]
    assert sessions_of(spark, tie) == [["order", "click"]]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [({}, [["a", "b"]]), ({"cut_at_midnight": True}, [["a"], ["b"]])],
)
def test_midnight_cuts_by_setting_in_the_projects_zone(
    spark: SparkSession, rules: dict[str, object], expected: list[list[str]]
) -> None:
    # START is 12:00 UTC; midnight of New York is 05:00 UTC, 17 h later.
    late = [Happening("p", 17 * 3600 - 60, "a"), Happening("p", 17 * 3600, "b")]
    assert sessions_of(spark, late, "America/New_York", **rules) == expected
    assert sessions_of(spark, late, "UTC", **rules) == [["a", "b"]]


@pytest.mark.parametrize(
    ("at", "cut"),
    [
        # START is 2026-01-01 12:00 UTC. Berlin's 29 March 2026 has 23 hours: it ends at 22:00 UTC, not 23:00.
        (87 * 86_400 + 10 * 3600, True),
        (87 * 86_400 + 11 * 3600, False),
        # Its 25 October has 25 hours: from 22:00 UTC of the 24th to 23:00 UTC.
        (297 * 86_400 + 11 * 3600, True),
        (297 * 86_400 + 10 * 3600, False),
    ],
)
def test_midnight_is_the_projects_own_on_days_of_23_and_25_hours(
    spark: SparkSession, at: int, cut: bool
) -> None:
    two = [Happening("p", at - 1, "a"), Happening("p", at, "b")]
    found = sessions_of(spark, two, "Europe/Berlin", cut_at_midnight=True)
    assert found == ([["a"], ["b"]] if cut else [["a", "b"]])


def test_events_of_one_microsecond_go_by_sequence_then_views_first_then_id(spark: SparkSession) -> None:
    tie = [
        Happening("p", 0, "click", "b"),
        Happening("p", 0, "page_view", "c"),
        Happening("p", 0, "click", "a"),
        Happening("p", 0, "scroll", "d", sequence=1),
    ]
    placed = with_views(with_sessions(with_place(resolved_events(spark, tie)), Sessions(), "UTC"))
    found = placed.orderBy("event_number").select("event_id", "session_id").collect()
    assert [row.event_id for row in found] == ["d", "c", "a", "b"]
    assert len({row.session_id for row in found}) == 1


def test_a_late_event_joins_two_sessions_and_the_first_ones_id_stays(spark: SparkSession) -> None:
    apart = [Happening("p", 0, "a", "x"), Happening("p", 3000, "b", "y")]
    assert sessions_of(spark, apart) == [["a"], ["b"]]
    assert sessions_of(spark, [*apart, Happening("p", 1500, "late", "z")]) == [["a", "late", "b"]]
    placed = [
        with_sessions(with_place(resolved_events(spark, events)), Sessions(), "UTC").where("event_id = 'x'")
        for events in (apart, [*apart, Happening("p", 1500, "late", "z")])
    ]
    one, other = (frame.first().session_id for frame in placed)  # type: ignore[union-attr]
    assert one == other


@pytest.mark.parametrize("number", [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_very_many_events_of_one_id_are_cut_into_sessions_of_a_day(spark: SparkSession, number: int) -> None:
    one = resolved_events(spark, [Happening("bot", 0, event_id="")])
    step = 3 * 86_400 * 1_000_000 // number
    many = (
        spark.range(number)
        .crossJoin(one.drop("event_id", "event_time"))
        .withColumn("event_id", F.concat(F.lit("e"), F.lpad(F.col("id").cast("string"), 7, "0")))
        .withColumn("event_time", F.timestamp_micros(F.lit(1_767_268_800_000_000) + F.col("id") * step))
    )
    placed = with_sessions(with_place(many.select(*one.columns)), Sessions(), "UTC")
    counted = placed.groupBy("_unit", "session_id", "session_start").count().orderBy("session_start")
    third = number // 3
    assert [row["count"] for row in counted.collect()] == [third + 1, third, third]


def test_another_campaign_cuts_by_setting_and_the_same_one_does_not(spark: SparkSession) -> None:
    ads = [
        Happening("p", 0, "a", campaign="mail"),
        Happening("p", 1, "b"),
        Happening("p", 2, "c", campaign="mail"),
        Happening("p", 3, "d", campaign="ads"),
    ]
    assert sessions_of(spark, ads) == [["a", "b", "c", "d"]]
    assert sessions_of(spark, ads, cut_on_campaign=True) == [["a", "b", "c"], ["d"]]


def test_another_user_cuts_in_scope_device_and_a_log_in_does_not(spark: SparkSession) -> None:
    log_ins = [
        Happening("p", 0, "a"),
        Happening("p", 1, "b", user="u1"),
        Happening("p", 2, "c"),
        Happening("p", 3, "d", user="u2"),
    ]
    assert sessions_of(spark, log_ins) == [["a", "b", "c", "d"]]
    assert sessions_of(spark, log_ins, scope="device") == [["a", "b", "c"], ["d"]]
    assert sessions_of(spark, log_ins, scope="device", cut_on_user=False) == [["a", "b", "c", "d"]]


def test_two_devices_are_one_session_by_person_and_two_by_device(spark: SparkSession) -> None:
    both = [Happening("p", 0, "a", device="phone"), Happening("p", 1, "b", device="laptop")]
    assert sessions_of(spark, both) == [["a", "b"]]
    assert sessions_of(spark, both, scope="device") == [["a"], ["b"]]


def test_the_trackers_own_sessions_are_taken_by_boundary_client(spark: SparkSession) -> None:
    own = [
        Happening("p", 0, "a", client_session="s1"),
        Happening("p", 9000, "b", client_session="s1"),
        Happening("p", 9001, "c", client_session="s2"),
        Happening("p", 9002, "d"),  # no session of the tracker's
    ]
    assert sessions_of(spark, own, boundary="client") == [["a", "b"], ["c"]]


def test_a_servers_events_make_no_session_of_the_trackers_and_do_not_begin_one(spark: SparkSession) -> None:
    own = [
        Happening("p", 0, "paid", client_session="s1", platform="server"),
        Happening("p", 9000, "a", client_session="s1"),
        Happening("p", 9001, "sent", client_session="s2", platform="server"),
    ]
    placed = with_sessions(with_place(resolved_events(spark, own)), Sessions(boundary="client"), "UTC")
    found = placed.where("session_id IS NOT NULL").select("event_name", "session_start").collect()
    assert {(row.event_name, row.session_start) for row in found} == {
        (name, own[1].time.replace(tzinfo=None)) for name in ("paid", "a")
    }


def test_an_event_without_a_person_is_in_no_session(spark: SparkSession) -> None:
    nobody = Happening(None, 0, "a")  # type: ignore[arg-type]
    assert sessions_of(spark, [nobody, Happening("p", 0, "b")]) == [["b"]]


def test_a_session_keeps_its_id_when_its_person_is_merged_into_another(spark: SparkSession) -> None:
    ids = set()
    for person in ("p", "q"):
        event = resolved_events(spark, [Happening(person, 0, event_id="x")])
        placed = with_sessions(with_place(event), Sessions(), "UTC")
        ids.add(placed.first().session_id)  # type: ignore[union-attr]
    assert len(ids) == 1


def expected_sessions(world: Sequence[Happening]) -> set[frozenset[str]]:
    """The sessions of a world as sets of event ids, by the independent oracle."""
    events = [
        OracleEvent(one.event_id, one.person, round(one.at * 1_000_000), one.name, one.platform == "server")
        for one in world
    ]
    return {frozenset(session.event_ids) for session in oracle_sessions(events)}


def compare_with_oracle(spark: SparkSession, seeds: range) -> None:
    """Sessionize all worlds in one run; the first that differs fails with its seed."""
    worlds = {seed: random_world(seed) for seed in seeds}
    frame = resolved_events(spark, [one for world in worlds.values() for one in world])
    placed = with_sessions(with_place(frame), Sessions(), "UTC").where("session_id IS NOT NULL")
    found: dict[str, set[str]] = defaultdict(set)
    for row in placed.select("session_id", "event_id").collect():
        found[row.session_id].add(row.event_id)
    by_world: dict[int, set[frozenset[str]]] = defaultdict(set)
    for ids in found.values():
        by_world[int(next(iter(ids))[1:].split("e")[0])].add(frozenset(ids))
    for seed, world in worlds.items():
        assert by_world[seed] == expected_sessions(world), f"seed {seed}: {world}"


def test_random_worlds_have_the_sessions_that_a_plain_loop_finds(spark: SparkSession) -> None:
    compare_with_oracle(spark, range(300))


@pytest.mark.soak
def test_thousands_of_random_worlds_have_the_sessions_that_a_plain_loop_finds(spark: SparkSession) -> None:
    compare_with_oracle(spark, range(1000, 6000))


def test_the_trackers_session_outlives_a_change_of_person_in_scope_device(spark: SparkSession) -> None:
    log_in = [
        Happening("p", 0, "a", client_session="s"),
        Happening("q", 1, "b", client_session="s"),
        Happening("q", 2, "c", client_session="t"),
    ]
    assert sessions_of(spark, log_in, boundary="client", scope="device") == [["a", "b"], ["c"]]
    assert sessions_of(spark, log_in, boundary="client") == [["a"], ["b"], ["c"]]


def operators(node: Any) -> Iterator[str]:
    """The names of a physical plan's operators, from the top."""
    yield str(node.nodeName())
    children = node.children()
    for place in range(children.size()):
        yield from operators(children.apply(place))


def test_rows_are_shuffled_once_and_sorted_once(spark: SparkSession) -> None:
    placed = with_sessions(with_place(resolved_events(spark, [Happening("p", 0)])), Sessions(), "UTC")
    counted = placed.groupBy("_unit", "session_id").count()
    plan = counted._jdf.queryExecution().executedPlan()
    names = Counter(operators(plan))
    assert (names["Exchange"], names["Sort"], names["Window"]) == (1, 1, 4), names
