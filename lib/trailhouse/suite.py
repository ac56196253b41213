"""The suite's order of stages, and what each job runs of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from rich.markup import escape
from rich.table import Table as RichTable

from trailhouse.errors import SettingsError
from trailhouse.gates.runner import write_docs
from trailhouse.ingest import ingest
from trailhouse.report.job import write_report
from trailhouse.report.screenshots import read_screenshots
from trailhouse.run import Run, run_stage
from trailhouse.schedule import run_in_order
from trailhouse.stage import Stage
from trailhouse.stages import (
    accounts,
    activity,
    arrivals,
    discovered_segments,
    engagement,
    event_catalog,
    feature_usage,
    feedback,
    forms,
    heatmaps,
    identities,
    identity_links,
    impact,
    interactions,
    key_elements,
    next_items,
    onboarding_steps,
    page_views,
    pages,
    person_days,
    plan_violations,
    predictions,
    profiles,
    questions,
    reasons,
    replay_events,
    segment_members,
    sessions,
    signals,
    tasks,
)
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

JOBS: dict[str, tuple[Stage, ...]] = {
    "catalog": (event_catalog.STAGE, plan_violations.STAGE),
    "identities": (identity_links.STAGE, identities.STAGE),
    "activity": (activity.STAGE,),
    "sessions": (page_views.STAGE, signals.STAGE, sessions.STAGE, person_days.STAGE),
    "profiles": (profiles.STAGE, accounts.STAGE, segment_members.STAGE, discovered_segments.STAGE),
    "metrics": (
        engagement.STAGE,
        *questions.STAGES,
        predictions.STAGE,
        interactions.STAGE,
        next_items.STAGE,
        heatmaps.STAGE,
        tasks.STAGE,
        key_elements.STAGE,
        pages.STAGE,
        forms.STAGE,
        feedback.STAGE,
        feature_usage.STAGE,
        reasons.STAGE,
        impact.STAGE,
        arrivals.STAGE,
        onboarding_steps.STAGE,
    ),
}
"""Jobs between events and report, in order, with the stages of each."""


ORDER = ("events", *JOBS, "report")
"""Every job, as `run_all` runs them."""


def run_job(name: str, until: str = "report", start: str = "events") -> Callable[[Run, bool], None]:
    """What the job of this name does with a run; `run_all` is every job in order, from `start` to `until`."""
    everything = name == "run_all"
    jobs = jobs_of(name, until, start)

    def job(run: Run, rebuild: bool) -> None:
        if "report" in jobs:  # a file that is not there is told before hours of work
            read_screenshots(run.settings.report.screenshots)
        if "events" in jobs:
            ingest(run, rebuild=rebuild)
        stages = stages_of(jobs, run)
        run_in_order(stages, partial(run_stage, run, rebuild=rebuild), run.settings.spark.stages_at_once)
        if "report" in jobs:
            run.records.flush(run.lake)  # the report shows this run's verdicts
            with _docs_beside(run, everything), run.progress.stage("report") as line:
                line.done(write_report(run.lake, run.settings))
        if everything:
            show_tables(run, report="report" in jobs)

    return job


def jobs_of(name: str, until: str = "report", start: str = "events") -> tuple[str, ...]:
    """The jobs that a command runs: one, or of `run_all` every one from `start` to `until`.

    SettingsError when `until` comes before `start`.
    """
    if name != "run_all":
        return (name,)
    if ORDER.index(until) < ORDER.index(start):
        raise SettingsError(f"--start {start} comes after --until {until}: the order is {', '.join(ORDER)}")
    return ORDER[ORDER.index(start) : ORDER.index(until) + 1]


def stages_of(jobs: Sequence[str], run: Run) -> list[Stage]:
    """The stages of the jobs behind events, in order, that apply to a run."""
    known = [stage for job in jobs for stage in JOBS.get(job, ())]
    if _decodes(run):
        recorded = (replay_events.STAGE, activity.RECORDED)
        known = [one for stage in known for one in (recorded if stage is activity.STAGE else (stage,))]
    return [stage for stage in known if _applies(stage, run)]


def _decodes(run: Run) -> bool:
    """Whether there are recordings to decode, or were."""
    wanted = run.settings.replay.decode and run.lake.exists("replay_chunks")
    return wanted or run.lake.exists("replay_events")


def _applies(stage: Stage, run: Run) -> bool:
    """Whether the settings want the stage; what an earlier run left of one is brought up to date, too."""
    return stage.wanted(run.settings) or any(run.lake.exists(table) for table in stage.writes)


@contextmanager
def _docs_beside(run: Run, wanted: bool) -> Iterator[None]:
    """Great Expectations' pages, written meanwhile: they need no Spark."""
    if not (wanted and run.outcomes and run.settings.gates.docs):
        yield
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        docs = pool.submit(write_docs, list(run.outcomes), run.settings.gates.docs)
        yield
        docs.result()


def show_tables(run: Run, *, report: bool = True) -> None:
    """Tables with their rows, the gates' verdicts of the latest check of each, and where the report is."""
    run.records.flush(run.lake)
    shown = RichTable(title=f"Lake {escape(run.lake.root)}", title_justify="left")
    for header, justify in (("table", "left"), ("rows", "right"), ("version", "right"), ("gate", "left")):
        shown.add_column(header, justify=justify)  # type: ignore[arg-type]
    verdicts = latest_verdicts(run)
    for name, rows in counted(run.lake).items():
        shown.add_row(name, f"{rows:,}", str(run.lake.version(name)), verdicts.get(name, "-"))
    run.progress.console.print(shown)
    if report:
        path = run.settings.report_path
        where = path if "://" in path else os.path.abspath(path)
        run.progress.console.print(f"Report: {escape(where)}", soft_wrap=True)


def counted(lake: Lake) -> dict[str, int]:
    """The rows of each table that is there, in the order of TABLES."""
    there = [name for name in TABLES if lake.exists(name)]
    with ThreadPoolExecutor(max_workers=4) as pool:  # Delta answers each from its log: small jobs
        return dict(zip(there, pool.map(lake.rows, there), strict=True))


def latest_verdicts(run: Run) -> dict[str, str]:
    """For each table the checks of its latest gate: how many passed, and the names of those that did not."""
    if not run.lake.exists("gate_results"):
        return {}
    newest = (
        "SELECT table_name, check_name, passed, severity, run_id, batch, "
        "max(struct(at, run_id, batch)) OVER (PARTITION BY table_name) AS last FROM {gates}"
    )
    rows = run.lake.spark.sql(
        f"SELECT * FROM ({newest}) WHERE run_id = last.run_id AND batch = last.batch ORDER BY check_name",
        gates=run.lake.read("gate_results"),
    ).collect()
    verdicts = {}
    for table in {row.table_name for row in rows}:
        own = [row for row in rows if row.table_name == table]
        failed = [f"{row.check_name} ({row.severity})" for row in own if not row.passed]
        verdicts[table] = f"{len(own) - len(failed)} of {len(own)} passed" + (
            f"; not: {', '.join(failed)}" if failed else ""
        )
    return verdicts
