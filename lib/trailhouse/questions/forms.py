"""Forms: how many who begin one send it, how long that takes, and what happens at each field.

The rules, for a form in a view (session, view, form id; `unknown` where an event names no form):
1. It is started by its first event. It is submitted by a form_submit; else it was abandoned, whether a
   form_abandon says so or nothing follows in that view.
2. The time to submit runs from its first event to its first form_submit.
3. A touch is a form_start or form_change that names a field. A field's position is its rank by first touch.
4. The time in a field is the sum of the times from each of its touches to the next event of the form.
5. A correction is a change of a field that was changed before, or that was touched before another field was.
6. The last field of an abandoned form is the one that form_abandon names, else the one touched last.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.questions.breakdowns import UNKNOWN, devices, periods, visits
from trailhouse.questions.intervals import wilson
from trailhouse.questions.numbers import quantile, quotient
from trailhouse.settings import Project

KEYS = ("form_id", "page_group", "device_type", "period")
_OF_VIEW = ("session_id", "view_id", "form_id")
_NAMES = ("form_start", "form_change", "form_submit", "form_abandon")
_RATE = "DECIMAL(9,6)"


def form_events(activity: DataFrame, sessions: DataFrame, project: Project) -> DataFrame:
    """The form events of people, one row each: whose form in which view, `n` (order), `t` (microseconds)."""
    placed = F.col("event_name").isin(*_NAMES) & F.col("view_id").isNotNull() & ~F.col("is_bot")
    told = activity.where(placed & ~F.col("internal")).select(
        "session_id",
        "view_id",
        F.coalesce("form.id", F.lit(UNKNOWN)).alias("form_id"),
        F.col("form.field").alias("field"),
        "page_group",
        "event_name",
        F.col("event_number").alias("n"),
        F.unix_micros("event_time").alias("t"),
    )
    return told.join(visits(sessions, project).drop("channel"), on="session_id", how="inner")


def forms(events: DataFrame) -> DataFrame:
    """Rows of `forms`, of `form_events`."""
    by_form = (
        devices(periods(_views(events)))
        .groupBy(*KEYS)
        .agg(
            F.count("*").alias("views"),
            F.count_if("begun").alias("started"),
            F.count_if("submitted").alias("submitted"),
            F.count_if("told").alias("told_abandoned"),
            F.count_distinct("person_id").alias("persons"),
            quantile("us", 0.5).alias("median_us"),
            quantile("us", 0.9).alias("p90_us"),
        )
    )
    # A tracker that sends nothing but form_submit cannot tell how many began.
    begins = F.sum("started").over(Window.partitionBy("form_id")) > 0
    started = by_form.withColumn("started", F.when(begins, F.col("views")))
    low, high = wilson("submitted", "started")
    return started.select(
        *KEYS,
        "persons",
        "started",
        "submitted",
        (F.col("started") - F.col("submitted")).alias("abandoned"),
        F.when(F.col("started").isNotNull(), F.col("told_abandoned")).alias("told_abandoned"),
        ratio(F.col("submitted"), F.col("started")).alias("submission_rate"),
        F.round(low, 6).cast(_RATE).alias("low"),
        F.round(high, 6).cast(_RATE).alias("high"),
        "median_us",
        "p90_us",
    )


def fields(events: DataFrame) -> DataFrame:
    """Rows of `form_fields`, of `form_events`."""
    touched = _touched(events).withColumns({"touched": F.lit(True), "last": F.lit(False)})
    left = _views(events).where(~F.col("submitted"))
    last = left.where(F.col("last_field").isNotNull()).select(
        *(name for name in touched.columns if name in left.columns and name != "us"),
        F.col("last_field").alias("field"),
        F.lit(True).alias("last"),
        F.lit(False).alias("touched"),
    )
    abandoned = devices(periods(left)).groupBy(*KEYS).agg(F.count("*").alias("abandoned"))
    by_field = (
        devices(periods(touched.unionByName(last, allowMissingColumns=True)))
        .groupBy(*KEYS, "field")
        .agg(
            F.count_if("touched").alias("views"),
            F.count_distinct(F.when(F.col("touched"), F.col("person_id"))).alias("persons"),
            F.sum("position").alias("positions"),
            F.mode("position", deterministic=True).alias("usual_position"),
            quantile("us", 0.5).alias("median_us"),
            F.coalesce(F.sum("changes"), F.lit(0)).alias("changes"),
            F.coalesce(F.sum("corrections"), F.lit(0)).alias("corrections"),
            F.count_if(F.col("corrections") > 0).alias("corrected_views"),
            F.count_if("last").alias("left_last"),
        )
    )
    return by_field.join(abandoned, on=list(KEYS), how="left").select(
        *KEYS,
        "field",
        "views",
        "persons",
        quotient(F.col("positions"), F.col("views"), 4).alias("mean_position"),
        "usual_position",
        "median_us",
        "changes",
        "corrections",
        "corrected_views",
        ratio(F.col("corrected_views"), F.col("views")).alias("correction_rate"),
        "left_last",
        ratio(F.col("left_last"), F.col("abandoned")).alias("left_last_share"),
    )


def _views(events: DataFrame) -> DataFrame:
    """A row a form in a view: how it ended, `us` to its first submit, its last field."""
    name, n, t = F.col("event_name"), F.col("n"), F.col("t")
    at_submit = F.min(F.when(name == "form_submit", t))
    named = F.col("field").isNotNull()
    told = F.max_by("field", F.when(named & (name == "form_abandon"), n))
    submitted = F.bool_or(name == "form_submit")
    return events.groupBy(*_OF_VIEW, "person_id", "device_type", "week").agg(
        # Without a page template in any of its events it is a form all the same.
        F.coalesce(F.min_by("page_group", F.when(F.col("page_group").isNotNull(), n)), F.lit(UNKNOWN)).alias(
            "page_group"
        ),
        F.bool_or(name != "form_submit").alias("begun"),
        submitted.alias("submitted"),
        (F.bool_or(name == "form_abandon") & ~submitted).alias("told"),
        # One that begins with its submit tells of no time.
        F.when(F.min_by("event_name", n) != "form_submit", at_submit - F.min("t")).alias("us"),
        F.coalesce(told, F.max_by("field", F.when(named & _is_touch(), n))).alias("last_field"),
    )


def _is_touch() -> Column:
    return F.col("event_name").isin("form_start", "form_change") & F.col("field").isNotNull()


def _touched(events: DataFrame) -> DataFrame:
    """A row a field that was touched in a view of a form."""
    form = Window.partitionBy(*_OF_VIEW)
    page = F.coalesce(
        F.min_by("page_group", F.when(F.col("page_group").isNotNull(), F.col("n"))).over(form),
        F.lit(UNKNOWN),
    )
    placed = events.withColumns({"page_group": page, "gap": F.lead("t").over(form.orderBy("n")) - F.col("t")})
    touches = placed.where(_is_touch())
    so_far = form.orderBy("n").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    own = Window.partitionBy(*_OF_VIEW, "field")
    own_so_far = own.orderBy("n").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # Touches of other fields up to here: more than at the field's first touch means that one came between.
    numbered = touches.withColumn("others", _counted(so_far)).withColumn(
        "others", F.col("others") - _counted(own_so_far)
    )
    changed = F.col("event_name") == "form_change"
    came_back = F.col("others") > F.min("others").over(own)
    judged = numbered.withColumn(
        "corrects", changed & (came_back | (F.count_if(changed).over(own_so_far) > 1))
    )
    of_field = judged.groupBy(*_OF_VIEW, "field", "page_group", "person_id", "device_type", "week").agg(
        F.min("n").alias("first"),
        F.sum("gap").alias("us"),
        F.count_if(changed).alias("changes"),
        F.count_if("corrects").alias("corrections"),
    )
    rank = F.row_number().over(form.orderBy("first"))
    return of_field.withColumn("position", rank).drop("first")


def _counted(window: WindowSpec) -> Column:
    return F.count(F.lit(1)).over(window)
