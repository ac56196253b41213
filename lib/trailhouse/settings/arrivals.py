"""Settings of what people do after log-in: log-ins, searches, goals, rare ways, sections of pages."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, field_validator, model_validator

from trailhouse.settings.questions import Step
from trailhouse.settings.questions.fields import EVENT_FIELDS, FieldName
from trailhouse.settings.section import Section


def of_events(names: Iterable[str]) -> None:
    """ValueError names those fields that an event alone does not have."""
    others = sorted(name for name in names if name not in EVENT_FIELDS and not name.startswith("properties."))
    if others:
        raise ValueError(f"{', '.join(others)}: only fields of the event itself can be asked for here")


class Goal(Section):
    survey: str = Field(min_length=1, description="id of the survey that asks what people came for")
    found: dict[str, Step] = Field(
        min_length=1,
        max_length=30,
        description="an answer, or a theme of feedback, -> what tells that this was found",
    )


class PageSection(Section):
    name: str = Field(min_length=1)
    page_group: str
    from_px: int = Field(0, ge=0)
    to_px: int | None = Field(None, description="where it ends, not included; none: at the page's end")
    device_type: str | None = Field(None, description="only on this; none: on all devices")

    @model_validator(mode="after")
    def _has_height(self) -> PageSection:
        if self.to_px is not None and self.to_px <= self.from_px:
            raise ValueError(f"section {self.name} ends at {self.to_px} px, where it has not begun")
        return self


class Arrivals(Section):
    login: Step | None = Field(None, description="what a log-in is; none: nothing of this is looked at")
    search: Step = Step(event="search")
    query: FieldName = Field("search_term", description="field of a search with what was looked for")
    results: FieldName = Field("search_results", description="field of a search with how many were found")
    opened: Step | None = Field(None, description="a result is opened")
    found: Step | None = Field(
        None, description="what people looked for is found; none: when a result is opened"
    )
    goal: Goal | None = None
    rare_share: float = Field(
        0.01, gt=0, lt=1, description="ways that hold less of those from a page, or of visits, are unexpected"
    )
    rare_times: int = Field(5, ge=1, description="unexpected ways gone less often are left out")
    band_px: int = Field(400, ge=50, description="height of the bands of pages without declared sections")
    sections: tuple[PageSection, ...] = ()

    @model_validator(mode="after")
    def _of_events(self) -> Arrivals:
        steps = [
            self.login,
            self.search,
            self.opened,
            self.found,
            *(self.goal.found.values() if self.goal else ()),
        ]
        of_events(name for step in steps if step is not None for name in step.fields)
        of_events((self.query, self.results))
        return self

    @field_validator("sections")
    @classmethod
    def _apart(cls, sections: tuple[PageSection, ...]) -> tuple[PageSection, ...]:
        """No place of a page lies in two sections."""
        for n, one in enumerate(sections):
            for other in sections[:n]:
                same = one.page_group == other.page_group and (
                    one.device_type is None
                    or other.device_type is None
                    or one.device_type == other.device_type
                )
                first, second = sorted((one, other), key=lambda section: section.from_px)
                if same and (first.to_px is None or first.to_px > second.from_px):
                    raise ValueError(f"sections {first.name} and {second.name} of {one.page_group} overlap")
                if same and one.name == other.name:
                    raise ValueError(f"section {one.name} of {one.page_group} is declared twice")
        return sections
