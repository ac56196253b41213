"""`page_views`: activity by session and view; and `capabilities`, which inputs a tracker sends.

A run makes anew the views of all sessions on days whose activity changed, and of the sessions in which one
of their views goes on.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.capabilities import capabilities, with_collected
from trailhouse.columns import VIEW_EVENTS
from trailhouse.identity.settle import settled
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.scope import of_days
from trailhouse.settings import Sessions
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES
from trailhouse.touched.sessions import WHOLE_DAYS, Touched, sessions_on, touched_days

_KEYS = ("session_id", "view_id")
_FROM_FIRST = (
    "page_url",
    "page_path",
    "page_group",
    "page_title",
    "referrer",
    "navigation_type",
    "anonymous_id",
    "tab_id",
)


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a session and view, from the events that lie on one; one an app, platform and day."""
    activity = inputs["activity"]
    on_view = _with_steps(activity.where("view_id IS NOT NULL"))
    views = on_view.groupBy(*_KEYS).agg(*_measures(context.settings.sessions))
    told = capabilities(inputs.get(WHOLE_DAYS, activity))
    # Where a tracker sends no scrolling, depth is not collected, which is not 0.
    tracker = (F.col("_app"), F.col("_platform"), F.to_date("start_time"))
    views = with_collected(views, told, ("scroll",), *tracker)
    return {
        "page_views": _finished(views).select(*TABLES["page_views"].schema.names),
        "capabilities": TABLES["capabilities"].select(told),
    }


def _with_steps(events: DataFrame) -> DataFrame:
    """Adds what a row says beside the one before it on the view: its gap, and turns of the scrolling."""
    view = Window.partitionBy(*_KEYS).orderBy("event_number")
    before = view.rowsBetween(Window.unboundedPreceding, -1)
    gap = F.unix_micros("event_time") - F.unix_micros(F.lag("event_time").over(view))
    moved = F.col("scroll_offset") - F.last("scroll_offset", ignorenulls=True).over(before)
    frame = events.withColumns({"_gap": gap, "_way": F.nullif(F.signum(moved).cast("INT"), F.lit(0))})
    turned = F.col("_way") != F.last("_way", ignorenulls=True).over(before)
    return frame.withColumn("_turned", F.coalesce(turned, F.lit(False)))


def _measures(rules: Sessions) -> list[Column]:
    name = F.col("event_name")
    is_view = name.isin(*VIEW_EVENTS)
    # The page_view tells most; without one the first event speaks for the view.
    first = F.struct(F.when(is_view, 0).otherwise(1), "event_number", *_FROM_FIRST)
    ping = name == "heartbeat"
    beats = F.count_distinct(F.when(ping, F.floor(F.unix_seconds("event_time") / rules.heartbeat_seconds)))
    # `least` passes over nulls: the first event of a view has no gap, and would count a whole cap.
    gap = F.when(F.col("_gap").isNotNull(), F.least("_gap", F.lit(rules.gap_cap_seconds * 1_000_000)))
    return [
        F.min_by("person_id", "event_number").alias("person_id"),
        F.min("session_start").alias("_session_start"),
        F.min("view_number").alias("view_number"),
        F.min("event_time").alias("start_time"),
        F.max("event_time").alias("end_time"),
        F.min(first).alias("_first"),
        F.min("app_id").alias("_app"),
        F.min("platform").alias("_platform"),
        F.min_by("device.type", F.when(F.col("device.type").isNotNull(), F.col("event_number"))).alias(
            "device_type"
        ),
        F.max("viewport.width").alias("viewport_width"),
        F.max("viewport.height").alias("viewport_height"),
        F.max("document.height").alias("document_height"),
        F.max("scroll_offset").alias("_offset"),
        F.count("*").alias("events"),
        F.count_if(is_view).alias("page_view_events"),
        F.count_if(name == "click").alias("clicks"),
        F.count_if("_turned").alias("direction_changes"),
        F.count_if(name == "form_submit").alias("_submitted"),
        F.count_if(name == "form_abandon").alias("_abandoned"),
        F.count_if(name.isin("form_start", "form_change")).alias("_started"),
        engaged_us(rules, beats, F.coalesce(F.sum(gap), F.lit(0))).alias("engaged_us"),
        F.bool_or("is_bot").alias("is_bot"),
        F.bool_or("internal").alias("internal"),
    ]


def engaged_us(rules: Sessions, beats: Column, gaps: Column) -> Column:
    """Engaged microseconds of a view by `engaged_rule`.

    `beats` counts the distinct heartbeat buckets, `gaps` sums the capped gaps between events.
    Heartbeats: hb x (buckets - 1) + min_visit, as Snowplow's web model counts page pings.
    """
    pinged = (beats - 1) * rules.heartbeat_seconds + rules.min_visit_seconds
    by_beats = F.when(beats > 0, pinged * 1_000_000).otherwise(0).cast("BIGINT")
    if rules.engaged_rule == "heartbeats":
        return by_beats
    if rules.engaged_rule == "gaps":
        return gaps.cast("BIGINT")
    return F.when(beats > 0, by_beats).otherwise(gaps).cast("BIGINT")


def _finished(views: DataFrame) -> DataFrame:
    session = Window.partitionBy("session_id")
    same_view = Window.partitionBy("person_id", "view_id")
    height = F.col("document_height")
    seen = F.least(F.greatest(F.coalesce("_offset", F.lit(0)), F.lit(0)) + F.col("viewport_height"), height)
    known = F.col("viewport_height").isNotNull()  # `least` would take the whole height for it
    # Half up in whole numbers: a double could fall on either side.
    depth = F.floor((seen * 200 + height) / (height * 2)).cast("INT")
    continued = F.col("_session_start") > F.min("_session_start").over(same_view)
    outcome = (
        F.when(F.col("_submitted") > 0, "submitted")
        .when(F.col("_abandoned") > 0, "abandoned")
        .when(F.col("_started") > 0, "started")
    )
    return views.select(
        "*",
        *[F.col(f"_first.{name}").alias(name) for name in _FROM_FIRST],
        F.to_date("start_time").alias("view_date"),
        (F.unix_micros("end_time") - F.unix_micros("start_time")).alias("dwell_us"),
        F.when(F.col("collects_scroll") & (height > 0) & known, depth).alias("max_scroll_pct"),
        outcome.alias("form_outcome"),
        (F.col("view_number") == 1).alias("is_entry"),
        (F.col("view_number") == F.max("view_number").over(session)).alias("is_exit"),
        continued.alias("continued"),
        ((F.col("page_view_events") == 0) & ~continued).alias("inferred"),
    )


def narrow(look: Look, context: Context) -> Part | str:
    """The sessions on changed days, and those that share a view with one of them."""
    rules, scratch = context.settings.sessions, context.scratch
    days = touched_days(look, "activity")
    if days is None:
        return UNKNOWN
    if not days:
        return Part({}, {})
    if is_most(look.rows["activity"], days, context.settings):
        return MOST
    touched = sessions_on(look, days, rules, scratch)
    touched = _with_continued(touched, look, scratch)
    scopes = {"page_views": touched.scope("view_date"), "capabilities": of_days("day", touched.all_days)}
    return Part(touched.inputs(look), scopes, days=len(touched.days))


def _with_continued(touched: Touched, look: Look, scratch: str) -> Touched:
    """And all sessions that share a view with one of these, in turn."""
    view = ["person_id", "view_id"]
    of_table = look.published["page_views"].withColumn("day", F.to_date("start_time"))
    scope = touched.scope("view_date")
    made = touched.events(look.inputs["activity"]).where("view_id IS NOT NULL").select(*view)
    # What goes on beyond its day's end has its later events on days that are read by its session.
    others = scope.outside(of_table).select("session_id", *view, "day", F.to_date("end_time").alias("last"))
    views = made.unionAll(scope.inside(of_table).select(*view)).distinct()
    while True:
        shared = others.join(views, on=view, how="left_semi").select("session_id").distinct()
        shared = settled(shared, scratch, "sharing")
        if shared.isEmpty():
            return touched
        theirs = settled(others.join(shared, on="session_id", how="left_semi"), scratch, "shared")
        days = theirs.select("session_id", F.explode(F.sequence("day", "last")).alias("day")).distinct()
        touched = touched.joined_by(days)
        views = theirs.select(*view).distinct()
        others = others.join(shared, on="session_id", how="left_anti")


STAGE = Stage(
    name="page_views",
    reads=("activity",),
    writes=("page_views", "capabilities"),
    transform=transform,
    narrow=narrow,
    remembers=("page_views",),
    version=3,
    settings=("sessions",),
    checks=(
        Check(
            "page_views",
            "engaged_within_dwell",
            "Engaged time is no longer than dwell and one heartbeat's grace (60 s).",
            condition="engaged_us <= dwell_us + 60000000",
            severity="warn",
        ),
        Check(
            "page_views",
            "one_entry_one_exit",
            "A session has one entry view and one exit view.",
            query=(
                "SELECT session_id FROM {batch} GROUP BY session_id "
                "HAVING count_if(is_entry) <> 1 OR count_if(is_exit) <> 1"
            ),
        ),
    ),
)
