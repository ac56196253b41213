"""The kinds of reasons: what each looks at, as a registry; and all of them found in one pass over `activity`.

A kind looks at rows of one table and says, of a row, which reasons it is. All kinds of a table are columns
over one reading of it; the tables' reasons are put together and joined once, by session, to the units in
whose stretch they lie. What a unit brings with it (its device) needs no table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, week_of
from trailhouse.settings import KeyElement
from trailhouse.why.asked import MIX

Frames = Mapping[str, DataFrame]

KEY = ("kind", "value", "page_group", "element", "release")
"""What tells a reason from others."""
_DETAIL = {"device": "STRING", "week": "DATE", "bottom": "INT", "y": "INT", "touched": "BOOLEAN"}
"""Of a key element on a page: on which device and week, how far down the unit saw (to 20 px), where the
element lies if a click told, and whether the unit pointed at it or clicked it."""
DETAIL = tuple(_DETAIL)
STEP = 20
LONGEST = 200
_POINTED = ("click", "mouse_move")
_FOUND = ", ".join(
    [*(f"{name}: STRING" for name in KEY), *(f"{name}: {kind}" for name, kind in _DETAIL.items())]
)


@dataclass(frozen=True)
class Given:
    """What the columns of causes may know: declared key elements."""

    elements: tuple[KeyElement, ...] = ()


@dataclass(frozen=True)
class Cause:
    """A kind of reason.

    `of`: the table whose rows `found` tells reasons of (structs of KEY and DETAIL; null: none), or `unit`, a
    row of units with their views. `until`: whether the stretch ends where the unit left the way, or with the
    session. `told` are the words for a row of `reasons`, with its columns in braces.
    """

    kind: str
    of: str
    told: str
    found: Callable[[Given], Sequence[Column]] = field(repr=False)
    until: str = "left"


def one(kind: str, value: Column, page: Column | None = None, **more: Column) -> Column:
    """A reason, or null where `value` is."""
    nothing = F.lit(None).cast("STRING")
    known = {"kind": F.lit(kind), "value": value, "page_group": page if page is not None else nothing, **more}
    types = {**dict.fromkeys(KEY, "STRING"), **_DETAIL}
    parts = [known.get(name, F.lit(None)).cast(kind_).alias(name) for name, kind_ in types.items()]
    return F.when(known["value"].isNotNull(), F.struct(*parts))


def fingerprint(message: Column) -> Column:
    """A message without what differs from one time to another: ids, numbers, quoted texts, addresses."""
    folded = F.trim(F.regexp_replace(F.substring(message, 1, 2000), r"\s+", " "))
    for pattern, name in (
        (r"https?://\S+", "<url>"),
        (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "<id>"),
        (r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b", "<id>"),
        (r"\d+([.,]\d+)*", "#"),
    ):
        folded = F.regexp_replace(folded, pattern, name)
    return F.substring(F.nullif(folded, F.lit("")), 1, LONGEST)


def _errors(given: Given) -> list[Column]:
    told = F.from_json("properties", "MAP<STRING, STRING>")
    names = ("message", "error", "description", "name", "type")
    message = F.coalesce(*(F.try_element_at(told, F.lit(name)) for name in names), F.lit("error"))
    found = one("error", fingerprint(message), F.col("page_group"), release=F.col("release"))
    return [F.when(F.col("event_name") == "error", found)]


def _releases(given: Given) -> list[Column]:
    return [F.when(F.col("event_number") == 1, one("release", F.col("release")))]


def _elements(given: Given) -> list[Column]:
    """Of each row on an element's page how far down was in sight, and what it tells of the element."""
    sight = F.greatest(F.coalesce("scroll_offset", F.lit(0)), F.lit(0)) + F.col("viewport.height")
    found = []
    for element in given.elements:
        named = F.col("element.selector") == element.selector
        told = one(
            "element",
            F.lit(element.name),
            F.col("page_group"),
            element=F.lit(element.selector),
            device=F.coalesce("device.type", F.lit("unknown")),
            week=week_of(F.col("event_date"), "monday"),
            bottom=(F.floor(sight / STEP) * STEP),
            y=F.when(named, F.col("element.box.y")),
            touched=F.coalesce(named & F.col("event_name").isin(*_POINTED), F.lit(False)),
        )
        found.append(F.when(F.col("page_group") == element.page_group, told))
    return found


def _signals(given: Given) -> list[Column]:
    element = F.coalesce("selector", "element_text")
    return [one("signal", F.col("kind"), F.col("page_group"), element=F.substring(element, 1, LONGEST))]


def _mix(kind: str) -> Callable[[Given], list[Column]]:
    return lambda given: [one(kind, F.col(kind))]


CAUSES: tuple[Cause, ...] = (
    Cause("error", "activity", "the error “{value}” on {page_group}", _errors),
    Cause("signal", "signals", "{value} on {element} ({page_group})", _signals),
    Cause("element", "activity", "{element} ({page_group})", _elements),
    Cause(
        "detour",
        "unit",
        "went to {value} next, beside the way",
        lambda given: [one("detour", F.col("detour"))],
    ),
    Cause(
        "theme",
        "feedback_answers",
        "said something about {value}",
        lambda given: [one("theme", F.col("theme"))],
        until="session",
    ),
    Cause("slow", "unit", "took {value} or longer to get there", lambda given: [one("slow", F.col("slow"))]),
    Cause("release", "activity", "release {value}", _releases, until="visit"),
    *(Cause(kind, "unit", f"{kind} {{value}}", _mix(kind)) for kind in MIX),
    Cause("segment", "unit", "segment {value}", lambda given: []),
)
"""Kinds of reasons, those that tell most first: which of two that explain as much comes first."""
COMMENT = "comment"
"""Kind of what is no reason: the words of a unit, to look at."""
BY_KIND = {cause.kind: cause for cause in CAUSES}


def causes(units: DataFrame, frames: Frames, given: Given) -> DataFrame:
    """The units' columns, `found` (their reasons, each once) and `comment` (what they said first).

    `units` have the columns of UNITS, `to_us` (where the stretch ends), `detour`, `slow`, `segments`.
    """
    readers = {"activity": _of_activity, "signals": _of_signals, "feedback_answers": _of_feedback}
    there = {table: frames.get(table) for table in readers}
    parts = [readers[table](frame, given) for table, frame in there.items() if frame is not None]
    rows = reduce(DataFrame.unionByName, parts)
    # 1. All tables' reasons to the units, by session: one join, whose shuffle the grouping below uses, too.
    columns = units.columns
    end = F.when(F.col("until") == "left", F.col("to_us")).otherwise(F.col("until_us"))
    inside = (F.col("until") == "visit") | ((F.col("end_us") >= F.col("from_us")) & (F.col("t") <= end))
    joined = units.join(
        rows.withColumnRenamed("session_id", "of_session"),
        (F.col("session_id") == F.col("of_session")) & inside,
        how="left",
    )
    # 2. Each reason once a unit; of an element what all rows of the unit tell.
    each = joined.groupBy(*columns, *(f"told.{name}" for name in KEY)).agg(
        F.min("told.device").alias("device_"),
        F.min("told.week").alias("week"),
        F.max("told.bottom").alias("bottom"),
        F.max("told.y").alias("y"),
        F.bool_or("told.touched").alias("touched"),
        F.min(F.when(F.col("told.kind") == COMMENT, F.struct("t", "told.value"))).alias("said"),
    )
    is_reason = F.col("kind").isNotNull() & (F.col("kind") != COMMENT)
    reason = F.struct(*KEY, F.col("device_").alias("device"), "week", "bottom", "y", "touched")
    by_unit = each.groupBy(*columns).agg(
        F.collect_list(F.when(is_reason, reason)).alias("seen"),
        F.min("said")["value"].alias("comment"),
    )
    # 3. What the unit itself tells.
    own = [column for cause in CAUSES if cause.of == "unit" for column in cause.found(given)]
    member_of = F.transform("segments", lambda name: one("segment", name))
    every = (F.col("seen"), F.array(*own), member_of)
    found = F.array_compact(F.concat(*(part.cast(f"ARRAY<STRUCT<{_FOUND}>>") for part in every)))
    return by_unit.withColumn("found", found).drop("seen")


def _told(frame: DataFrame, table: str, given: Given, t: Column, end: Column) -> DataFrame:
    """session_id, t, end_us, until, told: a row a reason that some row of the table is."""
    parts = [
        F.struct(F.lit(cause.until).alias("until"), column.alias("told"))
        for cause in CAUSES
        if cause.of == table
        for column in cause.found(given)
    ]
    return _spread(frame, t, end, parts)


def _spread(frame: DataFrame, t: Column, end: Column, parts: Sequence[Column]) -> DataFrame:
    return (
        frame.where(F.col("session_id").isNotNull() & ~F.col("is_bot") & ~F.col("internal"))
        .select("session_id", t.alias("t"), end.alias("end_us"), F.inline(F.array(*parts)))
        .where(F.col("told").isNotNull())
    )


def _of_activity(activity: DataFrame, given: Given) -> DataFrame:
    """Only rows that are some reason: most of `activity` (heartbeats, moves) is none."""
    pages = sorted({element.page_group for element in given.elements})
    wanted = (F.col("event_name") == "error") | (F.col("event_number") == 1)
    if pages:
        sees = (*VIEW_EVENTS, "scroll", *_POINTED)
        wanted = wanted | (F.col("page_group").isin(*pages) & F.col("event_name").isin(*sees))
    t = F.unix_micros("event_time")
    return _told(activity.where(wanted), "activity", given, t, t)


def _of_signals(signals: DataFrame, given: Given) -> DataFrame:
    ends = F.unix_micros("end_time")
    return _told(signals.where("NOT extra"), "signals", given, F.unix_micros("start_time"), ends)


def _of_feedback(answers: DataFrame, given: Given) -> DataFrame:
    t = F.unix_micros("answer_time")
    words = F.substring(F.nullif(F.trim("text"), F.lit("")), 1, 500)
    # A choice is one of the survey's own words.
    said = one(COMMENT, F.when(F.col("kind") != "choice", words))
    comments = _spread(answers, t, t, [F.struct(F.lit("session").alias("until"), said.alias("told"))])
    themed = answers.withColumn("theme", F.explode("themes"))
    return comments.unionByName(_told(themed, "feedback_answers", given, t, t))
