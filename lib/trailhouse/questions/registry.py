"""Every kind of question: append one, and its stage, its notebook call and its place in `ask` follow."""

from __future__ import annotations

from trailhouse.questions import funnel, paths, retention, trends
from trailhouse.questions.kinds import Kind
from trailhouse.settings import Funnel, Retention
from trailhouse.settings.questions import Paths, Trend

KINDS: tuple[Kind, ...] = (
    Kind("funnels", Funnel, "funnels", ("activity", "sessions"), funnel.answer, funnel.CHECKS),
    Kind(
        "retention",
        Retention,
        "retention",
        ("activity", "sessions", "person_days", "watermark"),
        retention.answer,
        retention.CHECKS,
    ),
    Kind("paths", Paths, "paths", ("activity", "sessions", "profiles"), paths.answer, paths.CHECKS),
    Kind(
        "trends",
        Trend,
        "trends",
        ("activity", "sessions", "profiles", "watermark"),
        trends.answer,
        trends.CHECKS,
    ),
)
