"""Raw bytes in quarantine go after a time: they were kept as they came, past all privacy."""

from __future__ import annotations

from datetime import UTC, datetime

from delta.tables import DeltaTable
from pyspark.sql import functions as F

from trailhouse.run import Run


def forget_old_bytes(run: Run) -> None:
    """Take the bytes of records that were quarantined before `privacy.quarantine_retention`; hashes stay.

    Files that held them go with the next `maintain`, after its own retention.
    """
    lake, kept = run.lake, run.settings.privacy.quarantine_retention
    latest, state = datetime.now(UTC) - kept, lake.state("events_quarantine")
    if not state.files or state.created >= latest:
        return
    old = F.col("raw").isNotNull() & (F.col("quarantined_time") < F.lit(latest))
    if not lake.read("events_quarantine").where(old).isEmpty():
        table = DeltaTable.forPath(lake.spark, lake.path("events_quarantine"))
        table.update(old, {"raw": F.lit(None).cast("binary")})
