"""Attribution: credit of conversions to the visits before them, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.durations import as_text
from trailhouse.enrich import channels
from trailhouse.questions import markov
from trailhouse.questions.asked import Asked
from trailhouse.questions.credit import SCALE, WHOLE
from trailhouse.questions.credited import by_model, counted, folded, kept, summed
from trailhouse.questions.markov_credit import by_markov, steps
from trailhouse.questions.rows import told
from trailhouse.questions.spread import BREAKDOWN, own_values, spread, with_other
from trailhouse.questions.touches import conversions, paths, visits
from trailhouse.settings import Attribution
from trailhouse.settings.questions.attribution import Model
from trailhouse.stage import Check


def definition(question: Attribution) -> str:
    """What is asked, in one line."""
    direct = "direct only where alone" if question.direct == "ignore" else "direct counted"
    decay = f", half-life {as_text(question.half_life)}" if "time_decay" in question.models else ""
    return (
        f"{question.conversion.text} credited to {question.by} "
        f"of visits up to {as_text(question.look_back)} before, "
        f"{direct}{decay}; by {question.interval}, {question.about}"
    )


def answer(question: Attribution, asked: Asked) -> DataFrame:
    """Rows of `attribution` for one question.

    A touch is a visit (session) that began at the conversion or up to the look-back before it.
    Conversions without one are credited to 'none' by every model. Values of the touch beyond the
    limit, by the conversions that they precede, are 'other'.

    first, last, linear, position and time_decay share each conversion between its visits. shapley
    shares it alike between the different values of the touch: that is the Shapley value where a set of
    touches is worth the conversions that need no touch outside of it (K. Zhao, S. H. Mahboobi,
    S. R. Bagheri, 2018, Shapley value methods for attribution modeling in online advertising,
    arXiv:1804.05327). markov shares all conversions of a period by removal effects over the whole
    range (questions/markov.py), with the paths of units that never converted.

    A conversion stands under its own values of breakdowns, which are ranked within each period. Which
    touches keep their names, and removal effects, are told of everyone: so a touch is the same under each.
    """
    converted, visited = conversions(question, asked), visits(question, asked)
    walked = paths(question, converted, visited)
    shared = [model for model in question.models if model != "markov"]
    named = None if _is_few(question) else kept(walked, question.breakdown_limit)
    own = None
    if question.breakdowns:
        of_units = spread(converted.select("unit", "period", "values"), question)
        own = own_values(of_units, question, ["period"])

    def credited(models: Sequence[Model]) -> DataFrame:
        found = counted(question, walked, models)
        if named is not None:
            found = folded(found, named, "touch")
        if own is not None:
            found = with_other(found, question, own, ["period"])
        return found if named is None and own is None else summed(found)

    answers = [by_model(credited(shared), shared)] if shared else []
    if "markov" in question.models:
        others = visited.join(converted, on="unit", how="left_anti")
        effects = markov.removal_effects(steps(question, walked, others, named))
        answers.append(by_markov(credited(()), effects))
    whole = Window.partitionBy("model", *BREAKDOWN, "period", "currency")
    return reduce(DataFrame.unionByName, answers).select(
        *told(question, definition(question)),
        *BREAKDOWN,
        "model",
        "period",
        F.lit(question.by).alias("touch_by"),
        "touch",
        "currency",
        (F.col("share").cast("DECIMAL(18,0)") / WHOLE).cast("DECIMAL(18,6)").alias("conversions"),
        _money(F.col("credit")).alias("value"),
        "touches",
        F.sum("whole").over(whole).alias("total_conversions"),
        _money(F.sum("amount").over(whole)).alias("total_value"),
    )


def _money(parts: Column) -> Column:
    """Parts of SCALE as DECIMAL(28,4), exactly."""
    return (parts.cast("DECIMAL(34,0)") / SCALE).cast("DECIMAL(28,4)")


def _is_few(question: Attribution) -> bool:
    return question.by == "channel" and len(channels.names()) <= question.breakdown_limit


_WHOLE = "question, breakdown_by, breakdown, period, currency"

CHECKS = (
    Check(
        "attribution",
        "credits_add_up",
        "Credits add up to the conversions and their value, by model, period, currency and value of a"
        " breakdown, to the cent.",
        query=(
            f"SELECT {_WHOLE}, model, min(touch) AS touch FROM {{batch}} "
            f"GROUP BY {_WHOLE}, model HAVING sum(conversions) <> max(total_conversions) "
            "OR NOT (sum(value) <=> max(total_value))"
        ),
    ),
    Check(
        "attribution",
        "models_agree_on_totals",
        "Every model credits the same conversions and value.",
        query=(
            f"SELECT {_WHOLE} FROM {{batch}} GROUP BY {_WHOLE} "
            "HAVING min(total_conversions) <> max(total_conversions) OR min(total_value) <> max(total_value)"
        ),
    ),
    Check(
        "attribution",
        "breakdowns_add_up",
        "The credits of the values of a breakdown add up to 'all', by touch; by markov, which shares each"
        " value's conversions anew, in all.",
        query=(
            "SELECT question, model, period, currency, min(touch) AS touch FROM (SELECT *, "
            "size(collect_set(breakdown_by) OVER (PARTITION BY question)) AS fields, "
            "if(model = 'markov', NULL, touch) AS of_touch FROM {batch}) "
            "GROUP BY question, model, period, currency, of_touch "
            "HAVING sum(if(breakdown_by = 'all', conversions, 0)) * max(fields) <> sum(conversions) "
            "OR NOT (sum(if(breakdown_by = 'all', value, NULL)) * max(fields) <=> sum(value)) "
            "OR sum(if(breakdown_by = 'all', touches, 0)) * max(fields) <> sum(touches)"
        ),
    ),
)
