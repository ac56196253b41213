"""The stages of the questions: engagement, funnels, retention, heatmaps, pages, forms, tasks."""

from __future__ import annotations

from trailhouse.stage import Stage
from trailhouse.stages import engagement, forms, heatmaps, pages, questions, tasks

STAGES: tuple[Stage, ...] = (
    *questions.STAGES,
    *(module.STAGE for module in (engagement, heatmaps, pages, forms, tasks)),
)
