"""Who is counted: people, without bots and own staff."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def of_people(frame: DataFrame, sessions: DataFrame) -> DataFrame:
    """Rows of `frame` that are neither bot nor internal, by themselves or by their session.

    `frame` has is_bot, internal and session_id; rows outside of every session are judged alone.
    """
    is_other = F.col("is_bot") | F.col("internal")
    others = sessions.where(is_other).select("session_id")
    return frame.where(~is_other).join(others, on="session_id", how="left_anti")
