"""How many attempts at a task make a detour, where to, what it takes, and how many of them get done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.from_counts import Row, from_counts
from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.numbers import quantile
from trailhouse.questions.shares import share_of
from trailhouse.tables.task_detours import TABLE
from trailhouse.why.evidence import adjusted, differences

TOP = 10
"""Places told of a task, breakdown and value, those with the most attempts."""
BREAKDOWNS = ("device_type", "release")
_NONE = "none"
_EMPTY = {"n": 0, "completed": 0, "returned": 0, "total_us": None, "median_us": None, "p90_us": None}


def detours(told: DataFrame) -> DataFrame:
    """Rows of `task_detours`, of attempts with detours (`described` and `with_detours`)."""

    def of(name: str, value: Column) -> Column:
        return F.struct(F.lit(name).alias("breakdown"), value.alias("value"))

    values = F.array(of(ALL, F.lit(ALL)), *(of(name, F.col(name)) for name in BREAKDOWNS))
    every = [F.struct(F.lit(one).alias("what"), F.lit(one).alias("name")) for one in (ALL, _NONE)]
    places = F.when(F.col("detour").isNull(), F.array(every[1])).otherwise(F.array(every[0], "detour"))
    lost = F.when(F.col("returned"), F.col("away_us"))
    counted = (
        told.select("task", "completed", "returned", lost.alias("us"), places.alias("to"), F.inline(values))
        .select("*", F.inline("to"))
        .groupBy("task", "breakdown", "value", "what", F.col("name").alias("place"))
        .agg(
            F.count("*").alias("n"),
            F.count_if("completed").alias("completed"),
            F.count_if("returned").alias("returned"),
            F.sum("us").alias("total_us"),
            quantile("us", 0.5).alias("median_us"),
            quantile("us", 0.9).alias("p90_us"),
        )
    )
    return from_counts(counted, TABLE.columns, _judged)


def _judged(rows: list[Row]) -> Iterator[Row]:
    groups: dict[tuple[str, str, str], dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in rows:
        groups[row["task"], row["breakdown"], row["value"]][row["what"], row["place"]] = row
    made = [one for key in sorted(groups) for one in _group(key, groups[key])]
    table = pd.DataFrame(made)
    apart = differences(table["completed"], table["detours"], table["completed_without"], table["without"])
    q = adjusted(apart["p"])
    for number, row in enumerate(made):
        one = apart.iloc[number]
        for name, hits, of in (("share", "detours", "attempts"), ("returned_share", "returned", "detours")):
            found = share_of(row[hits], row[of])
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
        row["completion_rate"] = _ratio(row["completed"], row["detours"])
        row["completion_rate_without"] = _ratio(row["completed_without"], row["without"])
        row |= {"difference": one["difference"], "p": one["p"], "q": q[number]}
        row |= {f"difference_{end}": one[end] for end in ("low", "high")}
        row["too_few"] = bool(one["too_few"])
        yield row


def _group(key: tuple[str, str, str], places: dict[tuple[str, str], Row]) -> Iterator[Row]:
    without = places.pop((_NONE, _NONE), _EMPTY)
    every = places.pop((ALL, ALL), _EMPTY)
    most = sorted(places.items(), key=lambda one: (-one[1]["n"], one[0]))[:TOP]
    for rank, ((what, place), row) in enumerate([((ALL, ALL), every), *most]):
        yield {
            **dict(zip(("task", "breakdown", "value"), key, strict=True)),
            **{"what": what, "place": place, "rank": rank},
            **{"attempts": every["n"] + without["n"], "detours": row["n"], "returned": row["returned"]},
            **{name: row[name] for name in ("completed", "total_us", "median_us", "p90_us")},
            **{"without": without["n"], "completed_without": without["completed"]},
        }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
