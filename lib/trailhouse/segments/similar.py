"""What the members of a segment share against all others: lifts with intervals, and who else is like them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.segments.features import EVENT, counted, event_features, profile_features
from trailhouse.settings import Project, Rule
from trailhouse.why.evidence import ALPHA, adjusted, lifts

COLUMNS = (
    "feature",
    "value",
    "members",
    "others",
    "share_in",
    "share_out",
    "lift",
    "low",
    "high",
    "p",
    "p_adjusted",
    "too_few",
    "of_rule",
)
_REASONS = 3
_ALIKE = "person_id STRING, score DECIMAL(18,6), reasons ARRAY<STRING>"


def features_of(frames: Mapping[str, DataFrame], project: Project) -> DataFrame:
    """person_id, feature, value of every person of `profiles`; `frames` holds activity and sessions, too."""
    profiles = frames["profiles"]
    return profile_features(profiles).unionByName(
        event_features(frames["activity"], frames["sessions"], profiles, project)
    )


def similar(
    members: DataFrame, frames: Mapping[str, DataFrame], project: Project, rule: Rule | None = None
) -> pd.DataFrame:
    """What `members` (a row a person_id) share against the other persons of `profiles`: COLUMNS.

    A row a value of a feature, that which tells most first. `of_rule`: the segment's own rule asks for it, so
    that it says nothing new. ValueError where nobody, or everybody, is a member.
    """
    persons = frames["profiles"].count()
    inside = frames["profiles"].join(members, on="person_id", how="left_semi").count()
    marked = members.select("person_id", F.lit(True).alias("inside"))
    tagged = features_of(frames, project).join(marked, on="person_id", how="left")
    found = counted(tagged, {"members": F.col("inside")}).toPandas()
    return shares(found, inside, persons, rule)


def shares(counts: pd.DataFrame, inside: int, persons: int, rule: Rule | None = None) -> pd.DataFrame:
    """`similar` from counts (feature, value, members, persons), of `inside` members among `persons`.

    Intervals and p by `evidence.lifts`, p adjusted for all rows by `evidence.adjusted`. ValueError
    where nobody, or everybody, is a member.
    """
    outside = persons - inside
    if not inside or not outside:
        raise ValueError(f"{inside} of {persons} persons are members: there is nobody to compare")
    a = counts["members"].to_numpy(dtype="int64")
    b = counts["persons"].to_numpy(dtype="int64") - a
    found = pd.DataFrame({"feature": counts["feature"], "value": counts["value"], "members": a, "others": b})
    found = found.join(lifts(a, inside, b, outside)).assign(
        p_adjusted=lambda rows: adjusted(rows["p"]), of_rule=list(_of_rule(counts, rule))
    )[list(COLUMNS)]
    # How far even the nearer end of the interval is from no difference.
    found["_tells"] = np.maximum.reduce(
        [np.log(found["low"]), -np.log(found["high"]), np.zeros(len(found))]
    ).round(9)
    order = found.sort_values(
        ["too_few", "_tells", "feature", "value"], ascending=[True, False, True, True], kind="stable"
    )
    return order.drop(columns="_tells").reset_index(drop=True)


def look_alikes(features: DataFrame, members: DataFrame, found: pd.DataFrame, limit: int) -> DataFrame:
    """Persons who are no members and most like them: person_id, score, reasons; the most alike first.

    The score is the sum of the logarithms of the lifts of all that a person has, of those that differ for
    certain (ALPHA, not too few) and that the rule does not ask for itself: naive Bayes, which takes features
    for independent. It ranks; it is no probability. Logarithms are whole millionths: their sums are exact.
    """
    telling = found[~found["too_few"] & ~found["of_rule"] & (found["p_adjusted"] <= ALPHA)]
    weights = [
        (one["feature"], one["value"], round(float(np.log(one["lift"])) * 1_000_000))
        for one in telling.to_dict("records")
    ]
    spark = features.sparkSession
    if not weights:
        return spark.createDataFrame([], _ALIKE)
    known = spark.createDataFrame(weights, "feature STRING, value STRING, weight BIGINT")
    why = F.struct((-F.col("weight")).alias("less"), F.concat_ws(" = ", "feature", "value").alias("text"))
    scored = (
        features.join(F.broadcast(known), on=["feature", "value"])
        .join(members, on="person_id", how="left_anti")
        .groupBy("person_id")
        .agg(
            F.sum("weight").alias("score"),
            F.slice(F.sort_array(F.collect_list(F.when(F.col("weight") > 0, why))), 1, _REASONS).alias("why"),
        )
    )
    return (
        scored.orderBy(F.col("score").desc(), "person_id")
        .limit(limit)
        .select(
            "person_id",
            (F.col("score").cast("DECIMAL(18,0)") / 1_000_000).cast("DECIMAL(18,6)").alias("score"),
            F.col("why.text").alias("reasons"),
        )
    )


def _of_rule(counts: pd.DataFrame, rule: Rule | None) -> Iterable[bool]:
    """Whether a row's feature is what the rule asks for: its fields, and its events and their counts."""
    leaves = rule.leaves if rule else ()
    fields = {leaf.field for leaf in leaves} | {
        f for leaf in leaves for step in leaf.steps for f in step.fields
    }
    events: Collection[str] = {
        name for leaf in leaves for step in leaf.steps for name in step.event_names or ()
    }
    counting = {f"profile.{name}s" for name in events}
    return [
        feature in fields or feature in counting or (feature == EVENT and value in events)
        for feature, value in zip(counts["feature"], counts["value"], strict=True)
    ]
