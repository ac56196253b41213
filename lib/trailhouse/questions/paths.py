"""Paths: from which node units go to which, step by step.

How it works:
1. The events that are nodes are ordered by unit and cut into paths, at sessions or at inactivity; a path is
   cut to what lies from its first start on and up to its first end, repeats are merged, and the nodes that
   are shown are numbered: from the begin, or backwards from an end that stands alone (ways.py).
2. At each number the nodes of most units keep their names; the others are one node 'other', so that what
   flows into a node flows out of it or ends there, with 'other' as with every node.
3. Each path gives its edges, its begin and its end, which are counted: for everyone, and under the value
   that its first node has for a breakdown (links.py). Names of nodes are those of everyone, so that edges
   add up.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, micros, ratio
from trailhouse.durations import as_text
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.questions.fields import fields_of, matches, value_of
from trailhouse.questions.links import LINKS, SEEN, Linking, Seeing
from trailhouse.questions.numbers import quantile_of
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN
from trailhouse.questions.ways import WAYS, Cutting, value_columns
from trailhouse.settings import Step
from trailhouse.settings.questions import Paths
from trailhouse.stage import Check


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
    counted = _counted(question, walks(question, asked))
    whole = Window.partitionBy(*BREAKDOWN)
    total = F.sum(F.when(F.col("source").isNull() & F.col("path").isNull(), F.col("paths"))).over(whole)
    by_rank = Window.partitionBy(*BREAKDOWN, "kind").orderBy(F.desc("units"), F.desc("paths"), F.col("path"))
    # One branch for all kinds: a union of two would walk all paths twice.
    return (
        counted.withColumn("share", ratio(F.col("paths"), total))
        .withColumn("rank", F.row_number().over(by_rank))
        .where((F.col("kind") != "path") | (F.col("rank") <= question.path_limit))
        .select(
            *told(question, definition(question)),
            *BREAKDOWN,
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
    """The paths of all units, as WAYS: a few rows, each with the paths of many units."""
    values = value_columns(question.breakdowns)
    cutting = Cutting(
        question.steps,
        question.start is not None,
        question.end is not None,
        question.merge_repeats,
        micros(question.inactivity) if question.cut == "inactivity" else None,
        values,
    )
    ways = (
        _nodes(question, asked)
        .repartition("unit")
        .sortWithinPartitions("unit", "walk", *in_order())
        .select("unit", "walk", "t", "node", "is_start", "is_end", *values)
        .mapInArrow(lambda batches: cutting(batches), WAYS)
    )
    # Both that read them, the nodes' ranks and the links, read what was walked once.
    return ways.repartition("ways")


def _counted(question: Paths, ways: DataFrame) -> DataFrame:
    """Distinct units, paths, loops, U-turns and median time of equal links, by breakdown.

    'other' are nodes beyond those of most units at their number, and values beyond those of most units.
    """
    seeing = Seeing(question.breakdowns)
    linking = Linking(question.breakdowns, whole=question.path_limit > 0)
    of = ("number", "breakdown_by")
    by_units = Window.partitionBy(*of).orderBy(F.desc("units"), "name")
    limit = F.when(F.col("number").isNull(), question.breakdown_limit).otherwise(question.node_limit)
    own = (
        ways.mapInArrow(lambda batches: seeing(batches), SEEN)
        .groupBy(*of, "name")
        .agg(F.sum("units").alias("units"))
        .withColumn("rank", F.row_number().over(by_units))
        .where(F.col("rank") <= limit)
        .agg(F.collect_list(F.struct(*of, "name")).alias("own"))
    )
    us = F.sort_array(F.flatten(F.collect_list("us")))
    return (
        ways.crossJoin(F.broadcast(own))
        .mapInArrow(lambda batches: linking(batches), LINKS)
        .groupBy(*BREAKDOWN, "kind", "step", "source", "target", "path")
        .agg(
            *(F.sum(name).alias(name) for name in ("units", "paths", "loops", "u_turns")),
            quantile_of(us, 0.5).alias("median_us"),
        )
    )


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
        **dict(zip(value_columns(question.breakdowns), map(value_of, question.breakdowns), strict=True)),
    }
    also = fields_of((*question.exclude, *question.groups))
    found = rows(question, asked, looked_at, keep, fields=also)
    return found.where(F.col("wanted") & F.col("walk").isNotNull()).drop("wanted")


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
