"""Settings of cases: a pain, who is affected, what it costs, what could be done, from YAML files."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings.io import check_files, sentence
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import FieldName
from trailhouse.settings.section import Day, Section
from trailhouse.settings.tasks import every_task

_DAY = timedelta(days=1)
Text = Annotated[str, Field(min_length=1)]
Source = Annotated[str, Field(min_length=1, description="where the number comes from")]


def _whole_days(length: timedelta) -> timedelta:
    if length % _DAY or not length:
        raise ValueError("days are counted whole, such as 7d or 30d")
    return length


class Given(Section):
    """A number that somebody stated: with an interval where there is one, and always with its source."""

    low: Decimal | None = None
    high: Decimal | None = None

    def _in_order(self, value: Decimal | None) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError("give low and high, or neither")
        if value is not None and self.low is not None and not self.low <= value <= (self.high or value):
            raise ValueError(f"{value} does not lie in its interval {self.low} to {self.high}")


class Amount(Given):
    """Money: that of a question under `questions.revenue`, or an amount with its source."""

    revenue: str | None = Field(None, description="name of a question under questions.revenue")
    amount: Decimal | None = Field(None, ge=0)
    low: Decimal | None = Field(None, ge=0)
    high: Decimal | None = Field(None, ge=0)
    source: str = Field("", description="where the amount comes from; needed beside it")

    @model_validator(mode="after")
    def _one(self) -> Amount:
        if (self.revenue is None) == (self.amount is None):
            raise ValueError("give revenue (a question's name) or amount, and not both")
        if self.amount is not None and not self.source.strip():
            raise ValueError("an amount needs its source")
        if self.revenue is not None and (self.low, self.high) != (None, None):
            raise ValueError("low and high belong to amount")
        self._in_order(self.amount)
        return self


class Affected(Section):
    """Whom the pain hits, and when: a signal, a failed task, an event, or being in a segment."""

    signal: str | None = Field(None, description="kind of a signal, such as rage_click")
    page_group: str | None = Field(None, description="where the signal is")
    selector: str | None = Field(None, description="the signal's element")
    failed_task: str | None = Field(
        None, description="name of a task: a declared one, or NAME of PAGE of a key element with an outcome"
    )
    event: Step | None = None
    segment: str | None = Field(None, description="name of a declared segment")

    @model_validator(mode="after")
    def _one(self) -> Affected:
        kinds = [name for name in ("signal", "failed_task", "event", "segment") if getattr(self, name)]
        if len(kinds) != 1:
            raise ValueError(
                "give one of signal, failed_task, event and segment; found "
                f"{' and '.join(kinds) or 'none of them'}"
            )
        if kinds != ["signal"] and (self.page_group or self.selector):
            raise ValueError(f"page_group and selector belong to signal, not to {kinds[0]}")
        if self.event is not None:
            _of_events(self.event.fields)
        return self

    @property
    def text(self) -> str:
        """Whom it means, in a few words."""
        if self.signal:
            where = [
                f" {word} {one}" for word, one in (("on", self.page_group), ("at", self.selector)) if one
            ]
            return f"signal {self.signal}{''.join(where)}"
        if self.failed_task:
            return f"task {self.failed_task} failed"
        return f"in segment {self.segment}" if self.segment else f"event {self.event and self.event.text}"


class NamedBy(Section):
    """How those who leave name the pain: a reason of the cancellation, or a theme of what they say."""

    reasons: tuple[Text, ...] = Field((), description="values of the reason that name it")
    field: FieldName = Field("properties.reason", description="field of the cancellation with the reason")
    theme: str | None = Field(None, description="theme of the codebook, in comments around the cancellation")
    within: Duration = Field(timedelta(days=30), description="how long before and after it a comment counts")

    @model_validator(mode="after")
    def _one(self) -> NamedBy:
        if bool(self.reasons) == (self.theme is not None):
            raise ValueError("give reasons (values of the cancellation's reason) or theme, and not both")
        _of_events([self.field])
        _whole_days(self.within)
        return self


def _of_events(fields: Iterable[str]) -> None:
    for name in fields:
        if name.startswith(("session.", "profile.", "trait.")):
            raise ValueError(f"{name}: events have their own fields and properties.NAME here")


class Assumption(Section):
    """What the case takes for given."""

    name: Text
    value: str = Field(min_length=1, description="as people read it, such as 0.6 or $20 a seat")
    low: str | None = None
    high: str | None = None
    source: Source

    @field_validator("value", "low", "high", mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float | Decimal) else value


class Option(Given):
    """Something that could be done."""

    name: Text
    customer: str = Field("", description="result for the customer")
    business: str = Field("", description="result for the business")
    effect: Decimal = Field(ge=0, le=1, description="share of the pain that it takes away")
    low: Decimal | None = Field(None, ge=0, le=1)
    high: Decimal | None = Field(None, ge=0, le=1)
    source: Source
    cost: str = Field("", description="as people read it, such as 3 weeks of two people")

    @model_validator(mode="after")
    def _ordered(self) -> Option:
        self._in_order(self.effect)
        return self


class Release(Section):
    """The fix, once it is out."""

    day: Day | None = None
    version: str | None = Field(None, description="the day of its first event counts")
    option: str | None = Field(None, description="which option was built; the first, if none is named")
    window: Duration = Field(timedelta(days=28), description="days before it and after it to compare")
    control: str | None = Field(None, description="segment of people whom the fix did not reach")

    @model_validator(mode="after")
    def _when(self) -> Release:
        if (self.day is None) == (self.version is None):
            raise ValueError("give day or version, and not both")
        _whole_days(self.window)
        return self


class Link(Section):
    """Doing something and converting: what a further point of it would be worth, were it the cause."""

    completed: Step = Field(description="the event that says that it was completed")
    trials: str = Field(description="name of a question under questions.trials")

    @field_validator("completed")
    @classmethod
    def _plain(cls, completed: Step) -> Step:
        _of_events(completed.fields)
        return completed


class Case(Section):
    name: str = Field(min_length=1, max_length=100)
    title: Text
    description: str = ""
    unit: Literal["person", "account"] = Field("person", description="who leaves and pays")
    currency: str = Field("USD", min_length=1, max_length=12)
    churn: str | None = Field(None, description="name of a question under questions.churn")
    rule: Literal["cancelled", "inactive"] = Field("cancelled", description="which of its rules")
    affected: Affected
    named_by: NamedBy | None = None
    churned_value: Amount | None = Field(None, description="monthly value of those who left")
    customer_value: Amount | None = Field(None, description="monthly value of one; none: as churned_value")
    period: Duration = Field(
        timedelta(days=30), description="a customer's month: the pain in one, leaving in the next"
    )
    within: Duration | None = Field(
        None, description="days of the next one in which leaving counts; none: all of it"
    )
    plan: FieldName | None = Field(None, description="field of subscriptions with the plan, to match by")
    link: Link | None = None
    page_group: str | None = Field(None, description="page whose clicks the case shows")
    options: tuple[Option, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    release: Release | None = None

    @model_validator(mode="after")
    def _sound(self) -> Case:
        _whole_days(self.period)
        if self.within is not None and _whole_days(self.within) > self.period:
            raise ValueError(f"within {self.within} is longer than the period {self.period}")
        if self.churn is None and (self.named_by or self.churned_value):
            raise ValueError("who left is told by churn: name a question under questions.churn")
        if self.plan is not None:
            _of_events([self.plan])
        names = [one.name for one in self.options]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"option names must be unique, found twice: {', '.join(doubled)}")
        chosen = self.release and self.release.option
        if chosen and chosen not in names:
            raise ValueError(f"release.option: {_nearest(chosen, names, 'option')}")
        if self.currency != self.currency.upper():
            raise ValueError(f"currencies are written as codes: {self.currency.upper()}")
        return self

    @property
    def version(self) -> str:
        """A hash of all that the estimates depend on."""
        told = self.model_dump(mode="json", exclude={"title", "description", "page_group", "assumptions"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def horizon(self) -> int:
        """Days of a period in which leaving counts."""
        return (self.within or self.period) // _DAY

    @property
    def period_days(self) -> int:
        """Days of a period."""
        return self.period // _DAY

    @property
    def of_customer(self) -> Amount | None:
        """What tells the value of one customer."""
        if self.customer_value is not None:
            return self.customer_value
        of_all = self.churned_value
        return of_all if of_all is not None and of_all.revenue is not None else None

    @property
    def built(self) -> Option | None:
        """The option that was built, else the first."""
        wanted = self.release and self.release.option
        return next((one for one in self.options if wanted in (None, one.name)), None)


class Impact(Section):
    path: str = Field("", description="YAML file of cases, conf/impact.yaml, or folder of such; empty: none")
    cases: tuple[Case, ...] = ()

    @field_validator("cases")
    @classmethod
    def _once(cls, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        names = [one.name for one in cases]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"case names must be unique, found twice: {', '.join(doubled)}")
        return cases


class _Declared(Section):
    """What a file of cases holds."""

    cases: tuple[Case, ...]


def with_cases(given: Impact, settings: Sequence[Path]) -> Impact:
    """The section with the cases of the files that `path` names; a relative one lies beside the settings.

    SettingsError names file and key of what is wrong, and what is allowed.
    """
    if not given.path:
        return given
    beside = [file.parent / given.path for file in settings]
    found = next((one for one in (*beside, Path(given.path)) if one.exists()), None)
    if found is None:
        raise SettingsError(f"impact.path: {given.path} is there neither beside the settings nor from here")
    files = sorted({*found.glob("*.yaml"), *found.glob("*.yml")}) if found.is_dir() else [found]
    cases = [*given.cases, *(case for file in files for case in _read(file))]
    try:
        return Impact(path=given.path, cases=tuple(cases))
    except ValidationError as error:
        raise SettingsError(f"{found}: {sentence(dict(error.errors()[0]), Impact)}") from None


def _read(file: Path) -> tuple[Case, ...]:
    check_files([file])
    try:
        return _Declared.model_validate(
            yaml.safe_load(file.read_text(encoding="utf-8")) or {"cases": []}
        ).cases
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), _Declared) for one in error.errors())
        raise SettingsError(f"{file}: {told}") from None


def require_known(impact: Impact, sections: Mapping[str, Any]) -> None:
    """Raises SettingsError for a name in a case that nothing else declares, with the nearest one.

    `sections` are those of the settings, by name.
    """
    from trailhouse.signals.registry import KINDS

    questions, segments = sections["questions"], tuple(sections["segments"].rules)
    units = {one.name: one.unit for one in questions.all}
    tasks = [one.name for one in every_task(sections["tasks"], sections["elements"].key)]
    for case in impact.cases:
        churned, customer, release, named = (
            case.churned_value,
            case.customer_value,
            case.release,
            case.named_by,
        )
        asked = [
            ("churn", case.churn, questions.churn),
            ("churned_value.revenue", churned.revenue if churned else None, questions.revenue),
            ("customer_value.revenue", customer.revenue if customer else None, questions.revenue),
            ("link.trials", case.link.trials if case.link else None, questions.trials),
        ]
        for key, name, there in asked:
            _require(case, key, name, [one.name for one in there])
            if name is not None and units[name] != case.unit:
                raise SettingsError(
                    f"impact.cases.{case.name}.{key} = {name!r} counts {units[name]}s, the case {case.unit}s"
                )
        _require(case, "affected.failed_task", case.affected.failed_task, tasks)
        _require(case, "affected.signal", case.affected.signal, [one.name for one in KINDS])
        _require(case, "affected.segment", case.affected.segment, segments)
        _require(case, "release.control", release.control if release else None, segments)
        _require(case, "named_by.theme", named.theme if named else None, tuple(sections["feedback"].themes))
        churn = next((one for one in questions.churn if one.name == case.churn), None)
        if churn is not None:
            _require(case, "rule", case.rule, churn.rules)


def _require(case: Case, key: str, name: str | None, there: Sequence[str]) -> None:
    if name is not None and name not in there:
        what = key.rpartition(".")[2]
        raise SettingsError(f"impact.cases.{case.name}.{key} = {name!r}: {_nearest(name, there, what)}")


def _nearest(name: str, there: Sequence[str], what: str) -> str:
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    known = f"did you mean {near[0]}?" if near else f"there are {', '.join(there) or 'none'}"
    return f"no such {what}, {known}"
