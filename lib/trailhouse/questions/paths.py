"""Paths: from which node units go to which, step by step.

How it works:
1. The events that are nodes are ordered by unit and cut into paths, at sessions or at inactivity.
2. A path is cut to what lies from its first start on and up to its first end, repeats are merged, and the
   nodes that are shown are numbered: from the begin, or backwards from an end that stands alone.
3. At each number the nodes of most units keep their names; the others are one node 'other', so that what
   flows into a node flows out of it or ends there, with 'other' as with every node.
4. Each path gives its edges, its begin and its end, which are counted: for everyone, and under the value
   that its first node has for a breakdown. Names of nodes are those of everyone, so that edges add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, micros, ratio
from trailhouse.durations import as_text
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.breakdowns import ALL, UNKNOWN
from trailhouse.questions.fields import fields_of, matches, value_of
from trailhouse.questions.numbers import quantile
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, OTHER, own_values, spread, with_other
from trailhouse.settings import Step
from trailhouse.settings.questions import Paths
from trailhouse.stage import Check

BETWEEN = "…"
"""The node that stands for all that are left out between a start and an end."""

_LINK = (
    "ARRAY<STRUCT<kind: STRING, step: INT, source: STRING, target: STRING, path: ARRAY<STRING>,"
    " us: BIGINT, loop: BOOLEAN, u_turn: BOOLEAN>>"
)


def definition(question: Paths) -> str:
    """What is asked, in one line."""
    between = [f"from {question.start.text}"] if question.start else []
    between += [f"to {question.end.text}"] if question.end else []
    told = [" ".join(between) or "from their begin", f"{question.steps} nodes by {question.node}"]
    if question.events:
        told.append(f"of {', '.join(one.text for one in question.events)}")
    if question.exclude:
        told.append(f"without {', '.join(one.text for one in question.exclude)}")
    told += [f"{one.label} = {one.text}" for one in question.groups]
    told.append("repeats merged" if question.merge_repeats else "repeats kept")
    told.append("by session" if question.cut == "session" else f"cut after {as_text(question.inactivity)}")
    return "; ".join(["paths " + ", ".join(told), question.about])


def answer(question: Paths, asked: Asked) -> DataFrame:
    """Rows of `paths` for one question: edges with begins and ends by step, then the top whole paths."""
    by = BREAKDOWN if question.breakdowns else ()
    paths = walks(question, asked)
    backwards = question.end is not None and question.start is None
    first = (F.lit(1) - F.size("nodes")) if backwards else F.lit(1)
    placed = paths.withColumn("first", first)
    links = _links(placed, with_paths=bool(question.path_limit))
    lumped = _lumped(links, placed, question.node_limit)
    if by:
        own = own_values(spread(placed.select("unit", "values"), question), question)
        lumped = with_other(spread(lumped, question), question, own)
    counted = _counted(lumped, by)
    whole = Window.partitionBy(*by)
    total = F.sum(F.when(F.col("source").isNull() & F.col("path").isNull(), F.col("paths"))).over(whole)
    by_rank = Window.partitionBy(*by, "kind").orderBy(F.desc("units"), F.desc("paths"), F.col("path"))
    # One branch for all kinds: a union of two would walk all paths twice.
    return (
        counted.withColumn("share", ratio(F.col("paths"), total))
        .withColumn("rank", F.row_number().over(by_rank))
        .where((F.col("kind") != "path") | (F.col("rank") <= question.path_limit))
        .select(
            *told(question, definition(question)),
            *(F.col(name) if by else F.lit(ALL).alias(name) for name in BREAKDOWN),
            "kind",
            "step",
            "source",
            "target",
            "path",
            "units",
            "paths",
            "share",
            "loops",
            "u_turns",
            "median_us",
        )
    )


def walks(question: Paths, asked: Asked) -> DataFrame:
    """A row a path: unit, `nodes` (ARRAY<STRUCT<at: INT, node: STRING, t: BIGINT>>, in order, as many as
    are shown), and whether it goes on beyond them (`more`). With breakdowns `values` of its first node, too.
    """
    order = in_order()
    path = Window.partitionBy("unit", "walk").orderBy(*order)
    so_far = path.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = path.rowsBetween(Window.unboundedPreceding, -1)
    whole = path.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    frame = _nodes(question, asked)
    if question.cut == "inactivity":
        frame = _by_inactivity(frame, micros(question.inactivity))
    if question.start is not None:
        frame = frame.withColumn("begun", F.max("is_start").over(so_far)).where("begun")
    if question.end is not None:
        # The start itself is no end: to come back to it is one.
        is_end = F.col("is_end") if question.start is None else F.col("is_end") & (F.col("place") > 1)
        frame = frame.withColumn("place", F.row_number().over(path)).withColumn("is_end", is_end)
        frame = (
            frame.withColumn("ended", F.coalesce(F.max("is_end").over(before), F.lit(False)))
            .withColumn("ends", F.max("is_end").over(whole))
            .where("ends AND NOT ended")
        )
    if question.breakdowns:
        frame = frame.withColumn("values", F.first("values").over(so_far))
    if question.merge_repeats:
        same = F.coalesce(F.lag("node").over(path) == F.col("node"), F.lit(False))
        frame = frame.withColumn("same", same).where("NOT same")
    return _shown(question, frame, path, whole)


def _nodes(question: Paths, asked: Asked) -> DataFrame:
    """The events that are nodes, by unit: `node`, the path's key `walk`, is_start and is_end."""
    anchors = [one for one in (question.start, question.end) if one is not None]
    looked_at = question.looked_at
    wanted = (_any(looked_at) & ~_any(question.exclude)) | _any(anchors)
    if question.cut == "session":
        walk = F.col("session_id")
    else:
        # The persons of an account, as the units of an account's other figures, go their own ways.
        walk = F.col("person_id") if question.unit == "account" else F.lit("")
    keep = {
        "wanted": wanted,
        "node": _node(question),
        "walk": walk,
        "is_start": matches(question.start) if question.start else F.lit(False),
        "is_end": matches(question.end) if question.end else F.lit(False),
        **({"values": F.array(*map(value_of, question.breakdowns))} if question.breakdowns else {}),
    }
    also = fields_of((*question.exclude, *question.groups))
    found = rows(question, asked, looked_at, keep, fields=also)
    known = found.where(F.col("wanted") & F.col("walk").isNotNull()).drop("wanted")
    return known.repartition("unit")


def _any(steps: tuple[Step, ...] | list[Step]) -> Column:
    return reduce(Column.__or__, map(matches, steps), F.lit(False))


def _node(question: Paths) -> Column:
    """What an event is called: by the first group that it is, else by the kind of node."""
    event = F.col("event_name")
    page = F.col("page_path" if question.node == "page_path" else "page_group")
    match question.node:
        case "event":
            node = event
        case "event_and_page":
            node = F.concat_ws(" ", event, page)
        case _:
            # What is no view is no page: a start such as `order` stands under its own name.
            node = F.when(event.isin(*VIEW_EVENTS), F.coalesce(page, F.lit(UNKNOWN))).otherwise(event)
    for group in reversed(question.groups):
        node = F.when(matches(group), F.lit(group.label)).otherwise(node)
    return node


def _by_inactivity(frame: DataFrame, gap_us: int) -> DataFrame:
    """With a new `walk` wherever more than so many microseconds lie between two nodes."""
    path = Window.partitionBy("unit", "walk").orderBy(*in_order())
    so_far = path.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    late = F.coalesce(F.col("t") - F.lag("t").over(path) > gap_us, F.lit(False))
    number = F.sum(F.col("late").cast("int")).over(so_far)
    return frame.withColumn("late", late).withColumn("walk", F.struct("walk", number.alias("number")))


def _shown(question: Paths, frame: DataFrame, path: WindowSpec, whole: WindowSpec) -> DataFrame:
    """The nodes that are shown, as an array a path."""
    steps, place, size = question.steps, F.col("place"), F.col("size")
    node = F.col("node")
    numbered = frame.withColumn("place", F.row_number().over(path))
    if question.end is None:
        # One beyond the last tells that the path goes on.
        inside = numbered.withColumn("size", F.lit(0)).where(place <= steps + 1)
    else:
        numbered = numbered.withColumn("size", F.count(F.lit(1)).over(whole))
        if question.start is None:
            inside = numbered.where(place >= size - steps)
        else:
            inside = numbered.where((place < steps) | (place == size))
            node = F.when((place == steps - 1) & (size > steps), F.lit(BETWEEN)).otherwise(node)
    entry = F.struct(place.alias("at"), node.alias("node"), "t")
    values = ["values"] if question.breakdowns else []
    gathered = inside.groupBy("unit", "walk").agg(
        F.sort_array(F.collect_list(entry)).alias("nodes"),
        F.max("size").alias("size"),
        *(F.max(name).alias(name) for name in values),  # all of a path's are equal
    )
    length = F.size("nodes")
    if question.end is None:
        nodes = F.slice("nodes", 1, steps)
    elif question.start is None:
        nodes = F.when(length > steps, F.slice("nodes", 2, steps)).otherwise(F.col("nodes"))
    else:
        return gathered.select("unit", "nodes", F.lit(False).alias("more"), *values)
    return gathered.select("unit", nodes.alias("nodes"), (length > steps).alias("more"), *values)


def _links(paths: DataFrame, *, with_paths: bool) -> DataFrame:
    """unit, a path's `values` and `_LINK`: a row an edge, begin and end of a path, and one for all of it."""
    names, size = F.col("names"), F.size("nodes")
    nothing, text = F.lit(None), F.lit(None).cast("STRING")

    def link(i: Column) -> Column:
        """From the node before `i` (from 0) to it; nothing stands before the first and after the last."""
        source, target = F.get("nodes", i - 1), F.get("nodes", i)
        name, came_from = target["node"], F.get(names, i - 2)
        real = (name != BETWEEN) & (source["node"] != BETWEEN)
        cut = F.col("more") & F.when(F.col("first") == 1, i == size).otherwise(i == 0)
        return F.struct(
            F.when(cut, "cut").when(i == 0, "begin").when(i == size, "end").otherwise("edge").alias("kind"),
            (F.col("first") + i - 1).alias("step"),
            source["node"].alias("source"),
            name.alias("target"),
            nothing.cast("ARRAY<STRING>").alias("path"),
            (target["t"] - source["t"]).alias("us"),
            F.coalesce((name != BETWEEN) & F.array_contains(F.slice(names, F.lit(1), i), name), F.lit(False)),
            F.coalesce(real & (came_from == name) & (source["node"] != name), F.lit(False)),
        )

    links = F.transform(F.sequence(F.lit(0), size), link).cast(_LINK)
    each = paths.withColumn("names", F.col("nodes.node")).withColumn("links", links)
    own = ["unit", *(name for name in paths.columns if name == "values")]
    if not with_paths:
        return each.select(*own, F.inline("links"))
    path = F.struct(
        F.lit("path"),
        nothing.cast("INT"),
        text,
        text,
        names,
        F.element_at("nodes", -1)["t"] - F.element_at("nodes", 1)["t"],
        F.exists("links", lambda one: one["loop"]),
        F.exists("links", lambda one: one["u_turn"]),
    )
    return each.select(*own, F.inline(F.concat("links", F.array(path).cast(_LINK))))


def _lumped(links: DataFrame, paths: DataFrame, limit: int) -> DataFrame:
    """Links between the nodes of most units at each number, and 'other'."""
    at = paths.select("unit", "first", F.posexplode("nodes.node").alias("pos", "node"))
    seen = at.select("unit", (F.col("first") + F.col("pos")).alias("number"), "node").distinct()
    by_units = Window.partitionBy("number").orderBy(F.desc("units"), F.col("node"))
    top = (
        seen.where(F.col("node") != BETWEEN)
        .groupBy("number", "node")
        .agg(F.count("*").alias("units"))
        .withColumn("rank", F.row_number().over(by_units))
        .where(F.col("rank") <= limit)
        .select("number", "node", F.lit(True).alias("own"))
    )

    def named(frame: DataFrame, end: str, number: Column) -> DataFrame:
        node = F.col(end)
        # A null is equal to nothing: begins, ends and whole paths find no number.
        own = top.select(F.col("number").alias("_number"), F.col("node").alias("_node"), "own")
        found = frame.join(
            F.broadcast(own), (number == F.col("_number")) & (node == F.col("_node")), how="left"
        )
        kept = node.isNull() | (node == BETWEEN) | F.col("own")
        return found.withColumn(end, F.when(kept, node).otherwise(OTHER)).drop("_number", "_node", "own")

    return named(named(links, "source", F.col("step")), "target", F.col("step") + 1)


def _counted(links: DataFrame, by: Sequence[str]) -> DataFrame:
    """Distinct units, paths, loops, U-turns and median time of equal links, apart for the columns of `by`."""
    link = (*by, "kind", "step", "source", "target", "path")
    # All of a unit lies in one place: to mark its first of equal links is no shuffle.
    of_unit = Window.partitionBy("unit", *link).orderBy("step")
    return (
        links.withColumn("first_of_unit", F.row_number().over(of_unit) == 1)
        .groupBy(*link)
        .agg(
            F.count_if("first_of_unit").alias("units"),
            F.count("*").alias("paths"),
            F.count_if("loop").alias("loops"),
            F.count_if("u_turn").alias("u_turns"),
            quantile("us", 0.5).alias("median_us"),
        )
    )


_OF = "question, breakdown_by, breakdown"

CHECKS = (
    Check(
        "paths",
        "what_comes_goes",
        "Into each node of a step flow as many paths as flow out of it, end there or go on unseen.",
        query=(
            f"SELECT {_OF}, step, node AS source FROM ("
            f"SELECT {_OF}, step + 1 AS step, target AS node, paths FROM {{batch}} WHERE target IS NOT NULL "
            f"UNION ALL SELECT {_OF}, step, source, -paths FROM {{batch}} WHERE source IS NOT NULL) "
            f"GROUP BY {_OF}, step, node HAVING sum(paths) <> 0"
        ),
    ),
    Check(
        "paths",
        "all_begin_and_end",
        "As many paths end or go on as begin: the shares of both add up to 1, but for rounding.",
        query=(
            f"SELECT {_OF} FROM {{batch}} WHERE kind <> 'path' GROUP BY {_OF} HAVING "
            "sum(if(source IS NULL, paths, 0)) <> sum(if(target IS NULL, paths, 0)) OR "
            "abs(sum(if(source IS NULL, share, 0)) - 1) > 0.0001"
        ),
    ),
    Check(
        "paths",
        "parts_of_paths",
        "Units, loops and U-turns are no more than paths, U-turns no more than loops.",
        "units <= paths AND u_turns <= loops AND loops <= paths",
    ),
    Check(
        "paths",
        "breakdowns_add_up",
        "Paths, loops and U-turns of a breakdown's values add up to 'all', by edge; none has more units.",
        query=(
            "SELECT question, kind, step, source, target FROM (SELECT *, "
            "size(collect_set(breakdown_by) OVER (PARTITION BY question)) AS fields "
            "FROM {batch} WHERE kind <> 'path') GROUP BY question, kind, step, source, target "
            "HAVING sum(if(breakdown_by = 'all', paths, 0)) * max(fields) <> sum(paths) "
            "OR sum(if(breakdown_by = 'all', loops, 0)) * max(fields) <> sum(loops) "
            "OR sum(if(breakdown_by = 'all', u_turns, 0)) * max(fields) <> sum(u_turns) "
            "OR max(units) > max(if(breakdown_by = 'all', units, 0))"
        ),
    ),
    Check(
        "paths",
        "nodes_of_a_kind",
        "An edge has two nodes, a begin a target, an end a source, a whole path its nodes.",
        "CASE kind WHEN 'edge' THEN source IS NOT NULL AND target IS NOT NULL"
        " WHEN 'begin' THEN source IS NULL AND target IS NOT NULL"
        " WHEN 'end' THEN source IS NOT NULL AND target IS NULL"
        " WHEN 'cut' THEN (source IS NULL) <> (target IS NULL)"
        " ELSE path IS NOT NULL AND source IS NULL AND target IS NULL END",
    ),
)
