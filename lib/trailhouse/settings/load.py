"""Settings from YAML, overridable one by one; what is wrong with them is told in one sentence.

Order, the later wins: the models' defaults, `base.yaml` beside the named file, the named file,
environment variables (`TRAILHOUSE__SESSIONS__TIMEOUT=15m`), `--set key=value`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from trailhouse.errors import SettingsError
from trailhouse.settings.events import Plan
from trailhouse.settings.features import with_features
from trailhouse.settings.feedback import with_codebook
from trailhouse.settings.impact import require_known, with_cases
from trailhouse.settings.io import check_environment, check_files, parse_overrides, sentence, settings_files
from trailhouse.settings.maps import with_key_elements
from trailhouse.settings.model import Settings
from trailhouse.settings.onboarding import require_asked
from trailhouse.settings.profiles import require_of_accounts
from trailhouse.settings.questions.files import with_files
from trailhouse.settings.reasons import require_there
from trailhouse.settings.segments import require_declared, with_segments, with_uses
from trailhouse.settings.tasks import every_task


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
