"""Settings of the maps of pages, and the key elements that are watched on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.section import Section


class Maps(Section):
    dwell_cap: Duration = Field(
        timedelta(seconds=10), description="a pointer that rests longer at one place counts so long"
    )


class KeyElement(Section):
    name: str = Field(min_length=1)
    page_group: str
    selector: str = Field(min_length=1, description="as the tracker writes it")
    order: int | None = Field(
        None, ge=1, description="its place in the order in which people should notice the page's elements"
    )


class Elements(Section):
    path: str = Field("", description="YAML file of key elements, conf/elements.yaml; empty: those of key")
    seen_for: Duration = Field(timedelta(seconds=1), description="so long in sight: seen")
    focused_for: Duration = Field(
        timedelta(milliseconds=500), description="so long below the pointer: focused"
    )
    key: tuple[KeyElement, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        """A name stands for one element of a page, and a selector has one name there."""
        for what in ("name", "selector"):
            named = [(one.page_group, getattr(one, what)) for one in self.key]
            doubled = sorted({f"{word} of {page}" for page, word in named if named.count((page, word)) > 1})
            if doubled:
                raise ValueError(
                    f"a {what} can be declared once on a page, found twice: {', '.join(doubled)}"
                )
        return self
