"""Settings of sessions, conversions and signals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.section import Section
from trailhouse.signals.registry import BY_NAME, checked

_CLIENT = {"scope": "device", "boundary": "client", "max_length": None}
SESSION_PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Neither midnight nor a campaign ends a visit there, and nothing limits its length.
    "ga4": {"max_length": None},
    # The tracker's domain_sessionid, and its model's engaged time from page pings.
    "snowplow": {**_CLIENT, "engaged_rule": "heartbeats"},
    # 30 minutes, a day at most, and the project's midnight.
    "mixpanel": {"cut_at_midnight": True},
    # The mobile libraries' five minutes in the background, by device.
    "amplitude_mobile": {
        "timeout": timedelta(minutes=5),
        "scope": "device",
        "max_length": None,
        "cut_on_user": False,
    },
    # The browser's $session_id.
    "posthog": _CLIENT,
    "single_view": {"bounce": "single_view"},
}
"""What other tools count as a session: settings that a preset fills in where the user sets none."""


Presets = str | tuple[str, ...]
"""The name of a preset, or several to find side by side, of which the first counts."""


class Sessions(Section):
    preset: Literal[
        "default", "ga4", "snowplow", "mixpanel", "amplitude_mobile", "posthog", "single_view"
    ] = "default"
    timeout: Duration = timedelta(minutes=30)
    max_length: Duration | None = timedelta(hours=24)
    cut_at_midnight: bool = False
    cut_on_campaign: bool = False
    cut_on_user: bool | None = None
    scope: Literal["person", "device"] = "person"
    boundary: Literal["time", "client"] = "time"
    keep_alive: tuple[str, ...] = ("heartbeat", "mouse_move", "mutation", "visibility", "replay_chunk")
    keep_alive_starts: bool = False
    server_events: Literal["join", "ignore"] = "join"
    engaged_rule: Literal["auto", "heartbeats", "gaps"] = "auto"
    heartbeat_seconds: int = Field(10, ge=1)
    min_visit_seconds: int = Field(5, ge=0)
    gap_cap_seconds: int = Field(30, ge=1)
    bounce: Literal["not_engaged", "single_view"] = "not_engaged"

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, values: Any) -> Any:
        """A preset fills in what the user did not set."""
        if not isinstance(values, Mapping):
            return values
        return {**SESSION_PRESETS.get(str(values.get("preset")), {}), **values}

    @property
    def cuts_on_user(self) -> bool:
        """Whether another user_id begins a new session: by default in scope device only."""
        return self.scope == "device" if self.cut_on_user is None else self.cut_on_user


class Conversion(Section):
    event: str
    value: bool = Field(True, description="whether the event's value counts as earned")
    name: str = Field("", description="what the conversion is called; empty: as the event")

    @property
    def label(self) -> str:
        """What the conversion is called in a table."""
        return self.name or self.event


class Signals(Section):
    rage_click: Presets = "posthog"
    dead_click: Presets = "posthog"
    inert_click: Presets = "posthog"
    error_click: Presets = "default"
    u_turn: Presets = "default"
    quick_back: Presets = "default"
    rapid_refresh: Presets = "default"
    thrashed_cursor: Presets = "default"
    form_abandonment: Presets = "default"
    excessive_scrolling: Presets = "default"
    u_turn_seconds: Duration = timedelta(seconds=7)
    thrashed_turns: int = Field(5, ge=2, le=100)
    allowed_selectors: tuple[str, ...] = ("stepper", "carousel", "calendar", "datepicker", "game")

    @field_validator(*BY_NAME, mode="before")
    @classmethod
    def _known_presets(cls, named: Any, info: ValidationInfo) -> Any:
        return checked(str(info.field_name), named)

    def presets(self, kind: str) -> tuple[str, ...]:
        """The names of a kind's presets; the first is the one that counts beyond the table `signals`."""
        named = getattr(self, kind)
        return (named,) if isinstance(named, str) else tuple(named)
