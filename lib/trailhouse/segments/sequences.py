"""When persons have gone through sequences of steps: the step matcher's walk, one shuffle for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.arrays import Ints, numbers, whole_units
from trailhouse.columns import micros, project_day
from trailhouse.questions.asked import Asked, in_order
from trailhouse.questions.asked import rows as asked_rows
from trailhouse.questions.fields import matches
from trailhouse.questions.ranges import NONE
from trailhouse.questions.rules import Rows, Rules
from trailhouse.questions.walk import Walk
from trailhouse.settings import Question, Rule

_SCHEMA = "unit STRING, day INT, sequence INT, begun BIGINT"


def begun_by_day(rules: Sequence[Rule], asked: Asked, as_of: DataFrame) -> DataFrame:
    """A row a person, sequence and day on which a run through it ended: the latest time that one had begun.

    Gives unit, day (days since 1970, in the project's zone), `sequence` (its place in `rules`) and `begun`
    (microseconds since 1970). `as_of` has one row, `as_of`: the last day that is looked at.
    """
    steps = tuple({step.model_dump_json(): step for rule in rules for step in rule.in_sequence}.values())
    masks = {f"mask_{number}": _mask(rule) for number, rule in enumerate(rules)}
    day = F.unix_date(project_day(F.col("event_time"), asked.project.timezone))
    events = asked_rows(Question(), asked, steps, {"day": day, **masks})
    events = events.where(reduce(Column.__or__, [F.col(name) != 0 for name in masks]))
    walks = Walks(tuple(map(rules_of, rules)))
    order = in_order() if any(one.ties == "strict" for one in rules) else in_order()[:1]
    return (
        events.crossJoin(as_of)
        .where("day <= as_of")
        .repartition("unit")
        .sortWithinPartitions("unit", *order)
        .select("unit", "t", "day", *masks)
        .mapInArrow(lambda batches: walks(batches), _SCHEMA)
    )


def rules_of(rule: Rule) -> Rules:
    """The sequence in numbers, as a funnel's."""
    count = len(rule.in_sequence)
    return Rules(
        steps=count,
        window=-NONE if rule.window is None else micros(rule.window),
        ties=rule.ties,
        within=(None,) * count,
        optional=(False,) * count,
    )


@dataclass(frozen=True)
class Walks:
    """Walks through several sequences over rows with unit, t, day and mask_0, mask_1, ..., a mask each."""

    rules: tuple[Rules, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow."""
        return whole_units(batches, self.answer)

    def answer(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        """The rows of `begun_by_day` of whole units."""
        unit = numbers(table, ("unit",))
        t, day = (table[name].to_numpy() for name in ("t", "day"))
        for number, rules in enumerate(self.rules):
            rows = Rows(unit, t, table[f"mask_{number}"].to_numpy(), rules.steps)
            row, begun = _latest(*Walk(rows, rules).latest_begins(), unit, day)
            made = {
                "unit": table["unit"].take(pa.array(row)),
                "day": pa.array(day[row]),
                "sequence": pa.array(np.full(len(row), number, dtype=np.int32)),
                "begun": pa.array(begun),
            }
            yield from pa.table(made).combine_chunks().to_batches()


def _latest(row: Ints, begun: Ints, unit: Ints, day: Ints) -> tuple[Ints, Ints]:
    """Of each unit and day the latest."""
    order = np.lexsort((begun, day[row], unit[row]))
    row, begun = row[order], begun[order]
    last = np.append((np.diff(unit[row]) != 0) | (np.diff(day[row]) != 0), True)[: len(row)]
    return row[last], begun[last]


def _mask(rule: Rule) -> Column:
    """A bit for each step that the event can be."""
    bits = [
        F.when(matches(step), F.lit(1 << n)).otherwise(F.lit(0)) for n, step in enumerate(rule.in_sequence)
    ]
    return sum(bits, start=F.lit(0).cast("BIGINT"))
