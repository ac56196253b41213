"""Typed settings from YAML, overridable one by one; an unknown key is a clear error.

Order, the later wins: the defaults below, `base.yaml` beside the named file, the named file,
environment variables (`TRAILHOUSE__SESSIONS__TIMEOUT=15m`), `--set key=value`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BeforeValidator,
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

from trailhouse.credentials import spark_conf
from trailhouse.durations import Duration
from trailhouse.errors import SettingsError
from trailhouse.settings.arrivals import Arrivals
from trailhouse.settings.features import Feature, Features, with_features
from trailhouse.settings.feedback import Feedback, with_codebook
from trailhouse.settings.identity import IdentifierType, Identity
from trailhouse.settings.impact import Case, Impact, require_known, with_cases
from trailhouse.settings.io import check_environment, check_files, parse_overrides, sentence, settings_files
from trailhouse.settings.items import ItemEvent, Items
from trailhouse.settings.maps import Elements, KeyElement, Maps, with_key_elements
from trailhouse.settings.onboarding import Onboarding, Onboardings, require_asked
from trailhouse.settings.profiles import Profiles, Trait, require_of_accounts
from trailhouse.settings.questions import (
    Activation,
    Attribution,
    Churn,
    Experiment,
    Feeling,
    Filter,
    Funnel,
    Lifecycle,
    Metric,
    Paths,
    Prediction,
    Question,
    Questions,
    Retention,
    Revenue,
    Step,
    Stickiness,
    Trend,
    Trials,
)
from trailhouse.settings.questions.files import with_files
from trailhouse.settings.reasons import Reasons, require_there
from trailhouse.settings.replay import Replay
from trailhouse.settings.section import Day, Place, Section
from trailhouse.settings.segments import Rule, Segment, Segments, require_declared, with_segments, with_uses
from trailhouse.settings.sessions import SESSION_PRESETS, Conversion, Sessions, Signals
from trailhouse.settings.tasks import Task, Tasks, every_task, require_tasks

__all__ = [
    "Activation",
    "Arrivals",
    "Attribution",
    "Case",
    "Catalog",
    "Churn",
    "Conversion",
    "Elements",
    "Events",
    "Experiment",
    "Feature",
    "Features",
    "Feedback",
    "Feeling",
    "Filter",
    "Funnel",
    "Gates",
    "IdentifierType",
    "Identity",
    "Impact",
    "Incremental",
    "ItemEvent",
    "Items",
    "KeyElement",
    "Lake",
    "Lifecycle",
    "Maintain",
    "Maps",
    "Metric",
    "Onboarding",
    "Paths",
    "Plan",
    "PlannedEvent",
    "Prediction",
    "Privacy",
    "Profiles",
    "Project",
    "Question",
    "Questions",
    "Raw",
    "Reasons",
    "Replay",
    "Report",
    "Retention",
    "Revenue",
    "Rule",
    "SESSION_PRESETS",
    "Section",
    "Segment",
    "Segments",
    "Sessions",
    "Settings",
    "Signals",
    "Spark",
    "Step",
    "Stickiness",
    "Task",
    "Trend",
    "Trials",
    "Trait",
    "load_settings",
]


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
    screenshots: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description="page group -> PNG or JPEG file to draw its maps over, or -> {device type: file}",
    )


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
    maps: Maps = Maps()
    elements: Elements = Elements()
    questions: Questions = Questions()
    profiles: Profiles = Profiles()
    segments: Segments = Segments()
    tasks: Tasks = ()
    features: Features = Features()
    reasons: Reasons = Reasons()
    arrivals: Arrivals = Arrivals()
    onboarding: Onboardings = ()
    items: Items = Items()
    feedback: Feedback = Feedback()
    impact: Impact = Impact()
    catalog: Catalog = Catalog()
    plan: Plan = Plan()
    gates: Gates = Gates()
    maintain: Maintain = Maintain()
    replay: Replay = Replay()
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
    def every_task(self) -> tuple[Task, ...]:
        """The declared tasks, and those that key elements with an outcome make."""
        return every_task(self.tasks, self.elements.key)

    @property
    def report_path(self) -> str:
        """Where the report goes."""
        return self.report.path or f"{self.lake.root.rstrip('/')}/report/index.html"


def load_settings(
    path: str | Path | None = None, overrides: Iterable[str] = (), *, with_plan: bool = True
) -> Settings:
    """Settings from a YAML file (and `base.yaml` beside it) with `key.sub=value` overrides.

    Values of overrides are YAML. The tracking plan is read as well, if `plan.path` names one; PlanError
    when it is wrong. So is the codebook of `feedback.codebook`. Raises SettingsError, one sentence that
    names the file or key, what was found, and the nearest right spelling.
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
    sections["feedback"] = with_codebook(loaded.feedback, files)
    if with_plan:
        sections["plan"] = _with_events(loaded.plan)
    sections["elements"] = with_key_elements(loaded.elements)
    sections["questions"] = with_files(loaded.questions, files)
    sections["features"] = with_features(loaded.features, files)
    segments = with_segments(loaded.segments, files)
    sections["segments"] = with_uses(segments, sections["features"].declared)
    tasks = every_task(sections["tasks"], sections["elements"].key)
    require_tasks(sections["elements"].key, tasks)
    require_declared(sections["questions"], sections["segments"])
    sections["impact"] = with_cases(loaded.impact, files)
    require_known(sections["impact"], sections)
    require_asked(sections["onboarding"], sections["questions"])
    require_of_accounts(sections["questions"].all, sections["profiles"])
    steps = {one.name: len(one.steps) for one in sections["questions"].funnels}
    require_there(sections["reasons"], steps, [task.name for task in tasks])
    return Settings.model_construct(**sections)


def _with_events(plan: Plan) -> Plan:
    if plan.events:
        raise SettingsError("plan.events is read from files: name their folder with plan.path")
    if not plan.path:
        return plan
    from trailhouse.plan.files import read_plan

    return plan.model_copy(update={"events": read_plan(plan.path)})
