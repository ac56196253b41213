"""Reasons behind numbers: counted, judged, ranked.

An engine: it keeps the units and collects small counts; the statistics run over these. Everything that
comes out is a function of whole counts, so that it is the same for every order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from trailhouse.settings import KeyElement
from trailhouse.tables.reasons import TABLE
from trailhouse.why import told
from trailhouse.why.asked import Number
from trailhouse.why.causes import COMMENT, DETAIL, KEY, Given, causes
from trailhouse.why.evidence import FEW
from trailhouse.why.stretch import Frames, Keep, slow_from, stretched, way_of, with_views
from trailhouse.why.weighed import Sums, judged

SESSIONS, COMMENTS = 5, 3
"""What is shown to look at, at most."""
_DRAWS = {"session": 8, COMMENT: 6}
"""Least values are kept of so many parts that a hash makes of them: enough for what is shown."""
MOST = 100_000
"""Counts that are judged at most, those of the most frequent reasons."""


@dataclass(frozen=True)
class Group:
    """All units of a group: how many, how many of them failed, whose, and the sum of squares by person."""

    units: int
    failed: int
    persons: int
    squares: int


def reasons(
    numbers: Sequence[Number], frames: Frames, elements: Sequence[KeyElement], keep: Keep
) -> pd.DataFrame:
    """The ranked reasons behind each number, in the columns of the table `reasons`; no row for no units.

    `frames`: page_views, sessions, activity; signals, feedback_answers, segment_members, replay_chunks where
    there are some. `keep` computes a frame once.
    """
    kept = keep(with_views(numbers, frames))
    groups = _groups(kept)
    chosen = _asked_for(numbers, groups)
    if not chosen:
        return told.rows([], frames)
    kept = kept.where(F.col("number").isin(*(number.key for number in chosen)))
    units = stretched(kept, way_of(kept, chosen), slow_from(kept), told.length)
    clustered = any(group.squares > group.units for group in groups.values())
    found = counted(units, frames, Given(tuple(elements)), clustered=clustered)
    # Of elements there are rows by depth, device and week, of all units: they must not crowd out the rest.
    of_elements = F.col("kind") == "element"
    rows = found.orderBy(of_elements.asc(), F.desc("all"), *_OF).limit(MOST).toPandas()
    if len(rows) == MOST:  # some of an element's counts would be a wrong count
        rows = rows[rows["kind"] != "element"]
    by_number = dict(tuple(rows.groupby("number")))
    answers = [
        (number, judged(number, by_number.get(number.key, rows.iloc[:0]), *_sums(number, groups)))
        for number in chosen
    ]
    return told.rows(answers, frames)


_OF = ("number", "now", "failed", *KEY, *DETAIL)


def counted(units: DataFrame, frames: Frames, given: Given, *, clustered: bool) -> DataFrame:
    """A row a reason, group and outcome: n units, of a person's x the sums `xx` (x squared) and `xs` (x times
    its units); sessions and comments of the group asked about, to look at; `all`, units with it in any group.

    One pass over activity. Reasons of fewer than FEW units are left out: they could tell nothing.
    """
    told_of = causes(units, frames, given).select(
        "number",
        "now",
        "failed",
        "person_id",
        "size",
        "session_id",
        "comment",
        F.inline("found"),
    )
    shown = F.col("failed") & F.col("now")
    looks = [
        F.min(F.when(shown & (F.pmod(F.xxhash64(name), F.lit(parts)) == part), F.col(name))).alias(
            f"{kind}_{part}"
        )
        for (kind, parts), name in zip(_DRAWS.items(), ("session_id", "comment"), strict=True)
        for part in range(parts)
    ]
    one = F.count("*").alias("n")
    if clustered:
        x, names = F.col("n"), [f"{kind}_{part}" for kind, parts in _DRAWS.items() for part in range(parts)]
        of_person = told_of.groupBy(*_OF, "person_id", "size").agg(one, *looks)
        sums = of_person.groupBy(*_OF).agg(
            F.sum(x).alias("n"),
            F.sum(x * x).alias("xx"),
            F.sum(x * F.col("size")).alias("xs"),
            *(F.min(name).alias(name) for name in names),
        )
    else:
        sums = told_of.groupBy(*_OF).agg(one, *looks).withColumns({"xx": F.col("n"), "xs": F.col("n")})
    every = F.sum("n").over(Window.partitionBy("number", *KEY))
    return (
        sums.withColumn("all", every)
        .where(F.col("all") >= FEW)
        .select(
            *_OF,
            "n",
            "xx",
            "xs",
            "all",
            _listed("session").alias("sessions"),
            _listed(COMMENT).alias("comments"),
        )
    )


def _listed(kind: str) -> Column:
    return F.array_compact(F.array(*(f"{kind}_{part}" for part in range(_DRAWS[kind]))))


def _groups(kept: DataFrame) -> dict[tuple[str, bool], Group]:
    """Totals by number and group. An action."""
    rows = (
        kept.groupBy("number", "now")
        .agg(
            F.count("*").alias("units"),
            F.count_if("failed").alias("failed"),
            F.count_distinct("person_id").alias("persons"),
            F.sum("size").alias("squares"),
        )
        .collect()
    )
    return {
        (row["number"], row["now"]): Group(row["units"], row["failed"], row["persons"], row["squares"])
        for row in rows
    }


def _asked_for(numbers: Sequence[Number], groups: Mapping[tuple[str, bool], Group]) -> list[Number]:
    """The numbers with units; of those that stand for a worst one only the one at which most units stop."""
    chosen: dict[str, Number] = {}

    def lost(number: Number) -> int:
        return groups[number.key, True].failed if (number.key, True) in groups else 0

    for number in numbers:
        if (number.key, True) not in groups and (number.key, False) not in groups:
            continue
        of = number.worst_of or f"\0{number.key}"
        if of not in chosen or lost(number) > lost(chosen[of]):
            chosen[of] = number
    return list(chosen.values())


def _sums(number: Number, groups: Mapping[tuple[str, bool], Group]) -> tuple[Sums, Sums]:
    """All units of the group asked about and of the other."""
    none = Group(0, 0, 0, 0)
    inside, outside = (groups.get((number.key, now), none) for now in (True, False))
    return (
        Sums(inside.units, inside.squares, inside.persons, inside.failed),
        Sums(outside.units, outside.squares, outside.persons, outside.failed),
    )


def frame_of(spark: SparkSession, found: pd.DataFrame) -> DataFrame:
    """The rows as a Spark frame of the table's schema."""
    rows = [
        tuple(None if _is_nan(value) else value for value in row) for row in found.itertuples(index=False)
    ]
    return spark.createDataFrame(rows, TABLE.schema)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value
