"""Of profiles: how often a person used each declared feature, and when last."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.profiles.keys import PERSON
from trailhouse.profiles.measures import WINDOWS
from trailhouse.questions.fields import matches
from trailhouse.settings import Feature, Project
from trailhouse.settings.questions import names_of
from trailhouse.tables.profiles import FEATURES


def feature_uses(activity: DataFrame, features: Mapping[str, Feature], project: Project) -> DataFrame:
    """`features` by person, from rows of activity with `as_of`; the features must not be empty.

    Those that a person never used have no entry.
    """
    names = names_of(tuple(step for one in features.values() for step in one.uses))
    if names is not None:
        activity = activity.where(F.col("event_name").isin(*sorted(names)))

    def use(name: str, feature: Feature) -> Column:
        return F.when(reduce(Column.__or__, map(matches, feature.uses)), F.lit(name))

    used = F.array_compact(F.array(*(use(name, one) for name, one in features.items())))
    day = project_day(F.col("event_time"), project.timezone)
    each = activity.select(*PERSON, day.alias("day"), F.explode(used).alias("feature"))
    inside = [F.count_if(F.col("day") > F.date_sub("as_of", days)) for days in WINDOWS]
    counted = each.groupBy(*PERSON, "feature").agg(
        F.struct(
            F.count("*").alias("uses"),
            *(one.alias(f"uses_{days}") for one, days in zip(inside, WINDOWS, strict=True)),
            F.max("day").alias("last_day"),
        ).alias("told")
    )
    entries = F.array_sort(F.collect_list(F.struct("feature", "told")))
    return counted.groupBy(*PERSON).agg(F.map_from_entries(entries).cast(FEATURES).alias("features"))
