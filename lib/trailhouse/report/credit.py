"""Attribution as the template needs it: touches by models, a table a currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trailhouse.columns import NO_CURRENCY
from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, heading, level
from trailhouse.report.text import Row
from trailhouse.settings.questions.attribution import MODELS

TOUCHES, CURRENCIES = 12, 3
_FAMILY = {
    "first": "first",
    "last": "last",
    **dict.fromkeys(("linear", "position", "time_decay"), "shared by a rule"),
    **dict.fromkeys(("markov", "shapley"), "by what it adds"),
}
_COLOURS = dict(zip(("first", "last", "shared by a rule", "by what it adds"),
                    answer_charts.COLOURS, strict=True))  # fmt: skip


def attribution(frames: Frames) -> list[Row]:
    """A question: its totals by currency, and for each currency a row a touch with a cell a model."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "attribution"), "question").items():
        models = _models(rows)
        currencies = sorted(
            (_currency(own, models) for own in grouped(rows, "currency").values()),
            key=lambda one: (-one["conversions"], str(one["currency"])),
        )
        found.append(
            {
                **heading(name, rows),
                "touch_by": rows[0]["touch_by"],
                "first": min(text.day(row["first"]) for row in rows),
                "last": max(text.day(row["last"]) for row in rows),
                "models": [text.short(str(model).replace("_", " "), 20) for model in models],
                "totals": currencies,
                "currencies": currencies[:CURRENCIES],
                "left_out": max(0, len(currencies) - CURRENCIES),
            }
        )
    return found


def _models(rows: Sequence[Row]) -> list[Any]:
    """In the order in which the settings tell them."""
    known = {model: place for place, model in enumerate(MODELS)}
    return sorted(
        {row["model"] for row in rows}, key=lambda model: (known.get(model, len(known)), str(model))
    )


def _currency(rows: Sequence[Row], models: Sequence[Any]) -> Row:
    """Each model gives away the same total, so that any of them tells it."""
    currency = rows[0]["currency"]
    by_model = grouped(rows, "model")
    any_model = by_model[next(model for model in models if model in by_model)]
    conversions = sum((Decimal(str(row["conversions"])) for row in any_model), Decimal(0))
    known = [Decimal(str(row["value"])) for row in any_model if row["value"] is not None]
    value = sum(known, Decimal(0)) if known else None
    by, whole = ("value", value) if value else ("conversions", conversions)
    touches = []
    for touch, own in grouped(rows, "touch").items():
        of = {row["model"]: row for row in own}
        cells = [_cell(of.get(model), by, whole, currency) for model in models]
        mean = sum(cell["share"] or 0 for cell in cells) / len(cells)
        told = text.short(touch, 32)
        visits = max(row["touches"] for row in own)
        touches.append({"touch": touch, "told": told, "cells": cells, "mean": mean, "visits": visits})
    touches.sort(key=lambda row: (-row["mean"], str(row["touch"])))
    shown = touches[:TOUCHES]
    return {
        "currency": currency,
        "told": "without a currency" if currency == NO_CURRENCY else currency,
        "by": by,
        "conversions": conversions,
        "value": value,
        "total": _amount(whole, by),
        "touches": shown,
        "left_out": len(touches) - len(shown),
        "chart": answer_charts.credit(
            f"Share of the credit in {currency} by touch and model", _points(shown, models), _families(models)
        ),
    }


def _cell(row: Row | None, by: str, whole: Decimal | None, currency: str) -> Row:
    """A model that gives a touch nothing has no row of it."""
    credited = Decimal(str(row[by] or 0)) if row is not None else Decimal(0)
    share = text.ratio(credited, whole)
    conversions = f"{float(row['conversions'] if row is not None else 0):,.1f} conversions"
    told = f"{text.money(credited, currency)}, {conversions}" if by == "value" else conversions
    return {"share": share, "amount": _amount(credited, by), "level": level(share), "told": told}


def _amount(amount: Decimal | None, by: str) -> str:
    return f"{amount or 0:,.2f}" if by == "value" else f"{float(amount or 0):,.1f}"


def _family(model: Any) -> str:
    return _FAMILY.get(str(model), "shared by a rule")


def _families(models: Sequence[Any]) -> Mapping[str, str]:
    used = {_family(model) for model in models}
    return {name: colour for name, colour in _COLOURS.items() if name in used}


def _points(touches: Sequence[Row], models: Sequence[Any]) -> list[Row]:
    return [
        {
            "touch": row["touch"],
            "model": str(model).replace("_", " "),
            "family": _family(model),
            "share": cell["share"],
            "told": cell["told"],
        }
        for row in touches
        for model, cell in zip(models, row["cells"], strict=True)
    ]
