"""`feature_blockers`: what those met, or were, who were offered a feature and did not try it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.from_counts import from_frame, records
from trailhouse.settings import Project
from trailhouse.stage import Frames
from trailhouse.tables.feature_blockers import TABLE
from trailhouse.why.evidence import ALPHA, FEW, adjusted, lifts
from trailhouse.why.feature_causes import CAUSES, Cause, Exposed

TOP = 50
"""Rows of a feature at most."""
EXAMPLES = 5
MORE, LESS, NOTHING, TOO_FEW = "more", "less", "no difference shown", "too few"


def blockers(
    people: DataFrame,
    marks: DataFrame,
    frames: Frames,
    causes: Sequence[Cause] = CAUSES,
) -> DataFrame:
    """Rows of `feature_blockers`; `people` are `where_offered`.

    `frames`: activity, sessions, signals, segment_members. Candidates that fewer than FEW persons of both
    sides have, or everybody has, are not looked at; the others of a feature are adjusted for their number.
    """
    of = Exposed(people, marks, frames)
    met = reduce(
        DataFrame.unionByName,
        [one.found(of).withColumn("kind", F.lit(one.kind)) for one in causes],
    ).distinct()
    sides = people.select("feature", "person_id", "session_id", "tried")
    example = F.when(
        ~F.col("tried") & F.col("session_id").isNotNull(),
        F.struct(F.xxhash64("session_id").alias("h"), "session_id"),
    )
    hits = (
        met.join(sides, on=["feature", "person_id"], how="inner")
        .groupBy("feature", "kind", "value")
        .agg(
            F.count_if(~F.col("tried")).alias("not_tried"),
            F.count_if("tried").alias("tried"),
            F.slice(F.sort_array(F.collect_set(example)), 1, EXAMPLES)["session_id"].alias("examples"),
        )
        .where(F.col("not_tried") + F.col("tried") >= FEW)
    )
    totals = sides.groupBy("feature").agg(
        F.count_if(~F.col("tried")).alias("of_not_tried"), F.count_if("tried").alias("of_tried")
    )
    told = hits.join(F.broadcast(totals), on="feature", how="inner").where(
        "not_tried + tried < of_not_tried + of_tried"
    )
    return from_frame(told, TABLE.columns, lambda counts: records(judged(counts)))


def where_offered(persons: DataFrame, frames: Frames, project: Project) -> DataFrame:
    """`exposed_persons` `with_values`, and the view that offered it first: `people` of `Exposed`.

    `frames`: page_views, sessions.
    """
    views = frames["page_views"].select(
        "session_id",
        F.col("view_id").alias("offer_view"),
        "page_group",
        F.unix_micros("end_time").alias("view_end"),
        F.floor(F.col("max_scroll_pct") * F.col("document_height") / 100).alias("visible_px"),
    )
    ends = frames["sessions"].select("session_id", F.unix_micros("end_time").alias("session_end"))
    known = persons.withColumn("offer_view", F.col("first_offer.view_id"))
    return (
        known.join(views, on=["session_id", "offer_view"], how="left")
        .join(ends, on="session_id", how="left")
        .select(
            "feature",
            "person_id",
            "first_offer",
            "first_use",
            F.col("first_use").isNotNull().alias("tried"),
            "session_id",
            F.col("offer_view").alias("view_id"),
            "page_group",
            "device_type",
            "values",
            project_day(F.timestamp_micros("first_offer.t"), project.timezone).alias("offer_day"),
            F.coalesce("view_end", "session_end").alias("until_us"),
            F.col("first_use.t").alias("used_us"),
            "visible_px",
        )
    )


def judged(counts: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table from counts: by feature adjusted for the number of candidates, and ranked."""
    parts = [_of_feature(own) for _, own in counts.groupby("feature", sort=True)]
    return pd.concat(parts, ignore_index=True)


def _of_feature(counts: pd.DataFrame) -> pd.DataFrame:
    counts = counts.sort_values(["kind", "value"], ignore_index=True)
    told = lifts(*(counts[name] for name in ("not_tried", "of_not_tried", "tried", "of_tried")))
    told = told.rename(columns={"share_in": "share_not_tried", "share_out": "share_tried", "p": "p_value"})
    told["q_value"] = adjusted(told["p_value"])
    known = (told["q_value"] <= ALPHA) & ~told["too_few"]
    told["finding"] = np.select(
        [told["too_few"], known & (told["low"] > 1), known & (told["high"] < 1)],
        [TOO_FEW, MORE, LESS],
        NOTHING,
    )
    table = pd.concat([counts, told.drop(columns="too_few")], axis=1)
    order = {MORE: 0, LESS: 1, NOTHING: 2, TOO_FEW: 3}
    table["_order"] = table["finding"].map(order)
    table = table.sort_values(
        ["_order", "q_value", "lift", "kind", "value"],
        ascending=[True, True, False, True, True],
        kind="stable",
        ignore_index=True,
    )
    table["rank"] = range(1, len(table) + 1)
    return table.head(TOP)
