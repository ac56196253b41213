"""Every signal that looks at events, in one pass over `activity`: one shuffle, one sort.

1. Activity is cut to the rows and columns that a rule looks at, and each view of `page_views` joins it as a
   row: the rules of views, and views that open beside others as answers to clicks, need no pass of their own.
2. Rows lie by session and view, in the order of time. Whole sessions are walked over as columns of numbers
   (world.py): the rules of views (from_views.py), and those of events (from_events.py).
3. What was found is few: only then it is asked whether a tracker sends what a rule needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.arrays import whole_units
from trailhouse.capabilities import with_collected
from trailhouse.settings import Signals
from trailhouse.signals import from_events, from_views
from trailhouse.signals.chosen import FIELDS
from trailhouse.signals.clicks import SELECTS_TEXT, TEXT_FIELDS
from trailhouse.signals.world import SCHEMA, WHAT, World, signals_of

_SILENT = ("heartbeat", "media_progress", "web_vital")
"""Events that no rule looks at."""
_FORMS = ("form_start", "form_change", "form_abandon", "form_submit")


def find(activity: DataFrame, page_views: DataFrame, capabilities: DataFrame, settings: Signals) -> DataFrame:
    """One row a signal: kind, preset, rule_version, extra, size, start_at, end_at (microseconds), session_id,
    view_id, `place`, selector, element_text, first_event_id.
    """
    walk = _Walk(settings)
    found = (
        _events(activity, settings)
        .unionByName(_views(page_views), allowMissingColumns=True)
        .repartition("unit")
        .sortWithinPartitions("unit", "view_id", "at", "number")
        .drop("number")
        .mapInArrow(lambda batches: walk(batches), SCHEMA)
    )
    of_tracker = [F.col(f"tracker.{name}") for name in ("app_id", "platform", "event_date")]
    found = with_collected(found, capabilities, ("mutations", "form_outcomes"), *of_tracker)
    needed = [(F.col("needs") == name) & F.col(f"collects_{name}") for name in ("mutations", "form_outcomes")]
    return found.where(F.col("needs").isNull() | needed[0] | needed[1]).select(
        "session_id", "view_id", "place", "selector", "element_text", "first_event_id", *FIELDS
    )


@dataclass(frozen=True)
class _Walk:
    settings: Signals

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow."""
        return whole_units(batches, self._answer)

    def _answer(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        world = World(table)
        views = from_views.Views(world)
        yield from signals_of(
            world,
            [
                *from_views.find(world, views, self.settings),
                *from_events.find(world, views, self.settings),
            ],
        )


def _views(page_views: DataFrame) -> DataFrame:
    view = F.struct(
        "anonymous_id",
        "tab_id",
        F.col("view_number").alias("number"),
        F.unix_micros("end_time").alias("ends_at"),
        F.coalesce("page_path", "page_title").alias("path"),
        F.col("navigation_type").alias("navigation"),
        (F.col("clicks") == 0).alias("unclicked"),
        (F.col("page_view_events") > 0).alias("opened"),
        "form_outcome",
    )
    place = F.struct("person_id", "page_group", "page_path", "device_type", "is_bot", "internal")
    return page_views.select(
        F.col("session_id").alias("unit"),
        "view_id",
        _what("view").alias("what"),
        F.unix_micros("start_time").alias("at"),
        # Before all events of its time.
        F.lit(0).alias("number"),
        place.alias("place"),
        view.alias("view"),
    )


def _events(activity: DataFrame, settings: Signals) -> DataFrame:
    name = F.col("event_name")
    is_click, is_move, is_form = name == "click", name == "mouse_move", name.isin(*_FORMS)
    placed = F.col("element.x").isNotNull() & F.col("element.y").isNotNull()
    seen = activity.where(
        F.col("session_id").isNotNull()
        & F.col("view_id").isNotNull()
        & ~name.isin(*_SILENT)
        & (~is_move | placed)
    )
    what = (
        F.when(is_click, _what("click"))
        .when(is_move, _what("move"))
        .when(name == "error", _what("error"))
        .when(name.isin(*SELECTS_TEXT), _what("selection"))
        .when(is_form, _what("form"))
        .otherwise(_what("answer"))
    )
    inert = F.coalesce(~F.col("element.interactive"), F.lit(False))
    allowed = F.lit(False)
    for part in settings.allowed_selectors:
        allowed = allowed | F.contains(F.lower("element.selector"), F.lit(part.lower()))
    tracker = F.struct("app_id", "platform", "event_date").alias("tracker")
    of_click = F.struct(
        F.col("element.selector").alias("selector"),
        F.col("element.text").alias("text"),
        F.when(_can_be_answered(), inert).alias("inert"),
        (F.col("pointer") == "touch").alias("touch"),
        allowed.alias("allowed"),
        tracker,
    )
    of_form = F.struct(
        F.col("form.id").alias("selector"),
        F.lit(None).cast("STRING").alias("text"),
        *(F.lit(None).cast("BOOLEAN").alias(one) for one in ("inert", "touch", "allowed")),
        tracker,
    )
    where = F.struct(
        "person_id",
        "page_group",
        "page_path",
        F.col("device.type").alias("device_type"),
        "is_bot",
        "internal",
    )
    spot = is_click | is_move
    return seen.select(
        F.col("session_id").alias("unit"),
        "view_id",
        what.alias("what"),
        F.unix_micros("event_time").alias("at"),
        F.col("event_number").alias("number"),
        "event_id",
        F.when(spot, F.col("element.x")).alias("x"),
        F.when(spot, F.col("element.y")).alias("y"),
        F.when(~spot, F.col("scroll_offset")).alias("scroll_offset"),
        F.when(is_click, of_click).when(is_form, of_form).alias("subject"),
        F.when(spot, where).alias("place"),
    )


def _what(name: str) -> Column:
    return F.lit(WHAT.index(name)).cast("TINYINT")


def _can_be_answered() -> Column:
    is_text_field = F.coalesce(F.lower("element.tag").isin(*TEXT_FIELDS), F.lit(False))
    scheme = F.regexp_extract("element.href", r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*):", 1)
    other_scheme = ~F.lower(scheme).isin("", "http", "https", "javascript")
    host = F.lit("HOST")
    other_host = F.try_parse_url("element.href", host) != F.try_parse_url("page_url", host)
    leaves = F.coalesce(other_scheme, F.lit(False)) | F.coalesce(other_host, F.lit(False))
    return ~is_text_field & ~leaves
