"""Settings of paths."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.questions.base import Question
from trailhouse.settings.questions.events import Step

VIEWS = (Step(event="page_view"), Step(event="screen_view"))


class Paths(Question):
    """Which way units go: after a start, before an end, between both, or from the begin of each session."""

    kind: ClassVar[str] = "paths"

    start: Step | None = Field(None, description="paths begin at its first match; none: where they begin")
    end: Step | None = Field(None, description="paths end at its first match; those without one are left out")
    steps: int = Field(5, ge=2, le=10, description="nodes of a path that are shown, start and end among them")
    node: Literal["page_group", "page_path", "event", "event_and_page"] = "page_group"
    events: tuple[Step, ...] = Field(
        (), description="what is a node; none: views where nodes are pages, else any event"
    )
    exclude: tuple[Step, ...] = Field((), description="what is no node, except the start and the end")
    groups: tuple[Step, ...] = Field(
        (), description="nodes under a name of their own: the first that an event is"
    )
    merge_repeats: bool = Field(True, description="a node again and again is one node")
    cut: Literal["session", "inactivity"] = "session"
    inactivity: Duration = Field(
        timedelta(minutes=30), description="a longer gap between nodes begins a new path"
    )
    node_limit: int = Field(10, ge=1, le=100, description="nodes of a step with rows of their own")
    path_limit: int = Field(10, ge=0, le=1000, description="whole paths with rows of their own")

    @field_validator("groups")
    @classmethod
    def _named(cls, groups: tuple[Step, ...]) -> tuple[Step, ...]:
        if any(one.name is None for one in groups):
            raise ValueError("each of the groups needs a name")
        return groups

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.start is not None and self.end is not None and self.steps < 3:
            raise ValueError("between a start and an end steps is at least 3")
        return self

    @property
    def looked_at(self) -> tuple[Step, ...]:
        """What is a node, before exclusions; the start and the end always are."""
        pages = self.node in ("page_group", "page_path")
        nodes = self.events or (VIEWS if pages else (Step(),))
        return (*nodes, *(one for one in (self.start, self.end) if one is not None))
