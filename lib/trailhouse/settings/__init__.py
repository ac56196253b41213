"""Typed settings, frozen; an unknown key is a clear error. `load` says where they come from."""

from __future__ import annotations

from trailhouse.settings.arrivals import Arrivals
from trailhouse.settings.events import Catalog, Events, Plan, PlannedEvent, Privacy, Raw
from trailhouse.settings.features import Feature, Features
from trailhouse.settings.feedback import Feedback
from trailhouse.settings.identity import IdentifierType, Identity
from trailhouse.settings.impact import Case, Impact
from trailhouse.settings.items import ItemEvent, Items
from trailhouse.settings.load import load_settings
from trailhouse.settings.maps import Elements, KeyElement, Maps
from trailhouse.settings.model import Settings
from trailhouse.settings.onboarding import Onboarding
from trailhouse.settings.profiles import Profiles, Trait
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
from trailhouse.settings.reasons import Reasons
from trailhouse.settings.replay import Replay
from trailhouse.settings.runs import Gates, Incremental, Lake, Maintain, Project, Report, Spark
from trailhouse.settings.section import Section
from trailhouse.settings.segments import Rule, Segment, Segments
from trailhouse.settings.sessions import SESSION_PRESETS, Conversion, Sessions, Signals
from trailhouse.settings.tasks import Task

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
