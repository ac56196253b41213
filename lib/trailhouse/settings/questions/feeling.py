"""Settings of feelings: what people said, or suffered, against what they did later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration, as_text
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step

OF_SESSIONS = ("device_type", "browser", "os", "country", "region", "city")
"""Fields of events that sessions tell as well."""


def of_sessions(name: str) -> bool:
    """Whether a session tells the field."""
    return name in OF_SESSIONS or name.startswith("session.")


class Feeling(Question):
    """Outcomes after an answer, or a month, by band of its score. The days asked for are the answers'."""

    kind: ClassVar[str] = "feeling"
    positional: ClassVar[tuple[str, ...]] = ("event",)
    clauses: ClassVar[Mapping[str, str]] = {"window": "horizon"}

    score: Literal["nps", "csat", "ces", "frustration"] = Field(
        "nps",
        description="of answers; or by month the share of sessions so far with a sign of struggle, by tenths",
    )
    survey: str | None = Field(None, description="only answers of this survey; none: of any")
    outcome: Literal["retention", "conversion", "revenue", "churn"] = "retention"
    event: Step | None = Field(
        None,
        description="event of the outcome; none: any event, of churn that there is none, of revenue order",
    )
    currency: str | None = Field(None, description="of revenue: the one that is summed")
    after: Duration | None = Field(
        None, description="time after the answer that does not count; none: a day for any event, else nothing"
    )
    horizon: Duration = Field(timedelta(days=28), description="the outcome comes within this time")
    having: Step | None = Field(
        None, description="only units that did this before, and not the outcome's event since: customers"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.unit == "session":
            raise ValueError("feelings go on over days: count persons, accounts or devices")
        others = [name for name in self.breakdowns if not of_sessions(name)]
        if self.score == "frustration" and others:
            raise ValueError(
                f"frustration is of months of sessions: break it down by session.NAME or "
                f"{', '.join(OF_SESSIONS)}, not by {', '.join(others)}"
            )
        if self.score == "frustration" and (self.unit != "person" or self.survey is not None):
            raise ValueError("frustration is of persons, and of no survey")
        if (self.outcome == "revenue") != (self.currency is not None):
            raise ValueError("revenue takes a currency, other outcomes take none")
        if self.outcome == "conversion" and self.event is None:
            raise ValueError("a conversion needs its event")
        if self.wait >= self.horizon:
            raise ValueError("the horizon ends after the time that does not count")
        return self

    @property
    def wait(self) -> timedelta:
        """The time after the answer that does not count yet: the same visit is no return."""
        if self.after is not None:
            return self.after
        asks_any = self.event is None and self.outcome in ("retention", "churn")
        return timedelta(days=1) if asks_any else timedelta(0)

    @property
    def counted(self) -> Step:
        """The event of the outcome; of churn without one, that which speaks against it."""
        if self.event is None and self.outcome == "revenue":
            return Step(event="order")
        return self.event or Step()

    @property
    def once(self) -> bool:
        """Whether who did the outcome's event before is left out."""
        return self.event is not None and self.outcome in ("conversion", "churn")

    @property
    def outcome_text(self) -> str:
        """What the outcome is, as in `share of persons that ...`."""
        when = f"within {as_text(self.horizon)}"
        if self.wait:
            when += f", from {as_text(self.wait)} on"
        if self.outcome == "revenue":
            return f"value of {self.counted.text} in {self.currency} {when}"
        if self.event is None:
            return f"{'did nothing' if self.outcome == 'churn' else 'came back'} {when}"
        return f"did {self.event.text} {when}"
