"""The Markov model's rows: the steps of all walks, and conversions shared by removal effects."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions import markov
from trailhouse.questions.credit import WHOLE, apportioned, grain_of
from trailhouse.questions.credited import NONE, PLACE, folded
from trailhouse.questions.touches import without_direct
from trailhouse.settings import Attribution

_TOLD = {"touches": "BIGINT", "whole": "BIGINT", "amount": "DECIMAL(30,0)"}


def steps(question: Attribution, paths: DataFrame, others: DataFrame, kept: DataFrame | None) -> DataFrame:
    """origin, target, number: how often walks go from state to state, those of other units to nothing.

    A unit that never converted walks through the visits in the look-back before its last one.
    """

    def state(kind: int, touch: Column | None = None) -> Column:
        name = F.lit(None).cast("STRING") if touch is None else touch
        return F.struct(F.lit(kind).alias("kind"), name.alias("touch"))

    back = F.lit(micros(question.look_back))
    last = F.element_at("visits", -1)["t"]
    late = F.filter("visits", lambda visit: visit["t"] >= last - back)
    converted = paths.where(F.size("path") > 0).select("path", F.lit(True).alias("converts"))
    left = others.select(without_direct(question, late).alias("path"), F.lit(False).alias("converts"))
    end = F.when(F.col("converts"), state(markov.CONVERSION)).otherwise(state(markov.NOTHING))
    middle = F.transform("path", lambda visit: state(markov.TOUCH, visit["touch"]))
    walk = converted.unionByName(left).select(
        F.concat(F.array(state(markov.START)), middle, F.array(end)).alias("walk")
    )
    pair = F.transform(
        F.slice("walk", F.lit(1), F.size("walk") - 1),
        lambda one, place: F.struct(one.alias("origin"), F.get("walk", place + 1).alias("target")),
    )
    steps = walk.select(F.explode(pair).alias("pair")).groupBy("pair").agg(F.count("*").alias("number"))
    flat = steps.select(
        *(F.col(f"pair.{end_}.kind").alias(f"{end_}_kind") for end_ in ("origin", "target")),
        *(F.col(f"pair.{end_}.touch").alias(f"{end_}_touch") for end_ in ("origin", "target")),
        "number",
    )
    if kept is not None:
        for name in ("origin_touch", "target_touch"):
            flat = folded(flat, kept, name)
    return flat.select(
        *(
            F.struct(F.col(f"{end_}_kind").alias("kind"), F.col(f"{end_}_touch").alias("touch")).alias(end_)
            for end_ in ("origin", "target")
        ),
        "number",
    )


def by_markov(counted: DataFrame, effects: DataFrame) -> DataFrame:
    """Rows of the Markov model: of each period, currency and breakdown value all conversions with a visit,
    by the effects."""
    exact = "DECIMAL(38,0)"
    of_place = [name for name in PLACE if name != "touch"]
    touched = F.col("touch") != NONE
    totals = counted.where(touched).groupBy(*of_place).agg(
        F.sum("whole").alias("conversions"), F.sum("amount").cast(exact).alias("size")
    )  # fmt: skip
    # A touch that no conversion came by, such as one of those alone who left, is no row of zeros.
    every = effects.where("weight > 0").agg(
        F.sort_array(F.collect_list(F.struct("touch", "weight"))).alias("effects")
    )
    weights = F.transform("effects", lambda one: one["weight"])
    sign = F.when(F.col("size") < 0, -1).otherwise(1)
    shared = (
        totals.crossJoin(F.broadcast(every))
        .where(F.size("effects") > 0)
        .select(
            *of_place,
            "effects",
            apportioned(F.col("conversions") * WHOLE, F.lit(1), weights).alias("shares"),
            apportioned(F.abs("size"), grain_of(F.col("currency")), weights).alias("credits"),
            sign.alias("sign"),
        )
        .select("*", F.posexplode("effects").alias("place", "effect"))
        .select(
            *of_place,
            F.col("effect.touch").alias("touch"),
            *(F.lit(None).cast(kind).alias(name) for name, kind in _TOLD.items()),
            F.get("shares", F.col("place")).cast("BIGINT").alias("share"),
            (F.get("credits", F.col("place")) * F.col("sign")).cast(exact).alias("credit"),
        )
    )
    own = counted.select(
        *PLACE,
        "touches",
        "whole",
        "amount",
        F.when(~touched, F.col("whole") * WHOLE).otherwise(F.lit(0)).alias("share"),
        F.when(~touched, F.col("amount")).cast(exact).alias("credit"),
    )
    found = own.unionByName(shared).groupBy(*PLACE).agg(
        F.coalesce(F.sum("touches"), F.lit(0)).alias("touches"),
        F.coalesce(F.sum("whole"), F.lit(0)).alias("whole"),
        F.sum("amount").alias("amount"),
        F.sum("share").alias("share"),
        F.sum("credit").alias("credit"),
    )  # fmt: skip
    return found.withColumn("model", F.lit("markov"))
