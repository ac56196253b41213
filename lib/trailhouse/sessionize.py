"""Sessions by window functions: which session each event of a person belongs to.

1. A unit is a person (scope person) or a person's device (scope device). Its client events fall into
   *runs*: a gap above the timeout starts a new run, a gap of exactly the timeout does not.
2. Keep-alive events (heartbeats, mouse moves, ...) keep a run alive and do not start a session: such
   events before a run's first starter are in no session.
3. A run is one session, unless it is cut: at run_start + k x max_length, at midnight of the
   project's zone, when the campaign changes, when the user_id changes.
4. A server event joins the session whose [start, end + timeout] it lies in, and extends nothing.
5. With `boundary: client` the tracker's own session id decides alone; server events with the id of a
   session without any client event are in none.
6. session_id is a hash of the definition and the session's first event, so that a merge of persons
   breaks no saved link.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.columns import in_order, is_client, micros, project_day, short_hash
from trailhouse.settings import Sessions

DEFINITION = "sessions/1"


def with_sessions(events: DataFrame, rules: Sessions, timezone: str) -> DataFrame:
    """`events` (placed, with person_id and the canonical columns) + session_id, session_start, run_start.

    All three are null for an event without a person and outside of every session.
    """
    if rules.boundary == "client":
        return _by_client_id(events, rules)
    unit = ["_unit", "anonymous_id"] if rules.scope == "device" else ["_unit"]
    return _by_time(events, unit, rules, timezone)


def _by_client_id(events: DataFrame, rules: Sessions) -> DataFrame:
    usable = F.col("person_id").isNotNull() & F.col("client_session_id").isNotNull()
    # Events without such an id are in no session; spread by their own they burden no single task.
    own = F.coalesce("client_session_id", F.concat(F.lit("\0"), "event_id"))
    # In scope device the tracker's id decides alone, whoever logs in and whatever cookie is lost.
    unit = own if rules.scope == "device" else F.col("_unit")
    placed = events.withColumns({"_unit": unit, "_own": own})
    session = Window.partitionBy("_unit", "_own").orderBy(*in_order())
    whole = session.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    client = is_client(F.col("platform"))
    first = F.first(F.when(client, F.col("event_id")), ignorenulls=True).over(whole)
    start = F.min(F.when(client, F.col("event_time"))).over(whole)
    usable = usable & start.isNotNull()
    return placed.select(
        *events.columns,
        F.when(usable, short_hash(F.lit(f"{DEFINITION}/client"), first)).alias("session_id"),
        F.when(usable, start).alias("session_start"),
        F.when(usable, start).alias("run_start"),
    )


def _by_time(events: DataFrame, unit: list[str], rules: Sessions, timezone: str) -> DataFrame:
    ordered = Window.partitionBy(*unit).orderBy(*in_order())
    before = ordered.rowsBetween(Window.unboundedPreceding, -1)
    so_far = ordered.rowsBetween(Window.unboundedPreceding, 0)
    # Peers included: a server event at the very instant of a session's start lies in it.
    by_now = (
        Window.partitionBy(*unit)
        .orderBy("event_time")
        .rangeBetween(Window.unboundedPreceding, Window.currentRow)
    )
    timeout = micros(rules.timeout)
    now = F.unix_micros("event_time")
    client = F.col("person_id").isNotNull() & is_client(F.col("platform"))
    starter = client if rules.keep_alive_starts else client & ~F.col("event_name").isin(*rules.keep_alive)

    # 1. runs
    frame = events.withColumns({"_client": client, "_starter": starter, "_row": F.row_number().over(ordered)})
    frame = frame.withColumn("_last_client", _last("_client", "event_time", before))
    gap = now - F.unix_micros("_last_client")
    opens_run = F.col("_client") & (F.col("_last_client").isNull() | (gap > timeout))
    frame = frame.withColumn("_opens_run", opens_run)
    frame = frame.withColumn("_run_row", _last("_opens_run", "_row", so_far))

    # 2. the run's first starter
    frame = frame.withColumn("_starter_before", _last("_starter", "_row", before))
    first_starter = F.col("_starter") & F.coalesce(F.col("_starter_before") < F.col("_run_row"), F.lit(True))
    frame = frame.withColumn("_begins", first_starter)
    frame = frame.withColumns(
        {"_begin_row": _last("_begins", "_row", so_far), "run_start": _last("_begins", "event_time", so_far)}
    )
    inside = F.col("_client") & F.coalesce(F.col("_begin_row") >= F.col("_run_row"), F.lit(False))
    frame = frame.withColumn("_inside", inside)

    # 3. cuts
    frame = frame.withColumn(
        "_opens", F.col("_begins") | (F.col("_inside") & _cut(frame, before, rules, timezone))
    )
    opening = F.struct("_row", "event_time", "event_id", "run_start")
    frame = frame.withColumn("_session", F.max(F.when(F.col("_opens"), opening)).over(so_far))

    # 4. server events
    belongs = F.col("_inside")
    session = F.when(F.col("_inside"), F.col("_session"))
    if rules.server_events == "join":
        frame = frame.withColumns(
            {
                "_open_session": F.max(F.when(F.col("_opens"), opening)).over(by_now),
                "_last_inside": F.max(F.when(F.col("_inside"), F.col("event_time"))).over(by_now),
            }
        )
        near = F.coalesce(now - F.unix_micros("_last_inside") <= timeout, F.lit(False))
        joins = F.col("person_id").isNotNull() & ~F.col("_client") & near
        belongs = belongs | joins
        session = F.when(F.col("_inside"), F.col("_session")).when(joins, F.col("_open_session"))

    # 6. ids
    frame = frame.withColumns({"_belongs": belongs, "_of": session})
    return frame.select(
        *events.columns,
        F.when(F.col("_belongs"), short_hash(F.lit(DEFINITION), F.col("_of.event_id"))).alias("session_id"),
        F.when(F.col("_belongs"), F.col("_of.event_time")).alias("session_start"),
        F.when(F.col("_belongs"), F.col("_of.run_start")).alias("run_start"),
    )


def _last(condition: str, value: str, frame: WindowSpec) -> Column:
    """The latest `value` of a row in the frame that meets `condition`."""
    return F.last(F.when(F.col(condition), F.col(value)), ignorenulls=True).over(frame)


def _cut(frame: DataFrame, before: WindowSpec, rules: Sessions, timezone: str) -> Column:
    """Whether a session ends before this row, though the run goes on."""
    cut = F.lit(False)
    same_run = F.coalesce(_last("_inside", "_row", before) >= F.col("_begin_row"), F.lit(False))
    if rules.max_length is not None:
        into_run = F.unix_micros("event_time") - F.unix_micros("run_start")
        previous = F.unix_micros(_last("_inside", "event_time", before)) - F.unix_micros("run_start")
        length = micros(rules.max_length)
        cut = cut | (F.floor(into_run / length) > F.floor(previous / length))
    if rules.cut_at_midnight:
        day = project_day(F.col("event_time"), timezone)
        previous_day = project_day(_last("_inside", "event_time", before), timezone)
        cut = cut | (day > previous_day)
    if rules.cut_on_campaign:
        named = (
            F.col("_inside") & F.coalesce(F.col("campaign.source"), F.col("campaign.click_id")).isNotNull()
        )
        known = _latest(named, F.to_json("campaign"), before)
        cut = cut | (named & ~known["value"].eqNullSafe(F.to_json("campaign")) | (named & ~_in_run(known)))
    if rules.cuts_on_user:
        named = F.col("_inside") & F.col("user_id").isNotNull()
        known = _latest(named, F.col("user_id"), before)
        cut = cut | (named & _in_run(known) & (known["value"] != F.col("user_id")))
    return same_run & F.coalesce(cut, F.lit(False))


def _latest(condition: Column, value: Column, frame: WindowSpec) -> Column:
    return F.last(F.when(condition, F.struct(F.col("_row").alias("row"), value.alias("value"))), True).over(
        frame
    )


def _in_run(known: Column) -> Column:
    return F.coalesce(known["row"] >= F.col("_begin_row"), F.lit(False))
