"""Experiments as the template needs them: variants with figures, and their result in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, heading
from trailhouse.report.text import Row

FEW, FEW_LOOKS = 30, 100
"""Units of a variant, or of the control, below which nothing is said; of the test of every look."""
BROKEN = 0.001
"""P value of the split below which the gate warns, too."""
VALUES, METRICS = 8, 6


def experiments(frames: Frames) -> list[Row]:
    """An experiment: the verdict of its split, its metrics of everyone, and of the values of breakdowns."""
    found = []
    for name, rows in grouped(text.rows_of(frames, "experiments"), "question").items():
        everyone = [row for row in rows if row["breakdown_by"] == "all"]
        if not everyone:
            continue
        split = _split(everyone)
        metrics = [_metric(str(name), own, split) for own in grouped(everyone, "metric").values()]
        parts = [
            {"by": by, "value": value, **_metric(str(name), own, _split(own), chart=False)}
            for (by, value, _), own in grouped(
                [row for row in rows if row["breakdown_by"] != "all"], "breakdown_by", "breakdown", "metric"
            ).items()
        ]
        found.append(
            {
                **heading(name, rows),
                "split": split,
                "metrics": metrics[:METRICS],
                "left_out": max(0, len(metrics) - METRICS),
                "parts": parts[: VALUES * METRICS],
                "parts_left_out": max(0, len(parts) - VALUES * METRICS),
                "comparisons": sum(
                    row["difference"] is not None for one in (*metrics, *parts) for row in one["variants"]
                ),
            }
        )
    return found


def _split(rows: Sequence[Row]) -> Row:
    """How units are split over variants, in words; `broken` where nothing else should be read."""
    variants = {row["variant"]: row for row in rows}
    exposed = sum(int(row["exposed"]) for row in variants.values())
    p = rows[0]["ratio_p_value"]
    broken = p is not None and float(p) < BROKEN
    if p is None:
        told = "There is nothing to compare the split of the units with."
    elif broken:
        told = (
            f"The units are not split as planned (p {_p(p)}): assignment or tracking loses some. "
            "The differences below are not to be read."
        )
    else:
        told = f"The units are split as planned (p {_p(p)})."
    return {
        "broken": broken,
        "told": told,
        "excluded": rows[0]["excluded"],
        "exposed": [
            {"variant": name, "exposed": row["exposed"], "share": text.ratio(row["exposed"], exposed)}
            for name, row in sorted(variants.items(), key=lambda one: (not one[1]["is_control"], str(one[0])))
        ],
    }


def _metric(name: str, rows: Sequence[Row], split: Row, chart: bool = True) -> Row:
    """Variants of a metric, the control first, each with its figures as words."""
    measure, currency = rows[0]["measure"], rows[0]["currency"]
    control = next((row for row in rows if row["is_control"]), None)
    variants = [
        _variant(row, control, split["broken"])
        for row in sorted(rows, key=lambda row: (not row["is_control"], str(row["variant"])))
    ]
    drawn = [row for row in variants if row["interval"]]
    of = {"share": "share of units that did it", "count": "times a unit"}.get(
        measure, f"{currency or 'value'} a unit"
    )
    return {
        "metric": rows[0]["metric"],
        "of": of,
        "variants": variants,
        "points": measure == "share",
        "adjusted": any(row["cuped_difference"] is not None for row in rows),
        "chart": answer_charts.differences(
            f"Differences of {rows[0]['metric']} of {name} from the control, with intervals",
            [_drawn(row, 100 if measure == "share" else 1) for row in drawn],
        )
        if chart and drawn
        else None,
    }


def _variant(row: Row, control: Row | None, broken: bool) -> Row:
    tone, result, note = _result(row, control, broken)
    told = {key: _told(row, key) for key in ("difference", "cuped_difference")}
    intervals = {
        key: _interval(row, f"{stem}low", f"{stem}high", signed=stem != "")
        for key, stem in (
            ("own", ""),
            ("interval", "difference_"),
            ("cuped", "cuped_"),
            ("always", "always_"),
        )
    }
    return {
        **row,
        "mean_told": _figure(row, row["mean"]),
        "difference_told": told["difference"],
        "lift_told": None if row["lift"] is None else _signed(row["lift"], f"{_percent(row['lift'])}%"),
        "cuped_told": told["cuped_difference"],
        **intervals,
        "p": _p(row["p_value"]),
        "cuped_p": _p(row["cuped_p_value"]),
        "always_p": _p(row["always_p_value"]),
        "tone": tone,
        "result": result,
        "note": note,
    }


def _result(row: Row, control: Row | None, broken: bool) -> tuple[str, str, str]:
    """A tone, plain words, and what they depend on.

    An interval without 0 is a difference, at the question's confidence.
    """
    if row["is_control"]:
        return "", "the control", ""
    if control is None or not control["units"]:
        return "warned", "no control", "nothing to compare with"
    if broken:
        return "failed", "not to be read", "the split is broken"
    least = min(int(row["units"]), int(control["units"]))
    if least < FEW or row["difference"] is None:
        return "warned", "too few", f"{text.number(least)} units, {FEW} at least"
    side = _side(row["difference_low"], row["difference_high"])
    if side is None:
        return "", "no difference shown", ""
    if least >= FEW_LOOKS and _side(row["always_low"], row["always_high"]) == side:
        return "passed", side, "at every look"
    return "warned", side, "if this is the one planned look"


def _side(low: Any, high: Any) -> str | None:
    if low is None or high is None or low <= 0 <= high:
        return None
    return "higher" if low > 0 else "lower"


def _told(row: Row, key: str) -> str | None:
    return None if row[key] is None else _figure(row, row[key], signed=True)


def _interval(row: Row, low: str, high: str, *, signed: bool) -> str | None:
    if row[low] is None or row[high] is None:
        return None
    first, last = (_figure(row, row[end], signed=signed) for end in (low, high))
    return f"{first.removesuffix(' pp')} to {last}"


def _figure(row: Row, value: Decimal | float | None, *, signed: bool = False) -> str:
    """A share in percent (a difference in points), a count with three decimals, a value with two."""
    if value is None:
        return text.NOTHING
    if row["measure"] == "share":
        told = f"{_percent(value)}{' pp' if signed else '%'}"
    else:
        told = f"{abs(float(value)):,.{2 if row['currency'] else 3}f}"
    return _signed(value, told, plus=signed)


def _percent(share: Decimal | float) -> str:
    """With a decimal more where one would leave nothing of it."""
    size = 100 * abs(float(share))
    return f"{size:.1f}" if size >= 0.1 or not size else f"{size:.2f}"


def _signed(value: Decimal | float, told: str, *, plus: bool = True) -> str:
    if not any(digit in told for digit in "123456789"):
        return told
    return f"{'−' if value < 0 else '+' if plus else ''}{told}"


def _p(value: Decimal | float | None) -> str:
    if value is None:
        return text.NOTHING
    return "<0.001" if float(value) < 0.0005 else f"{float(value):.3f}"


def _drawn(row: Row, scale: int) -> Row:
    """The ends of what is drawn. An interval of every look may be many times as wide as the other one, so
    that the axis would show nothing else: it is cut at four times its half width."""
    ends = {"low": "difference_low", "high": "difference_high"}
    value = {key: float(row[name]) for key, name in {**ends, "difference": "difference"}.items()}
    reach = 4 * max(value["high"] - value["difference"], value["difference"] - value["low"])
    every = {
        "always_low": max(float(row["always_low"]), value["difference"] - reach),
        "always_high": min(float(row["always_high"]), value["difference"] + reach),
    } if row["always"] else {"always_low": value["low"], "always_high": value["high"]}  # fmt: skip
    return {
        "variant": row["variant"],
        **{key: scale * end for key, end in (value | every).items()},
        "told": row["difference_told"],
        "once": row["interval"],
        "every": row["always"] or text.NOTHING,
    }
