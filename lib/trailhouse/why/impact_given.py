"""A case with the tables that it is counted from, and what all its counts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import project_day
from trailhouse.questions.asked import Asked
from trailhouse.questions.periods import WATERMARK, with_watermark
from trailhouse.settings import Churn, Settings
from trailhouse.settings.impact import Case
from trailhouse.stage import Frames

COLUMNS = ("case", "kind", "month", "key", "x1", "x2", "x3", "x4", "money", "complete")
FAR = "9999-12-31"
_TYPES = {
    "case": "STRING",
    "kind": "STRING",
    "month": "DATE",
    "key": "STRING",
    **dict.fromkeys(("x1", "x2", "x3", "x4"), "BIGINT"),
    "money": "DECIMAL(28,4)",
    "complete": "BOOLEAN",
}


def _as_it_is(frame: DataFrame) -> DataFrame:
    return frame


@dataclass(frozen=True)
class Given:
    """A case with the tables that it is counted from."""

    case: Case
    inputs: Frames
    settings: Settings
    settle: Callable[[DataFrame], DataFrame] = _as_it_is
    """Writes a frame down that several counts read, so that it is computed once."""

    @property
    def asked(self) -> Asked:
        """The tables as questions read them."""
        return Asked(self.inputs, self.settings.project, self.settings.profiles)

    @property
    def zone(self) -> str:
        """The project's time zone."""
        return self.settings.project.timezone

    @property
    def churn(self) -> Churn | None:
        """The question that tells who left."""
        return next((one for one in self.settings.questions.churn if one.name == self.case.churn), None)


def row(given: Given, kind: str, **columns: Column) -> list[Column]:
    """A row of `facts`; what is not named is null."""
    told = {"case": F.lit(given.case.name), "kind": F.lit(kind), **columns}
    return [told.get(name, F.lit(None)).cast(of).alias(name) for name, of in _TYPES.items()]


def as_facts(given: Given, kind: str, counts: DataFrame, **columns: Column) -> DataFrame:
    """Rows of `facts` of `counts`; `columns` may ask what is over."""
    return known(given, counts).select(*row(given, kind, **columns))


def today(given: Given) -> Column:
    """The project day that the watermark lies in, needs `with_watermark`: days before it are over."""
    return project_day(F.col(WATERMARK), given.zone)


def known(given: Given, frame: DataFrame) -> DataFrame:
    return with_watermark(frame, given.inputs[WATERMARK])


def over(given: Given, month: Column, days: int = 0) -> Column:
    """Whether a month, and so many days after it, are over."""
    return F.coalesce(F.date_add(F.add_months(month, 1), days) <= today(given), F.lit(False))
