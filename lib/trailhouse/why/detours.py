"""Detours: where people go while a task is under way, whether they come back, and what that takes.

1. A task is done on its own pages: those declared; else those of its steps, and those that at least half of
   its completed attempts come by. To an attempt the pages of its own start, steps and end belong as well;
   but a start that is a click leads away from its page. A declared feature that at least half of the
   completed attempts use is the task's own, too, and so is one whose use is to view a page of the task.
2. A departure goes from there to another page or feature, and lasts until the attempt is back on the way, by
   a page or event of the task. What comes in between is part of it: it bears the name of the first.
3. A departure that comes back is a detour. One that does not is a detour where at least one in ten of the
   task's departures from the same place to the same place come back; else people go on to something else
   when they have given up (`left_for`).
4. Seconds lost are those from a departure to the way back. Of who never came back none are told.
5. An attempt is over where it was given up, or after the first place of a detour that did not come back:
   pages, clicks and signals from then on are of something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.questions.attempts import FEATURE, PAGE
from trailhouse.settings import Step, Task

HALF = 2
"""One in so many of the completed attempts comes by a page: it belongs to the task."""
RETURNING = 10
"""One in so many departures from a place to a place comes back: going there is a detour."""
_PLACES = "ARRAY<STRUCT<what: STRING, name: STRING>>"


def with_departures(found: DataFrame, tasks: Sequence[Task]) -> DataFrame:
    """`attempts` + departures and leg_us.

    departures: ARRAY<STRUCT<turn STRUCT<from, to>, t, onward (to the next stop), back>>, times null where
    there is none. leg_us: ARRAY<BIGINT>, microseconds on the way by leg, of which there is one more than
    steps; of a completed attempt they and its departures sum to its time.
    """
    declared = F.lit(None).cast(_PLACES)
    for task in tasks:
        steps = task.way[1:] if _leads_away(task) else task.way
        given = [_page(page) for page in sorted({*task.pages, *_pages_of(steps)})]
        if given:
            declared = F.when(F.col("task") == task.name, F.array(*given)).otherwise(declared)
    mine = F.filter(_stays(tasks), lambda stop: stop["own"] & stop["place"].isNotNull())
    places = F.transform(mine, lambda stop: stop["place"])
    for more in (declared, F.col("learned")):
        places = F.array_union(places, F.coalesce(more, F.array().cast(_PLACES)))
    legs = F.lit(1)
    for task in tasks:
        legs = F.when(F.col("task") == task.name, F.lit(len(task.steps) + 1)).otherwise(legs)
    return (
        found.join(F.broadcast(_learned(found, tasks)), on="task", how="left")
        .withColumn("places", places)
        .withColumn("way", F.transform("stops", _on_the_way))
        .withColumns({"departures": _departures(), "leg_us": _leg_us(legs)})
        .drop("learned", "places", "way")
    )


def _page(name: str) -> Column:
    return F.struct(F.lit(PAGE).alias("what"), F.lit(name).alias("name"))


def _leads_away(task: Task) -> bool:
    return task.start.event_names == frozenset({"click"})


def _stays(tasks: Sequence[Task]) -> Column:
    """The stops, without the first where the start leads away from its page."""
    away = [task.name for task in tasks if _leads_away(task)]
    rest = F.slice("stops", 2, F.size("stops"))
    return F.when(F.col("task").isin(*away), rest).otherwise(F.col("stops")) if away else F.col("stops")


def _pages_of(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if step.page_group is not None:
            yield step.page_group
        yield from _pages_of(step.any_of)


def _learned(found: DataFrame, tasks: Sequence[Task]) -> DataFrame:
    """task, learned: what belongs to it since at least half of its completed attempts come by."""
    declared = [task.name for task in tasks if task.pages]
    here = F.array_distinct(F.transform(_stays(tasks), lambda stop: stop["place"]))
    # Every attempt counts once for itself, under the place null.
    spread = found.where("completed").select(
        "task", F.explode(F.array_union(F.filter(here, F.isnotnull), F.array(F.lit(None)))).alias("place")
    )
    counted = spread.groupBy("task", "place").agg(F.count("*").alias("n"))
    every = F.max(F.when(F.col("place").isNull(), F.col("n")))
    most = F.collect_list(F.when(F.col("place").isNotNull(), F.struct("n", "place")))
    learns = ~F.col("task").isin(*declared) if declared else F.lit(True)
    kept = F.filter(
        "most",
        lambda one: (one["n"] * HALF >= F.col("every")) & (learns | (one["place"]["what"] == FEATURE)),
    )
    return (
        counted.groupBy("task")
        .agg(every.alias("every"), F.sort_array(most).alias("most"))
        .select("task", F.transform(kept, lambda one: one["place"]).alias("learned"))
    )


def _on_the_way(stop: Column, number: Column) -> Column:
    """The stop with `off`, whether it lies off the way; the start lies on it, and what has no known place."""
    page = F.struct(F.lit(PAGE).alias("what"), stop["page"].alias("name"))
    own = F.array_contains("places", page)
    off = (number > 0) & stop["place"].isNotNull() & ~F.array_contains("places", stop["place"]) & ~own
    return F.struct(
        stop["t"].alias("t"),
        stop["until"].alias("until"),
        F.when(own, page).otherwise(stop["place"]).alias("place"),
        stop["leg"].alias("leg"),
        F.coalesce(off, F.lit(False)).alias("off"),
    )


def _departures() -> Column:
    way = F.col("way")

    def begun(stop: Column, number: Column) -> Column:
        last = F.get(way, number - 1)
        leaves = stop["off"] & ~last["off"]
        later = F.slice(way, number + 1, F.size(way))
        back = F.get(F.filter(later, lambda one: ~one["off"]), F.lit(0))["t"]
        turn = F.struct(last["place"].alias("from"), stop["place"].alias("to"))
        told = F.struct(
            turn.alias("turn"),
            stop["t"].alias("t"),
            F.get(way, number + 1)["t"].alias("onward"),
            back.alias("back"),
        )
        return F.when(leaves, told)

    return F.filter(F.transform(way, begun), F.isnotnull)


def _leg_us(legs: Column) -> Column:
    def on_the_way(leg: Column) -> Column:
        def add(total: Column, stop: Column) -> Column:
            mine = ~stop["off"] & (stop["leg"] == leg)
            return total + F.when(mine, stop["until"] - stop["t"]).otherwise(0)

        return F.aggregate("way", F.lit(0).cast("BIGINT"), add)

    return F.transform(F.sequence(F.lit(0), legs - 1), on_the_way)


def with_detours(departed: DataFrame) -> DataFrame:
    """`with_departures` + what of the departures are detours, in place of these, stops and clicks.

    detour (STRUCT<what, name>, where the first went; null: none), detours (how many), returned (whether they
    came back from the first; null: none), away_us (seconds lost in microseconds, of all that came back),
    left_for (STRUCT<what, name>; where they went for good; null: not known); gave_up_us (when it was over,
    else after its last event), and up to then last_page, pages, last_element, elements (that were clicked).
    """
    came_back = F.col("departure.back").isNotNull()
    counted = (
        departed.select("task", F.explode("departures").alias("departure"))
        .groupBy("task", F.col("departure.turn").alias("turn"))
        .agg(F.count("*").alias("n"), F.count_if(came_back).alias("back"))
        .where(F.col("back") * RETURNING >= F.col("n"))
        .groupBy("task")
        .agg(F.collect_list("turn").alias("around"))
    )

    def is_detour(one: Column) -> Column:
        known = F.coalesce(F.array_contains("around", one["turn"]), F.lit(False))
        return one["back"].isNotNull() | known

    detours = F.filter("departures", is_detour)
    exits = F.filter("departures", lambda one: ~is_detour(one))
    lost = F.aggregate(
        detours,
        F.lit(0).cast("BIGINT"),
        lambda total, one: total + F.coalesce(one["back"] - one["t"], F.lit(0).cast("BIGINT")),
    )
    first = F.get("kept", F.lit(0))
    last = F.try_element_at("kept", F.lit(-1))
    lost_at = F.when(last["back"].isNull(), last["onward"])
    return (
        departed.join(F.broadcast(counted), on="task", how="left")
        .withColumns({"kept": detours, "gone": exits, "away_us": lost})
        .withColumns(
            {
                "detour": first["turn"]["to"],
                "detours": F.size("kept"),
                "returned": F.when(F.size("kept") > 0, first["back"].isNotNull()),
                "left_for": F.get("gone", F.lit(0))["turn"]["to"],
                "gave_up_us": F.coalesce(F.get("gone", F.lit(0))["t"], lost_at, F.col("last_us") + 1),
            }
        )
        .withColumns({"pages": _names("stops"), "elements": _names("clicks")})
        .withColumns(
            {
                "last_page": F.try_element_at("pages", F.lit(-1)),
                "last_element": F.try_element_at("elements", F.lit(-1)),
                "pages": F.array_sort(F.array_distinct("pages")),
                "elements": F.array_sort(F.array_distinct("elements")),
            }
        )
        .drop("departures", "around", "kept", "gone", "stops", "clicks")
    )


def _names(of: str) -> Column:
    """Pages of the stops, or selectors of the clicks, in order, up to where it was given up."""
    before = F.filter(of, lambda one: one["t"] < F.col("gave_up_us"))
    if of == "clicks":
        return F.transform(before, lambda one: one["selector"])
    return F.transform(F.filter(before, lambda one: one["page"].isNotNull()), lambda one: one["page"])
