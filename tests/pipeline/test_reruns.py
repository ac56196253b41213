"""Twice, in pieces, after a crash, behind a closed gate: the same tables, or the last good ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import SHOP, Shop, run_suite, simulate
from trailhouse import ingest, suite
from trailhouse.errors import GateFailed
from trailhouse.stage import Check
from trailhouse.stages import feedback
from trailhouse.storage import Lake, fingerprint
from trailhouse.tables import TABLES

TABLES_ONLY = ("events", *suite.JOBS)
"""Every job but the report, which reads and changes nothing."""

LAWFUL = [table.name for table in TABLES.values() if table.lawful]
ARRIVAL = {"events_quarantine": ["file", "line", "first_batch"]}
"""Columns that speak of arrival, and so stand outside of the law."""


def versions(lake: Lake) -> dict[str, int]:
    """The newest version of each lawful table."""
    return {name: lake.version(name) for name in LAWFUL}


def contents(lake: Lake, names: Iterable[str] = LAWFUL) -> dict[str, tuple[object, ...]]:
    """An order-free fingerprint of each table's rows."""
    return {
        name: tuple(fingerprint(lake.read(name).drop(*ARRIVAL.get(name, []))).first() or ()) for name in names
    }


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop once more, in three deliveries."""
    return simulate(tmp_path_factory.mktemp("split"), *SHOP, "--split", "3")


@pytest.fixture
def copy(shop_lake: Path, tmp_path: Path) -> Path:
    """The shop's lake, to run into: other tests read the one that it is a copy of."""
    return Path(shutil.copytree(shop_lake, tmp_path / "copy"))


def test_a_second_run_and_a_rebuild_change_no_table(spark: SparkSession, shop: Shop, copy: Path) -> None:
    lake = Lake(spark, str(copy))
    before = versions(lake)
    run_suite(spark, shop.settings(copy), *TABLES_ONLY)
    assert versions(lake) == before
    run_suite(spark, shop.settings(copy), *TABLES_ONLY, rebuild=True)
    assert versions(lake) == before


def test_three_deliveries_in_another_order_give_the_tables_of_one(
    spark: SparkSession, shop: Shop, shop_lake: Path, split: Shop, tmp_path: Path
) -> None:
    deliveries = sorted(split.raw.iterdir())
    assert len(deliveries) == 3
    first, second, third = deliveries
    path = tmp_path / "lake"
    # What follows is the same however often it ran before (tests/test_storage.py); metrics run once.
    early = [job for job in TABLES_ONLY if job != "metrics"]
    run_suite(spark, split.settings(path, f"raw.path={third}"), *early)
    run_suite(spark, split.settings(path, f"raw.path={first}"), "events")
    run_suite(spark, split.settings(path, f"raw.path={second}"), *TABLES_ONLY)
    assert contents(Lake(spark, str(path))) == contents(Lake(spark, str(shop_lake)))


def test_a_rebuild_applies_changed_rules_to_events_that_were_kept(
    spark: SparkSession, shop: Shop, copy: Path
) -> None:
    lake = Lake(spark, str(copy))
    assert lake.read("events").where("ip IS NOT NULL").count() > 0
    rest = [name for name in lake.read("events").columns if name != "ip"]
    before = fingerprint(lake.read("events").select(*rest)).first()
    settings = shop.settings(copy, "privacy.ip=drop")
    run_suite(spark, settings, "events", rebuild=True)
    assert lake.read("events").where("ip IS NOT NULL").count() == 0
    assert fingerprint(lake.read("events").select(*rest)).first() == before
    told = lake.read("ledger").where("table_name = 'events' AND kept > 0").orderBy("at").collect()
    assert sum(row.kept - row.replaced for row in told) == lake.read("events").count()


@pytest.mark.parametrize("step", ["_publish_events", "_publish_quarantine"])
def test_a_crash_inside_a_batch_leaves_nothing_twice_and_loses_nothing(
    spark: SparkSession,
    shop: Shop,
    shop_lake: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    settings = shop.settings(tmp_path / "lake")
    real = getattr(ingest, step)

    def crash(*arguments: object, **named: object) -> None:
        if step == "_publish_events":
            real(*arguments, **named)  # the commit is there, and nothing after it
        raise RuntimeError("power cut")

    monkeypatch.setattr(ingest, step, crash)
    with pytest.raises(RuntimeError, match="power cut"):
        run_suite(spark, settings, "events")
    monkeypatch.undo()
    run_suite(spark, settings, "events")
    lake, whole = Lake(spark, settings.lake.root), Lake(spark, str(shop_lake))
    names = ["events", "events_quarantine"]
    assert contents(lake, names) == contents(whole, names)
    row = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").collect()
    true = whole.read("ledger").where("table_name = 'events' AND kept > 0").collect()
    assert [(r.records_in, r.kept, r.duplicate) for r in row] == [
        (r.records_in, r.kept, r.duplicate) for r in true
    ]


def test_a_lost_checkpoint_reads_everything_again_and_changes_nothing(
    spark: SparkSession, shop: Shop, copy: Path
) -> None:
    settings = shop.settings(copy)
    lake = Lake(spark, settings.lake.root)
    before = (lake.version("events"), lake.version("events_quarantine"))
    lake.clear("_streams")
    run_suite(spark, settings, "events")
    assert (lake.version("events"), lake.version("events_quarantine")) == before
    again = lake.read("ledger").where("table_name = 'events'").orderBy("at").collect()[-1]
    assert again.kept == 0
    assert again.duplicate == again.records_in - again.quarantined


def test_a_failed_check_holds_the_publish_and_readers_keep_the_last_good_table(
    spark: SparkSession, shop: Shop, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(spark, str(copy))
    before = versions(lake)
    impossible = Check("feedback", "impossible", "No answer is ever given.", condition="answers = 0")
    failing = replace(feedback.STAGE, checks=(*feedback.STAGE.checks, impossible), version=2)
    monkeypatch.setitem(suite.JOBS, "metrics", (failing,))
    with pytest.raises(GateFailed, match="No answer is ever given") as held:
        run_suite(spark, shop.settings(copy), "metrics")
    assert held.value.exit_code == 3
    assert versions(lake) == before
    verdict = lake.read("gate_results").where("check_name = 'impossible'").collect()[0]
    assert not verdict.passed
    assert verdict.examples, "a few keys of offending rows help to find them"
    assert lake.read("ledger").where("action = 'held' AND stage = 'feedback'").count() == 1
