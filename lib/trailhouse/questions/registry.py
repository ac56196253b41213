"""Every kind of question: append one, and its stage, its notebook call and its place in `ask` follow."""

from __future__ import annotations

from trailhouse.questions import funnel, lifecycle, retention, stickiness
from trailhouse.questions.kinds import Kind
from trailhouse.settings import Funnel, Lifecycle, Retention, Stickiness

_RETURNS = ("activity", "sessions", "person_days", "watermark")

KINDS: tuple[Kind, ...] = (
    Kind("funnels", Funnel, "funnels", ("activity", "sessions"), funnel.answer, funnel.CHECKS),
    Kind("retention", Retention, "retention", _RETURNS, retention.answer, retention.CHECKS, version=2),
    Kind("lifecycle", Lifecycle, "lifecycle", _RETURNS, lifecycle.answer, lifecycle.CHECKS),
    Kind("stickiness", Stickiness, "stickiness", _RETURNS, stickiness.answer, stickiness.CHECKS),
)
