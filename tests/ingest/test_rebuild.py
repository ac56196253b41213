"""Everything is read anew: by choice, with the rules of today, or because the stream was lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import Shop, run_suite
from trailhouse.difference import fingerprint
from trailhouse.storage import Lake


# Of few events: tests/ingest/test_rescore.py.
@pytest.mark.soak
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


# Of few records: tests/ingest/test_crashes.py.
@pytest.mark.soak
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
