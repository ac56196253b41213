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
    # All windows have one partition and one order, so that rows are shuffled and sorted once; each step
    # that needs the one before it is one pass over them more.
    ordered = Window.partitionBy(*unit).orderBy(*in_order())
    before = ordered.rowsBetween(Window.unboundedPreceding, -1)
    so_far = ordered.rowsBetween(Window.unboundedPreceding, 0)
    now = F.unix_micros("event_time")
    client = F.col("person_id").isNotNull() & is_client(F.col("platform"))
    starter = client if rules.keep_alive_starts else client & ~F.col("event_name").isin(*rules.keep_alive)

    # 1. runs, by number
    frame = events.withColumns({"_client": client, "_starter": starter})
    frame = frame.withColumns(
        {
            "_row": F.row_number().over(ordered),
            "_last_client": F.last(F.when(F.col("_client"), F.col("event_time")), ignorenulls=True).over(
                before
            ),
        }
    )
    gap = now - F.unix_micros("_last_client")
    opens_run = F.col("_client") & F.coalesce(gap > micros(rules.timeout), F.lit(True))
    frame = frame.withColumn("_opens_run", opens_run)
    frame = frame.withColumn("_run", F.count_if("_opens_run").over(so_far))

    # 2. the first starter of the latest run that has one
    first = F.struct("_run", (-F.col("_row")).alias("row"), "event_time")
    frame = frame.withColumn("_begin", F.max(F.when(F.col("_starter"), first)).over(so_far))
    inside = F.col("_client") & F.coalesce(F.col("_begin._run") == F.col("_run"), F.lit(False))
    frame = frame.withColumns({"_inside": inside, "run_start": F.col("_begin.event_time")})

    # 3. cuts
    begins = F.col("_begin.row") == -F.col("_row")
    opens = F.col("_inside") & (begins | _cut(frame, before, rules, timezone))
    frame = frame.withColumn("_opens", opens)
    frame = _with_session(frame, unit, rules)

    session = F.col("_session")
    return frame.select(
        *events.columns,
        F.when(F.col("_belongs"), session["id"]).alias("session_id"),
        F.when(F.col("_belongs"), session["event_time"]).alias("session_start"),
        F.when(F.col("_belongs"), session["run_start"]).alias("run_start"),
    )


def _with_session(frame: DataFrame, unit: list[str], rules: Sessions) -> DataFrame:
    """`frame` + `_session`, the opening of the latest session, and `_belongs`: whether the row is in it."""
    so_far = (
        Window.partitionBy(*unit)
        .orderBy(*in_order())
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    # Peers included: a server event at the very instant of a session's start lies in it.
    by_now = (
        Window.partitionBy(*unit)
        .orderBy("event_time")
        .rangeBetween(Window.unboundedPreceding, Window.currentRow)
    )
    # 6. Hashed where a session opens, not for each of its events.
    id_ = short_hash(F.lit(DEFINITION), F.col("event_id")).alias("id")
    opening = F.when(F.col("_opens"), F.struct("_row", "event_time", id_, "run_start"))
    if rules.server_events == "ignore":
        return frame.withColumns({"_session": F.max(opening).over(so_far), "_belongs": F.col("_inside")})
    # 4.
    inside_at = F.max(F.when(F.col("_inside"), F.col("event_time"))).over(by_now)
    columns = {"_open_session": F.max(opening).over(by_now), "_last_inside": inside_at}
    own = F.col("_open_session")
    if rules.cut_on_campaign or rules.cuts_on_user:
        # Only such a cut can lie between two events of one instant.
        frame = frame.withColumn("_own_session", F.max(opening).over(so_far))
        own = F.when(F.col("_inside"), F.col("_own_session")).otherwise(own)
    frame = frame.withColumns(columns)
    late = F.unix_micros("event_time") - F.unix_micros("_last_inside")
    near = F.coalesce(late <= micros(rules.timeout), F.lit(False))
    joins = F.col("person_id").isNotNull() & ~F.col("_client") & near
    return frame.withColumns({"_session": own, "_belongs": F.col("_inside") | joins})


def _cut(frame: DataFrame, before: WindowSpec, rules: Sessions, timezone: str) -> Column:
    """Whether a session ends before this row, though the run goes on: for rows inside, but not the first."""
    cut = F.lit(False)
    # Of a row inside that does not begin a run, the client event before it is inside as well.
    previous = F.col("_last_client")
    if rules.max_length is not None:
        length, start = micros(rules.max_length), F.unix_micros("run_start")
        into_run = F.unix_micros("event_time") - start
        cut = cut | (F.floor(into_run / length) > F.floor((F.unix_micros(previous) - start) / length))
    if rules.cut_at_midnight:
        cut = cut | (project_day(F.col("event_time"), timezone) > project_day(previous, timezone))
    if rules.cut_on_campaign:
        named = (
            F.col("_inside") & F.coalesce(F.col("campaign.source"), F.col("campaign.click_id")).isNotNull()
        )
        known = _latest(named, F.to_json("campaign"), before)
        cut = cut | (named & ~known["value"].eqNullSafe(F.to_json("campaign"))) | (named & ~_in_run(known))
    if rules.cuts_on_user:
        named = F.col("_inside") & F.col("user_id").isNotNull()
        known = _latest(named, F.col("user_id"), before)
        cut = cut | (named & _in_run(known) & (known["value"] != F.col("user_id")))
    return F.coalesce(cut, F.lit(False))


def _latest(condition: Column, value: Column, frame: WindowSpec) -> Column:
    """The latest row before that meets `condition`: its run and its `value`."""
    return F.last(F.when(condition, F.struct("_run", value.alias("value"))), ignorenulls=True).over(frame)


def _in_run(known: Column) -> Column:
    return F.coalesce(known["_run"] == F.col("_run"), F.lit(False))
