"""What is asked: units that came to a point, when they did, and whether they stopped there.

A number becomes rows of `UNITS`: a row a unit, and the stretch of one session in which to look for
reasons. The same rule says for those who stopped and for those who went on where it begins (when they
came to the point) and where it ends at the latest (with the session, or the attempt's limit).
docs/questions/why.md tells why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.questions.asked import Asked
from trailhouse.questions.attempts import attempts as attempts_at
from trailhouse.questions.attempts import one_by_one
from trailhouse.questions.matcher import attempts
from trailhouse.settings import Funnel, Task

MIX = {
    "device": "device.type",
    "browser": "device.browser",
    "country": "geo.country",
    "channel": "channel",
}
"""Kind of reason -> column of `sessions`: what the unit brought with it."""
UNITS = (
    *("number", "unit", "person_id", "session_id", "from_us", "done_us", "until_us", "before_us"),
    *("failed", "now", *MIX),
)
"""Columns of units: `number` (which number, as its key), `unit`, `person_id`, `session_id`; microseconds
since 1970 `from_us` (came to the point), `done_us` (went on; null: not in this session) and `until_us` (the
last moment to look at); `before_us`, how long it took to come there from the step before (null: not known);
`failed`; `now`, whether it is of the group that is asked about."""


@dataclass(frozen=True)
class Number:
    """A number whose reasons are asked for. `key` tells it from others asked for at once.

    `units` are rows of UNITS; None: they are among those of a number before. `leaves`: whether a page beside
    the way of those who went on ends the stretch. `change`: the groups are two periods, `now` the later, and
    a reason is that a unit stopped with it. `worst_of`: of several numbers of this name only the one that
    loses most is asked for. `groups`: what those who failed are called, and the others. `own`: selectors of
    what is asked about: not to touch that is the number itself, and no reason for it.
    """

    key: str
    kind: str
    name: str
    label: str
    units: DataFrame | None
    step: int | None = None
    leaves: bool = True
    change: bool = False
    worst_of: str | None = None
    groups: tuple[str, str] = ("those who stopped", "those who went on")
    own: frozenset[str] = frozenset()


def funnel_steps(funnel: Funnel, asked: Asked, steps: Sequence[int]) -> list[Number]:
    """For each step: units that had done the required one before it, and whether they did it.

    The stretch begins with the step done last before it. Of several persons of an account, or on a device,
    it is the one who did that.
    """
    of_others = {} if funnel.unit == "person" else {f"person_{k}": k for k in range(1, max(steps))}
    values = {name: (F.col("person_id"), k) for name, k in of_others.items()}
    found = attempts(funnel, asked, values)
    required = {k: max(n for n in range(1, k) if not funnel.steps[n - 1].optional) for k in steps}
    each = F.explode(F.array(*(_at(step, required[step], funnel.name) for step in steps)))
    person = F.col("unit") if not of_others else F.lit(None).cast("STRING")
    for name, k in of_others.items():
        person = F.when(F.col("at.last.step") == k, F.col(name)).otherwise(person)
    units = (
        found.select("*", each.alias("at"))
        .where("at.come")
        .select(
            F.col("at.number").alias("number"),
            # Attempts of one unit differ by their start.
            F.concat_ws(" ", "unit", F.get("done", F.lit(0))["t"].cast("STRING")).alias("unit"),
            person.alias("person_id"),
            F.col("at.last.t").alias("from_us"),
            F.col("at.here.t").alias("done_us"),
            F.col("at.last.since").alias("before_us"),
            F.col("at.here").isNull().alias("failed"),
        )
    )
    # The attempts are found once for all steps.
    shared: DataFrame | None = in_session(units, asked["sessions"])
    numbers = []
    for step in steps:
        name = funnel.steps[step - 1].label if funnel.order != "unordered" else f"{step} steps"
        label = f"did not go on to step {step} of {funnel.name} ({name})"
        key = f"{funnel.name}:{step}"
        numbers.append(Number(key, "funnel step", funnel.name, label, shared, step))
        shared = None
    return numbers


def _at(step: int, required: int, name: str) -> Column:
    """Of an attempt at a step: what it did last before, the step itself, whether it had done `required`."""
    last = F.element_at(F.filter("done", lambda one: one["step"] < step), -1)
    here = F.get(F.filter("done", lambda one: one["step"] == step), F.lit(0))
    come = F.exists("done", lambda one: one["step"] == required)
    parts = {"number": F.lit(f"{name}:{step}"), "last": last, "here": here, "come": come}
    return F.struct(*(part.alias(key) for key, part in parts.items()))


def task(one: Task, asked: Asked, tried: DataFrame | None = None) -> Number:
    """Attempts that are over, and whether they were completed.

    `tried`: the table `task_attempts` of the same settings; None: they are looked for in activity.
    """
    if tried is None:
        found = attempts_at(asked["activity"], asked["sessions"], asked["watermark"], [one])
    else:
        found = one_by_one(tried, one)
    unit = Window.partitionBy("unit_id").orderBy("start_us")
    next_start = F.lead("start_us").over(unit)
    limit = F.col("start_us") + micros(one.time_limit)
    units = found.withColumn("next_start", next_start).select(
        F.lit(one.name).alias("number"),
        F.concat_ws(" ", "unit_id", F.col("start_us").cast("STRING")).alias("unit"),
        "person_id",
        F.col("start_us").alias("from_us"),
        F.when(F.col("completed"), F.col("last_us")).alias("done_us"),
        F.lit(None).cast("BIGINT").alias("before_us"),
        (~F.col("completed")).alias("failed"),
        F.col("session_id").alias("in_session"),
        # Behind the end as far as the attempt could have gone, completed or not.
        F.least(limit, F.col("next_start") - 1).alias("latest_us"),
    )
    label = f"did not complete {one.name} ({one.end.label})"
    return Number(one.name, "task", one.name, label, in_session(units, asked["sessions"]))


def page(page_group: str, asked: Asked, next_page: str | None = None) -> Number:
    """Sessions that saw the page, in their last view of it: who left there, or went on to `next_page`."""
    views = asked["page_views"].where(~F.col("is_bot") & ~F.col("internal"))
    session = Window.partitionBy("session_id").orderBy("view_number")
    last = Window.partitionBy("session_id").orderBy(F.desc("view_number"))
    own = (
        views.select(
            "session_id",
            "person_id",
            "view_number",
            "page_group",
            F.unix_micros("start_time").alias("from_us"),
            F.lead("page_group").over(session).alias("next_page"),
            F.lead(F.unix_micros("start_time")).over(session).alias("next_us"),
        )
        .where(F.col("page_group") == page_group)
        .withColumn("place", F.row_number().over(last))
        .where("place = 1")
    )
    if next_page is None:
        failed, label = F.col("next_us").isNull(), f"left on {page_group}"
    else:
        failed = F.coalesce(F.col("next_page") == next_page, F.lit(False))
        label = f"went from {page_group} to {next_page}"
    key = page_group if next_page is None else f"{page_group} > {next_page}"
    units = own.select(
        F.lit(key).alias("number"),
        F.col("session_id").alias("unit"),
        "person_id",
        "from_us",
        F.when(~failed, F.col("next_us")).alias("done_us"),
        F.lit(None).cast("BIGINT").alias("before_us"),
        failed.alias("failed"),
        F.col("session_id").alias("in_session"),
        F.col("next_us").alias("latest_us"),
    )
    groups = ("those who left", "those who went on") if next_page is None else ("those", "the others")
    rows = in_session(units, asked["sessions"])
    return Number(key, "page", page_group, label, rows, leaves=False, groups=groups)


def given(
    name: str,
    label: str,
    units: DataFrame,
    asked: Asked,
    *,
    kind: str = "feature",
    groups: tuple[str, str] = Number.groups,
) -> Number:
    """Units from any frame: unit, person_id, from_us (came to it), done_us (null: never did it).

    A feature's: persons who were exposed, when they were first, and when they first tried it.
    """
    rows = units.select(
        F.lit(name).alias("number"),
        F.col("unit").cast("STRING").alias("unit"),
        "person_id",
        F.col("from_us").cast("BIGINT").alias("from_us"),
        F.col("done_us").cast("BIGINT").alias("done_us"),
        F.lit(None).cast("BIGINT").alias("before_us"),
        F.col("done_us").isNull().alias("failed"),
    )
    return Number(name, kind, name, label, in_session(rows, asked["sessions"]), groups=groups)


def in_session(units: DataFrame, sessions: DataFrame) -> DataFrame:
    """Rows of UNITS: each unit in the session of its person in which it came to the point.

    Units without one are left out, and those that did not go on in a session that may still go on. A column
    `in_session` names the session, `latest_us` a moment before the session's end.
    """
    known = sessions.where(~F.col("is_bot") & ~F.col("internal")).select(
        "session_id",
        F.col("person_id").alias("whose"),
        F.unix_micros("start_time").alias("start_us"),
        F.unix_micros("end_time").alias("end_us"),
        "closed",
        *(F.col(column).alias(kind) for kind, column in MIX.items()),
    )
    if "in_session" in units.columns:
        found = units.join(known, F.col("in_session") == F.col("session_id"), how="inner")
    else:
        during = F.col("from_us").between(F.col("start_us"), F.col("end_us"))
        mine = Window.partitionBy("number", "unit").orderBy(F.desc("start_us"), "session_id")
        found = units.join(known, (F.col("person_id") == F.col("whose")) & during, how="inner")
        # Sessions of one person may overlap where they are a device's, or the tracker's own.
        found = found.withColumn("place", F.row_number().over(mine)).where("place = 1")
    until: Column = F.col("end_us")
    if "latest_us" in units.columns:
        until = F.least(until, F.col("latest_us"))
    return (
        found.where(~F.col("failed") | F.col("closed"))
        .withColumns(
            {
                "until_us": until,
                "done_us": F.when(F.col("done_us") <= F.col("end_us"), F.col("done_us")),
                "now": F.col("failed"),
            }
        )
        .select(*UNITS)
    )


def between(later: Number, earlier: Number) -> Number:
    """The change of a number from one period to another, of the same number asked for in each."""
    assert later.units is not None
    assert earlier.units is not None
    units = later.units.withColumn("now", F.lit(True)).unionByName(
        earlier.units.withColumn("now", F.lit(False))
    )
    return Number(
        later.key,
        later.kind,
        later.name,
        later.label,
        units,
        later.step,
        leaves=later.leaves,
        change=True,
    )
