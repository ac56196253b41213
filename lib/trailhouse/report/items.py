"""Next items as the template needs them: how each model held, and what is recommended most."""

from __future__ import annotations

from typing import Any

from trailhouse.report import text
from trailhouse.report.answers import Frames

TITLES = {"popularity": "Popularity", "co_visits": "Co-visits", "als": "ALS"}
SENTENCES = {
    "better": "Finds what people took later more often than showing everyone the popular items does.",
    "no better": "No better than popularity: no model is shown to find more of what people took later, so "
    "everyone is shown the most popular items that are new to them.",
    "too few": "Too few people took something new on the last days to judge by: everyone is shown the "
    "most popular items.",
    "too little history": "The data do not reach back before the days that judge: everyone is shown the most "
    "popular items.",
}


def next_items(frames: Frames) -> dict[str, Any] | None:
    """Models with their hit rates, the chosen one in a sentence, items recommended most; None: no table."""
    rows = text.rows_of(frames, "recommendation_quality")
    if not rows:
        return None
    (chosen,) = (row for row in rows if row["chosen"])
    verdict = str(chosen["verdict"])
    if verdict in ("baseline", "better than popularity"):
        verdict = "better" if verdict.startswith("better") else "no better"
    shown = text.rows_of(frames, "most_recommended")
    return {
        "tone": "passed" if verdict == "better" else "warned",
        "verdict": f"{TITLES[chosen['model']]}, better than popularity" if verdict == "better" else
        ("no better than popularity" if verdict == "no better" else verdict),
        "sentence": SENTENCES[verdict],
        "judged": chosen if chosen["hits"] is not None else None,
        "models": [{**row, "title": TITLES[row["model"]]} for row in rows],
        "items": shown,
        "persons": shown[0]["of"] if shown else 0,
        "definition": chosen["definition"],
    }  # fmt: skip
