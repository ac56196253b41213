"""How many attempts at a task make a detour, where to, what it takes, and how many of them get done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from statsmodels.stats.proportion import proportion_confint

from trailhouse.questions.breakdowns import ALL
from trailhouse.questions.numbers import quantile
from trailhouse.tables.task_detours import TABLE
from trailhouse.why.evidence import adjusted, differences
from trailhouse.why.judging import Row, judged, rounded

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
    return judged(counted, _judge, TABLE)


def _judge(rows: list[Row]) -> Iterable[Row]:
    groups: dict[tuple[str, str, str], dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in rows:
        groups[row["task"], row["breakdown"], row["value"]][row["what"], row["place"]] = row
    made = [one for key in sorted(groups) for one in _group(key, groups[key])]
    if not made:
        return
    table = pd.DataFrame(made)
    apart = differences(
        table["completed"], table["detours"], table["completed_without"], table["without"]
    ).add_prefix("_")
    shares = _shares(table["detours"], table["attempts"]), _shares(table["returned"], table["detours"])
    q = adjusted(apart["_p"])
    for number, row in enumerate(made):
        one = apart.iloc[number]
        for name, found in zip(("share", "returned_share"), shares, strict=True):
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), found[number], strict=True))
        row["completion_rate"] = _ratio(row["completed"], row["detours"])
        row["completion_rate_without"] = _ratio(row["completed_without"], row["without"])
        row |= {name: rounded(one[f"_{name}"], 6) for name in ("difference",)}
        row |= {f"difference_{end}": rounded(one[f"_{end}"], 6) for end in ("low", "high")}
        row |= {"p": rounded(one["_p"], 8), "q": rounded(q[number], 8), "too_few": bool(one["_too_few"])}
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


def _shares(hits: Any, of: Any) -> list[tuple[Any, Any, Any]]:
    """Share and Wilson's interval of each; nulls of none."""
    known = of > 0
    low, high = proportion_confint(hits.where(known, 0), of.where(known, 1), method="wilson")
    each = zip(hits, of, low, high, known, strict=True)
    return [
        (_ratio(x, n), rounded(max(a, 0.0), 6), rounded(min(b, 1.0), 6)) if there else (None, None, None)
        for x, n, a, b, there in each
    ]


def _ratio(part: int, whole: int) -> Any:
    return rounded(part / whole, 6) if whole else None
