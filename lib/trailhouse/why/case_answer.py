"""The estimates of a declared case from a lake: as published, or counted at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError
from trailhouse.settings import Settings, load_settings
from trailhouse.settings.impact import Case, Impact
from trailhouse.storage import Lake

Row = Mapping[str, Any]


def named(settings: Settings, name: str) -> Case:
    """The case of this name; SettingsError, with the nearest one, when none is declared."""
    cases = {one.name: one for one in settings.impact.cases}
    if name not in cases:
        near = difflib.get_close_matches(name, cases, n=1, cutoff=0.5)
        told = f"did you mean {near[0]}?" if near else f"there are {', '.join(cases) or 'none'}"
        raise SettingsError(f"no case {name!r} is declared (impact.path): {told}")
    return cases[name]


def answered(case: Case, lake: Lake, settings: Settings) -> DataFrame:
    """Rows of the table `impact` for one case.

    Those that a run published of this very definition, else counted now from the lake's other tables.
    StorageError when these are not there.
    """
    from trailhouse.ask.answer import LakeFrames
    from trailhouse.stages.impact import estimated

    if lake.exists("impact"):
        mine = (F.col("case") == case.name) & (F.col("version") == case.version)
        published = lake.read("impact").where(mine)
        if published.take(1):
            return published
    alone = settings.model_copy(update={"impact": Impact(cases=(case,))})
    return estimated(LakeFrames(lake), alone, lambda frame: frame.localCheckpoint())


def case(name: str, lake: str | Lake, settings: Settings | str | None = None) -> DataFrame:
    """The estimates of a case: `from trailhouse.why import case`, then `case("import_contacts", "var/lake")`.

    `settings` are those of `load_settings`, or the file of them. A local session is started where none is
    active. SettingsError for a case that nobody declared.
    """
    from trailhouse.ask.answer import session

    loaded = settings if isinstance(settings, Settings) else load_settings(settings)
    wanted = named(loaded, name)
    return answered(wanted, lake if isinstance(lake, Lake) else Lake(session(), lake), loaded)
