"""What models credit touches with: each conversion shared between the visits before it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.credit import (
    WHOLE,
    apportioned,
    decay_weights,
    equal_part,
    grain_of,
    position_weights,
)
from trailhouse.questions.spread import BREAKDOWN, OTHER, spread
from trailhouse.questions.touches import PATH, told_values
from trailhouse.settings import Attribution
from trailhouse.settings.questions.attribution import Model

NONE = "none"
PLACE = (*BREAKDOWN, "period", "currency", "touch")
_CREDIT = "DECIMAL(20,0)"
_WEIGHTED = ("position", "time_decay")


def counted(question: Attribution, paths: DataFrame, models: Sequence[Model]) -> DataFrame:
    """A row a period, currency and touch, with what each of the models credits it with.

    Under 'all' and under the values of breakdowns, where a key may then have several rows (`summed`).

    `share_MODEL` in parts of WHOLE, `credit_MODEL` in parts of SCALE; `touches`; `whole`
    and `amount`: the conversions told in this row, each in one row only.
    """
    nobody = F.struct(F.lit(0).cast("BIGINT"), F.lit(NONE), F.lit(False))
    weights = {
        "position": position_weights(F.size("path")),
        "time_decay": decay_weights(F.transform("path", lambda visit: visit["t"]), question.half_life),
    }
    weighted = [model for model in models if model in _WEIGHTED]
    shares = {
        name: column
        for model in weighted
        for name, column in {
            f"shares_{model}": apportioned(F.lit(WHOLE), F.lit(1), weights[model]),
            f"credits_{model}": apportioned(F.col("size"), F.col("grain"), weights[model]),
        }.items()
    }
    each = (
        paths.withColumn(
            "path", F.when(F.size("path") > 0, F.col("path")).otherwise(F.array(nobody).cast(PATH))
        )
        .withColumns({"grain": grain_of(F.col("currency")), "size": F.abs("amount")})
        .withColumns(shares)
        .withColumn("touches", F.transform("path", lambda visit: visit["touch"]))
        .withColumn("different", F.array_distinct("touches"))
    )
    # A row a visit first: its credits are then compiled, where those of array elements would be interpreted.
    own = told_values(question)
    told = ("period", "currency", "amount", *own)
    needed = [*shares, *(("touches", "different") if "shapley" in models else ())]
    credited = each.select(
        *told,
        "size",
        "grain",
        F.size("path").alias("visits"),
        *needed,
        F.posexplode("touches").alias("place", "touch"),
    ).select(*told, "touch", *_credited(models))
    sign = F.when(F.col("amount") < 0, -1).otherwise(1)
    found = credited.groupBy("period", "currency", "touch", *own).agg(
        F.count_if(F.col("touch") != NONE).alias("touches"),
        F.count_if("told").alias("whole"),
        F.sum(F.when(F.col("told"), F.col("amount").cast(_CREDIT))).alias("amount"),
        *(F.sum(f"share_{model}").alias(f"share_{model}") for model in models),
        *(
            F.sum((F.col(f"credit_{model}") * sign).cast(_CREDIT)).alias(f"credit_{model}")
            for model in models
        ),
    )
    return spread(found, question)


def _credited(models: Sequence[Model]) -> list[Column]:
    """`told` of the first visit of a conversion, and what each visit is credited with, by model."""
    place, visits, touch = F.col("place"), F.col("visits"), F.col("touch")
    whole, one = F.lit(WHOLE).cast("BIGINT"), F.lit(1).cast("BIGINT")

    def at(place_: Column, amount: Column) -> Column:
        return F.when(place == place_, amount).otherwise(amount - amount)  # null stays null

    def by(model: Model, amount: Column, grain: Column, shared: str) -> Column:
        match model:
            case "first":
                return at(F.lit(0), amount)
            case "last":
                return at(visits - 1, amount)
            case "linear":
                return equal_part(amount, grain, visits, place)
            case "shapley":
                value = (F.array_position("different", touch) - 1).cast("INT")
                is_first = F.array_position("touches", touch) == place + 1
                part = equal_part(amount, grain, F.size("different"), value)
                return F.when(is_first, part).otherwise(amount - amount)
        return F.get(f"{shared}_{model}", place).cast("BIGINT")

    return [
        (place == 0).alias("told"),
        *(by(model, whole, one, "shares").alias(f"share_{model}") for model in models),
        *(by(model, F.col("size"), F.col("grain"), "credits").alias(f"credit_{model}") for model in models),
    ]


def kept(paths: DataFrame, limit: int) -> DataFrame:
    """touch: the values with rows of their own, by the conversions that they precede, then the value."""
    rank = F.row_number().over(Window.orderBy(F.col("seen").desc(), "touch"))
    of_path = F.array_distinct(F.transform("path", lambda visit: visit["touch"]))
    seen = paths.select(F.explode(of_path).alias("touch")).groupBy("touch").agg(F.count("*").alias("seen"))
    return seen.select("touch", rank.alias("rank")).where(F.col("rank") <= limit).select("touch")


def folded(frame: DataFrame, kept: DataFrame, touch: str) -> DataFrame:
    """`frame` with the values of a column that are not kept as 'other'."""
    known = F.broadcast(kept.select(F.col("touch").alias(touch), F.lit(True).alias("is_kept")))
    is_named = F.coalesce("is_kept", F.lit(False)) | F.coalesce(F.col(touch) == NONE, F.lit(True))
    return (
        frame.join(known, on=touch, how="left")
        .withColumn(touch, F.when(is_named, F.col(touch)).otherwise(F.lit(OTHER)))
        .drop("is_kept")
    )


def summed(frame: DataFrame) -> DataFrame:
    """A row a key of PLACE."""
    numbers = [name for name in frame.columns if name not in PLACE]
    return frame.groupBy(*PLACE).agg(*(F.sum(name).alias(name) for name in numbers))


def by_model(counted: DataFrame, models: Sequence[Model]) -> DataFrame:
    """A row a model of each row of `counted`."""
    each = F.array(
        *(
            F.struct(
                F.lit(model).alias("model"),
                F.col(f"share_{model}").alias("share"),
                F.col(f"credit_{model}").cast("DECIMAL(38,0)").alias("credit"),
            )
            for model in models
        )
    )
    return counted.select(*PLACE, "touches", "whole", "amount", F.explode(each).alias("of")).select(
        *PLACE, "touches", "whole", "amount", "of.*"
    )
