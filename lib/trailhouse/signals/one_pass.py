"""Every signal that looks at events, in one pass over `activity`: one shuffle, one sort.

1. Activity is cut to the rows and columns that a rule looks at. Moves of the pointer are a lane of their own:
   nothing that is said of clicks looks at them.
2. What other views tell comes from `page_views` and joins the stream as rows: on a clicked view a row for
   each view that opens beside it (an answer to a click), and on a view with signals of its own (U-turns,
   refreshes, forms) a row before all events, where the windows know the view's first event.
3. Rows lie by view and lane, later ones first. So "the next answer", "the next error" are running values,
   over ranges of time that hold equal times; no window reaches for what is to come without end.
4. Only clicks, turns of the pointer and the rows of views are left; bursts are found among them.
5. What was found becomes an array, exploded once. Nothing is grouped: a burst is told at its first row.

A window copies each row: what none looks at lies in one struct, and rows go as soon as they have answered.
Higher-order functions are not compiled: what is null goes after the array is exploded.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.capabilities import with_collected
from trailhouse.settings import Signals
from trailhouse.signals.bursts import with_bursts
from trailhouse.signals.chosen import FIELDS, candidate, chosen
from trailhouse.signals.clicks import SELECTED_MS, SELECTS_TEXT, TEXT_FIELDS
from trailhouse.signals.from_views import openings, with_signals
from trailhouse.signals.kind import Burst

_KEYS = ("session_id", "view_id", "lane")
_SILENT = ("heartbeat", "media_progress", "web_vital")
"""Events that no rule looks at."""
_FORMS = ("form_start", "form_change", "form_abandon", "form_submit")
_FIRST, _LAST = -(1 << 60), (1 << 31) - 1
_MS = 1000
_WHAT = ("click", "move", "error", "selection", "form", "answer", "view")
"""What a row is, by number in `what`."""


def find(activity: DataFrame, page_views: DataFrame, capabilities: DataFrame, settings: Signals) -> DataFrame:
    """One row a signal: kind, preset, rule_version, extra, size, start_at, end_at (microseconds), session_id,
    view_id, `place`, selector, element_text, first_event_id.
    """
    rows = _with_turns(_with_next(_stream(activity, page_views, settings)))
    rows = with_bursts(_fitting(rows, settings), _bursts(settings), _KEYS, _order(), _selects_text())
    tracker = F.coalesce("click.tracker", "first_form.tracker")
    rows = with_collected(
        rows, capabilities, ("mutations", "form_outcomes"), *[tracker[name] for name in _TRACKER]
    )
    of_events = (*_rages(settings), *_unanswered(settings), *_errors(settings), *_thrashed(settings))
    of_views = F.concat(F.array(*_forms(settings)), F.col("view.found"))
    found = F.when(_is("view"), of_views).otherwise(F.array(*of_events))
    kept = rows.select(
        "session_id",
        "view_id",
        "place",
        F.col("click.selector").alias("clicked"),
        F.col("click.text").alias("element_text"),
        # A click's own event; of a turn the one that it came to; of a view its first, of a form that form's.
        F.when(_is("click"), F.col("event_id"))
        .when(_is("view"), F.col("first_id"))
        .otherwise(F.col("next_id"))
        .alias("own"),
        F.struct("first_form.event_id", "first_form.id").alias("begun"),
        "scrolled",
        F.explode(found).alias("signal"),
    )
    of_form = F.col("signal.kind") == "form_abandonment"
    unmoved = ~F.col("signal.still") | (F.coalesce("scrolled", F.lit(0)) == 0)
    # A view of which nothing came but heartbeats and moves has no event to name.
    return kept.where(F.col("signal").isNotNull() & unmoved & (of_form | F.col("own").isNotNull())).select(
        "session_id",
        "view_id",
        "place",
        F.when(of_form, F.col("begun.id")).otherwise(F.col("clicked")).alias("selector"),
        "element_text",
        F.when(of_form, F.col("begun.event_id")).otherwise(F.col("own")).alias("first_event_id"),
        *(f"signal.{name}" for name in FIELDS),
    )


_TRACKER = ("app_id", "platform", "event_date")
_NEXT = {"at": "at", "x": "x", "y": "y", "id": "event_id"}


def _lane(number: int) -> Column:
    return F.lit(number).cast("TINYINT")


def _what(name: str) -> Column:
    return F.lit(_WHAT.index(name)).cast("TINYINT")


def _is(*names: str) -> Column:
    return F.col("what").isin(*(_WHAT.index(name) for name in names))


def _order() -> tuple[Column, Column]:
    return F.col("at").desc(), F.col("number").desc()


def _stream(activity: DataFrame, page_views: DataFrame, settings: Signals) -> DataFrame:
    """1. and 2."""
    wait = max(one.rule.ms for kind in ("dead_click", "inert_click") for one in chosen(settings, kind))
    beside = openings(page_views, wait * _MS).withColumns(
        # Among rows of one instant it comes first, so that the row before a view's is the view's first event.
        {"lane": _lane(0), "what": _what("answer"), "number": F.lit(_LAST)}
    )
    views = with_signals(page_views, settings).select(
        "session_id",
        "view_id",
        "place",
        F.struct("found", "form_outcome", "ends_at").alias("view"),
        _lane(0).alias("lane"),
        _what("view").alias("what"),
        F.lit(_FIRST).alias("at"),
    )
    stream = _looked_at(activity)
    for more in (beside, views):
        stream = stream.unionByName(more, allowMissingColumns=True)
    return stream


def _looked_at(activity: DataFrame) -> DataFrame:
    """1."""
    name = F.col("event_name")
    is_click, is_move = name == "click", name == "mouse_move"
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
        .when(name.isin(*_FORMS), _what("form"))
        .otherwise(_what("answer"))
    )
    tracker = F.struct(*_TRACKER).alias("tracker")
    inert = F.coalesce(~F.col("element.interactive"), F.lit(False))
    of_click = F.struct(
        F.col("element.selector").alias("selector"),
        F.col("element.text").alias("text"),
        F.when(_can_be_answered(), inert).alias("inert"),
        F.coalesce(F.col("pointer") == "touch", F.lit(False)).alias("touch"),
        tracker,
    )
    of_form = F.struct(
        F.unix_micros("event_time").alias("at"), "event_id", F.col("form.id").alias("id"), tracker
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
        "session_id",
        "view_id",
        F.when(is_move, 1).otherwise(0).cast("TINYINT").alias("lane"),
        F.unix_micros("event_time").alias("at"),
        F.col("event_number").alias("number"),
        "event_id",
        what.alias("what"),
        F.when(spot, F.col("element.x")).alias("x"),
        F.when(spot, F.col("element.y")).alias("y"),
        F.when(~spot, F.col("scroll_offset")).alias("scroll_offset"),
        F.when(is_click, of_click).alias("click"),
        F.when(name.isin(*_FORMS), of_form).alias("form"),
        F.when(spot, where).alias("place"),
    )


def _with_next(stream: DataFrame) -> DataFrame:
    """3. What comes at a row's time or later on its view; and the next row of its lane."""
    # One window, since its order is one of time alone. Rows of one time lie as they are sorted here.
    stream = stream.repartition(*_KEYS).sortWithinPartitions(*_KEYS, *_order())
    ordered = Window.partitionBy(*_KEYS).orderBy(F.col("at").desc())
    by_now = ordered.rangeBetween(Window.unboundedPreceding, Window.currentRow)
    at = F.col("at")
    told = stream.withColumns(
        {
            **{f"next_{name}": F.lag(source).over(ordered) for name, source in _NEXT.items()},
            "answer_at": F.min(F.when(~_is("click", "move", "view"), at)).over(by_now),
            "error_at": F.min(F.when(_is("error"), at)).over(by_now),
            "selection_at": F.min(F.when(_is("selection"), at)).over(by_now),
            # These are looked at where a view begins, and nothing lies beside its row.
            "scrolled": F.max("scroll_offset").over(by_now),
            "first_form": F.last("form", ignorenulls=True).over(by_now),
            # What page_views added is no event.
            "first_id": F.last("event_id", ignorenulls=True).over(by_now),
        }
    )
    by_x, by_y = ((F.col(f"next_{c}").cast("BIGINT") - F.col(c)) for c in ("x", "y"))
    way = F.when(_is("move") & ((by_x != 0) | (by_y != 0)), F.struct(by_x.alias("x"), by_y.alias("y")))
    told = told.withColumn("way", way).drop("next_x", "next_y", "form", "scroll_offset")
    return told.where(_is("click", "view") | F.col("way").isNotNull())


def _with_turns(rows: DataFrame) -> DataFrame:
    """4. `turn_at`: when the pointer, moving on from a row, came to where its way turns by over 90 deg."""
    ordered = Window.partitionBy(*_KEYS).orderBy(*_order())
    before = ordered.rowsBetween(Window.unboundedPreceding, -1)
    rows = rows.withColumn("then", F.last("way", ignorenulls=True).over(before))
    back = F.col("way.x") * F.col("then.x") + F.col("way.y") * F.col("then.y") < 0
    turns = rows.withColumn("turn_at", F.when(back, F.col("next_at"))).drop("way", "then", "next_at")
    return turns.where(_is("click", "view") | F.col("turn_at").isNotNull())


def _bursts(settings: Signals) -> dict[str, Burst]:
    rage = {f"rage_{one.number}": one.rule for one in chosen(settings, "rage_click")}
    return rage | {f"thrash_{one.number}": one.rule for one in chosen(settings, "thrashed_cursor")}


def _fitting(rows: DataFrame, settings: Signals) -> DataFrame:
    """`moment`, and which rows may be part of a burst."""
    allowed = F.lit(False)
    for part in settings.allowed_selectors:
        allowed = allowed | F.contains(F.lower("click.selector"), F.lit(part.lower()))
    return rows.withColumns(
        {
            "moment": F.coalesce("turn_at", "at"),
            "fits": F.when(_is("click"), ~F.coalesce(allowed, F.lit(False))).otherwise(
                F.col("turn_at").isNotNull()
            ),
            "selector": F.col("click.selector"),
            "label": F.coalesce("click.text", "click.selector"),
        }
    ).drop("turn_at")


def _selects_text() -> Column:
    """Whether a click selected text, as an event soon after it tells."""
    soon = F.col("selection_at") - F.col("at") <= SELECTED_MS * _MS
    return _is("click") & soon & ~F.col("click.touch")


def _rages(settings: Signals) -> list[Column]:
    found = []
    for one in chosen(settings, "rage_click"):
        burst = F.col(f"_burst_rage_{one.number}")
        selected = F.coalesce(F.col("_marked_row") >= burst["last_row"], F.lit(False))
        told = candidate(one, burst["size"], F.col("at"), burst["last_at"])
        found.append(F.when(_is("click") & burst.isNotNull() & ~selected, told))
    return found


def _unanswered(settings: Signals) -> list[Column]:
    """Dead and inert clicks: judged only where the tracker would tell of what the click changed."""
    judged = _is("click") & F.col("collects_mutations")
    found = []
    # Null where the click is not to be judged.
    for kind, of_kind in (("dead_click", ~F.col("click.inert")), ("inert_click", F.col("click.inert"))):
        for one in chosen(settings, kind):
            silent = F.coalesce(F.col("answer_at") - F.col("at") > one.rule.ms * _MS, F.lit(True))
            found.append(
                F.when(judged & of_kind & silent, candidate(one, F.lit(1), F.col("at"), F.col("at")))
            )
    return found


def _can_be_answered() -> Column:
    is_text_field = F.coalesce(F.lower("element.tag").isin(*TEXT_FIELDS), F.lit(False))
    scheme = F.regexp_extract("element.href", r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*):", 1)
    other_scheme = ~F.lower(scheme).isin("", "http", "https", "javascript")
    host = F.lit("HOST")
    other_host = F.try_parse_url("element.href", host) != F.try_parse_url("page_url", host)
    leaves = F.coalesce(other_scheme, F.lit(False)) | F.coalesce(other_host, F.lit(False))
    return ~is_text_field & ~leaves


def _errors(settings: Signals) -> list[Column]:
    found = []
    for one in chosen(settings, "error_click"):
        soon = F.col("error_at") - F.col("at") <= one.rule.ms * _MS
        told = candidate(one, F.lit(1), F.col("at"), F.col("error_at"))
        found.append(F.when(_is("click") & soon, told))
    return found


def _thrashed(settings: Signals) -> list[Column]:
    found = []
    for one in chosen(settings, "thrashed_cursor"):
        burst = F.col(f"_burst_thrash_{one.number}")
        told = candidate(one, burst["size"], F.col("moment"), burst["last_at"])
        found.append(F.when(_is("move") & burst.isNotNull(), told))
    return found


def _forms(settings: Signals) -> list[Column]:
    begun = F.col("first_form").isNotNull()
    left = (F.col("view.form_outcome") == "abandoned") | F.col("collects_form_outcomes")
    found = []
    for one in chosen(settings, "form_abandonment"):
        told = candidate(one, F.lit(1), F.col("first_form.at"), F.col("view.ends_at"))
        found.append(F.when(F.col("view.form_outcome").isNotNull() & begun & left, told))
    return found
