"""Settings of trends."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import EVENT_FIELDS, FieldName
from trailhouse.settings.questions.formulas import Term, names_in, parsed
from trailhouse.settings.section import Section

Measure = Literal["count", "units", "sessions", "per_unit", "sum", "avg", "min", "max", "percentile"]
OF_A_FIELD = ("sum", "avg", "min", "max", "percentile")
Interval = Literal["hour", "day", "week", "month"]
_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,49}$"


class Series(Section):
    """One line: what is counted of which events."""

    name: str = Field(pattern=_NAME, description="as formulas call it")
    event: Step = Step()
    measure: Measure = Field("count", description="per_unit: events a unit that has any")
    field: FieldName | None = Field(
        None, description="of sum, avg, min, max and percentile; `value` is told by currency"
    )
    percentile: int = Field(50, ge=0, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.measure in OF_A_FIELD) != (self.field is not None):
            raise ValueError(f"{self.measure} {'needs a' if self.field is None else 'takes no'} field")
        if self.field and self.field not in EVENT_FIELDS and not self.field.startswith("properties."):
            raise ValueError("field is one of the event or a property, not of its session or person")
        return self

    @property
    def text(self) -> str:
        """What it counts, in a few words."""
        which = f"percentile {self.percentile}" if self.measure == "percentile" else self.measure
        return f"{self.name} = {which} of {f'{self.field} of ' if self.field else ''}{self.event.text}"


class Formula(Section):
    """A line made of others, such as `orders / visits * 100`."""

    name: str = Field(pattern=_NAME)
    formula: str

    @field_validator("formula")
    @classmethod
    def _parses(cls, formula: str) -> str:
        parsed(formula)
        return formula

    @property
    def term(self) -> Term:
        """The formula as a tree."""
        return parsed(self.formula)


class Trend(Question):
    """Figures by period: every period from the first to now has a row, also where nothing happened.

    Periods are whole: those that from_day and to_day lie in are counted from their begin to their end.
    """

    kind: ClassVar[str] = "trend"

    series: tuple[Series, ...] = Field(min_length=1, max_length=20)
    formulas: tuple[Formula, ...] = Field((), max_length=20)
    interval: Interval = "day"
    rolling: int | None = Field(None, ge=2, le=366, description="each day tells of so many days up to it")
    compare: Literal["interval", "week", "year", "range"] | None = Field(
        None,
        description="previous is the value an interval, a week or a year before, or as far back as the"
        " days asked for are long",
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        names = [one.name for one in self.series] + [one.name for one in self.formulas]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(
                f"names of series and formulas must be unique, found twice: {', '.join(doubled)}"
            )
        known = {one.name for one in self.series}
        for formula in self.formulas:
            unknown = sorted({*names_in(formula.term)} - known)
            if unknown:
                raise ValueError(
                    f"formula {formula.name}: there is no series {', '.join(unknown)}; "
                    f"there are {', '.join(sorted(known))}"
                )
        if self.rolling is not None and self.interval != "day":
            raise ValueError("rolling figures are by day")
        if self.compare == "range" and (self.from_day is None or self.to_day is None):
            raise ValueError("compare: range needs from_day and to_day")
        if self.compare == "week" and self.interval == "month":
            raise ValueError("a month has no week before it: compare by interval or year")
        return self
