"""What a run read, kept, dropped and decided: collected in memory, written once at its end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from trailhouse.contract import Table
from trailhouse.gates import Outcome
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

NO_BATCH = -1


@dataclass(frozen=True)
class Counts:
    """How the records of one batch of the events stream balance."""

    records_in: int
    kept: int
    duplicate: int
    quarantined: int
    refused: int
    replaced: int = 0
    conflicting: int = 0
    late: int = 0
    late_days: Mapping[int, int] = field(default_factory=dict)
    bot: int = 0
    internal: int = 0
    blocked_ids: int = 0

    def __post_init__(self) -> None:
        total = self.kept + self.duplicate + self.quarantined + self.refused
        if self.records_in != total:
            raise AssertionError(
                f"the ledger does not balance: {self.records_in} records in, but {self.kept} kept, "
                f"{self.duplicate} duplicate, {self.quarantined} quarantined, {self.refused} refused: {total}"
            )

    def to_json(self) -> str:
        """As it rides in the commit's metadata."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Counts:
        """From what `to_json` gave, read again: keys of JSON are texts."""
        days = {int(day): int(number) for day, number in told.get("late_days", {}).items()}
        return cls(**{**told, "late_days": days})

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """How several batches balance together."""
        parts = list(parts)
        days: Counter[int] = Counter()
        for part in parts:
            days.update(part.late_days)
        numbers = [one.name for one in fields(cls) if one.name != "late_days"]
        return cls(**{name: sum(getattr(p, name) for p in parts) for name in numbers}, late_days=dict(days))


@dataclass
class Records:
    """Ledger and gate rows of one run; `flush` appends them to their tables."""

    run_id: str
    ledger: list[dict[str, Any]] = field(default_factory=list)
    gates: list[dict[str, Any]] = field(default_factory=list)

    def stage(
        self,
        stage: str,
        table: str,
        action: str,
        *,
        version: int | None = None,
        rows: int | None = None,
        seconds: float | None = None,
        batch: int = NO_BATCH,
        counts: Counts | None = None,
        told: Mapping[str, int] | None = None,
        note: str | None = None,
    ) -> None:
        """One row of the ledger; `told` are further columns of it."""
        self.ledger.append(
            {
                "run_id": self.run_id,
                "at": datetime.now(UTC),
                "stage": stage,
                "table_name": table,
                "batch": batch,
                "action": action,
                "table_version": version,
                "rows": rows,
                "seconds": None if seconds is None else Decimal(f"{seconds:.3f}"),
                "note": note,
                **(asdict(counts) if counts else {}),
                **(told or {}),
            }
        )

    def gate(self, stage: str, outcomes: Sequence[Outcome], batch: int = NO_BATCH) -> None:
        """The verdicts of one gate."""
        at = datetime.now(UTC)
        self.gates += [
            {
                "run_id": self.run_id,
                "at": at,
                "stage": stage,
                "table_name": outcome.table,
                "batch": batch,
                "check_name": outcome.check_name,
                "severity": outcome.severity,
                "sentence": outcome.sentence,
                "passed": outcome.passed,
                "observed": outcome.observed,
                "expected": outcome.expected,
                "examples": list(outcome.examples),
            }
            for outcome in outcomes
        ]

    def flush(self, lake: Lake) -> None:
        """Append what was collected; nothing collected, no commit."""
        for table, rows in ((TABLES["ledger"], self.ledger), (TABLES["gate_results"], self.gates)):
            if rows:
                lake.append(table, frame(lake.spark, table, rows))
                rows.clear()


def frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows of a contract as a DataFrame; columns that a row does not name are null."""
    names = table.schema.names
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], table.schema)
