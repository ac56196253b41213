"""Every kind of question: append one, and its stage, its notebook call and its place in `ask` follow."""

from __future__ import annotations

from trailhouse.questions import funnel, retention
from trailhouse.questions.kinds import Kind
from trailhouse.settings import Funnel, Retention

KINDS: tuple[Kind, ...] = (
    Kind(
        "funnels",
        Funnel,
        "funnels",
        ("activity", "sessions", "watermark"),
        funnel.answer,
        funnel.CHECKS,
        version=2,
    ),
    Kind(
        "retention",
        Retention,
        "retention",
        ("activity", "sessions", "person_days", "watermark"),
        retention.answer,
        retention.CHECKS,
    ),
)
