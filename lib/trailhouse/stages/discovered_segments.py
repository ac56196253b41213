"""The stage `discovered_segments`: persons whose profiles are alike. It fits, so it runs when asked for."""

from __future__ import annotations

from trailhouse.questions.rows import no_rows
from trailhouse.segments.discover import discovered
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """Segments and members, by an engine that writes to the scratch folder; no rows where none is found."""
    profiles, asked = inputs["profiles"], context.settings.segments.discover
    found = discovered(profiles, asked, context.scratch) if asked.enabled else None
    if found is None:
        return {name: no_rows(TABLES[name], profiles) for name in STAGE.writes}
    return {name: TABLES[name].select(frame) for name, frame in zip(STAGE.writes, found, strict=True)}


def asked_for(settings: Settings) -> bool:
    """Whether the settings ask for it."""
    return settings.segments.discover.enabled


STAGE = Stage(
    name="discovered_segments",
    reads=("profiles",),
    writes=("discovered_segments", "discovered_members"),
    transform=transform,
    settings=("segments.discover",),
    wanted=asked_for,
    checks=(
        Check(
            "discovered_segments",
            "everybody_is_somewhere",
            "The segments' sizes add up to all persons, and to the rows of their members.",
            query=(
                "SELECT min(segment) AS segment FROM {batch} HAVING sum(size) <> max(persons) "
                "OR sum(size) <> (SELECT count(*) FROM {discovered_members})"
            ),
        ),
    ),
)
