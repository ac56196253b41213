"""`python -m trailhouse rescore`: today's rules over what is published, and what they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import functions as F

from trailhouse.ingest.rescore import rescore as rescore_events
from trailhouse.run import Run, input_versions, is_same_definition, run_stage
from trailhouse.stages.signals import STAGE


@dataclass(frozen=True)
class Change:
    """Signals of one kind and preset: how many there were, how many came, how many went."""

    before: int
    came: int
    went: int

    @property
    def now(self) -> int:
        """How many there are."""
        return self.before + self.came - self.went


Changes = Mapping[tuple[str, str], Change]
"""By kind and preset."""


def rescore(run: Run) -> Changes:
    """Judge events anew, then find signals anew if their rules are others than they were found by."""
    rescore_events(run)
    changes = rescore_signals(run)
    for line in told(changes):
        run.progress.note(line)
    return changes


def rescore_signals(run: Run) -> Changes:
    """Find signals anew by today's settings; what came and went. Nothing, if no rule changed."""
    lake = run.lake
    if not lake.exists("signals"):
        return {}
    if is_same_definition(run, STAGE):
        run.progress.note("signals were found by the rules of today")
        return {}
    missing = [name for name in STAGE.reads if not lake.exists(name)]
    if missing:
        run.progress.warn(f"signals need {', '.join(missing)}, which the lake lacks: run the suite")
        return {}
    if lake.consumed("signals").get("inputs") != input_versions(lake, STAGE):
        run.progress.note("activity has changed since signals were found: what came with it is counted, too")
    sides = ("signal_id", "kind", "preset")
    before = lake.read("signals", lake.state("signals").data_version).select(*sides, F.lit(1).alias("before"))
    run_stage(run, STAGE)
    now = lake.read("signals").select(*sides, F.lit(1).alias("now"))
    both = before.join(now, on=[*sides], how="full").groupBy("kind", "preset")
    rows = both.agg(
        F.count("before").alias("before"),
        F.count_if(F.col("before").isNull()).alias("came"),
        F.count_if(F.col("now").isNull()).alias("went"),
    ).collect()
    changes = {(row.kind, row.preset): Change(row.before, row.came, row.went) for row in rows}
    if any(change.came or change.went for change in changes.values()):
        run.progress.note("run the suite to carry this through sessions and all that counts signals")
    return dict(sorted(changes.items()))


def told(changes: Changes) -> Iterator[str]:
    """Lines for a terminal."""
    for (kind, preset), change in changes.items():
        moved = f"{change.came:,} came, {change.went:,} went" if change.came or change.went else "the same"
        yield f"{kind} ({preset}): {change.before:,} before, {change.now:,} now: {moved}"
