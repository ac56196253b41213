"""What people do in a session, one action a row: another page, a click on an element, a named event."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import REPLAY_CHUNK, VIEW_EVENTS, is_client
from trailhouse.questions.people import of_people

HAPPEN = (
    *(
        "heartbeat",
        "mouse_move",
        "mutation",
        "scroll",
        "visibility",
        "media_progress",
        "web_vital",
        "network",
    ),
    *("identify", "group", "alias", "error", "experiment_exposure", "survey_shown", REPLAY_CHUNK),
)
"""Events that are none of people's actions: they come by themselves, or with something else."""
NAMELESS = "(no name)"


def of_sessions(activity: DataFrame, sessions: DataFrame) -> DataFrame:
    """Rows of activity in sessions of people."""
    return of_people(activity.where("session_id IS NOT NULL"), sessions)


def kind_of_action() -> Column:
    """'page', 'click' or 'event' of a row of activity; null for what is no action."""
    name = F.col("event_name")
    return (
        F.when(~is_client(F.col("platform")) | name.isin(*HAPPEN), F.lit(None).cast("STRING"))
        .when(name.isin(*VIEW_EVENTS), F.when(F.col("page_group").isNotNull(), F.lit("page")))
        .when(name == "click", F.lit("click"))
        .otherwise(F.lit("event"))
    )


def name_of_action() -> Column:
    """The page group, the element's text (else its selector), or the event's name."""
    element = F.coalesce(_told("element.text"), _told("element.selector"), F.lit(NAMELESS))
    name = F.col("event_name")
    return F.when(name.isin(*VIEW_EVENTS), F.col("page_group")).when(name == "click", element).otherwise(name)


def _told(name: str) -> Column:
    plain = F.regexp_replace(F.trim(name), r"\s+", " ")
    return F.nullif(F.substring(plain, 1, 100), F.lit(""))
