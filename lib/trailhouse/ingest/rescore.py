"""Today's rules for bots, own staff and page groups over events of every day: `python -m trailhouse rescore`.

Raw files are not read. What a rule looks at may be gone by privacy: such a rule is told, and a row that
was own staff for a reason that nobody can see any more stays so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.enrich import devices, pages, scores
from trailhouse.ingest.batch import CHECKS
from trailhouse.ingest.commits import SAME_EVENT
from trailhouse.run import Run, judge
from trailhouse.sources import SOURCES
from trailhouse.sql import literal
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

SCORED = "trailhouse.scored"
"""Property of `events`: the rules that all of its rows were scored by."""
_PLACES = "places"
"""What raw files alone can tell again: addresses go by privacy."""
_FEW_DAYS = 400
"""Up to so many days are named in the commit's condition, so that it opens the files of these days alone."""


def rescore(run: Run) -> int:
    """Judge every event anew and publish the rows that change, in one commit; gives how many.

    None changes, no commit. Raises GateFailed, nothing published, when a row breaks a check.
    """
    lake, started = run.lake, time.perf_counter()
    with run.progress.stage("rescore") as line:
        _tell_hidden(run)
        events = lake.read("events")
        changed = lake.stage("rescore/events", _changed(events, run))
        told = changed.agg(
            F.count("*").alias("rows"),
            *(F.count_if(name).alias(f"now_{name}") for name in ("is_bot", "internal")),
            F.collect_set(F.col("event_date").cast("string")).alias("days"),
        ).collect()[0]
        rows = TABLES["events"].select(changed)
        judge(run, "rescore", {"events": rows}, [c for c in CHECKS if c.table == "events"])
        run.lease.require()
        if told.rows:
            _publish(lake, rows, sorted(told.days))
        today = rules(run)
        remember(run, {**today, _PLACES: _known(run).get(_PLACES, today[_PLACES])})
        lake.clear("_staging/rescore")
        text = (
            f"{told.rows:,} events changed, of them {told.now_is_bot:,} bot and "
            f"{told.now_internal:,} internal"
        )
        run.records.stage(
            "rescore",
            "events",
            "published" if told.rows else "unchanged",
            version=lake.version("events"),
            rows=lake.rows("events"),
            seconds=time.perf_counter() - started,
            note=text,
        )
        line.done(f"{text} now" if told.rows else "no event changes")
        if told.rows:
            run.progress.note("run the suite to carry this through the tables behind events")
        return int(told.rows)


def rules(run: Run) -> dict[str, str]:
    """What rows are scored by in this run, by what to call it."""
    return {**scores.rules_of(run.settings), _PLACES: run.geo.sha256[:16] if run.geo else "none"}


def remembered(rules: Mapping[str, str]) -> dict[str, str]:
    """The property of `events` which says that all rows were scored by these rules."""
    return {SCORED: json.dumps(dict(rules), sort_keys=True)}


def remember(run: Run, rules: Mapping[str, str]) -> None:
    """Note that all rows of `events` were scored by these rules."""
    wanted = remembered(rules)
    if not wanted.items() <= run.lake.state("events").properties.items():
        run.lake.note("events", wanted)


def tell_other_rules(run: Run) -> None:
    """A warning when older rows were scored by other rules than new ones will be."""
    known = _known(run)
    other = [name for name, value in rules(run).items() if known.get(name, value) != value]
    if again := [name for name in other if name != _PLACES]:
        run.progress.warn(
            f"events that are published were scored by other {' and '.join(again)}: "
            "python -m trailhouse rescore applies today's to all of them"
        )
    if _PLACES in other:
        run.progress.warn(
            "events that are published have their places by another events.geo_database: "
            "the events job with --rebuild looks their addresses up again"
        )


def _known(run: Run) -> dict[str, str]:
    return dict(json.loads(run.lake.state("events").properties.get(SCORED, "{}")))


def _changed(events: DataFrame, run: Run) -> DataFrame:
    """Rows that come out otherwise today, as they do."""
    today = _scored(run)
    fresh = events.withColumn("_facts", devices.user_agent_facts(F.col("user_agent")))
    fresh = fresh.withColumns({f"_{name}": column for name, column in today.items()})
    other = F.lit(False)
    for name in today:
        other = other | ~F.col(name).eqNullSafe(F.col(f"_{name}"))
    return fresh.where(other).select(
        *[(F.col(f"_{name}") if name in today else F.col(name)).alias(name) for name in events.columns]
    )


def _scored(run: Run) -> dict[str, Column]:
    settings, page, facts = run.settings, F.col("page"), F.col("_facts")
    reasons = scores.bot_reasons(facts)
    internal = scores.internal(settings, kept=True)
    if not scores.grounds_kept(settings):
        internal = internal | F.col("internal")
    group = pages.group(page, page["path"], F.col("event_name"), settings)
    telling = [source.name for source in SOURCES.values() if source.own_device]
    parsed = F.col("user_agent").isNotNull() & ~F.col("source").isin(telling)
    return {
        "device": F.when(parsed, facts["device"]).otherwise(F.col("device")),
        "bot_reasons": reasons,
        "is_bot": scores.is_bot(reasons),
        "internal": internal,
        "page": F.when(page.isNotNull(), page.withField("group", group)),
    }


def _publish(lake: Lake, rows: DataFrame, days: list[str]) -> None:
    same = f"{SAME_EVENT} AND old.event_date = new.event_date"
    if len(days) <= _FEW_DAYS:
        same += f" AND old.event_date IN ({', '.join(f'DATE {literal(day)}' for day in days)})"
    (
        DeltaTable.forPath(lake.spark, lake.path("events"))
        .alias("old")
        .merge(rows.alias("new"), same)
        .whenMatchedUpdateAll()
        .execute()
    )


def _tell_hidden(run: Run) -> None:
    if hidden := scores.hidden_rules(run.settings):
        run.progress.warn(
            f"{', '.join(hidden)} cannot be judged by what privacy keeps: "
            "the events job with --rebuild judges by the raw files"
        )
