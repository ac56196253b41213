"""Since when each person is a member of each declared segment.

A rule is judged at the end of every complete day, over what the person did until then: a function of the
rows alone, whatever came in which run.

1. What a rule asks of events can change on few days only: that of an event, and the day on which a counted
   event falls out of the last n days. A row each, by person: what is added that day, or taken away.
2. One pass over a person's days in order keeps the running counts, and says for each day which rules hold.
3. A rule over other segments looks at what is true of these that day: they come first.
4. Where a rule begins to hold, and where it ceases, are the ends of a stretch of membership.

A sequence (sequences.py) is told by the latest day that any run through its steps began on: with it the
run that is soonest complete again, and the last to fall out of the last n days. A profile has no history:
what a rule asks of it is answered by the profile of the last complete day, for every day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.asked import Asked
from trailhouse.questions.asked import rows as asked_rows
from trailhouse.questions.fields import holds, matches, traits
from trailhouse.segments.sequences import begun_by_day
from trailhouse.settings import Filter, Profiles, Project, Question, Rule, Segment, Step
from trailhouse.settings.segment_names import levels, versions

Running = Callable[[Column], Column]


@dataclass
class _Leaves:
    """What all rules look at, each once: steps, sequences, conditions on profiles, and running values."""

    steps: dict[str, tuple[str, Step]] = field(default_factory=dict)
    sequences: dict[str, tuple[str, Rule]] = field(default_factory=dict)
    conditions: dict[str, tuple[str, Filter]] = field(default_factory=dict)
    values: dict[str, tuple[str, _Value]] = field(default_factory=dict)

    def step(self, step: Step) -> str:
        """The column that counts the step by day."""
        key = _key(step)
        return self.steps.setdefault(key, (f"c{len(self.steps)}", step))[0]

    def sequence(self, rule: Rule) -> str:
        """The column with the latest day on which a run that ended that day had begun."""
        key = json.dumps([*map(_key, rule.in_sequence), str(rule.window), rule.ties])
        return self.sequences.setdefault(key, (f"s{len(self.sequences)}", rule))[0]

    def condition(self, rule: Rule) -> str:
        """The column that says whether the profile fulfils it."""
        key = _key(rule.condition)
        return self.conditions.setdefault(key, (f"k{len(self.conditions)}", rule.condition))[0]

    def value(self, value: _Value) -> str:
        """The column with its running value."""
        key = repr(value)
        return self.values.setdefault(key, (f"v{len(self.values)}", value))[0]


@dataclass(frozen=True)
class _Value:
    """What is kept from day to day: `of` is a column of counts, or of the days that runs began on.

    A sum of counts; their first day, where `first` is set; the latest day for runs.
    """

    of: str
    kind: str
    days: int | None
    from_day: Any = None
    to_day: Any = None

    @property
    def running(self) -> Running:
        """What makes a running value of a day's."""
        return {"sum": F.sum, "first": F.min, "latest": F.max}[self.kind]


def members(
    segments: Mapping[str, Segment],
    frames: Mapping[str, DataFrame],
    project: Project,
    profiles: Profiles | None = None,
) -> DataFrame:
    """segment, version, person_id, valid_from, valid_to of every stretch of membership.

    `frames` are activity, sessions, profiles and watermark; `profiles` declares computed traits. Days are
    the project's; on `valid_to` the rule does not hold any more at the day's end; null: it still does at the
    end of the last complete day. A person is there from the day of the first event on. No segments:
    ValueError; one that names another which is not there, or in the end itself: SettingsError.
    """
    if not segments:
        raise ValueError("no segment is declared")
    leaves, order = _Leaves(), levels(segments)
    truths = {name: _truth(rule, leaves) for name, rule in segments.items()}
    changes = _changes(leaves, Asked(frames, project, profiles or Profiles()))

    # 2. Rows of one day see each other, so that none of them shows a day half done.
    days = Window.partitionBy("unit").orderBy("day")
    until = days.rangeBetween(Window.unboundedPreceding, Window.currentRow)
    running = changes.select("unit", "day", *_running(leaves, until))
    none = F.array_repeat(F.lit(False), len(segments))
    state = running.where("there")

    # 3. What others name becomes a column: written out in each, it would double at every level.
    named = {other for rule in segments.values() for other in rule.segments}
    for level in order:
        state = state.select("*", *[truths[name].alias(_of(name)) for name in level if name in named])
    now = F.array(*[F.col(_of(name)) if name in named else truth for name, truth in truths.items()])
    state = state.select("unit", "day", now.alias("now"))
    state = state.withColumn("before", F.coalesce(F.lag("now").over(days), none))

    # 4.
    turns = F.zip_with("now", "before", lambda now, before: F.when(now != before, now))
    turned = state.where("now <> before").select(
        "unit", "day", F.posexplode(turns).alias("segment", "begins")
    )
    next_turn = Window.partitionBy("unit", "segment").orderBy("day")
    stretches = (
        turned.where("begins IS NOT NULL").withColumn("end", F.lead("day").over(next_turn)).where("begins")
    )
    told = versions(segments)
    names = F.array(*[F.struct(F.lit(name).alias("n"), F.lit(told[name]).alias("v")) for name in segments])
    return stretches.withColumn("named", F.get(names, F.col("segment"))).select(
        F.col("named.n").alias("segment"),
        F.col("named.v").alias("version"),
        F.col("unit").alias("person_id"),
        F.date_from_unix_date("day").alias("valid_from"),
        F.date_from_unix_date("end").alias("valid_to"),
    )


def last_day(watermark: DataFrame, project: Project) -> DataFrame:
    """One row, `as_of` DATE: the last day that is over."""
    return watermark.select(F.date_sub(project_day(F.col("watermark"), project.timezone), 1).alias("as_of"))


def _truth(rule: Rule, leaves: _Leaves) -> Column:
    """Whether the rule holds on a row of running values; never null."""
    match rule.kind:
        case "all":
            return reduce(Column.__and__, [_truth(one, leaves) for one in rule.parts])
        case "any":
            return reduce(Column.__or__, [_truth(one, leaves) for one in rule.parts])
        case "not":
            return ~_truth(rule.parts[0], leaves)
        case "field":
            return F.col(leaves.condition(rule))
        case "segment":
            return F.col(_of(str(rule.segment)))
        case "in_sequence":
            latest = _Value(leaves.sequence(rule), "latest", rule.days, to_day=rule.to_day)
            return _lies_in(F.col(leaves.value(latest)), rule)
    if rule.first_ever:
        first = _Value(leaves.step(rule.steps[0]), "first", rule.days)
        return _lies_in(F.col(leaves.value(first)), rule)
    counted = _Value(leaves.step(rule.steps[0]), "sum", rule.days, rule.from_day, rule.to_day)
    count = F.col(leaves.value(counted))
    low, high = rule.times
    return count >= low if high is None else count.between(low, high)


def _lies_in(at: Column, rule: Rule) -> Column:
    """Whether a day is one of those that the rule looks at, seen from the row's day."""
    inside = at.isNotNull()
    if rule.days:
        inside = inside & (at > F.col("day") - rule.days)
    if rule.from_day:
        inside = inside & (at >= F.unix_date(F.lit(rule.from_day)))
    if rule.to_day and rule.first_ever:  # that of a sequence is a question of its end
        inside = inside & (at <= F.unix_date(F.lit(rule.to_day)))
    return F.coalesce(inside, F.lit(False))


def _changes(leaves: _Leaves, asked: Asked) -> DataFrame:
    """1. A row a person and day on which a value may change: unit, day, and what each value gets."""
    last = last_day(asked["watermark"], asked.project)
    as_of = F.broadcast(last.select(F.unix_date("as_of").alias("as_of")))
    parts = [_born(leaves, asked)]
    parts += [_counted(leaves, asked, as_of)] if leaves.steps else []
    parts += [_run_through(leaves, asked, as_of)] if leaves.sequences else []
    every = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)
    return every.crossJoin(as_of).where("day <= as_of").drop("as_of")


def _born(leaves: _Leaves, asked: Asked) -> DataFrame:
    """A row a person, on the first day, with what the profile is like."""
    profiles = asked["profiles"]
    columns = [F.struct(*profiles.columns).alias("profile")]
    trait = traits((one.field for _, one in leaves.conditions.values()), asked.profiles.names)
    columns += [] if trait is None else [trait]
    return profiles.select("person_id", "first_seen", *columns).select(
        F.col("person_id").alias("unit"),
        _day("first_seen", asked.project).alias("day"),
        F.lit(True).alias("there"),
        *(holds(condition).alias(name) for name, condition in leaves.conditions.values()),
    )


def _counted(leaves: _Leaves, asked: Asked, as_of: DataFrame) -> DataFrame:
    """Counts of each step: what comes on the day of the events, and goes n days later."""
    steps = [step for _, step in leaves.steps.values()]
    kept = {name: matches(step) for name, step in leaves.steps.values()}
    events = asked_rows(Question(), asked, steps, {"day": _day("event_time", asked.project), **kept})
    events = events.where(reduce(Column.__or__, map(F.col, kept))).crossJoin(as_of).where("day <= as_of")
    days = events.groupBy("unit", "day").agg(*[F.count_if(name).alias(name) for name in kept])
    values = [(name, one) for name, one in leaves.values.values() if one.kind != "latest"]

    def gone(length: int) -> Column:
        """Whether a day of events is looked at again so many days later."""
        own = [F.col(one.of) > 0 for _, one in values if one.days == length]
        return F.when(reduce(Column.__or__, own), F.lit(length))

    lengths = sorted({one.days for _, one in values if one.days})
    later = F.filter(F.array(F.lit(0), *map(gone, lengths)), lambda days: days.isNotNull())

    def change(one: _Value) -> Column:
        count, today = F.col(one.of), F.col("later") == 0
        if one.kind == "first":
            return F.when(today & (count > 0), F.col("day"))
        inside = F.lit(True)
        if one.from_day:
            inside = inside & (F.col("day") >= F.unix_date(F.lit(one.from_day)))
        if one.to_day:
            inside = inside & (F.col("day") <= F.unix_date(F.lit(one.to_day)))
        change = F.when(today & inside, count)
        return change.when(F.col("later") == one.days, -count) if one.days else change

    return days.withColumn("later", F.explode(later)).select(
        "unit",
        (F.col("day") + F.col("later")).alias("day"),
        *(change(one).alias(name) for name, one in values),
    )


def _run_through(leaves: _Leaves, asked: Asked, as_of: DataFrame) -> DataFrame:
    """The latest beginnings of runs through sequences: on the day that they end, and n days later again.

    A row a sequence: rows of one day see each other.
    """
    sequences = leaves.sequences.values()
    begun = F.unix_date(project_day(F.timestamp_micros("begun"), asked.project.timezone))
    days = begun_by_day([rule for _, rule in sequences], asked, as_of).select(
        "unit",
        "day",
        *(F.when(F.col("sequence") == n, begun).alias(name) for n, (name, _) in enumerate(sequences)),
    )
    values = [(name, one) for name, one in leaves.values.values() if one.kind == "latest"]
    over = [
        F.when(F.col(one.of) + one.days > F.col("day"), F.col(one.of) + one.days)
        for _, one in values
        if one.days
    ]
    at = F.filter(F.array(F.col("day"), *over), lambda day: day.isNotNull())

    def change(one: _Value) -> Column:
        in_time = F.lit(True) if one.to_day is None else F.col("day") <= F.unix_date(F.lit(one.to_day))
        return F.when((F.col("at") == F.col("day")) & in_time, F.col(one.of))

    return days.withColumn("at", F.explode(at)).select(
        "unit", F.col("at").alias("day"), *(change(one).alias(name) for name, one in values)
    )


def _running(leaves: _Leaves, until: WindowSpec) -> list[Column]:
    """The values at the end of each day, what is true of the profile, and whether there is a person yet."""
    values = [
        one.running(F.col(name)).over(until).alias(name)
        for name, one in leaves.values.values()
        if one.kind != "sum"
    ]
    values += [
        F.coalesce(F.sum(name).over(until), F.lit(0)).alias(name)
        for name, one in leaves.values.values()
        if one.kind == "sum"
    ]
    profile = ["there", *(name for name, _ in leaves.conditions.values())]
    return values + [F.coalesce(F.max(name).over(until), F.lit(False)).alias(name) for name in profile]


def _of(name: str) -> str:
    """The column that says whether somebody is a member of the segment; names differ by their case."""
    return f"of_{name.encode().hex()}"


def _day(column: str, project: Project) -> Column:
    return F.unix_date(project_day(F.col(column), project.timezone))


def _key(of: Step | Filter) -> str:
    return of.model_dump_json()
