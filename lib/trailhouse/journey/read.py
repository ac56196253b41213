"""What a journey is made of, read from published tables and bounded before it leaves Spark.

1. Sessions, the newest first, up to a limit; of each the first pages, and of these the first lines.
2. A line is an event, or all events of one passive kind (mouse moves, heartbeats, ...) between two others on
   a page: a bot's million moves are one row. Texts are cut to what a page can show.
3. What is left out is known: a session says how many events and pages it has, the rest are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.storage import Lake

Rows = tuple[Mapping[str, Any], ...]

QUIET = ("heartbeat", "mouse_move", "mutation", "scroll", "visibility", "media_progress", "web_vital")
"""Events that come by themselves or by the hundred: folded between two others."""
_SECOND = 1_000_000
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """How much is read: `sessions` of a person; of a session `pages`, `lines` and `signals`; characters of a
    text; `outside` of all sessions, `identifiers`, `changes`: rows of the head."""

    sessions: int = 20
    pages: int = 100
    lines: int = 400
    signals: int = 200
    text: int = 1_000
    outside: int = 50
    identifiers: int = 50
    changes: int = 10


@dataclass(frozen=True)
class Visits:
    """Sessions, the newest first, and what is in them; times are microseconds since 1970.

    `recorded` are those that a recording is kept of.
    """

    sessions: Rows
    pages: Rows = ()
    lines: Rows = ()
    signals: Rows = ()
    recorded: frozenset[str] = frozenset()


def sessions_of(lake: Lake, person_id: str, most: int) -> Rows:
    """The newest sessions of a person."""
    theirs = lake.read("sessions").where(F.col("person_id") == F.lit(person_id))
    return collected(_session(theirs).orderBy(F.desc("start_us"), "session_id").limit(most))


def sessions_by_id(lake: Lake, ids: Sequence[str]) -> Rows:
    """The sessions of these ids that there are, the newest first."""
    asked = lake.read("sessions").where(F.col("session_id").isin(*ids))
    return collected(_session(asked).orderBy(F.desc("start_us"), "session_id"))


def visits(lake: Lake, sessions: Rows, limits: Limits) -> Visits:
    """What is in these sessions."""
    if not sessions:
        return Visits(sessions)

    def part(table: str, day: str, cut: Callable[[DataFrame, Limits], DataFrame]) -> Rows:
        return collected(cut(within(lake.read(table), day, sessions), limits))

    # Small queries, of which each waits for the driver more than for the data.
    with ThreadPoolExecutor(max_workers=4) as pool:
        views = pool.submit(part, "page_views", "view_date", pages)
        events = pool.submit(part, "activity", "event_date", lines)
        signs = pool.submit(part, "signals", "signal_date", signals)
        recorded = pool.submit(_recorded, lake, sessions)
    return Visits(sessions, views.result(), events.result(), signs.result(), recorded.result())


def within(frame: DataFrame, day: str, sessions: Rows) -> DataFrame:
    """Rows of these sessions, by days first, so that files of others are not opened."""
    first = min(row["start_us"] for row in sessions)
    # An event of a server belongs to a session up to its timeout after the end.
    last = max(row["end_us"] for row in sessions)
    begin, end = _day(first) - _DAY, _day(last) + _DAY
    is_theirs = F.col("session_id").isin(*[row["session_id"] for row in sessions])
    return frame.where(F.col(day).between(F.lit(begin.date()), F.lit(end.date())) & is_theirs)


def _day(us: int) -> datetime:
    return datetime.fromtimestamp(us // _SECOND, UTC)


def _session(sessions: DataFrame) -> DataFrame:
    names = (
        "session_id person_id duration_us events views clicks entry_page exit_page referrer channel "
        "last_channel campaign device geo language app_id platform anonymous_id user_id engaged_us "
        "is_bounce converted conversion_names value is_bot bot_reasons internal closed"
    )
    return sessions.select(*names.split(), *_times())


def _times() -> list[Column]:
    return [F.unix_micros(f"{end}_time").alias(f"{end}_us") for end in ("start", "end")]


def pages(page_views: DataFrame, limits: Limits) -> DataFrame:
    """The first views of each session, in order."""
    texts = [
        short(name, limits) for name in ("page_path", "page_group", "page_title", "page_url", "referrer")
    ]
    names = (
        "session_id view_id view_number dwell_us engaged_us navigation_type tab_id anonymous_id events "
        "page_view_events clicks max_scroll_pct form_outcome continued inferred"
    )
    first = page_views.where(F.col("view_number") <= limits.pages)
    return first.select(*names.split(), *texts, *_times()).orderBy("session_id", "view_number", "view_id")


def signals(found: DataFrame, limits: Limits) -> DataFrame:
    """Signals, once for all presets that found the same: the first of each session, and how many it has."""
    session = Window.partitionBy("session_id")
    order = session.orderBy("start_us", "kind", "first_event_id")
    every = session.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    grouped = found.groupBy("session_id", "view_id", "kind", "first_event_id").agg(
        F.array_sort(F.collect_set("preset")).alias("presets"),
        F.max("size").alias("size"),
        F.unix_micros(F.min("start_time")).alias("start_us"),
        F.unix_micros(F.max("end_time")).alias("end_us"),
        F.min(F.substring("selector", 1, limits.text)).alias("selector"),
        F.min(F.substring("element_text", 1, limits.text)).alias("element_text"),
    )
    counted = grouped.withColumns({"total": F.count("*").over(every), "place": F.row_number().over(order)})
    return counted.where(F.col("place") <= limits.signals).orderBy("session_id", "place")


def lines(activity: DataFrame, limits: Limits) -> DataFrame:
    """Rows of `activity` in sessions, folded (2.): the first lines of each session, in order.

    `number` is the event_number of the line's first event, `count` how many events it stands for; the
    `event_*` and struct columns are those of its first event.
    """
    page = Window.partitionBy("session_id", "view_id").orderBy("event_number")
    before = page.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    on_first_pages = F.col("view_number").isNull() | (F.col("view_number") <= limits.pages)
    events = shown(activity.where(on_first_pages), limits)
    islands = events.withColumn("island", F.sum((~F.col("quiet")).cast("int")).over(before))
    apart = F.when(F.col("quiet"), F.col("event_name")).otherwise(F.col("event_id"))
    folded = islands.groupBy("session_id", "view_id", "island", "quiet", apart.alias("_apart")).agg(
        F.min("event_number").alias("number"),
        F.count("*").alias("count"),
        F.min("at_us").alias("start_us"),
        F.max("at_us").alias("end_us"),
        F.max("scroll_offset").alias("scroll_offset"),
        F.max("viewport.height").alias("viewport_height"),
        F.max("document.height").alias("document_height"),
        F.max("media.position").alias("media_position"),
        F.min_by("event", "event_number").alias("event"),
    )
    order = Window.partitionBy("session_id").orderBy("number")
    first = folded.withColumn("place", F.row_number().over(order)).where(F.col("place") <= limits.lines)
    return first.select("*", "event.*").drop("event", "_apart", "place").orderBy("session_id", "number")


def shown(activity: DataFrame, limits: Limits) -> DataFrame:
    """Rows of `activity` with what is shown of them as the struct `event`, texts cut."""

    def struct(name: str, *fields: str) -> Column:
        return F.struct(*(short(f"{name}.{field}", limits, field) for field in fields)).alias(name)

    event = F.struct(
        "event_id",
        "event_name",
        "platform",
        F.struct(
            *(short(f"element.{field}", limits, field) for field in ("selector", "text", "tag", "href")),
            *(F.col(f"element.{field}").alias(field) for field in ("interactive", "x", "y")),
        ).alias("element"),
        struct("form", "id", "field"),
        F.struct(
            short("media.id", limits, "id"),
            short("media.title", limits, "title"),
            F.col("media.position").alias("position"),
            F.col("media.length").alias("length"),
        ).alias("media"),
        F.struct(
            short("search.term", limits, "term"),
            F.col("search.results").alias("results"),
            F.col("search.rank").alias("rank"),
        ).alias("search"),
        F.struct(
            short("survey.id", limits, "id"),
            short("survey.kind", limits, "kind"),
            F.col("survey.score").alias("score"),
            F.substring("survey.answer", 1, 4 * limits.text).alias("answer"),
        ).alias("survey"),
        F.slice("experiments", 1, 5).alias("experiments"),
        "value",
        "currency",
        short("user_id", limits),
        short("page_path", limits),
        short("traits", limits),
        short("properties", limits),
    )
    return activity.select(
        "session_id",
        "view_id",
        "view_number",
        "event_number",
        "event_id",
        "event_name",
        F.unix_micros("event_time").alias("at_us"),
        F.col("event_name").isin(*QUIET).alias("quiet"),
        "scroll_offset",
        "viewport",
        "document",
        "media",
        event.alias("event"),
    )


def short(column: str, limits: Limits, name: str | None = None) -> Column:
    """A text, cut; under another name if one is given."""
    return F.substring(column, 1, limits.text).alias(name or column)


def _recorded(lake: Lake, sessions: Rows) -> frozenset[str]:
    """Which of the sessions have a recording; none where no table keeps any."""
    if not lake.exists("replay_chunks"):
        return frozenset()
    chunks = lake.read("replay_chunks")
    if "session_id" not in chunks.columns:
        return frozenset()
    ids = [row["session_id"] for row in sessions]
    rows = chunks.where(F.col("session_id").isin(*ids)).select("session_id").distinct().collect()
    return frozenset(row.session_id for row in rows)


def collected(frame: DataFrame) -> Rows:
    """The rows of a small frame as mappings."""
    return tuple(row.asDict(recursive=True) for row in frame.collect())
