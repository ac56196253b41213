"""`sessions`: activity, views and signals by session.

A run makes anew all sessions on days whose activity, views or signals changed, or on which one was closed.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.capabilities import with_collected
from trailhouse.columns import VIEW_EVENTS, is_client, micros, money_by_currency, project_day
from trailhouse.enrich import channels, urls
from trailhouse.narrowing import MOST, UNKNOWN, is_most
from trailhouse.settings import Sessions, Settings
from trailhouse.signals.counting import counts
from trailhouse.signals.registry import KINDS
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.tables import TABLES
from trailhouse.touched.sessions import sessions_on, touched_days
from trailhouse.touched.told import restated

ENGAGED_US = 10_000_000
"""GA4's threshold: ten seconds make a session an engaged one."""

_PASSIVE = ("scroll", "web_vital", "survey_shown", "experiment_exposure")
"""Events that happen to a person rather than being done by one."""

_BOT_VIEWS = 10
"""Views from which behaviour can tell a bot at all."""


def transform(inputs: Frames, context: Context) -> Frames:
    """One row a session."""
    settings = context.settings
    activity = inputs["activity"].where("session_id IS NOT NULL")
    sessions = (
        activity.groupBy("session_id")
        .agg(*_from_events(settings))
        .join(_from_views(inputs["page_views"]), on="session_id", how="left")
        .join(inputs["signals"].groupBy("session_id").agg(*counts()), on="session_id", how="left")
        .crossJoin(F.broadcast(inputs["watermark"]))
    )
    tracker = (F.col("app_id"), F.col("platform"), F.to_date("start_time"))
    needed = tuple(sorted({name for kind in KINDS for name in kind.needs}))
    sessions = with_collected(sessions, inputs["capabilities"], needed, *tracker)
    return {"sessions": _finished(sessions, settings).select(*TABLES["sessions"].schema.names)}


def _first(value: str | Column, known: Column | None = None) -> Column:
    """`value` of the session's first event that has one (or meets `known`)."""
    column = F.col(value) if isinstance(value, str) else value
    return F.min_by(column, F.when(column.isNotNull() if known is None else known, F.col("event_number")))


def _from_events(settings: Settings) -> list[Column]:
    name = F.col("event_name")
    rules = settings.sessions
    converts = name.isin(*[conversion.event for conversion in settings.conversions])
    valued = name.isin(*[conversion.event for conversion in settings.conversions if conversion.value])
    money = F.when(valued & F.col("value").isNotNull(), F.struct("currency", F.col("value").alias("amount")))
    campaign = F.col("campaign.source").isNotNull() | F.col("campaign.click_id").isNotNull()
    keeps_alive = name.isin(*VIEW_EVENTS, *rules.keep_alive, *_PASSIVE)
    return [
        F.min_by("person_id", "event_number").alias("person_id"),
        F.min("session_start").alias("start_time"),
        F.min("run_start").alias("run_start"),
        F.max(F.when(is_client(F.col("platform")), F.col("event_time"))).alias("end_time"),
        F.count("*").alias("events"),
        F.count_if(name == "click").alias("clicks"),
        F.count_if(~keeps_alive).alias("_interactions"),
        F.count_if(name.isin(*rules.keep_alive, "scroll")).alias("_presence"),
        F.count_if(converts).alias("conversions"),
        _conversion_names(settings).alias("conversion_names"),
        F.collect_list(money).alias("_money"),
        _first("referrer", name.isin(*VIEW_EVENTS)).alias("referrer"),
        _first("page_url").alias("_entry_url"),
        _first("campaign", campaign).alias("campaign"),
        _last_touch(campaign).alias("_touch"),
        _first("device", F.col("device.type").isNotNull()).alias("device"),
        _first("geo", F.col("geo.country").isNotNull()).alias("geo"),
        _first("language").alias("language"),
        _first("app_id", F.lit(True)).alias("app_id"),
        _first("platform", F.lit(True)).alias("platform"),
        _first("anonymous_id").alias("anonymous_id"),
        F.max_by("user_id", F.when(F.col("user_id").isNotNull(), F.col("event_number"))).alias("user_id"),
        _first("client_session_id").alias("client_session_id"),
        F.array_distinct(F.flatten(F.collect_list("bot_reasons"))).alias("_row_reasons"),
        F.bool_or("is_bot").alias("_bot_row"),
        F.bool_or("internal").alias("internal"),
    ]


def _conversion_names(settings: Settings) -> Column:
    named = [F.when(F.col("event_name") == one.event, F.lit(one.label)) for one in settings.conversions]
    # Several conversions may name one event.
    return F.array_sort(F.array_compact(F.array_distinct(F.flatten(F.collect_list(F.array(*named))))))


def _last_touch(campaign: Column) -> Column:
    """Of the last event that came by a campaign, or onto a view from another site."""
    from_outside = F.col("event_name").isin(*VIEW_EVENTS) & (
        urls.host(F.col("referrer")) != urls.host(F.col("page_url"))
    )
    told = F.struct("referrer", "campaign", "page_url")
    return F.max_by(told, F.when(campaign | F.coalesce(from_outside, F.lit(False)), F.col("event_number")))


def _from_views(page_views: DataFrame) -> DataFrame:
    return page_views.groupBy("session_id").agg(
        F.count("*").alias("views"),
        F.count_if(F.col("page_view_events") > 0).alias("page_views"),
        F.count_distinct("page_path").alias("distinct_pages"),
        *[
            F.max_by(f"page_{part}", "is_entry").alias(f"entry_page{end}")
            for part, end in (("path", ""), ("group", "_group"))
        ],
        *[
            F.max_by(f"page_{part}", "is_exit").alias(f"exit_page{end}")
            for part, end in (("path", ""), ("group", "_group"))
        ],
        F.sum("engaged_us").alias("engaged_us"),
        F.max("max_scroll_pct").alias("max_scroll_pct"),
    )


def _finished(sessions: DataFrame, settings: Settings) -> DataFrame:
    rules = settings.sessions
    zero = F.lit(0).cast("BIGINT")
    run = ["person_id", "run_start"] + (["anonymous_id"] if rules.scope == "device" else [])
    whole_run = Window.partitionBy(*(["session_id"] if rules.boundary == "client" else run))
    counted = {
        name: F.coalesce(F.col(source), zero)
        for name, source in {
            "views": "views",
            "page_views": "page_views",
            "distinct_pages": "distinct_pages",
            "engaged_us": "engaged_us",
        }.items()
    }
    for kind in KINDS:
        # Where nothing tells of a signal there may have been any number: null, not 0.
        number = F.coalesce(kind.counted_as, zero)
        told = [F.col(f"collects_{name}") for name in kind.needs]
        counted[kind.counted_as] = F.when(F.array_max(F.array(*told)), number) if told else number
    frame = sessions.withColumns(counted).withColumns(
        {
            "session_date": project_day(F.col("start_time"), settings.project.timezone),
            "duration_us": F.unix_micros("end_time") - F.unix_micros("start_time"),
            "value": money_by_currency(F.col("_money")),
            "converted": F.col("conversions") > 0,
            "channel": channels.channel(F.col("referrer"), F.col("campaign"), urls.host(F.col("_entry_url"))),
            "last_channel": _last_channel(),
            "run_end": F.max("end_time").over(whole_run),
            "closed": _closed(rules),
        }
    )
    engaged = (F.col("engaged_us") >= ENGAGED_US) | (F.col("views") >= 2) | F.col("converted")
    alone = (F.col("views") <= 1) & (F.col("_interactions") == 0)
    reasons = F.array_sort(F.concat("_row_reasons", _behaviour()))
    return frame.withColumns(
        {
            "last_channel": F.coalesce("last_channel", "channel"),
            "is_engaged": engaged,
            "is_bounce": alone if rules.bounce == "single_view" else ~engaged,
            "bot_reasons": reasons,
            "is_bot": F.col("_bot_row") | (F.size(reasons) >= 2),
        }
    )


def _last_channel() -> Column:
    """The channel of the last touch; null where that is the first one."""
    touch = F.col("_touch")
    same = touch.isNull() | (
        touch["referrer"].eqNullSafe(F.col("referrer"))
        & touch["page_url"].eqNullSafe(F.col("_entry_url"))
        & F.to_json(touch["campaign"]).eqNullSafe(F.to_json("campaign"))
    )
    of_touch = channels.channel(touch["referrer"], touch["campaign"], urls.host(touch["page_url"]))
    return F.when(~same, of_touch)


def _closed(rules: Sessions) -> Column:
    return F.unix_micros("watermark") > F.unix_micros("end_time") + micros(rules.timeout)


def _behaviour() -> Column:
    """What the session's behaviour tells of a bot: no person opens ten pages in ten seconds."""
    many = F.col("views") >= _BOT_VIEWS
    fast = many & (F.unix_micros("end_time") - F.unix_micros("start_time") < F.col("views") * 1_000_000)
    idle = many & (F.col("_interactions") == 0) & (F.col("_presence") == 0)
    named = F.array(
        F.when(fast, F.lit("behaviour: more than a view a second")),
        F.when(idle, F.lit("behaviour: no interaction")),
    )
    return F.filter(named, lambda reason: reason.isNotNull())


def narrow(look: Look, context: Context) -> Part | str:
    """The sessions on changed days, and those that time has closed, or opened again."""
    rules = context.settings.sessions
    days = touched_days(look, "activity", "page_views", "signals", "capabilities")
    if days is None:
        return UNKNOWN
    flipped = (
        look.published["sessions"]
        .crossJoin(F.broadcast(look.inputs["watermark"]))
        .where(~F.col("closed").eqNullSafe(_closed(rules)))
        .select(F.to_date("start_time").alias("day"))
        .distinct()
    )
    days |= {row.day for row in flipped.collect()}
    if not days:
        return Part({}, {})
    if is_most(look.rows["activity"], days, context.settings):
        return MOST
    touched = sessions_on(look, days, rules, context.scratch)
    return Part(
        touched.inputs(look), {"sessions": touched.scope("session_date", margin=1)}, days=len(touched.days)
    )


STAGE = Stage(
    name="sessions",
    reads=("activity", "page_views", "signals", "capabilities", "watermark"),
    writes=("sessions",),
    transform=transform,
    narrow=narrow,
    remembers=("sessions",),
    tells={"sessions": restated},
    version=3,
    settings=("sessions", "project", "conversions", "signals"),
    pins={"activity": "page_views"},
    reference=channels.reference,
    checks=(
        Check(
            "sessions",
            "ends_after_start",
            "A session ends no earlier than it starts.",
            "end_time >= start_time",
        ),
        Check(
            "sessions",
            "within_its_run",
            "A session lies within the run it is cut from.",
            "start_time >= run_start AND end_time <= run_end",
        ),
        Check(
            "sessions",
            "page_views_are_views",
            "Sent page views are no more than views.",
            "page_views <= views",
        ),
        Check(
            "sessions",
            "views_agree",
            "The sessions' views add up to the rows of page_views.",
            query=(
                "SELECT 'all' AS session_id FROM (SELECT sum(views) AS counted FROM {batch}), "
                "(SELECT count(*) AS rows FROM {page_views}) WHERE coalesce(counted, 0) <> rows"
            ),
        ),
    ),
)
