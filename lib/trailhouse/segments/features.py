"""What persons are like, as pairs of a feature and one of few values: what segments are compared by.

The columns of `profiles` by their types, so that a column which is added there is compared, too: texts as
they are, whole numbers in classes that double in width (0, 1, 2-3, 4-7, ...), times in minutes. Besides them
the latest traits, and every event that a person ever did. Ids, dates and money are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.questions.people import of_people
from trailhouse.settings import Project
from trailhouse.tables import TABLES

_LEFT_OUT = ("person_id", "user_id", "traits")
_TEXT = tuple(
    one.name
    for one in TABLES["profiles"].columns
    if (one.type in ("STRING", "BOOLEAN") and one.name not in _LEFT_OUT) or one.name == "cohort_month"
)
NUMBERS = tuple(one.name for one in TABLES["profiles"].columns if one.type in ("BIGINT", "INT"))
"""Columns of whole numbers."""
_SCORES = {"latest_nps": ((0, 6), (7, 8), (9, 10))}
"""Numbers with classes of their own."""
_LONGEST = 100
_VALUES = 50
"""Values of a feature that are compared: those of most persons."""
EVENT = "event"
"""The feature that says which events somebody did."""


def profile_features(profiles: DataFrame) -> DataFrame:
    """person_id, feature, value: one row a person and profile column, and one a trait."""
    text = [_pair(f"profile.{name}", F.col(name).cast("STRING")) for name in _TEXT]
    numbers = [_pair(_named(name), _class(name)) for name in NUMBERS]
    traits = F.transform(
        F.map_entries(F.from_json("traits", "MAP<STRING, STRING>")),
        lambda one: F.struct(
            F.concat(F.lit("trait."), F.substring(one["key"], 1, _LONGEST)).alias("feature"),
            F.substring(one["value"], 1, _LONGEST).alias("value"),
        ),
    )
    every = F.concat(F.array(*text, *numbers), F.coalesce(traits, F.array()))
    return profiles.select("person_id", F.inline(every)).where("value IS NOT NULL")


def event_features(
    activity: DataFrame, sessions: DataFrame, profiles: DataFrame, project: Project
) -> DataFrame:
    """person_id, feature, value: one row a person of `profiles` and name of an event until its day."""
    named = of_people(activity.where("person_id IS NOT NULL"), sessions)
    done = named.groupBy("person_id", "event_name").agg(F.min("event_time").alias("first"))
    day = project_day(F.col("first"), project.timezone)
    done = done.join(profiles.select("person_id", "as_of"), on="person_id").where(day <= F.col("as_of"))
    return done.select("person_id", F.lit(EVENT).alias("feature"), F.col("event_name").alias("value"))


def counted(features: DataFrame, inside: Mapping[str, Column]) -> DataFrame:
    """feature, value, persons (who have it), and of these those who are `inside`, by name.

    The values of most persons alone.
    """
    counts = features.groupBy("feature", "value").agg(
        F.count("*").alias("persons"), *[F.count_if(here).alias(name) for name, here in inside.items()]
    )
    most = Window.partitionBy("feature").orderBy(F.col("persons").desc(), "value")
    return counts.withColumn("_rank", F.row_number().over(most)).where(f"_rank <= {_VALUES}").drop("_rank")


def _pair(feature: str, value: Column) -> Column:
    return F.struct(
        F.lit(feature).alias("feature"),
        F.substring(F.coalesce(value, F.lit(UNKNOWN)), 1, _LONGEST).alias("value"),
    )


def _named(name: str) -> str:
    return f"profile.{name.removesuffix('_us')}_minutes" if name.endswith("_us") else f"profile.{name}"


def _class(name: str) -> Column:
    number = F.col(name).cast("BIGINT")
    if name in _SCORES:
        ends = [F.when(number.between(low, high), f"{low}-{high}") for low, high in _SCORES[name]]
        return F.coalesce(*ends)
    if name.endswith("_us"):
        number = F.floor(number / F.lit(60_000_000)).cast("BIGINT")
    # The digits of a binary number tell exactly between which powers of two it lies.
    low = F.pow(F.lit(2.0), F.length(F.bin(number)) - 1).cast("BIGINT")
    span = F.concat(low.cast("STRING"), F.lit("-"), (2 * low - 1).cast("STRING"))
    return F.when(number < 2, number.cast("STRING")).otherwise(span)
