"""Features as the template needs them: their use, what keeps people from them, what is missing, who stays."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, titled
from trailhouse.report.reads import Frames as Tables
from trailhouse.report.text import Row

FEATURES, PARTS, BLOCKERS, GAPS, WEEKS = 12, 10, 8, 10, 26
"""How many of each are shown."""


@dataclass(frozen=True)
class Kind:
    """The words of a kind of gap: its heading, what one row is, what is counted, and of what."""

    title: str
    one: str
    counted: str
    of: str


KINDS = {
    "search": Kind("Searches without a result", "Query", "Searches", "visits that search"),
    "text": Kind("Texts that ask for something", "Theme", "Texts", "texts"),
    "detour": Kind("Detours to one place", "Task and place", "Attempts", "the task's detours"),
}
TONES = {
    "more": ("failed", "more among those who did not"),
    "less": ("passed", "less among those who did not"),
    "association": ("passed", "association"),
    "too few": ("warned", "too few"),
}
"""Finding -> tone and words; others have none."""


def _usage(frames: Tables) -> DataFrame:
    return frames["feature_usage"].where("period = 'all'").orderBy("feature", F.desc("exposed"), "value")


def _weeks(frames: Tables) -> DataFrame:
    told = frames["feature_usage"].where("period <> 'all' AND breakdown = 'all'")
    return told.orderBy(F.desc("period"), "feature")


def _blockers(frames: Tables) -> DataFrame:
    return frames["feature_blockers"].where(F.col("rank") <= BLOCKERS).orderBy("feature", "rank")


def _gaps(frames: Tables) -> DataFrame:
    return frames["feature_gaps"].orderBy("kind", F.desc("n"), "value")


def _impact(frames: Tables) -> DataFrame:
    return frames["feature_impact"].orderBy("feature", "week")


QUERIES = (
    (
        "feature_usage",
        "Who uses which feature.",
        "feature_usage",
        "feature definition breakdown value exposed tried tried_rate tried_low tried_high adopted "
        "adopted_rate adopted_low adopted_high uses frequency sessions session_rate session_low "
        "session_high median_us p90_us",
        _usage,
        1_000,
    ),
    (
        "feature_weeks",
        "The same by week.",
        "feature_usage",
        "feature period exposed tried_rate",
        _weeks,
        1_000,
    ),
    (
        "feature_blockers",
        "What those met who did not try it.",
        "feature_blockers",
        "feature kind value not_tried of_not_tried tried of_tried share_not_tried share_tried lift low high "
        "q_value finding",
        _blockers,
        1_000,
    ),
    (
        "feature_gaps",
        "What people look for in vain.",
        "feature_gaps",
        "kind value n persons weeks of share low high again again_rate examples",
        _gaps,
        200,
    ),
    (
        "feature_impact",
        "Who stays.",
        "feature_impact",
        "feature week users others user_rate other_rate difference low high matched_difference matched_low "
        "matched_high q_value matched_users left_out finding",
        _impact,
        1_000,
    ),
)
"""What the section reads: name, sentence, table, columns, rows, how many."""


def features(frames: Frames) -> Row | None:
    """The section; None where no feature is declared."""
    usage = grouped(text.rows_of(frames, "feature_usage"), "feature")
    if not usage:
        return None
    blocked = grouped(text.rows_of(frames, "feature_blockers"), "feature")
    stay = grouped(text.rows_of(frames, "feature_impact"), "feature")
    found = []
    for name, rows in usage.items():
        everyone = next(row for row in rows if row["breakdown"] == "all")
        parts = [row for row in rows if row is not everyone]
        found.append(
            {
                "name": name,
                "title": titled(name),
                "definition": everyone["definition"],
                "all": everyone,
                "parts": parts[:PARTS],
                "left_out": max(0, len(parts) - PARTS),
                "blockers": [_found(row) for row in blocked.get(name, ())],
                "stay": [_found(row) for row in stay.get(name, ())],
            }
        )
    found.sort(key=lambda one: (-int(one["all"]["exposed"]), str(one["name"])))
    gaps = text.rows_of(frames, "feature_gaps")
    return {
        "features": found[:FEATURES],
        "left_out": max(0, len(found) - FEATURES),
        "chart": _chart(frames, [one["name"] for one in found[:4] if one["all"]["exposed"]]),
        "gaps": [
            {
                "kind": KINDS[kind].title,
                "of": KINDS[kind],
                "is_search": kind == "search",
                "is_text": kind == "text",
                "all": next((row for row in rows if row["value"] == "all"), None),
                "rows": [row for row in rows if row["value"] != "all"][:GAPS],
            }
            for kind, rows in grouped(gaps, "kind").items()
        ],
    }


def _found(row: Row) -> Row:
    tone, words = TONES.get(row["finding"], ("", row["finding"]))
    return {**row, "tone": tone, "words": words}


def _chart(frames: Frames, names: list[str]) -> Row | None:
    """Lines of the share that tries a feature, by week."""
    rows = [row for row in text.rows_of(frames, "feature_weeks") if row["feature"] in names]
    weeks = sorted({row["period"] for row in rows})[-WEEKS:]
    told = [
        {
            "day": text.as_date(row["period"]),
            "line": titled(row["feature"]),
            "value": row["tried_rate"],
            "complete": True,
        }
        for row in rows
        if row["period"] in weeks and row["tried_rate"] is not None
    ]
    if len(weeks) < 2 or not told:
        return None
    title = "Lines of the share of those offered a feature who used it, by week"
    return answer_charts.lines(title, told, [titled(name) for name in names], ".0%")
