"""Settings of reasons: behind which numbers they are looked for in every run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

from pydantic import field_validator

from trailhouse.errors import SettingsError
from trailhouse.settings.section import Section

_NAMED = re.compile(r"(?P<name>.+?)(?::(?P<step>\d+))?")


class Reasons(Section):
    """`of`: names of funnels and tasks; of a funnel the step that loses most, or `NAME:K` for step K."""

    of: tuple[str, ...] = ()

    @field_validator("of")
    @classmethod
    def _once(cls, of: tuple[str, ...]) -> tuple[str, ...]:
        doubled = sorted({name for name in of if of.count(name) > 1})
        if doubled:
            raise ValueError(f"named twice: {', '.join(doubled)}")
        return of

    @property
    def named(self) -> list[tuple[str, int | None]]:
        """Name and step of each."""
        return [split(one) for one in self.of]


def split(text: str) -> tuple[str, int | None]:
    """`onboarding:5` is step 5 of onboarding; `onboarding` is its worst step, or a task."""
    found = _NAMED.fullmatch(text)
    if found is None:
        return text, None
    return found["name"], int(found["step"]) if found["step"] else None


def require_there(reasons: Reasons, steps: Mapping[str, int], tasks: Collection[str]) -> None:
    """SettingsError for a name that is neither a declared funnel nor a task, or a step that it has not.

    `steps`: how many steps each funnel has.
    """
    for name, step in reasons.named:
        if name in steps:
            if step is not None and not 2 <= step <= steps[name]:
                raise SettingsError(f"reasons.of: {name}:{step}: its steps to ask for are 2 to {steps[name]}")
        elif name not in tasks or step is not None:
            near = difflib.get_close_matches(name, [*steps, *tasks], n=1, cutoff=0.5)
            hint = (
                f"did you mean {near[0]}?" if near else f"there are {', '.join([*steps, *tasks]) or 'none'}"
            )
            raise SettingsError(f"reasons.of: {name!r} is no declared funnel or task; {hint}")
