"""`feature_impact`: who used a feature in the first week, and who of them is still there weeks later.

1. A person's week 0 are the first seven project days from the first event on, week k the k-th seven after.
2. A user used the feature in week 0; everyone else is held against them.
3. Somebody is there in week k who has an event in it. Persons count whose week k is over, and who did what
   `features.among` asks for in week 0: later it would be a way of staying.
4. Raw: the difference of both shares. Matched: among persons alike in device and channel of the first
   session, month of the first day, and days active in week 0 (one, two or three, more).

People chose to use it: what comes out is an association, whatever the strata.
"""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.from_counts import from_frame, records
from trailhouse.questions.breakdowns import UNKNOWN, device
from trailhouse.settings import Project
from trailhouse.tables.feature_impact import TABLE
from trailhouse.why.evidence import ALPHA, adjusted, differences, matched

STRATA = ("device_type", "channel", "cohort_month", "band")
ASSOCIATION, NOTHING, TOO_FEW = "association", "no association shown", "too few"


def impact(
    offers: DataFrame,
    person_days: DataFrame,
    sessions: DataFrame,
    watermark: DataFrame,
    weeks: int,
    project: Project,
    members: DataFrame | None = None,
) -> DataFrame:
    """Rows of `feature_impact`: a row a feature and week 1 to `weeks`, of `offered`; members are of `among`.

    The persons of a stratum are counted once for all features: others are those who are no users.
    """
    last = watermark.select(F.date_sub(project_day(F.col("watermark"), project.timezone), 1).alias("last"))
    first = person_days.groupBy("person_id").agg(F.min("day").alias("first_day"))
    number = F.floor(F.datediff("day", "first_day") / 7).cast("INT")
    by_week = (
        person_days.select("person_id", "day")
        .join(first, on="person_id", how="inner")
        .select("person_id", "first_day", "day", number.alias("number"))
        .where(F.col("number") <= weeks)
        .groupBy("person_id", "first_day")
        .agg(
            F.count_if(F.col("number") == 0).alias("days"),
            *(F.max(F.col("number") == week).alias(f"back_{week}") for week in range(1, weeks + 1)),
        )
    )
    start = F.struct("start_time", "session_id", device(), "channel")
    begun = (
        sessions.where("NOT is_bot AND NOT internal")
        .groupBy("person_id")
        .agg(F.min(start).alias("first"))
        .select("person_id", "first.device_type", "first.channel")
    )
    if members is not None:
        since = project_day(F.timestamp_micros("since_us"), project.timezone)
        by_week = by_week.join(members, on="person_id", how="inner").where(
            F.datediff(since, "first_day") <= 6
        )
    band = F.when(F.col("days") <= 1, "1").when(F.col("days") <= 3, "2 to 3").otherwise("4 to 7")
    backs = [
        F.struct(F.lit(week).alias("week"), F.col(f"back_{week}").alias("back"))
        for week in range(1, weeks + 1)
    ]
    persons = by_week.join(begun, on="person_id", how="left").select(
        "person_id",
        "first_day",
        F.coalesce("device_type", F.lit(UNKNOWN)).alias("device_type"),
        F.coalesce("channel", F.lit(UNKNOWN)).alias("channel"),
        F.trunc("first_day", "month").cast("STRING").alias("cohort_month"),
        band.alias("band"),
        F.array(*backs).alias("backs"),
    )

    def counted(rows: DataFrame, *by: str) -> DataFrame:
        over = F.date_add("first_day", 7 * F.col("week") + 6) <= F.col("last")
        weekly = rows.select(*by, *STRATA, "first_day", F.inline("backs"))
        return (
            weekly.crossJoin(F.broadcast(last))
            .where(over)
            .groupBy(*by, "week", *STRATA)
            .agg(F.count("*").alias("n"), F.count_if("back").alias("a"))
        )

    uses = offers.where("uses > 0").select("feature", "person_id", "day")
    in_first = F.datediff("day", "first_day") <= 6
    users = persons.join(uses, on="person_id", how="inner").where(in_first)
    users = users.drop("day").dropDuplicates(["feature", "person_id"])
    everyone = counted(persons).withColumn("feature", F.lit(None).cast("STRING"))
    counts = counted(users, "feature").unionByName(everyone)
    return from_frame(counts, TABLE.columns, lambda frame: records(judged(frame)))


def judged(counts: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table from counts by stratum: a (back) of n, by feature and week; feature None: everyone.

    p values of matched differences are adjusted for the number of all rows.
    """
    everyone = counts[counts["feature"].isna()].drop(columns="feature")
    everyone = everyone.rename(columns={"a": "all_back", "n": "everyone"})
    users = counts[counts["feature"].notna()]
    pairs = users[["feature", "week"]].drop_duplicates().sort_values(["feature", "week"])
    found = [
        _row(
            feature,
            week,
            users[(users["feature"] == feature) & (users["week"] == week)],
            everyone[everyone["week"] == week],
        )
        for feature, week in zip(pairs["feature"].tolist(), pairs["week"].tolist(), strict=True)
    ]
    if not found:
        return pd.DataFrame()
    table = pd.DataFrame(found)
    table["q_value"] = adjusted(table["matched_p_value"])
    known = table["q_value"] <= ALPHA
    table["finding"] = [
        TOO_FEW if few else (ASSOCIATION if one else NOTHING)
        for few, one in zip(table["_few"], known, strict=True)
    ]
    return table


def _row(feature: str, week: int, users: pd.DataFrame, everyone: pd.DataFrame) -> dict[str, object]:
    both = everyone.merge(users.drop(columns=["feature", "week"]), on=list(STRATA), how="left")
    both[["a", "n"]] = both[["a", "n"]].fillna(0).astype("int64")
    strata = both.assign(b=both["all_back"] - both["a"], m=both["everyone"] - both["n"])
    strata = strata.sort_values(list(STRATA), ignore_index=True)
    a, n, b, m = (int(strata[name].sum()) for name in "anbm")
    raw = differences([a], [n], [b], [m]).iloc[0]
    alike = matched(strata[list("anbm")])
    return {
        "feature": feature,
        "week": week,
        "users": n,
        "users_back": a,
        "others": m,
        "others_back": b,
        "user_rate": a / n if n else None,
        "other_rate": b / m if m else None,
        "difference": raw["difference"],
        "low": raw["low"],
        "high": raw["high"],
        "p_value": raw["p"],
        "matched_difference": alike.difference,
        "matched_low": alike.low,
        "matched_high": alike.high,
        "matched_p_value": alike.p,
        "matched_users": alike.units,
        "left_out": alike.left_out,
        "_few": alike.too_few,
    }
