"""Predictions as the template needs them: how good the model is, persons by score, and their reasons."""

from __future__ import annotations

from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, heading, titled
from trailhouse.report.text import Row

FEATURES = 8
VERDICTS = {
    "good": ("passed", "The model ranks people better than the day of their last event alone does."),
    "no better than recency": (
        "warned",
        "The model is not shown to rank people better than the day of their last event alone: "
        "sort them by that day instead.",
    ),
    "too little history": (
        "warned",
        "There is no model: the data do not reach back over two horizons, one to learn from and a later "
        "one to be judged by.",
    ),
    "too few": (
        "warned",
        "There is no model: too few persons with the outcome, or without it, to learn from or to be "
        "judged by.",
    ),
}
"""Verdict -> tone and sentence."""
_CALIBRATION = ("persons", "predicted", "observed", "low", "high")


def predictions(frames: Frames) -> list[Row]:
    """A question: verdict, figures, a chart of calibration, tenths of the score, reasons, features."""
    bands = grouped(text.rows_of(frames, "prediction_bands"), "question")
    reasons = grouped(text.rows_of(frames, "prediction_reasons"), "question")
    found = []
    for name, rows in grouped(text.rows_of(frames, "prediction_quality"), "question").items():
        (row, *_) = rows
        tone, sentence = VERDICTS.get(row["verdict"], ("warned", row["verdict"]))
        own = sorted(bands.get(name, ()), key=lambda band: int(band["decile"]))
        persons = sum(int(band["persons"]) for band in own)
        tenths = _side_by_side(row, "calibration", _CALIBRATION)
        found.append(
            {
                **heading(name, rows),
                "tone": tone,
                "verdict": row["verdict"],
                "sentence": sentence,
                "quality": row if row["auc"] is not None else None,
                "outcomes": text.ratio(row["judged_outcomes"], row["judged_persons"]),
                "calibration": tenths,
                "chart": answer_charts.calibration(
                    f"Observed against predicted shares of {name}, by tenths of the score", tenths
                )
                if tenths
                else None,
                "as_of": own[0]["as_of"] if own else None,
                "persons": persons,
                "expected": sum((band["expected"] for band in own), start=0),
                "bands": own,
                "reasons": [
                    {
                        **one,
                        "feature": titled(one["feature"]),
                        "share": text.ratio(one["persons"], persons),
                        "mean": text.ratio(one["weight"], one["persons"]),
                    }
                    for one in reasons.get(name, ())
                ],
                "features": [
                    {**one, "feature": _named(one["feature"])}
                    for one in _side_by_side(row, "features", ("feature", "weight"))[:FEATURES]
                ],
            }
        )
    return found


def _named(feature: str) -> str:
    """The column in words; its value, if there is one, as it is."""
    column, equals, value = feature.partition(" = ")
    return f"{titled(column)}{equals}{value}"


def _side_by_side(row: Row, name: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """Lists that lie side by side as rows."""
    lists = (row[f"{name}_{field}"] or () for field in fields)
    return [dict(zip(fields, values, strict=True)) for values in zip(*lists, strict=True)]
