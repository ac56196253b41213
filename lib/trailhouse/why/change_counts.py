"""Changes in time on task between periods and releases: sums of the attempts, and the rows told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day, week_of
from trailhouse.from_counts import Row, from_counts
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.settings import Project, Task
from trailhouse.tables.task_changes import TABLE
from trailhouse.why import time_changes
from trailhouse.why.evidence import FEW, adjusted

LEVELS = ("release", "device_type", "first_attempt")
WEEK, MONTH, RELEASE = "week", "month", "release"
_EXACT = "DECIMAL(19,0)"


def changes(told: DataFrame, watermark: DataFrame, project: Project, tasks: Sequence[Task]) -> DataFrame:
    """Rows of `task_changes`, of attempts with detours (`described` and `with_detours`)."""

    def of(kind: str, period: Column) -> Column:
        return F.struct(F.lit(kind).alias("period_kind"), period.cast("STRING").alias("period"))

    day = F.col("start_day")
    kinds = {WEEK: week_of(day, project.week_start), MONTH: F.trunc(day, "month"), RELEASE: F.col("release")}
    components = F.concat(F.array("time_us"), "leg_us", F.array("away_us"))
    us = F.col("us").cast(_EXACT)
    counted = (
        told.where("completed")
        .select(
            "task",
            *LEVELS,
            "start_us",
            components.alias("of"),
            F.inline(F.array(*map(of, kinds, kinds.values()))),
        )
        .select("*", F.posexplode("of").alias("component", "us"))
        .groupBy("task", "period_kind", "period", *LEVELS, "component")
        .agg(
            F.count("*").alias("n"),
            F.sum(us).alias("total"),
            F.sum(us * us).alias("squares"),
            F.min("start_us").alias("first_us"),
        )
    )
    names = {task.name: tuple(step.label for step in (*task.steps, task.end)) for task in tasks}
    found = from_counts(counted, TABLE.columns, Judge(names))
    begins = F.to_date("period")
    ends = F.when(F.col("period_kind") == WEEK, F.date_add(begins, 7))
    ends = ends.when(F.col("period_kind") == MONTH, F.add_months(begins, 1))
    today = project_day(F.col("watermark"), project.timezone)
    return (
        found.crossJoin(F.broadcast(watermark))
        .withColumn(
            "complete", F.when(F.col("period_kind") != RELEASE, F.coalesce(ends <= today, F.lit(False)))
        )
        .drop("watermark")
    )


@dataclass(frozen=True)
class Judge:
    """From sums by kind of attempt to the rows of the table; `steps` are, by task, what its legs lead to."""

    steps: dict[str, tuple[str, ...]]

    def __call__(self, rows: list[Row]) -> Iterable[Row]:
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            groups[row["period_kind"], row["task"]].append(row)
        for kind in sorted({kind for kind, _ in groups}):
            made = [
                one
                for (of, task), own in sorted(groups.items())
                if of == kind
                for one in _changes(kind, task, own, self.steps[task])
            ]
            q = adjusted([nan if row["p"] is None else row["p"] for row in made])
            for row, one in zip(made, q.tolist(), strict=True):
                yield {**row, "q": None if row["p"] is None else one}


def _changes(kind: str, task: str, rows: list[Row], steps: Sequence[str]) -> Iterator[Row]:
    levels = tuple(level for level in LEVELS if level != kind)
    periods, order = _cells(rows, levels, len(steps) + 2), _order(kind, rows)
    for earlier, before, later, after in time_changes.in_order(periods, order):
        all_before, all_after = time_changes.summed(before), time_changes.summed(after)
        means = [_nearest(one.totals[0], one.n) for one in (all_before, all_after)]
        found = time_changes.parts(before, after)
        change = means[1] - means[0]
        us = [change, *time_changes.in_whole([*found.within, *found.levels], change)]
        ends = [time_changes.whole_change(all_before, all_after)]
        ends += [time_changes.within_change(before, after, found, one) for one in range(1, len(steps) + 2)]
        parts = [("all", None), *(("step", step) for step in steps), ("detours", None)]
        parts += [(level, None) for level in levels]
        for rank, (part, name) in enumerate(parts):
            low, high, p = ends[rank] if rank < len(ends) else (None, None, None)
            yield {
                **{"task": task, "period_kind": kind, "period": later, "before": earlier},
                **{"attempts_before": all_before.n, "attempts": all_after.n},
                **{"mean_before_us": means[0], "mean_us": means[1]},
                **{"rank": rank, "part": part, "name": name, "us": us[rank]},
                **{"low_us": low, "high_us": high, "p": _as_told(p)},
                "too_few": min(all_before.n, all_after.n) < FEW,
            }


def _as_told(p: float | None) -> float | None:
    """With the places of its column: q is made of what a reader sees. None for nan."""
    return None if p is None or isnan(p) else round(p, 8)


def _nearest(total: int, n: int) -> int:
    return (2 * total + n) // (2 * n)


def _order(kind: str, rows: list[Row]) -> list[str]:
    """Days by their text; releases by their first attempt. The release that nobody told is none."""
    first: dict[str, int] = {}
    for row in rows:
        first[row["period"]] = min(row["first_us"], first.get(row["period"], row["first_us"]))
    if kind != RELEASE:
        return sorted(first)
    return sorted((name for name in first if name != UNKNOWN), key=lambda name: (first[name], name))


def _cells(
    rows: list[Row], levels: Sequence[str], size: int
) -> dict[str, dict[time_changes.Kind, time_changes.Sums]]:
    """By period the sums of each kind of attempt; the same for every order of `rows`."""
    found: dict[tuple[str, time_changes.Kind], list[tuple[int, int, int]]] = defaultdict(
        lambda: [(0, 0, 0)] * size
    )
    for row in rows:
        cell = found[row["period"], tuple(row[level] for level in levels)]
        n, total, squares = cell[row["component"]]
        cell[row["component"]] = (n + row["n"], total + int(row["total"]), squares + int(row["squares"]))
    cells: dict[str, dict[time_changes.Kind, time_changes.Sums]] = defaultdict(dict)
    for (period, kind), of in sorted(found.items()):
        ns, totals, squared = zip(*of, strict=True)
        cells[period][kind] = time_changes.Sums(ns[0], totals, squared)
    return cells
