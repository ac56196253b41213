"""The step matcher: attempts of units at the steps of a funnel, one shuffle whatever is asked.

1. The rows that the funnel looks at, cut down to what the walk needs: unit, time, a bit for each step that
   the event can be and each exclusion that it is, and the values that breakdowns ask for.
2. One shuffle by unit and one sort within.
3. The walk (walk.py, unordered.py) over Arrow batches: decision 025 has what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.asked import Asked, in_order, rows
from trailhouse.questions.batches import Asking
from trailhouse.questions.breakdowns import UNKNOWN
from trailhouse.questions.fields import field, matches
from trailhouse.questions.rules import Rules
from trailhouse.settings import Funnel, Step


def rules_of(funnel: Funnel) -> Rules:
    """The funnel in numbers."""
    count, modes = len(funnel.steps), funnel.modes
    within = (step.within for step in funnel.steps)
    ties = "increasing" if "strict_increase" in modes else funnel.ties
    return Rules(
        steps=count,
        window=micros(funnel.window),
        order=funnel.order,
        ties="strict" if funnel.order == "strict" else ties,
        reuse=funnel.reuse,
        within=tuple(None if one is None else micros(one) for one in within),
        optional=tuple(step.optional for step in funnel.steps),
        exclusions=tuple((one.after - 1, (one.before or count) - 1) for one in funnel.exclusions),
        leave_out=funnel.on_exclusion == "leave_out",
        one_each=funnel.count != "totals" and funnel.attempt == "furthest",
        first_only=funnel.count != "totals" and funnel.attempt == "first",
        stop_at_other="strict_order" in modes,
        stop_at_skip="strict_order" in modes and "allow_reentry" not in modes,
        stop_at_repeat="strict_deduplication" in modes,
    )


def attempts(
    funnel: Funnel,
    asked: Asked,
    values: Mapping[str, tuple[Column, int | str]] | None = None,
    apart: Mapping[str, Column] | None = None,
    fields: Sequence[str] = (),
) -> DataFrame:
    """The attempts that count: one a unit that does step 1, a session, or as many as there are.

    Gives unit, `session_id` where sessions are counted, and `done`: an array of the steps in order, each
    `step` (from 1; of an unordered funnel: the how-manieth), `t` (microseconds since 1970) and `since`
    (microseconds since the step before, null at the first). `values` are texts over activity that an
    attempt carries: of a step, or of its `first_touch` or `last_touch`. By each of `apart` attempts are
    found once more among the rows of each value alone; `by` names it, null for those by nothing.
    `fields`: what these columns read.
    """
    rules = rules_of(funnel)
    texts, parts = dict(values or {}), dict(apart or {})
    bits = [*funnel.steps, *(one.event for one in funnel.exclusions)]
    mask = [F.when(_is(one), F.lit(1 << n)).otherwise(F.lit(0)) for n, one in enumerate(bits)]
    held = {f"hold_{n}": field(name).cast("STRING") for n, name in enumerate(funnel.hold_constant)}
    by_session = funnel.count == "sessions"
    keep = {
        "mask": sum(mask, start=F.lit(0).cast("BIGINT")),
        **({"session_id": F.col("session_id")} if by_session else {}),
        **held,
        **{name: column.cast("STRING") for name, (column, _) in texts.items()},
        **{name: F.coalesce(column.cast("STRING"), F.lit(UNKNOWN)) for name, column in parts.items()},
    }
    events: tuple[Step, ...] = (*bits, Step()) if rules.needs_all else tuple(bits)
    looked_at = rows(funnel, asked, events, keep, (*fields, *funnel.hold_constant))
    for name in (*(["session_id"] if by_session else []), *held):
        looked_at = looked_at.where(F.col(name).isNotNull())
    if not (rules.needs_all or all(map(_by_name, bits))):
        looked_at = looked_at.where(F.col("mask") != 0)
    span = micros(funnel.resolution)
    if span:
        looked_at = looked_at.withColumn("t", F.col("t") - F.pmod("t", F.lit(span)))
    owner = ("unit", "session_id") if by_session else ("unit",)
    asking = Asking(
        rules, owner, tuple(held), tuple((name, at) for name, (_, at) in texts.items()), tuple(parts)
    )
    # Which event of one time does a step matters to what is told of it alone.
    ordered = in_order() if texts or not rules.by_instant else in_order()[:1]
    return (
        looked_at.repartition("unit")
        .sortWithinPartitions(*owner, *held, *ordered)
        .select(*owner, *held, "t", "mask", *texts, *parts)
        .mapInArrow(lambda batches: asking(batches), asking.schema)
    )


def _by_name(step: Step) -> bool:
    """Whether the name alone tells the step: the rows that are read are then all some step."""
    return step.event_names is not None and not step.fields


def _is(step: Step) -> Column:
    names = step.event_names
    return F.col("event_name").isin(*sorted(names or ())) if _by_name(step) else matches(step)
