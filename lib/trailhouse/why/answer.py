"""Reasons from a lake, for a number that is asked for just now; and those that settings declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from trailhouse.ask.answer import MODELS, LakeFrames, require_segment, session
from trailhouse.ask.parse import parse
from trailhouse.errors import SettingsError
from trailhouse.questions.asked import Asked
from trailhouse.settings import Funnel, Question, Retention, Settings, Task, load_settings
from trailhouse.settings.profiles import require_of_accounts
from trailhouse.storage import Lake
from trailhouse.why.asked import Number, between, funnel_steps, given, page, task
from trailhouse.why.feature_asked import Offered, nearest
from trailhouse.why.feature_asked import number as of_feature
from trailhouse.why.feature_asked import wanted as wanted_feature
from trailhouse.why.gaps import retention_gap
from trailhouse.why.reasons import reasons

Days = tuple[date | None, date | None]


@dataclass(frozen=True)
class Wanted:
    """A number: a question of `step` (of retention: the period), a task, page, feature, or a frame's units.

    Days are the project's, both ends included; `against` are those of an earlier period to hold it against.
    """

    of: Question | Task | Offered | str | DataFrame
    step: int | None = None
    next_page: str | None = None
    segment: str | None = None
    days: Days = (None, None)
    against: Days = (None, None)
    label: str | None = None


def why(
    question: Question | Task | Offered | str | DataFrame,
    lake: str | Lake,
    *,
    step: int | None = None,
    next_page: str | None = None,
    segment: str | None = None,
    days: Days = (None, None),
    against: Days = (None, None),
    label: str | None = None,
    spark: SparkSession | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """The ranked reasons behind a number, in the columns of the table `reasons` (docs/questions/why.md).

    `question` is the name of a declared funnel, retention or task, one of them itself, a funnel or retention
    on one line, the page group of a page (`/pricing`: who left there, or went on to `next_page`), a declared
    feature (`feature NAME`: who was offered it and did not try it), or a frame of units with unit, person_id,
    from_us and done_us. `step`: of a funnel, the step that some did not go on to; none: the one that loses
    most. Of retention, the period. `settings` (of
    `load_settings`) default to those of the project. SettingsError for what cannot be asked for, StorageError
    for a lake that lacks a table.
    """
    settings = settings or load_settings()
    wanted = Wanted(named(question, settings), step, next_page, segment, days, against, label)
    checked(wanted)
    if not isinstance(lake, Lake):
        lake = Lake(spark or session(), lake)
    if isinstance(wanted.of, Question):
        require_segment(_within(wanted.of, segment, (None, None)), lake)
    frames = LakeFrames(lake)
    asked = Asked(frames, settings.project, settings.profiles)
    return reasons(numbers_of(wanted, asked), frames, settings.elements.key, _kept)


def _kept(frame: DataFrame) -> DataFrame:
    return frame.localCheckpoint()


def named(
    question: Question | Task | Offered | str | DataFrame, settings: Settings
) -> Question | Task | Offered | str | DataFrame:
    """What a name stands for: a declared question, task or feature, a page, or a question on one line."""
    if not isinstance(question, str):
        return question
    declared: Mapping[str, Question | Task] = {
        **{one.name: one for one in settings.questions.all},
        **{one.name: one for one in settings.every_task},
    }
    if question in declared:
        return declared[question]
    if (feature := wanted_feature(question, settings)) is not None:
        return feature
    if question.startswith("/") and " " not in question:
        return question
    if " " not in question:
        if question in settings.features.declared:
            raise SettingsError(f"{question} is a feature: ask for 'feature {question}'")
        raise SettingsError(f"no question or task {question!r} is declared; {nearest(question, declared)}")
    found = parse(question, MODELS)
    require_of_accounts([found], settings.profiles)
    return found


def checked(wanted: Wanted) -> Wanted:
    """The number itself; SettingsError, one sentence, for one that has no reasons here."""
    of = wanted.of
    if isinstance(of, Question) and not isinstance(of, Funnel | Retention):
        raise SettingsError(f"reasons are of funnels, retention, tasks, pages and features, not of {of.kind}")
    if isinstance(of, Funnel) and wanted.step is not None and not 2 <= wanted.step <= len(of.steps):
        raise SettingsError(f"--step {wanted.step}: of {of.name} steps 2 to {len(of.steps)} can be missed")
    if isinstance(of, Retention) and (wanted.step is None or not 1 <= wanted.step <= of.last_period):
        raise SettingsError(f"of retention --step says which period, 1 to {of.last_period}")
    if not isinstance(of, Funnel | Retention) and wanted.step is not None:
        raise SettingsError("--step is of funnels and retention")
    if wanted.next_page is not None and not isinstance(of, str):
        raise SettingsError("--next is of pages")
    dated = any(one is not None for one in (*wanted.days, *wanted.against))
    if not isinstance(of, Question) and (dated or wanted.segment):
        raise SettingsError("days, an earlier period and a segment are of funnels and retention")
    if any(wanted.against) and not (any(wanted.days) and all(wanted.against)):
        raise SettingsError("a change is asked for with --from, --against-from and --against-to")
    if any(wanted.against) and isinstance(of, Funnel) and wanted.step is None:
        raise SettingsError("a change is of one step: give --step")
    return wanted


def numbers_of(wanted: Wanted, asked: Asked, keep: Callable[[DataFrame], DataFrame] = _kept) -> list[Number]:
    """What is asked for, as numbers; several of which the worst counts for a funnel without a step.

    `keep` computes a frame once.
    """
    of = wanted.of
    if isinstance(of, DataFrame):
        label = wanted.label or "did not try it"
        return [given("feature", label, of, asked)]
    if isinstance(of, Offered):
        return [of_feature(of, asked, keep)]
    if isinstance(of, Task):
        return [task(of, asked)]
    if isinstance(of, str):
        return [page(of, asked, wanted.next_page)]
    later = _numbers(_within(of, wanted.segment, wanted.days), wanted.step, asked)
    if not any(wanted.against):
        return later
    earlier = _numbers(_within(of, wanted.segment, wanted.against), wanted.step, asked)
    return [between(one, other) for one, other in zip(later, earlier, strict=True)]


def _numbers(of: Question, step: int | None, asked: Asked) -> list[Number]:
    if isinstance(of, Retention):
        return [retention_gap(of, step or 1, asked)]
    assert isinstance(of, Funnel)
    return funnel_numbers(of, step, asked)


def funnel_numbers(funnel: Funnel, step: int | None, asked: Asked) -> list[Number]:
    """One step, or all required ones, of which the worst counts."""
    if step is not None:
        return funnel_steps(funnel, asked, [step])
    steps = [number for number, one in enumerate(funnel.steps, start=1) if number > 1 and not one.optional]
    return [replace(one, worst_of=funnel.name) for one in funnel_steps(funnel, asked, steps)]


def declared_numbers(settings: Settings, asked: Asked, tried: DataFrame | None = None) -> list[Number]:
    """The numbers that `reasons.of` names; `tried` as for `asked.task`."""
    funnels = {one.name: one for one in settings.questions.funnels}
    tasks = {one.name: one for one in settings.every_task}
    found: list[Number] = []
    for name, step in settings.reasons.named:
        if name in funnels:
            found += funnel_numbers(funnels[name], step, asked)
        else:
            found.append(task(tasks[name], asked, tried))
    return found


def _within(of: Question, segment: str | None, days: Days) -> Question:
    """The question of a segment and days, where these are given."""
    more = {"segment": segment, "from_day": days[0], "to_day": days[1]}
    given_ = {name: value for name, value in more.items() if value is not None}
    return type(of).model_validate({**of.model_dump(), **given_}) if given_ else of
