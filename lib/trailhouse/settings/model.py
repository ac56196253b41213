"""All sections of the settings as one value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from trailhouse.settings.arrivals import Arrivals
from trailhouse.settings.events import Catalog, Events, Plan, Privacy, Raw
from trailhouse.settings.features import Features
from trailhouse.settings.feedback import Feedback
from trailhouse.settings.identity import Identity
from trailhouse.settings.impact import Impact
from trailhouse.settings.items import Items
from trailhouse.settings.maps import Elements, Maps
from trailhouse.settings.onboarding import Onboardings
from trailhouse.settings.profiles import Profiles
from trailhouse.settings.questions import Questions
from trailhouse.settings.reasons import Reasons
from trailhouse.settings.replay import Replay
from trailhouse.settings.runs import Gates, Incremental, Lake, Maintain, Project, Report, Spark
from trailhouse.settings.segments import Segments
from trailhouse.settings.sessions import Conversion, Sessions, Signals
from trailhouse.settings.tasks import Task, Tasks, every_task


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
