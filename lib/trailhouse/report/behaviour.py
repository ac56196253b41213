"""Pages against what is expected of them, forms, media and tasks as the template needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trailhouse.report import behaviour_charts, charts, text
from trailhouse.report.text import Row
from trailhouse.why.evidence import ALPHA

Frames = Mapping[str, pd.DataFrame]

EVERYONE = "all"
PAGES = 20
FORMS, FIELDS = 6, 14
MEDIA, CURVES = 15, 4
LAST = {"page_group": "Last page", "signal": "Last sign of struggle", "element": "Last click"}


def pages(frames: Frames) -> Row:
    """Pages ranked by the exits, and by the bounces, that they have at least beyond the expected ones."""
    rows = [_with_excess(row) for row in text.rows_of(frames, "pages")]
    exits, bounces = _ranked(rows, "exit", "sessions"), _ranked(rows, "bounce", "entries")
    return {
        "exits": exits[:PAGES],
        "bounces": [row for row in bounces if row["excess_bounce_low"] > 0][:PAGES],
        "left_out": max(0, len(exits) - PAGES),
        "chart": behaviour_charts.excess(exits[:12]) if exits else None,
    }


def _ranked(rows: Sequence[Row], what: str, of: str) -> list[Row]:
    """By the lower end of the excess times how many it is a share of: small pages do not come first."""
    known = [row for row in rows if row[f"excess_{what}_low"] is not None]

    def rank(row: Row) -> tuple[float, float, str]:
        low = float(row[f"excess_{what}_low"])
        return -max(low, 0.0) * int(row[of]), -low, str(row["page_group"])

    return sorted(known, key=rank)


def _with_excess(row: Row) -> Row:
    """With `exit` and `bounce`: the excess in words, and whether it is more or less than expected."""
    told = dict(row)
    for what in ("exit", "bounce"):
        low, middle, high = (row[f"excess_{what}_{end}"] for end in ("low", "rate", "high"))
        told[what] = None
        if low is not None:
            told[what] = {
                "points": points(middle),
                "range": f"{points(low)} to {points(high)}",
                "more": low > 0,
                "less": high < 0,
            }
    return told


def points(share: float | Any) -> str:
    """A difference of shares in percentage points: +3.4 pp."""
    return f"{text.signed(100 * float(share))} pp"


def forms(frames: Frames) -> Row:
    """The forms begun most: counts, devices, fields in the order they are filled in, and a chart."""
    by_form = _grouped(text.rows_of(frames, "forms"), "form_id", "page_group")
    of_fields = _grouped(text.rows_of(frames, "form_fields"), "form_id", "page_group")
    found = []
    for (form, page), rows in by_form.items():
        everyone = next((row for row in rows if row["device_type"] == EVERYONE), None)
        if everyone is None:
            continue
        fields = sorted(
            of_fields.get((form, page), []),
            key=lambda row: (row["mean_position"] is None, row["mean_position"] or 0, str(row["field"])),
        )
        found.append(
            {
                "form": form,
                "page": page,
                "all": everyone,
                "devices": sorted(
                    (row for row in rows if row is not everyone), key=lambda row: str(row["device_type"])
                ),
                "fields": [
                    {**row, "share": text.ratio(row["views"], everyone["started"])} for row in fields[:FIELDS]
                ],
                "more_fields": max(0, len(fields) - FIELDS),
                "chart": _form_chart(form, everyone, fields[:FIELDS]) if everyone["started"] else None,
            }
        )
    found.sort(key=lambda form: (-int(form["all"]["started"] or form["all"]["submitted"]), str(form["form"])))
    return {"forms": found[:FORMS], "left_out": max(0, len(found) - FORMS)}


def _form_chart(form: str, everyone: Row, fields: Sequence[Row]) -> charts.Spec:
    """Views that started it, that touched each field, and that sent it."""
    started = int(everyone["started"])
    counts = [("Started", started)]
    counts += [(str(row["field"]), int(row["views"])) for row in fields if row["views"]]
    counts += [("Submitted", int(everyone["submitted"]))]
    before = [None, *(count for _, count in counts)]
    return charts.funnel(
        str(form),
        [
            {
                "step": place,
                "step_name": name,
                "units": count,
                "from_start": text.ratio(count, started),
                "from_previous": text.ratio(count, previous),
            }
            for place, ((name, count), previous) in enumerate(zip(counts, before, strict=False), start=1)
        ],
    )


def media(frames: Frames) -> Row:
    """Media by views, and the curves of how much of the most viewed ones is watched."""
    rows = text.rows_of(frames, "media")
    shown = sorted(
        (row for row in rows if row["device_type"] == EVERYONE),
        key=lambda row: (-int(row["views"]), str(row["media_id"])),
    )
    named = [{**row, "name": row["title"] or row["media_id"]} for row in shown]
    curves = [
        {
            "name": f"{place}. {text.short(row['name'], 40)}",
            "shares": [text.ratio(count, row["measured_views"]) for count in row["watched"]],
        }
        for place, row in enumerate(named[:MEDIA], start=1)
        if row["watched"] is not None
    ][:CURVES]
    return {
        "media": named[:MEDIA],
        "left_out": max(0, len(named) - MEDIA),
        "curves": curves,
        "chart": behaviour_charts.drop_off(curves) if curves else None,
    }


def tasks(frames: Frames) -> list[Row]:
    """A task: definition, everyone's row, breakdowns, steps with shares, what came last in failures."""
    last = _grouped(text.rows_of(frames, "task_failures"), "task")
    found = []
    for name, rows in _grouped(text.rows_of(frames, "tasks"), "task").items():
        everyone = next((row for row in rows if row["breakdown"] == EVERYONE), None)
        if everyone is None:
            continue
        parts = sorted(
            (row for row in rows if row is not everyone),
            key=lambda row: (str(row["breakdown"]), -int(row["attempts"]), str(row["value"])),
        )
        steps = zip(everyone["step_names"] or [], everyone["step_attempts"] or [], strict=True)
        kinds = _grouped(sorted(last.get(name, []), key=lambda row: int(row["rank"])), "what")
        found.append(
            {
                "name": name,
                "title": str(name).replace("_", " "),
                "definition": everyone["definition"],
                "all": everyone,
                "parts": parts[:12],
                "left_out": max(0, len(parts) - 12),
                "steps": [
                    {"name": step, "attempts": count, "share": text.ratio(count, everyone["attempts"])}
                    for step, count in steps
                ],
                "last": [
                    (LAST.get(str(kind), str(kind)), [_last(row, everyone) for row in values[:5]])
                    for kind, values in kinds.items()
                ],
            }
        )
    return found


def _last(row: Row, everyone: Row) -> Row:
    """A kind of signal in words; pages and selectors as they are; `is_clear` says whether failures have more.

    `failed_with` and `completed_with`: the shares of attempts that had it at all, which the lift compares.

    That they have less is no news: who fails leaves earlier.
    """
    value = row["value"].replace("_", " ") if row["what"] == "signal" else row["value"]
    known = row["q"] is not None and row["q"] < ALPHA and row["low"] is not None and row["low"] > 1
    completed = int(everyone["completed"])
    return {
        **row,
        "value": value,
        "failed_with": text.ratio(row["failures_with"], int(everyone["attempts"]) - completed),
        "completed_with": text.ratio(row["completions_with"], completed),
        "is_clear": known and not row["too_few"],
    }


def _grouped(rows: Sequence[Row], *keys: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)].append(row)
    return found
