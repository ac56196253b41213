"""Numbers as people read them, and rows as plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

Row = dict[str, Any]

NOT_COLLECTED = "not collected"
NOTHING = "–"


def rows_of(frames: Mapping[str, pd.DataFrame], name: str) -> list[Row]:
    """The rows of a frame with nulls of every kind as None and numpy's numbers as Python's."""
    frame = frames.get(name)
    if frame is None or frame.empty:
        return []
    names = [str(column) for column in frame.columns]
    return [
        {key: _plain(value) for key, value in zip(names, values, strict=True)}
        for values in frame.itertuples(index=False, name=None)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bool, Decimal)):
        return value
    if isinstance(value, (list, tuple)) or hasattr(value, "shape") and getattr(value, "shape", ()) != ():
        return [_plain(part) for part in value]
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if hasattr(value, "item"):
        value = value.item()
    # pandas turns whole numbers with a null among them into floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number(value: float | Decimal | None, missing: str = NOT_COLLECTED) -> str:
    """12,345; at most one decimal."""
    if value is None:
        return missing
    rounded = round(float(value), 1)
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.1f}"


def percent(share: float | Decimal | None, missing: str = NOTHING) -> str:
    """A share of 1 as 12.3%; a share that would round to none but is some, as <0.1%."""
    if share is None:
        return missing
    return "<0.1%" if 0 < float(share) < 0.0005 else f"{100 * float(share):.1f}%"


def duration(microseconds: float | None, missing: str = NOTHING) -> str:
    """850 ms, 43 s, 1 m 23 s, 2 h 05 m, 3 d 4 h."""
    if microseconds is None:
        return missing
    if microseconds < 999_500:
        return f"{microseconds / 1000:.0f} ms" if microseconds else "0 s"
    seconds = round(microseconds / 1_000_000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} m"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


def money(amount: float | Decimal | None, currency: str | None) -> str:
    """EUR 12,345.60; the currency stays a code, for it may be anything."""
    if amount is None:
        return NOTHING
    return f"{currency or '(no currency)'} {Decimal(str(amount)):,.2f}"


def amount(value: float | Decimal | None, missing: str = NOTHING) -> str:
    """12,345.60, of a table that tells its currency elsewhere."""
    return missing if value is None else f"{Decimal(str(value)):,.2f}"


def short(value: str | None, most: int, missing: str = "(none)") -> str:
    """At most so many characters, the last an ellipsis where some are left out."""
    found = value or missing
    return found if len(found) <= most else found[: most - 1] + "…"


def signed(value: float | Decimal) -> str:
    """+12 or -4.5, with a true minus sign."""
    size = number(abs(float(value)))
    if size == "0":
        return size
    return f"{'−' if value < 0 else '+'}{size}"


def day(value: date | datetime | str | None) -> str:
    """2026-03-01; a timestamp loses its time."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = value.date()
    return str(value)


def moment(value: datetime | None) -> str:
    """2026-03-01 17:05 UTC."""
    return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def as_date(value: date | datetime | str) -> date:
    """The day of what pandas made of a DATE."""
    if isinstance(value, datetime):
        return value.date()
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def ratio(part: float | Decimal | None, whole: float | Decimal | None) -> float | None:
    """part / whole; None where there is nothing to share."""
    return float(part) / float(whole) if part is not None and whole else None


@dataclass(frozen=True)
class Change:
    """A difference from the week before, in words and as good, bad or neither."""

    text: str
    tone: Literal["good", "bad", "flat"]
    spoken: str


def change(
    now: float | Decimal | None,
    before: float | Decimal | None,
    better: Literal["up", "down", "none"],
    points: bool = False,
) -> Change | None:
    """The change in percent, or in percentage points of two shares; None without both numbers."""
    if now is None or before is None or (not points and not before):
        return None
    difference = float(now) - float(before)
    amount = 100 * difference if points else 100 * difference / float(before)
    unit = " pp" if points else "%"
    text = f"{abs(amount):.1f}{unit}"
    if text == f"0.0{unit}":
        return Change("no change", "flat", "no change against the week before")
    rising = difference > 0
    tone: Literal["good", "bad", "flat"] = "flat"
    if better != "none":
        tone = "good" if rising == (better == "up") else "bad"
    words = {"good": ", better", "bad": ", worse", "flat": ""}[tone]
    spoken = f"{'up' if rising else 'down'} {text} against the week before{words}"
    return Change(f"{'▲' if rising else '▼'} {text}", tone, spoken)
