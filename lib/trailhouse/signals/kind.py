"""What a kind of signal is: plain values, so that settings and contracts can read them without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Happening:
    """One event of an example: its time in milliseconds, its name, and what else matters of it.

    `fields` are columns of `activity` by short names: those of an element (x, y, selector, ...), path,
    navigation, scroll, form, pointer, and device, tab or view where they are not those of the event before.
    """

    ms: int
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def happens(ms: int, name: str, **fields: Any) -> Happening:
    """An event of an example."""
    return Happening(ms, name, fields)


def click(ms: int, x: int | None = 0, y: int | None = 0, **fields: Any) -> Happening:
    """A click on a button, unless `fields` say otherwise."""
    return Happening(
        ms, "click", {"x": x, "y": y, "selector": "button", "tag": "button", "interactive": True} | fields
    )


def view(ms: int, path: str, navigation: str | None = None, **fields: Any) -> Happening:
    """A page that opens; what follows in its tab happens there."""
    return Happening(ms, "page_view", {"path": path, "navigation": navigation} | fields)


@dataclass(frozen=True)
class Example:
    """A few events of one session, and the signals of the preset in them: (start in ms, size), by start.

    The trackers of examples send everything.
    """

    sentence: str
    events: tuple[Happening, ...]
    expected: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Thresholds under a name: its sentence says them, its example is its test."""

    name: str
    sentence: str
    example: Example

    @property
    def thresholds(self) -> dict[str, Any]:
        """By name, what the rule compares with."""
        return {name: value for name, value in vars(self).items() if name not in Preset.__annotations__}


@dataclass(frozen=True, kw_only=True)
class Burst(Preset):
    """`count` things in a row, close together.

    chain: each within `ms` (and near) of the one before. window: all of them within `ms` from first to last.
    `on` says what near is: a place (within `px`, Manhattan; where one has no place, one element), an element
    (by selector), a label (text, else selector), or nothing. `below`: less than `ms`, not up to.
    """

    count: int
    ms: int
    mode: Literal["chain", "window"] = "chain"
    on: Literal["place", "element", "label", "anything"] = "anything"
    px: int = 0
    below: bool = False


@dataclass(frozen=True, kw_only=True)
class Wait(Preset):
    """What is waited for comes, or does not, within `ms`, both ends included."""

    ms: int


@dataclass(frozen=True, kw_only=True)
class Return(Preset):
    """Back within `ms` (None: the setting's); `still`: having done nothing there."""

    ms: int | None
    still: bool = False


@dataclass(frozen=True, kw_only=True)
class Excess(Preset):
    """More than the mean and `deviations` standard deviations of at least `views` views."""

    deviations: int
    views: int


@dataclass(frozen=True, kw_only=True)
class Fact(Preset):
    """A rule without a threshold."""


@dataclass(frozen=True)
class Kind:
    """A sign of struggle.

    `counted_as` is its column in `sessions`, null where none of `needs` (columns of `capabilities`) is
    collected. `struggle`: whether it makes a session one with friction. A higher `version` says that the
    rule itself has changed. The first of `presets` is the default.
    """

    name: str
    label: str
    counted_as: str
    sentence: str
    presets: tuple[Preset, ...]
    suppressed: str
    needs: tuple[str, ...] = ()
    version: int = 1
    struggle: bool = False

    def preset(self, name: str) -> Any:
        """The preset of this name; KeyError when there is none."""
        for preset in self.presets:
            if preset.name == name:
                return preset
        raise KeyError(f"{self.name} has no preset {name}")
