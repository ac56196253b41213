"""The rows of `activity` to make anew: the runs, before and now, that events to look at lie in.

Nothing outside of a run depends on what is in it: its sessions are cut from it, a server event joins one
within a timeout of its end, and views lie within sessions.

1. Points are the published rows of the persons concerned, on days around the events to look at, and these
   events as they are now. Runs over both are unions of runs of before and of runs of now.
2. A run that reaches the edge of the days that were read makes more of them be read.
3. With the tracker's own sessions (`boundary: client`) a run is what shares its id, on whatever day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import is_client, micros
from trailhouse.identity.settle import settled
from trailhouse.settings import Sessions

_DAY = timedelta(days=1)
_POINT = ("event_id", "event_date", "event_time", "client", "client_session_id", "person_id", "suspect")


@dataclass(frozen=True)
class Rows:
    """Ids of events, each once, and the days on which their rows lie, published or to be."""

    ids: DataFrame
    days: list[date]


def rows_to_make(activity: DataFrame, suspects: DataFrame, rules: Sessions, scratch: str) -> Rows:
    """What is to be made anew of the published `activity`, by `suspects.suspects`.

    Scratch is a folder URL to write to.
    """
    own = suspects.select("event_id", "event_date")
    first_days = _days(own)
    published = activity.select(
        *_POINT[:3], is_client(F.col("platform")).alias("client"), "client_session_id", "person_id"
    )
    of_suspects = settled(
        published.where(F.col("event_date").isin(first_days)).join(
            own.select("event_id").distinct(), on="event_id", how="left_semi"
        ),
        scratch,
        "before",
    )
    now = suspects.where("NOT gone AND person_id IS NOT NULL").select(*_POINT[:-1])
    points = now.unionByName(of_suspects).withColumn("suspect", F.lit(True)).where("person_id IS NOT NULL")
    others = published.join(own.select("event_id").distinct(), on="event_id", how="left_anti").withColumn(
        "suspect", F.lit(False)
    )
    if rules.boundary == "client":
        members = _with_same_id(points, others, rules)
    else:
        members = _of_same_runs(points, others, first_days, rules, scratch)
    every = members.unionAll(own).unionAll(of_suspects.select("event_id", "event_date"))
    every = settled(every.distinct(), scratch, "rows")
    return Rows(every.select("event_id").distinct(), _days(every))


def _days(rows: DataFrame) -> list[date]:
    return sorted(row.event_date for row in rows.select("event_date").distinct().collect())


def _with_same_id(points: DataFrame, others: DataFrame, rules: Sessions) -> DataFrame:
    # In scope device the tracker's id decides alone.
    key = ["client_session_id"] + (["person_id"] if rules.scope == "person" else [])
    named = points.where("client_session_id IS NOT NULL").select(*key).distinct()
    return others.join(named, on=key, how="left_semi").select("event_id", "event_date")


def _of_same_runs(
    points: DataFrame, others: DataFrame, days: Iterable[date], rules: Sessions, scratch: str
) -> DataFrame:
    persons = settled(points.select("person_id").distinct(), scratch, "persons")
    theirs = others.join(persons, on="person_id", how="left_semi")
    read = {day + step * _DAY for day in days for step in (-1, 0, 1)}
    reach = 1
    while True:
        around = theirs.where(F.col("event_date").isin(sorted(read)))
        found = settled(_selected(points.unionByName(around), rules), scratch, "members")
        missing = _touched_days(found, rules) - read
        if not missing:
            return found.select("event_id", "event_date")
        # Twice as far each time: a device that never rests is followed in few steps.
        read |= {day + step * _DAY for day in missing for step in range(-reach, reach + 1)}
        reach *= 2


def _selected(points: DataFrame, rules: Sessions) -> DataFrame:
    """The points of runs that hold one to look at: event_id, event_date, run_from, run_to (TIMESTAMP).

    run_to includes the timeout in which a server event may join the run.
    """
    timeout = micros(rules.timeout)
    ordered = Window.partitionBy("person_id").orderBy("event_time")
    before = ordered.rowsBetween(Window.unboundedPreceding, -1)
    by_now = ordered.rangeBetween(Window.unboundedPreceding, Window.currentRow)
    at = F.unix_micros("event_time")
    client = F.when(F.col("client"), at)
    gap = at - F.max(client).over(before)
    opens = F.col("client") & F.coalesce(gap > timeout, F.lit(True))
    numbered = points.withColumn("_opens", opens).withColumns(
        {
            "_run": F.count_if("_opens").over(by_now),
            "_near": F.coalesce(at - F.max(client).over(by_now) <= timeout, F.lit(False)),
        }
    )
    # A server event outside of every run is alone.
    alone = F.when(~F.col("_near"), F.col("event_id"))
    run = Window.partitionBy("person_id", "_run", "_alone")
    ends: Column = F.max(F.when(F.col("client"), F.col("event_time"))).over(run)
    return (
        numbered.withColumn("_alone", alone)
        .withColumns(
            {
                "_wanted": F.bool_or("suspect").over(run),
                "run_from": F.min("event_time").over(run),
                "_last": F.coalesce(ends, F.max("event_time").over(run)),
            }
        )
        .where("_wanted")
        .select(
            "event_id",
            "event_date",
            "run_from",
            F.timestamp_micros(F.unix_micros("_last") + timeout).alias("run_to"),
        )
    )


def _touched_days(members: DataFrame, rules: Sessions) -> set[date]:
    """The days in which a point could lie that belongs to one of these runs."""
    earliest = F.timestamp_micros(F.unix_micros("run_from") - micros(rules.timeout))
    spans = members.select(F.to_date(earliest).alias("low"), F.to_date("run_to").alias("high")).distinct()
    return {row.low + step * _DAY for row in spans.collect() for step in range((row.high - row.low).days + 1)}
