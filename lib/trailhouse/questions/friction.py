"""Friction: on which page templates people struggle, and how often they leave there."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import ratio
from trailhouse.signals.counting import is_struggle


def friction(page_views: DataFrame, sessions: DataFrame, signals: DataFrame) -> DataFrame:
    """Rows of `page_friction`: traffic and signals by page template, over all days.

    A signal of struggle, of the first preset of its kind, counts for the template of the view that it
    happened on. Dead clicks are null where no
    session on the page could be judged for them. Views without a template, bots and internal
    traffic are left out.
    """
    people = sessions.where(~F.col("is_bot") & ~F.col("internal")).select(
        "session_id", F.col("dead_clicks").isNotNull().alias("judged")
    )
    views = page_views.where(F.col("page_group").isNotNull()).join(people, on="session_id", how="inner")
    view_signals = (
        signals.where(is_struggle())
        .groupBy("session_id", "view_id")
        .agg(
            *(
                F.count_if(F.col("kind") == kind).alias(f"{kind}s")
                for kind in ("rage_click", "dead_click", "u_turn")
            ),
            F.count("*").alias("signals"),
        )
    )
    struggled = F.coalesce(F.col("signals") > 0, F.lit(False))
    pages = (
        views.join(view_signals, on=["session_id", "view_id"], how="left")
        # A row a session and page first, so that sessions are counted without a second shuffle each.
        .groupBy("page_group", "session_id")
        .agg(
            F.count("*").alias("views"),
            F.bool_or("is_entry").alias("entered"),
            F.bool_or("is_exit").alias("left"),
            F.sum("engaged_us").alias("engaged_us"),
            *(
                F.sum(F.coalesce(name, F.lit(0))).alias(name)
                for name in ("rage_clicks", "dead_clicks", "u_turns")
            ),
            F.bool_or("judged").alias("judged"),
            F.bool_or(struggled).alias("struggled"),
        )
        .groupBy("page_group")
        .agg(
            F.sum("views").alias("views"),
            F.count("*").alias("sessions"),
            F.count_if("entered").alias("entries"),
            F.count_if("left").alias("exits"),
            F.sum("engaged_us").alias("engaged_us"),
            F.sum("rage_clicks").alias("rage_clicks"),
            F.sum(F.when(F.col("judged"), F.col("dead_clicks"))).alias("dead_clicks"),
            F.sum("u_turns").alias("u_turns"),
            F.count_if("struggled").alias("friction_sessions"),
        )
    )
    return pages.select(
        "*",
        ratio(F.col("friction_sessions"), F.col("sessions")).alias("friction_rate"),
        ratio(F.col("exits"), F.col("sessions")).alias("exit_rate"),
    )
