"""Publishing by difference: what a commit touches, and which version a reader gets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlparse

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.conftest import ADAPTED, compiled
from trailhouse import snapshot
from trailhouse.contract import Column, Table
from trailhouse.difference import different_partitions
from trailhouse.files import java
from trailhouse.identity.settle import settled
from trailhouse.scope import Scope, of_keys
from trailhouse.storage import Lake, Published, layout, reading
from trailhouse.storage import lake as writing

VISITS = Table(
    name="visits",
    sentence="A visit's pages, by day.",
    grain=("day", "visit"),
    partition_by=("day",),
    columns=(
        Column("day", "STRING", "Day.", True),
        Column("visit", "INT", "Number of the visit.", True),
        Column("pages", "MAP<STRING, INT>", "Views by page."),
    ),
)
WHOLE = Table(name="whole", sentence="The same without days.", grain=("visit",), columns=VISITS.columns)
DATED = replace(VISITS, name="dated", columns=(Column("day", "DATE", "Day.", True), *VISITS.columns[1:]))
ROWS = [("mon", 1, {"a": 1, "b": 2}), ("mon", 2, None), ("tue", 1, {"a": 1}), ("o'clock", 1, {})]


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Iterator[Lake]:
    """Tables of it are laid out as in a job."""
    with compiled(spark, ADAPTED):
        yield Lake(spark, str(tmp_path / "lake"))


def frame(lake: Lake, rows: list[tuple[object, ...]], table: Table = VISITS) -> DataFrame:
    return lake.spark.createDataFrame(rows, table.schema)


def published(lake: Lake, table: str = "visits", version: int | None = None) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in lake.read(table, version).collect()), key=repr)


def files(lake: Lake, day: str) -> set[str]:
    rows = lake.spark.read.format("delta").load(lake.path("visits")).where(f'day = "{day}"')
    return {Path(path).name for path in rows.inputFiles()}


@pytest.mark.parametrize("table", [VISITS, WHOLE], ids=lambda table: table.name)
def test_the_first_publish_is_one_commit_of_table_and_rows(lake: Lake, table: Table) -> None:
    done = lake.publish(table, frame(lake, ROWS, table))
    assert done == Published("published", 0)
    assert published(lake, table.name) == sorted(ROWS, key=repr)
    told = lake.spark.sql(f"DESCRIBE DETAIL delta.`{lake.path(table.name)}`").first()
    assert told is not None
    assert (told.description, tuple(told.partitionColumns)) == (table.sentence, table.partition_by)


def test_the_first_publish_marks_what_its_rows_were_made_from(lake: Lake) -> None:
    made_from = {"inputs": {"events": 3}}
    done = lake.publish(VISITS, frame(lake, ROWS), consumed=made_from)
    assert lake.up_to_date("visits", made_from)
    lake.mark("visits", made_from, done.version)
    assert lake.version("visits") == 0, "there is nothing to add to it"


def test_a_table_of_nothing_is_there_and_empty_and_takes_rows_later(lake: Lake) -> None:
    assert lake.publish(VISITS, frame(lake, [])) == Published("unchanged", 0)
    assert published(lake) == []
    assert lake.publish(VISITS, frame(lake, ROWS)) == Published("published", 1)
    assert published(lake) == sorted(ROWS, key=repr)


def test_a_look_at_a_table_is_no_job_of_spark(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    lake.mark("visits", {}, 0)  # a version that nobody has looked at
    context = lake.spark.sparkContext
    context.setJobGroup("a look", "")
    try:
        assert lake.state("visits").files == 3
        assert context.statusTracker().getJobIdsForGroup("a look") == []
        for rows in (lake.read("visits"), lake.read("visits", 0)):
            rows.collect()
        assert len(context.statusTracker().getJobIdsForGroup("a look")) == 2, "rows alone are read by jobs"
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)


def test_rows_that_were_asked_for_are_those_of_then(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    then = lake.read("visits")
    changed = [*ROWS[1:], ("wed", 1, None)]
    lake.publish(VISITS, frame(lake, changed))
    assert sorted(map(tuple, then.collect()), key=repr) == sorted(ROWS, key=repr)
    assert published(lake, version=0) == sorted(ROWS, key=repr)
    assert published(lake) == sorted(changed, key=repr)
    monkeypatch.setattr(snapshot, "_SMALL", 0)
    # As Delta's own frames give them.
    assert published(lake, version=0) == sorted(ROWS, key=repr)
    assert published(lake) == sorted(changed, key=repr)


def test_rows_of_a_day_are_told_by_the_list_of_files_as_by_the_log(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = date(2026, 3, 2), date(2026, 3, 3)
    lake.publish(DATED, frame(lake, [(one, 1, None), (one, 2, None), (other, 1, None)], DATED))
    assert lake.rows_by_day(DATED) == {one: 2, other: 1}
    monkeypatch.setattr(reading, "rows_by_value", lambda *_: None)
    assert lake.rows_by_day(DATED) == {one: 2, other: 1}


def test_a_run_that_comes_second_in_making_a_table_adds_nothing(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    with pytest.raises(PySparkException, match="already exists"):
        lake._publish_first(VISITS, frame(lake, ROWS))  # it looked before the other was done
    assert published(lake) == sorted(ROWS, key=repr)


def test_the_same_rows_in_another_order_are_no_commit(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    other = frame(lake, [("mon", 1, {"b": 2, "a": 1}), *reversed(ROWS[1:])]).repartition(3)
    assert lake.publish(VISITS, other) == Published("unchanged", 0)


def test_only_days_that_differ_are_written(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    kept, replaced = files(lake, "mon"), files(lake, "tue")
    changed = [*ROWS[:2], ("tue", 1, {"a": 2}), ("wed", 1, None)]
    assert lake.publish(VISITS, frame(lake, changed)).action == "published"
    assert published(lake) == sorted(changed, key=repr), "a changed day, a new one, and one that is gone"
    assert files(lake, "mon") == kept
    assert files(lake, "tue").isdisjoint(replaced)


def test_days_that_are_known_to_differ_are_written_without_a_look(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in (VISITS, WHOLE):
        lake.publish(table, frame(lake, ROWS[:3], table))
    looked: list[str] = []
    real = writing.different_partitions

    def look(table: Table, *sides: DataFrame) -> list[tuple[object, ...]]:
        looked.append(table.name)
        return real(table, *sides)

    monkeypatch.setattr(writing, "different_partitions", look)
    changed = [*ROWS[1:3], ("wed", 1, None)]
    assert lake.publish(VISITS, frame(lake, changed), differs=True).action == "published"
    assert published(lake) == sorted(changed, key=repr), "what is gone is gone"
    same = lake.publish(WHOLE, frame(lake, ROWS[:3], WHOLE), differs=True)
    assert same == Published("unchanged", 0), "a table without days may be as it was"
    assert looked == ["whole"]


def test_a_mark_is_no_change_of_rows_and_its_version_reads_as_the_one_before(lake: Lake) -> None:
    first = lake.publish(VISITS, frame(lake, ROWS))
    lake.mark("visits", {"inputs": {"events": 3}}, first.version)
    assert (lake.version("visits"), lake.state("visits").data_version) == (1, 0)
    assert published(lake, version=0) == sorted(ROWS, key=repr)
    second = lake.publish(VISITS, frame(lake, ROWS[:1]))
    assert second == Published("published", 2)
    # Before its own mark, as after a crash: what was asked for is read, whatever the newest one is.
    assert published(lake, version=0) == sorted(ROWS, key=repr)
    assert lake.publish(VISITS, frame(lake, ROWS[:1])) == Published("unchanged", 2)
    lake.mark("visits", {"inputs": {"events": 4}}, second.version)
    assert published(lake, version=0) == sorted(ROWS, key=repr)
    assert published(lake, version=2) == ROWS[:1]


def test_other_rows_of_the_same_inputs_are_marked_anew(lake: Lake) -> None:
    made_from = {"inputs": {"events": 3}}
    lake.mark("visits", made_from, lake.publish(VISITS, frame(lake, ROWS)).version)
    assert lake.state("visits").marked
    rebuilt = lake.publish(VISITS, frame(lake, ROWS[:1]))
    assert not lake.state("visits").marked, "a crash now must not pass for up to date"
    lake.mark("visits", made_from, rebuilt.version)
    assert lake.state("visits").marked
    assert lake.state("visits").data_version == rebuilt.version
    assert published(lake, version=rebuilt.version) == ROWS[:1]


def test_differences_of_random_tables_are_those_of_plain_counting(lake: Lake) -> None:
    row = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 2), st.none())
    tables = st.lists(row, max_size=6)
    worlds: list[tuple[list[tuple[object, ...]], list[tuple[object, ...]]]] = []

    @settings(max_examples=60, database=None, derandomize=True)
    @given(tables, tables, st.booleans())
    def collect(one: list[tuple[object, ...]], other: list[tuple[object, ...]], same: bool) -> None:
        worlds.append((one, random.Random(1).sample(one, len(one)) if same else other))

    collect()
    # All worlds in one question: each is its own set of days.
    sides = [
        [(f"{number}/{day}", *rest) for number, world in enumerate(worlds) for day, *rest in world[side]]
        for side in (0, 1)
    ]

    def of_day(world: list[tuple[object, ...]], day: str) -> list[tuple[object, ...]]:
        return sorted(row for row in world if row[0] == day)

    expected = {
        f"{number}/{day}"
        for number, (one, other) in enumerate(worlds)
        for day in "abc"
        if of_day(one, day) != of_day(other, day)
    }
    found = different_partitions(VISITS, frame(lake, sides[0]), frame(lake, sides[1]))
    assert {day for (day,) in found} == expected
    assert 0 < len(expected) < 3 * len(worlds)


def test_the_rows_of_a_file_lie_in_the_tables_order(lake: Lake) -> None:
    table = replace(VISITS, sort_by=("visit",))
    numbers = random.Random(5).sample(range(200), 200)
    lake.publish(table, frame(lake, [("mon", n, {}) for n in numbers]).repartition(3))
    (file,) = lake.read("visits").inputFiles()
    assert pq.read_table(urlparse(file).path, columns=["visit"])["visit"].to_pylist() == sorted(numbers)


def test_what_is_large_is_written_by_several_tasks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_FILE", 1)
    one_day = [(date(2026, 1, 1), n, None) for n in range(9)]
    given = {
        WHOLE: ROWS,
        DATED: one_day,
        replace(DATED, name="days"): [*one_day, (date(2026, 1, 2), 1, None)],
    }
    found = {}
    # A task each file that is read, small as they are.
    with compiled(lake.spark, {"spark.sql.files.minPartitionNum": "3"}):
        for table, rows in given.items():
            lake.publish(table, lake.stage(table.name, frame(lake, rows, table).repartition(3, "visit")))
            found[table.name] = len(lake.read(table.name).inputFiles())
    assert {table.name: published(lake, table.name) for table in given} == {
        table.name: sorted(rows, key=repr) for table, rows in given.items()
    }
    # Those of many days are put together by day.
    assert (found["whole"] > 1, found["dated"] > 1, found["days"]) == (True, True, 2)


def test_what_lies_in_a_scratch_file_is_not_written_again(lake: Lake) -> None:
    rows = settled(frame(lake, ROWS), lake.scratch("stage"), "rows")
    assert lake.stage("visits", VISITS.select(rows)).inputFiles() == rows.inputFiles()
    changed = VISITS.select(rows.withColumn("visit", F.col("visit") + 1))
    assert all("_staging" in file for file in lake.stage("visits", changed).inputFiles())


def test_a_part_takes_the_place_of_the_rows_in_its_scope_and_of_no_others(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    keys = lake.spark.createDataFrame([(1,)], "visit INT")
    visits = of_keys(keys, ("visit",))
    before = files(lake, "o'clock")
    # The first visit of Monday is another, that of Tuesday is gone, that of the third day stays.
    part = [("mon", 1, {"a": 5}), ("o'clock", 1, {})]
    assert lake.publish(VISITS, frame(lake, part), visits) == Published("published", 1)
    assert published(lake) == sorted([*part, ("mon", 2, None)], key=repr)
    assert files(lake, "o'clock") == before
    assert lake.publish(VISITS, frame(lake, part), visits) == Published("unchanged", 1)


def test_a_part_that_only_adds_rows_writes_no_other_row_again(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    before = files(lake, "mon")
    part = [*ROWS[:2], ("mon", 3, {"c": 1})]
    days = Scope(lambda rows: rows.where("day = 'mon'"), lambda rows: rows.where("day <> 'mon'"))
    assert lake.publish(VISITS, frame(lake, part), days).action == "published"
    assert published(lake) == sorted([*ROWS, part[2]], key=repr)
    assert before < files(lake, "mon")


def test_a_table_whose_versions_have_no_checksums_is_looked_at_from_any_thread(lake: Lake) -> None:
    lake.publish(VISITS, frame(lake, ROWS))
    for checksum in Path(lake.path("visits"), "_delta_log").glob("*.crc"):
        checksum.unlink()
    java(lake.spark, "org.apache.spark.sql.delta.DeltaLog").clearCache()
    with ThreadPoolExecutor(max_workers=1) as pool:
        looked = pool.submit(lake.state, "visits").result()
    assert looked.files == len(lake.read("visits").inputFiles())


def test_a_flag_or_a_list_may_be_part_of_the_grain(lake: Lake) -> None:
    flags = Table(
        "flags",
        "Said or not.",
        ("day", "said", "way"),
        (
            VISITS.columns[0],
            Column("said", "BOOLEAN", "Said.", True),
            Column("way", "ARRAY<STRING>", "Where."),
        ),
    )
    rows: list[tuple[object, ...]] = [("mon", False, ["a"]), ("mon", True, ["a"])]
    assert lake.publish(flags, frame(lake, rows, flags)).action == "published"
    assert published(lake, "flags") == rows
