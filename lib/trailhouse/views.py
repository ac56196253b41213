"""Views: which page or screen view each event of a session belongs to, and the numbers there.

1. An event with the tracker's own view id belongs to that view.
2. A page_view without one begins a view, which lasts until the next page_view of that session,
   device and tab; its id is a hash of the event's.
3. An event before any page_view that carries a page URL makes an inferred view of that URL.
4. Server events, and events without a session, are on no view.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import VIEW_EVENTS, in_order, is_client, short_hash

_SESSION = ("_unit", "_session")
"""The unit is told by the session; it is named as well because the rows already lie by it."""


def with_views(events: DataFrame) -> DataFrame:
    """`events` (placed, with session_id) + view_id, event_number, view_number; null outside of sessions."""
    client = F.col("session_id").isNotNull() & is_client(F.col("platform"))
    own = F.col("page.view_id")
    begins = F.when(own.isNotNull(), own).when(
        F.col("event_name").isin(*VIEW_EVENTS), short_hash(F.lit("view"), F.col("event_id"))
    )
    tab = (
        Window.partitionBy(*_SESSION, "anonymous_id", "tab_id")
        .orderBy(*in_order())
        .rowsBetween(Window.unboundedPreceding, 0)
    )
    current = F.last(F.when(F.col("event_name").isin(*VIEW_EVENTS), F.col("_begins")), ignorenulls=True).over(
        tab
    )
    inferred = F.when(
        F.col("page.url").isNotNull(),
        short_hash(
            F.lit("inferred"), F.col("session_id"), F.col("anonymous_id"), F.col("tab_id"), F.col("page.url")
        ),
    )
    # Without a session an event is alone: its id spreads such rows over the tasks.
    frame = events.withColumns({"_begins": begins, "_session": F.coalesce("session_id", "event_id")})
    frame = frame.withColumn("view_id", F.when(client, F.coalesce("_begins", current, inferred)))
    return _numbered(frame.drop("_begins")).drop("_session")


def _numbered(frame: DataFrame) -> DataFrame:
    order = Window.partitionBy(*_SESSION).orderBy(*in_order())
    view = Window.partitionBy(*_SESSION, "view_id")
    by_first = Window.partitionBy(*_SESSION).orderBy(F.col("_first_of_view").asc_nulls_last())
    frame = frame.withColumn(
        "event_number", F.when(F.col("session_id").isNotNull(), F.row_number().over(order))
    )
    on_view = F.col("view_id").isNotNull()
    frame = frame.withColumn("_first_of_view", F.when(on_view, F.min("event_number").over(view)))
    number = F.when(on_view, F.dense_rank().over(by_first))
    return frame.withColumn("view_number", number).drop("_first_of_view")
