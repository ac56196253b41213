"""Typed settings from YAML, overridable one by one; an unknown key is a clear error.

Order, the later wins: the defaults below, `base.yaml` beside the named file, the named file,
environment variables (`TRAILHOUSE__SESSIONS__TIMEOUT=15m`), `--set key=value`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from trailhouse.credentials import place, spark_conf
from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings_io import check_environment, check_files, parse_overrides, sentence, settings_files

Place = Annotated[str, AfterValidator(place)]
"""A path or URL, without credentials."""


def _day(value: Any) -> date | None:
    """A day as people write it; YAML makes a number of 20260302, and a date of 2026-03-02."""
    try:
        return None if value is None else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("this is no day, such as 2026-03-02") from None


Day = Annotated[date, BeforeValidator(_day)]


class Section(BaseModel):
    """A part of the settings: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lake(Section):
    root: Place = "var/lake"


class Raw(Section):
    path: Place = "var/raw"
    format: Literal[
        "auto",
        "segment",
        "segment_warehouse",
        "posthog",
        "amplitude",
        "mixpanel",
        "ga4",
        "snowplow",
        "trailhouse",
    ] = Field("auto", description="a source's name; auto: told by the first lines of a file")
    files_per_batch: int = Field(1000, ge=1)
    max_record_bytes: int = Field(1024 * 1024, ge=1024)
    from_day: Day | None = Field(None, description="first day of the files that a run reads (--from)")
    to_day: Day | None = Field(None, description="last day of the files that a run reads (--to)")

    @model_validator(mode="after")
    def _forwards(self) -> Raw:
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise ValueError(f"from_day {self.from_day} comes after to_day {self.to_day}: swap them")
        return self

    @property
    def ranged(self) -> bool:
        """Whether a run reads files of some days only."""
        return self.from_day is not None or self.to_day is not None


class Project(Section):
    timezone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone of the IANA database") from error
        return value


class Events(Section):
    earliest: date = date(1990, 1, 1)
    latest: date = date(2100, 1, 1)
    future_tolerance: Duration = timedelta(minutes=15)
    duplicate_days: int | None = Field(
        None,
        ge=1,
        description="look for duplicates so many days around a batch's own; empty: in all of history",
    )
    internal_addresses: tuple[str, ...] = ()
    internal_email_domains: tuple[str, ...] = ()
    internal_ids: tuple[str, ...] = ()
    geo_database: Place = Field(
        "", description="MMDB file of places by address; empty: places are those that trackers send"
    )
    page_groups: dict[str, str] = Field(
        default_factory=dict, description="regular expression of a path -> group"
    )


class Privacy(Section):
    ip: Literal["keep", "drop", "truncate", "hash"] = "truncate"
    hash_identifiers: bool = False
    drop_properties: tuple[str, ...] = ()
    query_parameters: tuple[str, ...] | None = None
    quarantine: Literal["keep", "hash_only"] = "keep"
    quarantine_retention: Duration = Field(
        timedelta(days=30), description="how long quarantine keeps the bytes of a record"
    )
    consent_denied: Literal["drop", "strip"] = "strip"


class IdentifierType(Section):
    unique: bool = False
    limit: int | None = Field(None, ge=1)
    lower: bool = False
    digits: bool = Field(
        False, description="keep digits alone, and a plus sign before them: telephone numbers"
    )
    trait: str | None = Field(
        None, min_length=1, description="trait of identify events that holds it, such as crm_id or company.id"
    )


_IDENTIFIER_TYPES = {
    "user_id": IdentifierType(unique=True),
    "anonymous_id": IdentifierType(),
    "email": IdentifierType(limit=5, lower=True),
}


class Identity(Section):
    engine: Literal["auto", "graphframes", "local"] = "auto"
    shared: Literal["separate", "last_user"] = Field(
        "separate", description="whose an event is that only a shared identifier names"
    )
    local_limit: int = Field(5_000_000, ge=0, description="links up to which auto takes the local engine")
    types: dict[str, IdentifierType] = Field(default_factory=lambda: dict(_IDENTIFIER_TYPES))
    blocked: tuple[str, ...] = ()
    hub_unique: int = Field(100, ge=2)
    hub_any: int = Field(1000, ge=2)
    largest: int = Field(
        200_000, ge=1, description="links up to which a component that breaks a rule is taken apart"
    )

    @field_validator("types", mode="before")
    @classmethod
    def _over_defaults(cls, value: Any) -> Any:
        """What is declared goes over the defaults one by one: a limit for email leaves user_id unique."""
        if not isinstance(value, Mapping):
            return value
        known = {name: rules.model_dump() for name, rules in _IDENTIFIER_TYPES.items()}
        given = {
            name: {**known.get(str(name), {}), **rules} if isinstance(rules, Mapping) else rules
            for name, rules in value.items()
        }
        return {**known, **given}

    @property
    def unique(self) -> list[str]:
        """The types of which a person holds one value."""
        return sorted(name for name, rules in self.types.items() if rules.unique)

    def of(self, id_type: str) -> IdentifierType:
        """The rules of a type; a type that is not declared may hold five values a person."""
        return self.types.get(id_type, IdentifierType(limit=5))


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
    keep_alive: tuple[str, ...] = ("heartbeat", "mouse_move", "mutation", "visibility")
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


class Step(Section):
    event: str
    page_group: str | None = None
    properties: dict[str, str] = Field(default_factory=dict)
    name: str | None = None

    @property
    def label(self) -> str:
        """What the step is called in a table."""
        return self.name or (f"{self.event} {self.page_group}" if self.page_group else self.event)


class Funnel(Section):
    name: str
    steps: tuple[Step, ...] = Field(min_length=2, max_length=30)
    window: Duration = timedelta(days=14)
    breakdown: Literal["device_type", "channel"] | None = None


class Retention(Section):
    name: str
    start: str | None = Field(None, description="event that puts a person into a cohort; none: any event")
    event: str | None = Field(None, description="event that counts as a return; none: any event")
    periods: int = Field(8, ge=1, le=104)
    unit: Literal["week"] = "week"


class Questions(Section):
    funnels: tuple[Funnel, ...] = ()
    retention: tuple[Retention, ...] = (Retention(name="weekly_return"),)

    @model_validator(mode="after")
    def _names_once(self) -> Questions:
        names = [*(funnel.name for funnel in self.funnels), *(one.name for one in self.retention)]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"question names must be unique, found twice: {', '.join(doubled)}")
        return self


class Catalog(Section):
    depth: int = Field(4, ge=1, le=8, description="steps into nested properties; `products[].price` has 3")
    paths: int = Field(300, ge=1, description="places in properties that an event has rows for")


class PlannedEvent(Section):
    owner: str = ""
    description: str = ""
    severity: Literal["warn", "error"] = "warn"
    rules: dict[str, Any] = Field(default_factory=dict, alias="schema")


class Plan(Section):
    path: str = Field("", description="folder of the tracking plan's YAML files; empty: no plan")
    unplanned: Literal["warn", "error", "ignore"] = "warn"
    events: dict[str, PlannedEvent] = Field(default_factory=dict, description="read from the files of path")


class Gates(Section):
    examples: int = Field(5, ge=0, le=100)
    docs: Place = Field(
        "", description="folder for Great Expectations' Data Docs of a whole run; empty: none"
    )
    max_quarantine_share: float = Field(0.2, ge=0, le=1)


class Maintain(Section):
    retention: Duration = Field(
        timedelta(days=7), description="how long files stay that the newest version needs no more"
    )
    file_bytes: int = Field(
        128 * 1024 * 1024, ge=1024 * 1024, description="size of files to make of small ones"
    )


class Report(Section):
    path: Place = Field("", description="file of the HTML page; empty: report/index.html below the lake")
    title: str = "Trailhouse"


class Spark(Section):
    conf: Annotated[dict[str, str], BeforeValidator(spark_conf)] = Field(default_factory=dict)
    shuffle_partitions: int = Field(4, ge=1)
    stages_at_once: int = Field(
        2, ge=1, le=16, description="stages that run side by side where none reads what the other writes"
    )


class Incremental(Section):
    whole_from: float = Field(
        0.5,
        gt=0,
        description="a run makes a table anew once the days that it touches hold this share of the rows; "
        "above 1: never",
    )


class Settings(BaseSettings):
    """All settings of the suite; frozen."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="TRAILHOUSE__", env_nested_delimiter="__", yaml_file=None
    )

    lake: Lake = Lake()
    raw: Raw = Raw()
    project: Project = Project()
    events: Events = Events()
    privacy: Privacy = Privacy()
    identity: Identity = Identity()
    incremental: Incremental = Incremental()
    sessions: Sessions = Sessions()
    conversions: tuple[Conversion, ...] = (Conversion(event="order"),)
    signals: Signals = Signals()
    questions: Questions = Questions()
    catalog: Catalog = Catalog()
    plan: Plan = Plan()
    gates: Gates = Gates()
    maintain: Maintain = Maintain()
    report: Report = Report()
    spark: Spark = Spark()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, deep_merge=True)

    def digest(self, sections: Iterable[str]) -> str:
        """A hash of the named sections, by which a stage notices a changed definition.

        A name is a section or one setting of it, such as `identity.types`. Raises ValueError for one
        that is neither: its hash would never change.
        """
        chosen: dict[str, Any] = {}
        for name in sections:
            section, _, setting = name.partition(".")
            try:
                values = getattr(self, section).model_dump(mode="json") if setting else None
                chosen[name] = values[setting] if values is not None else self._dumped(section)
            except (AttributeError, KeyError):
                raise ValueError(f"no section of the settings: {name}") from None
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]

    def _dumped(self, section: str) -> Any:
        return self.model_dump(mode="json", include={section})[section]

    @property
    def report_path(self) -> str:
        """Where the report goes."""
        return self.report.path or f"{self.lake.root.rstrip('/')}/report/index.html"


def load_settings(
    path: str | Path | None = None, overrides: Iterable[str] = (), *, with_plan: bool = True
) -> Settings:
    """Settings from a YAML file (and `base.yaml` beside it) with `key.sub=value` overrides.

    Values of overrides are YAML. The tracking plan is read as well, if `plan.path` names one; PlanError
    when it is wrong. Raises SettingsError, one sentence that names the file or key,
    what was found, and the nearest right spelling.
    """
    files = settings_files(path)
    check_files(files)
    check_environment(os.environ, "TRAILHOUSE__", Settings.model_fields)
    given = parse_overrides(overrides)

    class FromFiles(Settings):
        model_config = SettingsConfigDict(yaml_file=files)

    where = ", ".join([*map(str, files), "environment, --set"])
    try:
        loaded = FromFiles(**given)
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), Settings) for one in error.errors())
        raise SettingsError(f"settings ({where}): {told}") from None
    except UnreadableVariable as error:
        # Its text speaks of the field, which no one typed; lists and mappings are JSON in variables.
        raise SettingsError(
            f"settings (environment): {error}; write lists and mappings as JSON there"
        ) from None
    sections = {name: getattr(loaded, name) for name in Settings.model_fields}
    if with_plan:
        sections["plan"] = _with_events(loaded.plan)
    return Settings.model_construct(**sections)


def _with_events(plan: Plan) -> Plan:
    if plan.events:
        raise SettingsError("plan.events is read from files: name their folder with plan.path")
    if not plan.path:
        return plan
    from trailhouse.plan.files import read_plan

    return plan.model_copy(update={"events": read_plan(plan.path)})
