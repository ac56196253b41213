"""One question under several presets, and its differences split by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pydantic import ValidationError
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError
from trailhouse.questions import funnel
from trailhouse.questions.asked import Asked
from trailhouse.questions.breakdowns import ALL
from trailhouse.settings import Funnel, Question
from trailhouse.settings.io import sentence
from trailhouse.settings.questions.funnel import PRESETS


@dataclass(frozen=True)
class Variant:
    """The question with the first rules of a preset: `rule` is the one that this variant adds."""

    preset: str
    number: int
    rule: str
    question: Funnel


def presets_of(text: str) -> tuple[str, ...]:
    """The names in a comma list, or all of them; SettingsError for one that is not there."""
    names = tuple(PRESETS) if text == ALL else tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in PRESETS]
    if unknown:
        raise SettingsError(f"no preset {', '.join(unknown)}; there are {', '.join(PRESETS)}, or all")
    return names


def variants(question: Question, presets: Sequence[str]) -> list[Variant]:
    """For each preset the question as it is, then with one rule of the preset more at a time.

    SettingsError for a question without presets, or one that a preset does not allow.
    """
    if not isinstance(question, Funnel):
        raise SettingsError(f"questions of kind {question.kind} have no presets; funnels have")
    plain = question.model_copy(update={"breakdowns": (), "interval": "none", "preset": None})
    found = []
    for preset in presets:
        rules: Mapping[str, Any] = PRESETS[preset]  # type: ignore[index]
        found.append(Variant(preset, 0, "as asked", plain))
        changed = plain
        for number, (rule, value) in enumerate(rules.items(), start=1):
            given = {**changed.model_dump(exclude={"preset"}), rule: value}
            try:
                changed = Funnel.model_validate(given)
            except ValidationError as error:
                told = "; ".join(sentence(dict(one), Funnel) for one in error.errors())
                raise SettingsError(f"preset {preset} does not fit the question: {told}") from None
            found.append(Variant(preset, number, f"{rule}: {value}", changed))
    return found


def compare(question: Question, presets: Sequence[str], asked: Asked) -> DataFrame:
    """preset, number, rule, step, step_name, units, and `difference` to the variant before.

    Of a preset the differences at a step sum to what its answer differs by from the question as it is: each
    is the change that a rule makes on top of those before it, in the preset's order.
    """
    answers = [
        funnel.answer(one.question, asked)
        .where(F.col("breakdown") == ALL)
        .select(
            F.lit(one.preset).alias("preset"),
            F.lit(one.number).alias("number"),
            F.lit(one.rule).alias("rule"),
            "step",
            "step_name",
            "units",
        )
        for one in variants(question, presets)
    ]
    before = Window.partitionBy("preset", "step").orderBy("number")
    return reduce(DataFrame.unionByName, answers).withColumn(
        "difference", F.col("units") - F.lag("units").over(before)
    )
