"""A feature that is asked about just now: who was offered it, and who tried it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pyspark.sql import DataFrame

from trailhouse.errors import SettingsError
from trailhouse.questions.asked import Asked
from trailhouse.settings import Feature, Settings, Step
from trailhouse.why.asked import Number, given
from trailhouse.why.feature_use import MEMBERS, among, asked_units, exposed_persons, marked, offered

WORD = "feature"
"""What a text begins with that asks for a feature: `feature NAME`."""
GROUPS = ("those who did not try it", "those who tried it")


@dataclass(frozen=True)
class Offered:
    """A declared feature, and what somebody has to have done to count (None: nothing)."""

    name: str
    feature: Feature
    among: Step | None = None


def wanted(text: str, settings: Settings) -> Offered | None:
    """The feature that `feature NAME` asks for; None: the text asks for something else.

    SettingsError where none of that name is declared, with the nearest one.
    """
    word, _, name = text.strip().partition(" ")
    if word != WORD:
        return None
    declared, name = settings.features.declared, name.strip()
    if name not in declared:
        what = f"no feature {name!r} is declared;" if name else "which feature?"
        raise SettingsError(f"{what} {nearest(name, declared)}")
    return Offered(name, declared[name], settings.features.among)


def nearest(name: str, declared: Iterable[str]) -> str:
    """`did you mean NAME?`, else what there is."""
    names = list(declared)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"


def number(of: Offered, asked: Asked, keep: Callable[[DataFrame], DataFrame]) -> Number:
    """Persons who were offered it, from the first offer on, and whether they tried it; as `feature_usage`.

    `keep` computes a frame once. Needs activity, sessions, page_views and person_days.
    """
    project, declared = asked.project, {of.name: of.feature}
    looked_for = declared if of.among is None else {**declared, MEMBERS: Feature(use=(of.among,))}
    marks = keep(marked(asked["activity"], asked["sessions"], looked_for, project))
    offers = offered(marks, asked["page_views"], asked["sessions"], asked["person_days"], declared, project)
    if of.among is not None:
        offers = offers.join(among(marks), on="person_id", how="left_semi")
    units = asked_units(exposed_persons(offers), of.name)
    found = given(of.name, f"did not try {of.name}", units, asked, groups=GROUPS)
    return replace(found, own=frozenset(of.feature.selectors))
