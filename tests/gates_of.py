"""Which checks of a stage's gate fail on some frames."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame

from trailhouse.gates.contract_checks import checks_of
from trailhouse.gates.counting import count_offending
from trailhouse.stage import Stage
from trailhouse.tables import TABLES


def failed_checks(stage: Stage, frames: Mapping[str, DataFrame]) -> list[str]:
    """Names of those of its tables' contracts and of its own that rows of `frames` break."""
    checks = [*(check for name in stage.writes for check in checks_of(TABLES[name])), *stage.checks]
    counts = count_offending(frames, checks)
    return [check.name for check, rows in zip(checks, counts, strict=True) if rows]
