"""Ranked reasons as rows of the table `reasons`, each told in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.from_counts import rounded
from trailhouse.progress import how_many
from trailhouse.tables.reasons import TABLE
from trailhouse.why.asked import Number
from trailhouse.why.causes import BY_KIND, KEY
from trailhouse.why.weighed import CLAIMED, TOO_FEW, finite

TOP, SESSIONS, COMMENTS = 25, 5, 3
"""Rows of a number; sessions and comments of a row, at most."""
_TYPES = {
    column.name: tuple(map(int, re.findall(r"\d+", column.type)))
    for column in TABLE.columns
    if column.type.startswith("DECIMAL")
}
"""Digits and places of the figures."""


def rows(
    answers: Iterable[tuple[Number, Sequence[Mapping[str, Any]]]], frames: Mapping[str, DataFrame]
) -> pd.DataFrame:
    """The first TOP reasons of each number."""
    shown = [(number, one) for number, found in answers for one in found[:TOP]]
    recorded = _recorded({name for _, one in shown for name in one["sessions"]}, frames)
    told = [_row(number, one, recorded) for number, one in shown]
    return pd.DataFrame(told, columns=[column.name for column in TABLE.columns], dtype=object)


def _row(number: Number, one: Mapping[str, Any], recorded: frozenset[str]) -> dict[str, Any]:
    figures = {**one, "share": one["share_in"], "share_others": one["share_out"]}
    # Those with a recording come first: they show most.
    sessions = sorted(one["sessions"], key=lambda name: (name not in recorded, name))[:SESSIONS]
    return {
        "question": number.name,
        "asked": number.kind,
        "step": number.step,
        "number": number.label,
        **{name: one[name] for name in ("rank", *KEY, "with_it", "units", "others_with_it", "others")},
        **{name: _decimal(name, figures[name]) for name in _TYPES},
        **{name: one[name] for name in ("compared", "too_few", "verdict")},
        "what": _capital(what(one)),
        "sentence": sentence(number, one),
        "comments": list(one["comments"][:COMMENTS]),
        "sessions": [(name, name in recorded) for name in sessions],
    }


def what(one: Mapping[str, Any]) -> str:
    """The reason in words: `rage click on button.pay (/checkout)`."""
    kind, value = one["kind"], one["value"]
    place = f" ({one['page_group']})" if one["page_group"] else ""
    if kind == "unseen":
        return f"did not get down to {value}{place}"
    if kind == "ignored":
        return f"got down to {value} and did not touch it{place}"
    if kind == "signal":
        return f"{value.replace('_', ' ')}" + (f" on {one['element']}" if one["element"] else "") + place
    if kind == "error":
        release = f", release {one['release']}" if one["release"] else ""
        return f"error “{value}”{release}{place}"
    return BY_KIND[kind].told.format(value=value)


def sentence(number: Number, one: Mapping[str, Any]) -> str:
    """What was counted, and how sure it is; never that it is the cause."""
    if number.change:
        first, then = ("earlier", "later") if one["swapped"] else ("later", "earlier")
        ours, others = f"stopped with it in the {first} period", f"in the {then} one"
    else:
        ours, others = (f"of {group}" for group in number.groups)
    counted = (
        f"{_capital(what(one))}: {_of(one['with_it'], one['units'])} {ours}, "
        f"{_of(one['others_with_it'], one['others'])} {others}."
    )
    if one["verdict"] == TOO_FEW:
        return f"{counted} Too few to tell."
    low, high = (_times(one[name]) for name in ("low", "high"))
    if one["verdict"] == CLAIMED:
        return f"{counted} An association: {_times(one['lift'])} times as often ({low} to {high})."
    return f"{counted} No clear difference ({low} to {high} times as often)."


def length(us: int) -> str:
    """A time in words: 45 s, 3.5 min."""
    seconds = us / 1_000_000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.0%})" if whole else f"{part:,} of none"


def _times(value: float | None) -> str:
    known = finite(value)
    if known is None:
        return "?"
    return f"{known:,.0f}" if known >= 20 else f"{known:.1f}" if known >= 1 else f"{known:.2f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _decimal(name: str, value: Any) -> Decimal | None:
    return rounded(value if isinstance(value, Fraction) else finite(value), *_TYPES[name])


def _recorded(sessions: set[str], frames: Mapping[str, DataFrame]) -> frozenset[str]:
    """Those of the sessions that a recording is kept of. An action, where there are recordings."""
    chunks = frames.get("replay_chunks")
    if chunks is None or not sessions:
        return frozenset()
    known = frames["sessions"].where(F.col("session_id").isin(*sorted(sessions)))
    named = chunks.where("client_session_id IS NOT NULL").select("client_session_id").distinct()
    found = known.join(named, on="client_session_id", how="left_semi").select("session_id").collect()
    return frozenset(row["session_id"] for row in found)


def summary(found: pd.DataFrame, units: int, others: int) -> str:
    """One line on what was looked at."""
    claimed = int((found["verdict"] == CLAIMED).sum()) if len(found) else 0
    compared = int(found["compared"].max()) if len(found) else 0
    return (
        f"{how_many(claimed, 'association')} of {compared:,} compared; {units:,} stopped, {others:,} went on"
    )
