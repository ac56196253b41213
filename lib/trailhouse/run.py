"""run_stage(): the only read -> transform -> conform -> gate -> publish."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse import __version__
from trailhouse.enrich.places import Database, shared
from trailhouse.errors import ContractError, GateFailed, StorageError
from trailhouse.files import store_failure
from trailhouse.gates import Outcome
from trailhouse.gates.runner import failures, run_gate
from trailhouse.lease import Lease
from trailhouse.ledger import NO_BATCH, Records
from trailhouse.narrowing import MOST, part_of
from trailhouse.progress import Progress
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Part, Stage
from trailhouse.storage import NONE, Lake, Published
from trailhouse.tables import TABLES

WATERMARK = "watermark"
"""Pseudo input: one row with the greatest received_time (else event_time) of the events read."""


@dataclass
class Run:
    """One submission: where it writes, by which settings, and what it has to tell."""

    lake: Lake
    settings: Settings
    progress: Progress
    id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}")

    def __post_init__(self) -> None:
        self.started = datetime.now(UTC)
        self.records = Records(self.id)
        self.outcomes: list[Outcome] = []
        self.when_told: list[Callable[[], None]] = []
        """What is left to do once the ledger of a run that came to its end is written."""
        self.batches: dict[str, dict[tuple[str, int], Any]] = {}
        """By table the batches that its commits carry, as `ingest.commits` read them once."""
        self.lease = Lease(self.lake.files, self.lake.root, self.id)

    @cached_property
    def geo(self) -> Database | None:
        """The settings' file of places, with every executor; SettingsError when there is none such."""
        return shared(self.lake.spark, self.settings.events.geo_database)

    def tell_geo(self) -> None:
        """Say where the places of this run's events come from."""
        told = "no events.geo_database: places are those that trackers send"
        if self.geo:
            told = f"places by {self.geo.kind} of {self.geo.built} (SHA-256 {self.geo.sha256[:16]})"
        self.progress.note(told)

    def hold_unless(
        self,
        outcomes: Sequence[Outcome],
        stage: str,
        tables: Sequence[str],
        batch: int = NO_BATCH,
        accepted: Collection[str] = (),
    ) -> None:
        """Record verdicts and show warnings; raise GateFailed when one of severity error failed.

        Checks whose names are `accepted` warn where they would hold.
        """
        outcomes = [replace(one, severity="warn") if one.name in accepted else one for one in outcomes]
        self.records.gate(stage, outcomes, batch)
        self.outcomes += outcomes
        failed = failures(list(outcomes))
        for outcome in outcomes:
            if not outcome.passed and outcome.severity == "warn":
                self.progress.warn(f"{outcome.table}: {outcome.sentence} Observed: {outcome.observed}.")
        if failed:
            for table in tables:
                self.records.stage(stage, table, "held", batch=batch, note="; ".join(failed))
            raise GateFailed(stage, failed, [outcome.name for outcome in outcomes if outcome.holds])


@contextmanager
def open_run(spark: SparkSession, settings: Settings, progress: Progress | None = None) -> Iterator[Run]:
    """A run over a lake that can be written; its ledger and gate rows are kept whatever happens.

    StorageError when another run is at it.
    """
    lake = Lake(spark, settings.lake.root)
    lake.check()
    run = Run(lake, settings, progress or Progress())
    run.lease.acquire()
    with _store_failures_told(run):
        try:
            yield run
        except BaseException as error:
            with suppress(Exception):  # what went wrong first is what is told
                if store_failure(error):
                    # Each word to a store that is down takes its time: one look, before ledger and lease.
                    lake.files.reachable(lake.root)
                _close(run)
            raise
        _close(run, run.when_told)


@contextmanager
def _store_failures_told(run: Run) -> Iterator[None]:
    """An error of Java that comes of a store which is down or closed to us, as one sentence."""
    try:
        yield
    except Exception as error:
        run.lease.stop()
        if (told := store_failure(error)) is None:
            raise
        raise StorageError(
            f"a store failed while run {run.id} wrote lake {run.lake.root} ({told}): "
            "what was published stays whole, run again"
        ) from error


def _close(run: Run, rest: Sequence[Callable[[], None]] = ()) -> None:
    try:
        if not run.lease.lost:
            run.records.flush(run.lake)
            for each in rest:
                each()
    finally:
        run.lease.release()


def run_stage(run: Run, stage: Stage, *, rebuild: bool = False) -> dict[str, Published]:
    """Bring the tables of a stage up to its inputs; says for each what happened.

    Nothing is read twice for nothing: with the same input versions, settings and code the stage is
    up to date. Raises GateFailed, with nothing published, when an error check fails.
    """
    lake, started = run.lake, time.perf_counter()
    with run.progress.stage(stage.name) as line:
        versions = input_versions(lake, stage)
        consumed = _consumed(run.settings, stage, versions)
        if not rebuild and _up_to_date(lake, stage, consumed):
            line.done("up to date")
            return {table: Published("unchanged", lake.state(table).data_version) for table in stage.writes}
        scratch = f"{stage.name}-{run.id}"
        try:
            context = Context(run.settings, lake.scratch(scratch), run.id, run.started)
            inputs = read_inputs(lake, stage, versions)
            part, context = part_of(lake, stage, inputs, consumed, context, rebuild=rebuild)
            published, told = _published(run, stage, part, context, consumed)
            for table, done in published.items():
                lake.mark(table, consumed, done.version)
            rows = {table: lake.rows(table) for table in stage.writes}
        finally:
            lake.clear(f"_scratch/{scratch}", f"_staging/{stage.name}")
        seconds = time.perf_counter() - started
        for table, done in published.items():
            run.records.stage(
                stage.name,
                table,
                done.action,
                version=done.version,
                rows=rows[table],
                seconds=seconds,
                told=told.get(table),
                note=_extent(part, context) if stage.narrow else None,
            )
        line.done(", ".join(_outcome(table, rows[table], done, told) for table, done in published.items()))
        return published


def _extent(part: Part, context: Context) -> str:
    if context.whole:
        return f"all of it: {context.whole}"
    return f"a part: {part.days} days" if part.days else "a part"


def _outcome(table: str, rows: int, done: Published, told: Mapping[str, Mapping[str, int]]) -> str:
    more = "".join(f", {number:,} {what}" for what, number in told.get(table, {}).items() if number)
    return f"{table} {rows:,} ({done.action}{more})"


Told = dict[str, Mapping[str, int]]
"""By table, numbers for the ledger."""


def _published(
    run: Run, stage: Stage, part: Part, context: Context, consumed: Mapping[str, Any]
) -> tuple[dict[str, Published], Told]:
    """Transform, gate and publish a part; what happened to each table."""
    lake = run.lake
    if part.untouched:
        return {table: Published("unchanged", lake.state(table).data_version) for table in stage.writes}, {}
    staged = stage_outputs(lake, stage.name, stage.writes, stage.transform(part.inputs, context))
    judge(run, stage.name, staged, stage.checks, {name: part.inputs[name] for name in stage.reads})
    told = {
        table: tell(_inside(part, table, lake.read(table)), staged[table])
        for table, tell in stage.tells.items()
        if lake.exists(table)
    }
    run.lease.require()
    done = {
        table: lake.publish(
            TABLES[table],
            staged[table],
            part.scope(table),
            differs=context.whole == MOST,
            consumed=consumed,
        )
        for table in stage.writes
    }
    return done, told


def _inside(part: Part, table: str, rows: DataFrame) -> DataFrame:
    scope = part.scope(table)
    return scope.inside(rows) if scope else rows


def is_up_to_date(run: Run, stage: Stage) -> bool:
    """Whether `run_stage` would find nothing to do; StorageError when an input is not there."""
    consumed = _consumed(run.settings, stage, input_versions(run.lake, stage))
    return _up_to_date(run.lake, stage, consumed)


def is_same_definition(run: Run, stage: Stage) -> bool:
    """Whether the stage's tables were made by the settings, code and lists of this run."""
    today = _consumed(run.settings, stage, {})
    made = [run.lake.consumed(table) for table in stage.writes]
    return all(one.get(key) == today.get(key) for one in made for key in ("settings", "code", "reference"))


def _up_to_date(lake: Lake, stage: Stage, consumed: Mapping[str, Any]) -> bool:
    return all(lake.up_to_date(table, consumed) for table in stage.writes)


def stage_outputs(lake: Lake, stage: str, writes: Sequence[str], outputs: Any) -> dict[str, DataFrame]:
    """Each output conformed to its contract and written where no reader looks."""
    surplus = set(outputs) ^ set(writes)
    if surplus:
        raise ContractError(f"stage {stage} writes {list(writes)}, but its transform gave {sorted(outputs)}")

    def write(table: str) -> DataFrame:
        return lake.stage(f"{stage}/{table}", TABLES[table].select(outputs[table]))

    # While one is planned, another is written.
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(writes, pool.map(write, writes), strict=True))


def judge(
    run: Run,
    stage: str,
    staged: dict[str, DataFrame],
    checks: Sequence[Check],
    inputs: Frames | None = None,
    batch: int = NO_BATCH,
    more: Sequence[Outcome] = (),
    accepted: Collection[str] = (),
) -> None:
    """The gate: records every verdict, and those of `more`; raises GateFailed when an error check failed."""
    outcomes = run_gate(stage, staged, {name: TABLES[name] for name in staged}, checks, run.settings, inputs)
    run.hold_unless([*outcomes, *more], stage, list(staged), batch, accepted)


def _consumed(settings: Settings, stage: Stage, versions: dict[str, int]) -> dict[str, Any]:
    return {
        "inputs": versions,
        "settings": settings.digest(stage.settings),
        "code": "/".join([__version__, str(stage.version), *(TABLES[name].shape for name in stage.writes)]),
        **({"reference": stage.reference()} if stage.reference else {}),
    }


def input_versions(lake: Lake, stage: Stage) -> dict[str, int]:
    """The version to read of each input; an input that is pinned follows the table it is pinned to."""
    versions: dict[str, int] = {}
    for name in stage.reads:
        pinned_to = stage.pins.get(name, "activity" if name == WATERMARK else None)
        table = "events" if name == WATERMARK else name
        if pinned_to is None:
            if name in stage.optional and not lake.exists(table):
                versions[table] = NONE
                continue
            if not lake.exists(table):
                raise StorageError(
                    f"stage {stage.name} reads {table}, which lake {lake.root} does not have: "
                    "run its stage first"
                )
            versions[table] = lake.state(table).data_version
        else:
            version = lake.consumed(pinned_to).get("inputs", {}).get(table)
            if version is None:
                raise StorageError(
                    f"stage {stage.name} reads {table} as {pinned_to} saw it, but lake {lake.root} "
                    f"has no finished {pinned_to}: run its stage first"
                )
            versions[table] = int(version)
    return versions


def read_inputs(lake: Lake, stage: Stage, versions: Mapping[str, int]) -> dict[str, DataFrame]:
    """What a stage reads, at versions of `input_versions`."""
    inputs = {}
    for name in stage.reads:
        table = "events" if name == WATERMARK else name
        frame = lake.read_as_of(TABLES[table], versions[table])
        inputs[name] = watermark(frame) if name == WATERMARK else frame
    return inputs


def watermark(events: DataFrame) -> DataFrame:
    """One row, `watermark TIMESTAMP`: how far time is known to have gone."""
    return events.agg(F.max(F.coalesce("received_time", "event_time")).alias(WATERMARK))
