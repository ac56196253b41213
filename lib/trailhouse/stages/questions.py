"""A stage a kind of question: the answers to all that are declared."""

from __future__ import annotations

from functools import partial, reduce

from pyspark.sql import DataFrame

from trailhouse.questions.asked import Asked
from trailhouse.questions.kinds import Kind
from trailhouse.questions.registry import KINDS
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Settings
from trailhouse.stage import Context, Frames, Stage, always
from trailhouse.tables import TABLES

_PINNED = ("activity", "sessions")
_WHERE_ASKED = ("profiles", "accounts", "segment_members")
"""What conditions, breakdowns and segments of any question may need."""


def stage_of(kind: Kind) -> Stage:
    """The stage that answers the declared questions of a kind."""
    table = TABLES[kind.table]
    more = tuple(name for name in _WHERE_ASKED if name not in kind.reads)

    def transform(inputs: Frames, context: Context) -> Frames:
        """No row where no question is declared."""
        asked = Asked(inputs, context.settings.project, context.settings.profiles)
        questions = getattr(context.settings.questions, kind.section)
        answers = [kind.answer(question, asked) for question in questions]
        none = no_rows(table, inputs["activity"])
        return {table.name: table.select(reduce(DataFrame.unionByName, answers, none))}

    return Stage(
        name=kind.table,
        reads=(*kind.reads, *more),
        writes=(kind.table,),
        transform=transform,
        settings=("project", "profiles.traits", f"questions.{kind.section}"),
        pins={name: "person_days" for name in _PINNED if name in kind.reads},
        wanted=partial(_declared, kind) if table.optional else always,
        optional=(*kind.optional, *more),
        checks=kind.checks,
        version=kind.version,
    )


def _declared(kind: Kind, settings: Settings) -> bool:
    """Whether there is a question of the kind: its table is made only then."""
    return bool(getattr(settings.questions, kind.section))


STAGES: tuple[Stage, ...] = tuple(map(stage_of, KINDS))
