"""Key elements of pages: which are reached, seen, focused, clicked or ignored, and in which order.

1. The box of an element is the one that is sent most often by views of a map (page, device, band, day).
2. It is seen when at least half of it (or of the screen, if it is higher) is in sight for `seen_for`
   in all: from event to event, each capped as for attention.
3. It is focused at the moment at which the pointer has rested on it for `focused_for` in all (in its
   box, or on its selector), or at the first click on it.
4. Two elements that one view focused are a pair: as intended or against it. Kendall's tau of a page is
   (as - against) / (as + against), over its rows; a pair of the same moment or place counts for neither.
5. A view that saw an element and did not focus it gave its first focus to another: the key element
   focused first, or the selector of the first click if that came before.
6. Views are told apart by outcome: after which people left, of sessions that converted, and during which
   an attempt at a task was under way that was done in the end, or failed. A view may be of several.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.map_views import HOW, MAP, PAGE, VIEW, in_view, until_next
from trailhouse.settings import Elements, Task

BY_TASK = ("done", "failed")
OUTCOMES = (*HOW, *BY_TASK)
"""How views are told apart."""
_OF = (*VIEW, *MAP, "person_id", *OUTCOMES)


def key_elements(
    activity: DataFrame,
    views: DataFrame,
    tried: DataFrame,
    declared: Elements,
    tasks: Sequence[Task],
    gap_cap_us: int,
    dwell_cap_us: int,
) -> DataFrame:
    """Rows of `key_elements` from activity, `views_of_people` and `task_attempts`.

    `tasks` are those that an element without a task of its own is told apart by.
    """
    pages = sorted({one.page_group for one in declared.key})
    watched = under_way(
        views.where(F.col("page_group").isin(pages)),
        tried,
        [task.name for task in tasks if task.unit == "person"],
    )
    of_any = [task.name for task in tasks]
    elements = F.array(
        *[
            F.struct(
                F.lit(one.page_group).alias("of"),
                F.lit(one.name).alias("element"),
                F.lit(one.selector).alias("wanted"),
                F.lit(one.order).cast("INT").alias("intended"),
                _names([one.task] if one.task is not None else of_any).alias("by_tasks"),
            )
            for one in declared.key
        ]
    )
    of_page = F.filter(elements, lambda one: one["of"] == F.col("page_group"))
    events = _events(activity, watched, gap_cap_us, dwell_cap_us)
    told = F.size("by_tasks") > 0
    beside = events.select("*", F.inline(of_page)).withColumns(
        {how: F.when(told, F.arrays_overlap(f"{how}_tasks", "by_tasks")) for how in BY_TASK}
    )
    boxes = _boxes(beside)
    judged = beside.join(F.broadcast(boxes), on=[*MAP, "element"], how="left")
    by_view = _with_order(_by_view(judged, declared))
    return _counted(by_view)


def _names(names: Sequence[str]) -> Column:
    return F.array(*map(F.lit, names)).cast("ARRAY<STRING>")


def under_way(views: DataFrame, tried: DataFrame, of_persons: Sequence[str]) -> DataFrame:
    """`views` + done_tasks and failed_tasks, ARRAY<STRING>: of which tasks an attempt was under way in them.

    Views of its pages, from its start to its last event: in its session, of the tasks `of_persons` in any
    session of the person. What came after it was given up is on other pages, and none of it.
    """
    attempt = tried.select(
        *("task", "person_id", "completed", "last_time", "pages"),
        F.col("start_time").alias("begun"),
        F.when(~F.col("task").isin(*of_persons), F.col("session_id")).alias("of_session"),
    )
    during = (F.col("start_time") <= F.col("last_time")) & (F.col("end_time") >= F.col("begun"))
    mine = F.col("of_session").isNull() | (F.col("of_session") == F.col("session_id"))
    here = F.array_contains("pages", F.col("page_group"))
    found = (
        views.select(*VIEW, "person_id", "page_group", "start_time", "end_time")
        .join(attempt, on="person_id", how="inner")
        .where(during & mine & here)
        .groupBy(*VIEW)
        .agg(
            F.collect_set(F.when(F.col("completed"), F.col("task"))).alias("done_tasks"),
            F.collect_set(F.when(~F.col("completed"), F.col("task"))).alias("failed_tasks"),
        )
    )
    with_names = views.join(found, on=list(VIEW), how="left")
    return with_names.withColumns({f"{how}_tasks": F.coalesce(f"{how}_tasks", _names(())) for how in BY_TASK})


def _events(activity: DataFrame, views: DataFrame, gap_cap_us: int, dwell_cap_us: int) -> DataFrame:
    """Every event of the views: what was in sight after it and how long, and where the pointer rested."""
    view = Window.partitionBy(*VIEW).orderBy(in_view())
    so_far = view.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # Backwards, so that looking for what follows is one step a row, too.
    after = Window.partitionBy(*VIEW).orderBy(F.col("event_number").desc())
    after = after.rowsBetween(Window.unboundedPreceding, -1)
    points = F.col("event_name").isin("click", "mouse_move")
    next_point = F.last(F.when(points, F.unix_micros("event_time")), ignorenulls=True).over(after)
    rest = F.least(next_point - F.unix_micros("event_time"), F.lit(dwell_cap_us))
    offset = F.coalesce(F.last("scroll_offset", ignorenulls=True).over(so_far), F.lit(0))
    height = F.col("document_height")
    lowest = F.greatest(height - F.col("viewport_height"), F.lit(0))
    is_move = F.col("event_name") == "mouse_move"
    return (
        activity.where("session_id IS NOT NULL AND view_id IS NOT NULL")
        .select(
            *VIEW,
            "event_number",
            "event_time",
            "event_name",
            "scroll_offset",
            F.col("element.selector").alias("selector"),
            F.col("element.box").alias("sent_box"),
            F.col("element.x").alias("x"),
            F.col("element.y").alias("y"),
        )
        .join(views, on=list(VIEW), how="inner")
        .withColumns(
            {
                "gap_us": until_next(gap_cap_us),
                # `least` passes over nulls.
                "rest_us": F.when(is_move & next_point.isNotNull(), rest).otherwise(0),
                "top": F.least(F.greatest(offset, F.lit(0)), lowest),
            }
        )
        .withColumn("bottom", F.least(F.col("top") + F.col("viewport_height"), height))
    )


def _boxes(beside: DataFrame) -> DataFrame:
    """MAP, element, box: the one that is sent most often; of several the least."""
    sent = beside.where((F.col("selector") == F.col("wanted")) & F.col("sent_box").isNotNull())
    box = F.col("sent_box")
    whole = (box["width"] > 0) & (box["height"] > 0) & (box["y"] >= 0)
    counted = sent.where(whole).groupBy(*MAP, "element", "sent_box").agg(F.count("*").alias("n"))
    return counted.groupBy(*MAP, "element").agg(
        F.min(F.struct((-F.col("n")).alias("n"), "sent_box"))["sent_box"].alias("box")
    )


def _by_view(rows: DataFrame, declared: Elements) -> DataFrame:
    """A row a view and element: judged, reached, seen, clicked, focus_at (microseconds), first_click."""
    box, at = F.col("box"), F.unix_micros("event_time")
    inside = F.col("x").between(box["x"], box["x"] + box["width"]) & F.col("y").between(
        box["y"], box["y"] + box["height"]
    )
    named = F.coalesce(F.col("selector") == F.col("wanted"), F.lit(False))
    rest = F.when(named | F.coalesce(inside, F.lit(False)), F.col("rest_us")).otherwise(0)
    ordered = Window.partitionBy(*VIEW, "element").orderBy(in_view())
    so_far = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    needed = micros(declared.focused_for)
    clicked = named & (F.col("event_name") == "click")
    hovered = F.when(
        (F.col("on_us") > 0) & (F.col("rested_us") >= needed),
        at + F.greatest(needed - (F.col("rested_us") - F.col("on_us")), F.lit(0)),
    )
    overlap = F.least(F.col("bottom"), box["y"] + box["height"]) - F.greatest(F.col("top"), box["y"])
    in_sight = overlap * 2 >= F.least(box["height"], F.col("viewport_height"))
    judged = F.col("box").isNotNull() & F.col("max_scroll_pct").isNotNull()
    click = F.struct(at.alias("at"), F.col("event_number").alias("number"), "selector")
    any_click = (F.col("event_name") == "click") & F.col("selector").isNotNull()
    found = (
        rows.withColumns({"on_us": rest, "rested_us": F.sum(rest).over(so_far)})
        .groupBy(*_OF, "element", "intended", "viewport_height")
        .agg(
            F.bool_or(judged).alias("judged"),
            F.bool_or(F.col("bottom") > box["y"]).alias("_reached"),
            F.sum(F.when(in_sight, F.col("gap_us")).otherwise(0)).alias("_seen_us"),
            F.bool_or(clicked).alias("clicked"),
            F.min(F.least(F.when(clicked, at), hovered)).alias("focus_at"),
            F.min(F.when(any_click, click)).alias("first_click"),
            F.max(box["y"]).alias("y"),
        )
    )
    focused = F.col("focus_at").isNotNull()
    seen = F.col("judged") & (F.col("_seen_us") >= micros(declared.seen_for))
    return found.select(
        "*",
        (F.col("judged") & F.col("_reached")).alias("reached"),
        seen.alias("seen"),
        focused.alias("focused"),
        (seen & ~focused).alias("ignored"),
        (F.col("judged") & (F.col("y") >= F.col("viewport_height"))).alias("below_fold"),
    )


def _with_order(by_view: DataFrame) -> DataFrame:
    """Adds place (of its focus in the view), as_intended, against, and instead."""
    view = Window.partitionBy(*VIEW)
    mine = F.struct("element", "intended", "focus_at")
    others = by_view.withColumn("all", F.filter(F.collect_list(mine).over(view), _is_focused))
    earlier = F.filter("all", lambda one: one["focus_at"] < F.col("focus_at"))

    def pairs(sign: int) -> Column:
        def agrees(one: Column) -> Column:
            moment = F.signum((one["focus_at"] - F.col("focus_at")).cast("DOUBLE"))
            place = F.signum((one["intended"] - F.col("intended")).cast("DOUBLE"))
            return F.coalesce(moment * place == sign, F.lit(False))

        return F.size(F.filter("all", agrees))

    # Key elements come before clicks of the same moment.
    first_key = F.array_min(
        F.transform(
            "all",
            lambda one: F.struct(
                one["focus_at"].alias("at"), F.lit(0).alias("number"), one["element"].alias("name")
            ),
        )
    )
    click = F.col("first_click")
    first_click = F.when(
        click.isNotNull(),
        F.struct(click["at"].alias("at"), click["number"].alias("number"), click["selector"].alias("name")),
    )
    focused = F.col("focused")
    return others.select(
        "*",
        F.when(focused, F.size(earlier) + 1).alias("place"),
        F.when(focused, pairs(1)).otherwise(0).alias("as_intended"),
        F.when(focused, pairs(-1)).otherwise(0).alias("against"),
        F.when(F.col("ignored"), F.least(first_key, first_click)["name"]).alias("instead_of_it"),
    )


def _is_focused(one: Column) -> Column:
    return one["focus_at"].isNotNull()


_FLAGS = ("judged", "reached", "seen", "focused", "clicked", "ignored", "below_fold")
_BY_OUTCOME = ("views", "judged", "reached", "seen", "focused", "clicked", "ignored")
_BY_PERSON = ("reached", "seen", "focused", "clicked")
_OF_JUDGED = (
    "reached",
    "seen",
    "ignored",
    "persons_reached",
    "persons_seen",
    "persons_ignored",
    "below_fold",
    *(f"{name}_{how}" for name in ("reached", "seen", "ignored") for how in OUTCOMES),
)


def _counted(by_view: DataFrame) -> DataFrame:
    """Views and persons by page, device, day and element."""
    key = (*PAGE, "element")
    flags = [F.count_if(name).alias(name) for name in _FLAGS]
    by_outcome = {
        f"{name}_{how}": F.count_if(F.col(how) if name == "views" else F.col(how) & F.col(name))
        for name in _BY_OUTCOME
        for how in OUTCOMES
    }
    by_person = by_view.groupBy(*key, "person_id", "instead_of_it").agg(
        F.count("*").alias("views"),
        *flags,
        F.count("done").alias("by_task"),
        *[count.alias(name) for name, count in by_outcome.items()],
        F.count_if(F.col("place") == 1).alias("first_focused"),
        F.coalesce(F.sum("place"), F.lit(0)).alias("order_sum"),
        F.sum("as_intended").alias("pairs_as_intended"),
        F.sum("against").alias("pairs_against"),
        F.sum(F.when(F.col("judged"), F.col("y"))).alias("y_sum"),
        F.sum(F.when(F.col("judged"), F.col("viewport_height"))).alias("fold_sum"),
    )
    sums = [
        *("views", *_FLAGS, *by_outcome, "first_focused", "order_sum", "pairs_as_intended", "pairs_against"),
        *("y_sum", "fold_sum", "by_task"),
    ]
    person = Window.partitionBy(*key, "person_id")
    named = Window.partitionBy(*key, "instead_of_it")
    first = F.row_number().over(person.orderBy(F.col("instead_of_it").asc_nulls_first())) == 1
    whole = by_person.withColumns(
        {
            "_first": first,
            **{f"_{name}": F.sum(name).over(person) for name in (*_BY_PERSON, "ignored")},
            "_n": F.sum("ignored").over(named),
        }
    )
    most = F.min(
        F.when(F.col("instead_of_it").isNotNull(), F.struct((-F.col("_n")).alias("n"), "instead_of_it"))
    )
    ignored = (F.col("_ignored") > 0) & (F.col("_focused") == 0)
    counted = whole.groupBy(*key).agg(
        *[F.sum(name).alias(name) for name in sums],
        F.count_if("_first").alias("persons"),
        *[
            F.count_if(F.col("_first") & (F.col(f"_{name}") > 0)).alias(f"persons_{name}")
            for name in _BY_PERSON
        ],
        F.count_if(F.col("_first") & ignored).alias("persons_ignored"),
        most.alias("_most"),
    )
    told = counted.withColumns(
        {
            **{name: F.when(F.col("judged") > 0, F.col(name)) for name in _OF_JUDGED},
            "instead": F.col("_most.instead_of_it"),
            "instead_views": -F.col("_most.n"),
        }
    )
    # By no task: not collected, which is not none.
    by_task = {
        f"{name}_{how}": F.when(F.col("by_task") > 0, F.col(f"{name}_{how}"))
        for name in _BY_OUTCOME
        for how in BY_TASK
    }
    return told.withColumns(by_task).drop("_most", "by_task")
