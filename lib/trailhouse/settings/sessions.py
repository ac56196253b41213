"""Settings of sessions, conversions and signals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.section import Section

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
    rage_click: Literal["posthog", "mixpanel", "highlight", "same_element"] = "posthog"
    dead_click: Literal["posthog", "openreplay", "sentry"] = "posthog"
    u_turn_seconds: Duration = timedelta(seconds=7)
    allowed_selectors: tuple[str, ...] = ("stepper", "carousel", "calendar", "datepicker", "game")
