"""The stage `reasons`: why people stop at the funnels' worst steps, and in tasks."""

from __future__ import annotations

from trailhouse.identity.settle import settled
from trailhouse.questions.asked import Asked
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.answer import declared_numbers
from trailhouse.why.reasons import frame_of, reasons

_WHERE_ASKED = (
    *("profiles", "accounts", "segment_members", "feedback_answers", "replay_chunks"),
    "task_attempts",
)
"""What conditions of a funnel may need, and what only some projects have."""


def transform(inputs: Frames, context: Context) -> Frames:
    """The ranked reasons behind every number that `reasons.of` names. An engine: it collects small counts."""
    settings = context.settings
    asked = Asked(inputs, settings.project, settings.profiles)
    found = reasons(
        declared_numbers(settings, asked, inputs.get("task_attempts")),
        inputs,
        settings.elements.key,
        lambda frame: settled(frame, context.scratch, "reasons"),
    )
    return {"reasons": TABLES["reasons"].select(frame_of(inputs["activity"].sparkSession, found))}


def declared(settings: Settings) -> bool:
    """Whether reasons are asked for."""
    return bool(settings.reasons.of)


STAGE = Stage(
    name="reasons",
    reads=("activity", "sessions", "page_views", "signals", "watermark", *_WHERE_ASKED),
    writes=("reasons",),
    transform=transform,
    settings=("reasons", "tasks", "questions.funnels", "elements", "project", "profiles.traits"),
    pins={"activity": "sessions", "signals": "sessions", "page_views": "sessions"},
    wanted=declared,
    optional=_WHERE_ASKED,
    version=2,
    checks=(
        Check(
            "reasons",
            "parts_of_groups",
            "Units with a reason are units of their group.",
            "with_it <= units AND others_with_it <= others",
        ),
        Check(
            "reasons",
            "claims_are_sure",
            "What is claimed is more frequent, surely so, and not too few.",
            "verdict <> 'association' OR (low > 1 AND q <= 0.05 AND NOT too_few)",
        ),
        Check(
            "reasons",
            "claims_come_first",
            "No claim stands behind a reason that is not claimed.",
            query=(
                "SELECT question, step, `rank` FROM (SELECT *, max(if(verdict <> 'association', 1, 0)) OVER "
                "(PARTITION BY question, step ORDER BY `rank`) AS doubted FROM {batch}) "
                "WHERE verdict = 'association' AND doubted = 1"
            ),
        ),
    ),
)
