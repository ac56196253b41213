"""Settings of activations: which early action goes with what comes later."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step
from trailhouse.settings.questions.fields import FieldName
from trailhouse.settings.section import Day

LONGEST = 60
"""Days after the start that actions may lie in."""
TECHNICAL = ("heartbeat", "mouse_move", "mutation", "visibility", "scroll", "web_vital", "replay_chunk")
"""Events that nobody decides to do."""
_SPAN = re.compile(r"(\d+)\s*-\s*(\d+)")


def _span(given: Any) -> Any:
    """First and last day; as people write them: `28-34`, `7`, or a list of two."""
    if isinstance(given, list | tuple):
        return given
    if isinstance(given, int):
        return given, given
    found = _SPAN.fullmatch(str(given).strip())
    if found is None:
        raise ValueError(f"{given!r} is no span of days, such as 28-34")
    return int(found[1]), int(found[2])


class Activation(Question):
    """Which actions, so often in the first days, go with an outcome on later days.

    Days count from the start's: 0 is its day. The days asked for are those of the starts.
    """

    kind: ClassVar[str] = "activation"
    positional: ClassVar[tuple[str, ...]] = ("event",)

    start: Step | None = Field(
        None, description="event that the days count from; none: the unit's first event of all"
    )
    starts: Literal["first", "every"] = Field(
        "first", description="the unit's first start of all history; or every one, each up to the next"
    )
    actions: tuple[Step, ...] = Field((), max_length=200, description="candidates; empty: every event's name")
    leave_out: tuple[str, ...] = Field(TECHNICAL, description="event names that are no candidates")
    times: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field((1, 2, 3, 5), min_length=1, max_length=8)
    days: tuple[Annotated[int, Field(ge=1, le=LONGEST)], ...] = Field(
        (1, 3, 7), min_length=1, max_length=8, description="the action happens on so many first days"
    )
    outcome: Literal["retention", "conversion", "churn"] = "retention"
    event: Step | None = Field(
        None, description="event of the outcome; none: any event, and of churn that there is none"
    )
    outcome_days: Annotated[tuple[int, int], BeforeValidator(_span)] = Field(
        (28, 34), description="first and last day on which the outcome may happen, such as 28-34"
    )
    adjust: tuple[FieldName, ...] = Field(
        ("device_type", "session.channel"),
        max_length=4,
        description="fields of the start that odds are adjusted for, beside active days and month",
    )
    split_day: Day | None = Field(
        None, description="starts from here on check what was found before; none: by learn_share"
    )
    learn_share: float = Field(0.6, gt=0.1, lt=0.9, description="share of the units that is learned from")
    limit: int = Field(100, ge=1, le=1000, description="actions that are judged: those of most units")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.unit == "session":
            raise ValueError("activations go on over days: count persons, accounts or devices")
        if self.breakdowns:
            raise ValueError("activations are not broken down: declare one for a segment")
        for name in ("times", "days"):
            given: tuple[int, ...] = getattr(self, name)
            if list(given) != sorted(set(given)):
                raise ValueError(f"{name} are in order, each once")
        first, last = self.outcome_days
        if not self.days[-1] <= first <= last <= 400:
            raise ValueError(
                f"the outcome's days, {first}-{last}, begin after the last of the actions' "
                f"{self.days[-1]} days, which are 0-{self.days[-1] - 1}, and end by 400"
            )
        if self.starts == "every" and self.start is None:
            raise ValueError("every start needs a start; the first event of all comes once")
        if self.outcome == "conversion" and self.event is None:
            raise ValueError("a conversion needs its event")
        labels = [one.label for one in self.actions]
        if len(set(labels)) < len(labels):
            raise ValueError("two actions have one name")
        return self

    @property
    def outcome_text(self) -> str:
        """What the outcome is, as in `share of persons that ...`."""
        first, last = self.outcome_days
        when = f"on days {first} to {last}"
        if self.outcome == "churn" and self.event is None:
            return f"did nothing {when}"
        if self.event is None:
            return f"came back {when}"
        return f"did {self.event.text} {when}"
