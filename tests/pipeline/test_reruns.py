"""Twice, in pieces, after a crash, behind a closed gate: the same tables, or the last good ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import Shop, run_suite
from trailhouse import suite
from trailhouse.difference import fingerprint
from trailhouse.errors import GateFailed
from trailhouse.ingest import batch
from trailhouse.settings import Settings
from trailhouse.stage import Check
from trailhouse.stages import forms
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

TABLES_ONLY = ("events", *suite.JOBS)
"""Every job but the report, which reads and changes nothing."""

MOST = tuple(job for job in TABLES_ONLY if job not in ("catalog", "metrics"))
"""Without those whose tables are made of the others' rows alone; their transforms have tests of their own."""

long = pytest.mark.soak

LAWFUL = [table.name for table in TABLES.values() if table.lawful and not table.optional]
ARRIVAL = {"events_quarantine": ["file", "line", "first_batch", "quarantined_time"]}
"""Columns that speak of arrival, and so stand outside of the law."""


def versions(lake: Lake) -> dict[str, int]:
    """The newest version of each lawful table."""
    return {name: lake.version(name) for name in LAWFUL}


def contents(lake: Lake, names: Iterable[str] = LAWFUL) -> dict[str, tuple[object, ...]]:
    """An order-free fingerprint of each table's rows."""
    return {
        name: tuple(fingerprint(lake.read(name).drop(*ARRIVAL.get(name, []))).first() or ()) for name in names
    }


def balance(lake: Lake) -> tuple[int, ...]:
    """What the ledger counts over all batches: records, those quarantined, and the rows that are left."""
    rows = lake.read("ledger").where("table_name = 'events' AND kept IS NOT NULL").collect()
    assert all(r.records_in == r.kept + r.duplicate + r.quarantined + r.refused for r in rows)
    totals = [(r.records_in, r.quarantined, r.kept - r.replaced) for r in rows]
    return tuple(map(sum, zip(*totals, strict=True)))


# The events are rebuilt by a test of their own.
@pytest.mark.parametrize("rebuilt", [False, pytest.param(True, marks=long)], ids=["again", "rebuilt"])
def test_a_second_run_and_a_rebuild_change_no_table(
    spark: SparkSession, shop: Shop, copy: Path, rebuilt: bool
) -> None:
    lake = Lake(spark, str(copy))
    before = versions(lake)
    run_suite(spark, shop.settings(copy), *TABLES_ONLY, rebuild=rebuilt)
    assert versions(lake) == before


# The shop's lake itself is made of three deliveries; a small one shows what a crash at each of a batch's
# steps leaves: see tests/ingest.
@long
def test_deliveries_that_crash_and_are_carried_through_each_time_give_the_same_tables(
    spark: SparkSession, shop: Shop, shop_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = sorted(shop.raw.iterdir())
    assert len(deliveries) == 3
    first, second, third = (shop.settings(tmp_path / "lake", f"raw.path={path}") for path in deliveries)

    def crash(settings: Settings, step: str, *, committed: bool) -> None:
        """A run that ends inside of a step of its batch, before the step's commit or after."""
        real = getattr(batch, step)

        def broken(*arguments: object, **named: object) -> None:
            if committed:
                real(*arguments, **named)
            raise RuntimeError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(batch, step, broken)
            with pytest.raises(RuntimeError, match="power cut"):
                run_suite(spark, settings, "events")

    crash(first, "publish_events", committed=True)
    run_suite(spark, first, *MOST)
    crash(second, "publish_events", committed=False)
    crash(second, "publish_quarantine", committed=False)
    run_suite(spark, second, "events")
    run_suite(spark, third, *TABLES_ONLY)

    lake, whole = Lake(spark, str(tmp_path / "lake")), Lake(spark, str(shop_lake))
    assert contents(lake) == contents(whole)
    assert balance(lake) == balance(whole)


def test_a_failed_check_holds_the_publish_and_readers_keep_the_last_good_table(
    spark: SparkSession, shop: Shop, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(spark, str(copy))
    before = versions(lake)
    impossible = Check("forms", "impossible", "No form is ever begun.", condition="started = 0")
    failing = replace(forms.STAGE, checks=(*forms.STAGE.checks, impossible), version=99)
    monkeypatch.setitem(suite.JOBS, "metrics", (failing,))
    with pytest.raises(GateFailed, match="No form is ever begun") as held:
        run_suite(spark, shop.settings(copy), "metrics")
    assert held.value.exit_code == 3
    assert versions(lake) == before
    verdict = lake.read("gate_results").where("check_name = 'impossible'").collect()[0]
    assert not verdict.passed
    assert verdict.examples, "a few keys of offending rows help to find them"
    rows = lake.read("ledger").where("action = 'held' AND stage = 'forms'").collect()
    assert sorted(row.table_name for row in rows) == sorted(failing.writes), "each table of the stage is held"
