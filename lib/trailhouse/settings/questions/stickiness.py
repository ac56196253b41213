"""Settings of stickiness."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from trailhouse.settings.questions.intervals import Interval, Returning


class Stickiness(Returning):
    """In how many periods of a range units were active."""

    kind: ClassVar[str] = "stickiness"

    interval: Interval = "day"
    within: Literal["week", "month", "range"] = Field(
        "month", description="each week, each month, or the days asked for as one range"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.within == "range":
            if self.from_day is None:
                raise ValueError("within: range needs from_day")
        elif self.interval != "day":
            raise ValueError(f"a {self.within} is made of days: use interval: day, or within: range")
        return self
