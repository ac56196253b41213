"""A stage a kind of question: the answers to all that are declared."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.questions.asked import Asked
from trailhouse.questions.kinds import Kind
from trailhouse.questions.registry import KINDS
from trailhouse.questions.rows import no_rows
from trailhouse.stage import Context, Frames, Stage
from trailhouse.tables import TABLES

_PINNED = ("activity", "sessions")
_MEMBERS = "segment_members"
"""Any question may ask for a segment, which nobody need have declared."""


def stage_of(kind: Kind) -> Stage:
    """The stage that answers the declared questions of a kind."""
    table = TABLES[kind.table]

    def transform(inputs: Frames, context: Context) -> Frames:
        """No row where no question is declared."""
        asked = Asked(inputs, context.settings.project)
        questions = getattr(context.settings.questions, kind.section)
        answers = [kind.answer(question, asked) for question in questions]
        none = no_rows(table, inputs["activity"])
        return {table.name: table.select(reduce(DataFrame.unionByName, answers, none))}

    return Stage(
        name=kind.table,
        reads=tuple(dict.fromkeys((*kind.reads, _MEMBERS))),
        writes=(kind.table,),
        transform=transform,
        settings=("project", f"questions.{kind.section}"),
        pins={name: "person_days" for name in _PINNED if name in kind.reads},
        optional=tuple(dict.fromkeys((*kind.optional, _MEMBERS))),
        checks=kind.checks,
        version=kind.version,
    )


STAGES: tuple[Stage, ...] = tuple(map(stage_of, KINDS))
