"""The stage `next_items`: what each person is likely to care for next, and how well that was known before."""

from __future__ import annotations

from trailhouse.questions.rows import no_rows
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.next_items import recommend


def transform(inputs: Frames, context: Context) -> Frames:
    """The best items a person, and how each model held. An engine: it collects, fits and judges."""
    settings, interactions = context.settings, inputs["interactions"]
    if not settings.items.events:
        return {name: no_rows(TABLES[name], interactions) for name in STAGE.writes}
    found = recommend(
        interactions,
        inputs["watermark"],
        settings.items,
        settings.project,
        context.scratch,
    )
    return {name: TABLES[name].select(frame) for name, frame in zip(STAGE.writes, found, strict=True)}


def declared(settings: Settings) -> bool:
    """Whether events are declared that speak of items."""
    return bool(settings.items.events)


STAGE = Stage(
    name="next_items",
    reads=("interactions", "watermark"),
    writes=("next_items", "recommendation_quality"),
    transform=transform,
    settings=("items", "project"),
    wanted=declared,
    checks=(
        Check(
            "next_items",
            "best_first",
            "No item of a worse rank has a higher score, and ranks have no gap.",
            query=(
                "SELECT person_id, max(rank) AS rank FROM (SELECT *, "
                "lead(score) OVER (PARTITION BY person_id ORDER BY rank) AS below FROM {batch}) "
                "GROUP BY person_id HAVING max(rank) <> count(*) OR bool_or(below > score)"
            ),
        ),
        Check(
            "next_items",
            "new_to_the_person",
            "Nobody is recommended what they had on the last days.",
            query=(
                "SELECT n.person_id, n.rank FROM {batch} AS n JOIN {interactions} AS i ON n.person_id = "
                "i.person_id AND n.item = i.item AND i.day BETWEEN n.as_of - 1 AND n.as_of"
            ),
        ),
        Check(
            "recommendation_quality",
            "judged_later",
            "A model is judged by later days than those that it learned from.",
            "trained_as_of < judged_to",
        ),
        Check(
            "recommendation_quality",
            "one_is_chosen",
            "One model is chosen.",
            query="SELECT max(model) AS model FROM {batch} HAVING count(*) > 0 AND count_if(chosen) <> 1",
        ),
    ),
)
