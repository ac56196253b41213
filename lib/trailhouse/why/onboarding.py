"""Onboarding: at which step people leave, since when its element lies below the fold, and completion.

1. The steps are those of a declared funnel, walked by the one step matcher. A unit whose window is not over
   by the watermark, and that has not completed it, is not judged yet.
2. Who did step k-1 and not step k dropped off at step k. Its share is of all drop-offs.
3. Units count under the device class of the last step that they did.
4. Where a step's element slipped below the fold (fold.py), those who came to it before that day are held
   against those who came from then on.
5. Completion against trials that have ended: it counts where it came before the conversion.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros, project_day
from trailhouse.from_counts import Row
from trailhouse.questions.asked import Asked
from trailhouse.questions.breakdowns import ALL, UNKNOWN
from trailhouse.questions.fields import field
from trailhouse.questions.matcher import attempts
from trailhouse.questions.months import known_until
from trailhouse.questions.periods import with_watermark
from trailhouse.questions.shares import named, share_of
from trailhouse.questions.trials import each_trial
from trailhouse.settings import Funnel, Trials
from trailhouse.why.evidence import ALPHA, adjusted, differences, lifts
from trailhouse.why.fold import Day, by_day, slips
from trailhouse.why.slip import Slip


def walked(funnel: Funnel, asked: Asked) -> DataFrame:
    """A row a unit that is over: unit, device_type, done, furthest, completed, done_t (microseconds)."""
    device = F.coalesce(F.nullif(field("device_type"), F.lit(ALL)), F.lit(UNKNOWN))
    found = attempts(funnel, asked, {"device_type": (device, "last_touch")}, {}, ("device_type",))
    last = F.element_at("done", -1)
    completed = last["step"] >= _required(funnel)
    over = F.get("done", F.lit(0))["t"] + micros(funnel.window)
    known = F.coalesce(F.unix_micros(known_until(funnel, asked.project)) >= over, F.lit(False))
    return (
        with_watermark(found, asked["watermark"])
        .where(completed | known)
        .select(
            "unit",
            F.coalesce("device_type", F.lit(UNKNOWN)).alias("device_type"),
            "done",
            last["step"].alias("furthest"),
            completed.alias("completed"),
            F.when(completed, last["t"]).alias("done_t"),
        )
    )


def _required(funnel: Funnel) -> int:
    """The number of the last step that is not optional."""
    return max(n for n, step in enumerate(funnel.steps, start=1) if not step.optional)


def entered(units: DataFrame, funnel: Funnel, timezone: str) -> DataFrame:
    """Counts by step, device class and day that its door was reached: entered, dropped.

    The door of a step is the required step before it, or a later one.
    """
    rows = []
    for number, step in enumerate(funnel.steps, start=1):
        before = [n for n in range(1, number) if not funnel.steps[n - 1].optional]
        if step.optional or not before:
            continue
        door = F.filter("done", _from(before[-1]))
        rows.append(
            F.struct(
                F.lit(number).alias("step"),
                project_day(F.timestamp_micros(F.get(door, F.lit(0))["t"]), timezone).alias("day"),
                (F.col("furthest") < number).alias("drops"),
            )
        )
    return (
        units.select("device_type", F.inline(F.array(*rows)))
        .where("day IS NOT NULL")
        .groupBy("step", "device_type", "day")
        .agg(F.count("*").alias("entered"), F.count_if("drops").alias("dropped"))
    )


def _from(least: int) -> Callable[[Column], Column]:
    return lambda one: one["step"] >= least


def step_rows(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Rows of `onboarding_steps` without the onboarding's name.

    `rows` are those of `entered` and of `seen_places`, together: the former have `entered`.
    """
    doors: dict[tuple[int, str], dict[date, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        if row["entered"] is not None:
            for device in {ALL, row["device_type"]}:
                one = doors[row["step"], device]
                dropped, came = one.get(row["day"], (0, 0))
                one[row["day"]] = dropped + row["dropped"], came + row["entered"]
    pages = by_day([row for row in rows if row["views"] is not None])
    all_drops: Counter[str] = Counter()
    for (_, device), own in doors.items():
        all_drops[device] += sum(dropped for dropped, _ in own.values())
    changes = slips(pages)
    found = []
    for step, device in sorted(doors):
        own = doors[step, device]
        dropped, came = (sum(part) for part in zip(*own.values(), strict=True))
        share = named("share", share_of(dropped, all_drops[device]))
        rate = named("rate", share_of(dropped, came))
        days = pages.get((step, device), {}).values()
        judged, below = sum(day.judged for day in days), sum(day.below for day in days)
        found.append(
            {
                **{"step": step, "step_name": names[step - 1], "device_type": device},
                **{"entered": came, "dropped": dropped, "all_dropped": all_drops[device]},
                **share,
                **rate,
                **{"views": sum(day.views for day in days), "judged": judged},
                "below_share": below / judged if judged else None,
                **_change(changes.get((step, device)), own, pages.get((step, device), {})),
            }
        )
    _with_q(found)
    return found


def _change(slip: Slip | None, own: dict[date, tuple[int, int]], page: Mapping[date, Day]) -> Row:
    """What a change of the fold says, and the drop-offs before it and after."""
    if slip is None:
        return {}
    parts = [
        [one for day, one in own.items() if (day >= slip.first_after) == after] for after in (False, True)
    ]
    (x, n), (y, m) = ((sum(dropped for dropped, _ in part), sum(came for _, came in part)) for part in parts)
    told = differences(y, m, x, n).iloc[0]
    return {
        "last_before": slip.last_before,
        "slipped_on": slip.first_after,
        **{name: _below(page, slip.first_after, after=after) for name, after in _SIDES.items()},
        "p": slip.p,
        "slip_too_few": slip.too_few,
        **{"entered_before": n, "dropped_before": x, "entered_after": m, "dropped_after": y},
        **{
            f"difference{end}": told[name]
            for end, name in (("", "difference"), ("_low", "low"), ("_high", "high"))
        },
        "difference_p": told["p"],
        "difference_too_few": bool(told["too_few"]),
    }


_SIDES = {"below_before": False, "below_after": True}


def _below(page: Mapping[date, Day], begin: date, *, after: bool) -> float:
    """The share of views with the element below their fold before a day, or from it on."""
    days = [one for day, one in page.items() if (day >= begin) == after]
    return sum(one.below for one in days) / sum(one.judged for one in days)


def _with_q(rows: list[Row]) -> None:
    """Adds q, slipped and difference_q: over all steps and device classes that have a change to judge."""
    for p, q in (("p", "q"), ("difference_p", "difference_q")):
        values = [np.nan if row.get(p) is None else float(row[p]) for row in rows]
        for row, value in zip(rows, adjusted(values), strict=True):
            row[q] = value
    for row in rows:
        told = row.get("slip_too_few")
        row["slipped"] = told is False and bool(row["q"] < ALPHA)


def of_trials(units: DataFrame, question: Trials, asked: Asked) -> DataFrame:
    """Counts of units with a trial by device class, ended, completed and converted."""
    each = each_trial(question, asked)
    own = (
        each.join(units.select("unit", "device_type", "completed", "done_t"), on="unit", how="inner")
        .withColumn("converts", F.col("ended") & F.col("us").isNotNull())
        .withColumn(
            "in_time",
            F.col("completed") & (~F.col("converts") | (F.col("done_t") <= F.col("t") + F.col("us"))),
        )
    )
    return (
        own.groupBy("unit", "device_type")
        .agg(
            F.bool_or("ended").alias("ended"),
            F.bool_or("converts").alias("converted"),
            # With several trials: by the one that converted, else by any.
            F.coalesce(F.bool_or(F.when(F.col("converts"), F.col("in_time"))), F.bool_or("completed")).alias(
                "completed"
            ),
        )
        .groupBy("device_type", "ended", "completed", "converted")
        .agg(F.count("*").alias("units"))
    )


def conversion_rows(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows of `onboarding_conversion` without the onboarding's name."""
    counts: dict[str, Counter[tuple[bool, bool, bool]]] = defaultdict(Counter)
    for row in rows:
        for device in {ALL, row["device_type"]}:
            counts[device][row["ended"], row["completed"], row["converted"]] += row["units"]
    devices = sorted(counts)
    tables = [
        (
            own[True, True, True],
            own[True, True, True] + own[True, True, False],
            own[True, False, True],
            own[True, False, True] + own[True, False, False],
        )
        for own in (counts[device] for device in devices)
    ]
    a, n, b, m = (list(part) for part in zip(*tables, strict=True))
    lifted, apart = lifts(a, n, b, m), differences(a, n, b, m)
    q = adjusted(apart["p"])
    for place, device in enumerate(devices):
        x, done, y, other = tables[place]
        own = counts[device]
        told: Row = {
            "device_type": device,
            "trials": done + other,
            "running": sum(count for (ended, _, _), count in own.items() if not ended),
            **{"completed": done, "converted": x + y, "completed_converted": x},
        }
        for name, hits, of in (
            ("completed", done, done + other),
            ("converted", x + y, done + other),
            ("of_completers", x, done),
            ("of_others", y, other),
            ("completed_of_converters", x, x + y),
        ):
            told |= named(f"{name}_share", share_of(hits, of))
        yield {
            **told,
            **{
                name: lifted[column][place]
                for name, column in (("lift", "lift"), ("lift_low", "low"), ("lift_high", "high"))
            },
            **{
                f"difference{end}": apart[name][place]
                for end, name in (("", "difference"), ("_low", "low"), ("_high", "high"))
            },
            "p": apart["p"][place],
            "q": q[place],
            "too_few": bool(apart["too_few"][place]),
        }
