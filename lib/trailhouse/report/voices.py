"""What people say, as the template needs it: surveys, words, who answers, tickets, usability tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trailhouse.questions.usability import summary
from trailhouse.report import text, voice_charts
from trailhouse.report.text import Row
from trailhouse.report.voice_reads import PLACES, TEXTS
from trailhouse.tables.feedback import KINDS

Frames = Mapping[str, pd.DataFrame]

WEEKS = 26
STUDIES = 6
SENTIMENTS = ("positive", "neutral", "negative")
PARTS = {
    "page_group": "Page",
    "device_type": "Device",
    "channel": "Channel",
    "cohort": "First seen in",
    "segment": "Segment",
    "rage_before": "Before it",
}
NAMES = {
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "rating": "Rating",
    "choice": "Choice",
    "text": "In words",
    "unknown": "Never answered",
}
ENDS = {"nps": ("Promoters", "Detractors"), "csat": ("Satisfied", "Dissatisfied"), "ces": ("Easy", "Hard")}


def surveys(frames: Frames) -> list[Row]:
    """A survey: kind, name, overall row (or None), weeks in order, parts, choices, charts."""
    parts = _grouped(text.rows_of(frames, "feedback_parts"), "kind", "survey_id")
    found = []
    for key, rows in _grouped(text.rows_of(frames, "feedback"), "kind", "survey_id").items():
        kind, survey = key
        told = [{**row, **_told(kind, row)} for row in rows]
        by_week = sorted((row for row in told if row["week"] != "all"), key=lambda row: str(row["week"]))
        weeks = by_week[-WEEKS:]
        own = [{**row, **_told(kind, row)} for row in parts.get(key, [])]
        choices = [row for row in own if row["breakdown"] == "choice"]
        broken = _parts([row for row in own if row["breakdown"] in PARTS])
        scored = [row for row in weeks if row["score"] is not None]
        found.append(
            {
                "kind": kind,
                "name": NAMES.get(kind, kind),
                "survey": "all surveys" if survey == "all" else survey,
                "overall": next((row for row in told if row["week"] == "all"), None),
                "weeks": weeks,
                "ends": ENDS.get(kind),
                "chart": voice_charts.scores(NAMES.get(kind, kind), kind, scored) if scored else None,
                "parts": broken if kind in (*ENDS, "rating") else [],
                "parts_chart": _parts_chart(kind, broken),
                "choices": choices,
                "choices_chart": voice_charts.values("Share of choices", kind, _choices(choices))
                if choices
                else None,
            }
        )
    return sorted(found, key=lambda entry: (_place(entry["kind"]), str(entry["survey"])))


def _place(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _told(kind: str, row: Row) -> Row:
    """Score and interval in words, by what a score of the kind is."""
    score, low, high = row["score"], row["low"], row["high"]
    if score is None:
        return {"told": text.NOTHING, "interval": text.NOTHING}
    form = {"nps": text.signed, "ces": _decimal, "rating": _decimal}.get(kind, _percent)
    return {
        "told": form(score),
        "interval": text.NOTHING if low is None or high is None else f"{form(low)} to {form(high)}",
    }


def _decimal(value: Any) -> str:
    return f"{float(value):.2f}"


def _percent(value: Any) -> str:
    return f"{text.number(value)}%"


def _parts(rows: Sequence[Row]) -> list[Row]:
    """Values with an answer, by breakdown; one value says nothing, unless it is a segment's."""
    found = []
    for name, own in _grouped(rows, "breakdown").items():
        some = [row for row in own if row["answers"]]
        if len(some) > 1 or (some and name == "segment"):
            found.append({"label": PARTS[name], "rows": some})
    return found


def _parts_chart(kind: str, parts: Sequence[Row]) -> Any:
    rows = [
        {**row, "label": f"{part['label']}: {text.short(row['breakdown_value'], 28)}"}
        for part in parts
        for row in part["rows"]
        if row["low"] is not None
    ]
    if not rows or kind not in (*ENDS, "rating"):
        return None
    return voice_charts.values(f"{NAMES[kind]} by page, device and more", kind, rows)


def _choices(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "label": text.short(row["breakdown_value"], 36)} for row in rows]


def voices(frames: Frames) -> Row:
    """All but the scores: words, who answers, places in the journey, pinned feedback, tickets, tests."""
    book = text.rows_of(frames, "feedback_codebook")
    everything = next((row for row in book if row["theme"] == "all"), None)
    found = text.rows_of(frames, "feedback_found")
    return {
        "texts": text.rows_of(frames, "feedback_texts"),
        "most_texts": TEXTS,
        "all_texts": everything,
        "judged": sum(int(everything[name]) for name in SENTIMENTS) if everything else 0,
        "codebook": [
            {**row, "share": text.ratio(row["texts"], everything["texts"]) if everything else None}
            for row in book
            if row["theme"] != "all"
        ],
        "found": found,
        "model": found[0]["model_version"] if found else None,
        "places": _places(text.rows_of(frames, "feedback_places")),
        "respondents": _respondents(text.rows_of(frames, "feedback_respondents")),
        "pinned": [
            {**row, "rating": text.ratio(row["stars"], row["ratings"])}
            for row in text.rows_of(frames, "feedback_pinned")
        ],
        "tickets": text.rows_of(frames, "feedback_tickets"),
        "studies": summary(text.rows_of(frames, "usability_tests"))[-STUDIES:],
    }


def _places(rows: Sequence[Row]) -> Row:
    """A line a survey: the share of its answers by views seen before."""
    ends = [*PLACES[1:], None]
    labels = [
        str(least) if end == least + 1 else f"{least}–{end - 1}" if end else f"{least}+"
        for least, end in zip(PLACES, ends, strict=True)
    ]
    lines = []
    for (kind, survey), own in _grouped(rows, "kind", "survey_id").items():
        by = {int(row["views_before"]): int(row["answers"]) for row in own}
        total = sum(by.values())
        lines.append(
            {
                "name": "Tickets" if kind == "ticket" else NAMES.get(kind, kind),
                "survey": "all surveys" if survey == "all" else survey,
                "total": total,
                "shares": [text.ratio(by.get(place, 0), total) for place in PLACES],
            }
        )
    return {"labels": labels, "lines": lines}


def _respondents(rows: Sequence[Row]) -> list[Row]:
    """A survey whose answerers and others are both there."""
    found = []
    for survey, own in _grouped(rows, "survey_id").items():
        by = {bool(row["answered"]): row for row in own}
        if len(by) == 2:
            name = "all surveys" if survey == "all" else survey
            found.append({"survey": name, "groups": [("Answered", by[True]), ("Did not", by[False])]})
    return found


def _grouped(rows: Sequence[Row], *keys: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)].append(row)
    return found
