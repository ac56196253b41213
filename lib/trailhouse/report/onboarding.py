"""Onboarding as the template needs it: drop-offs, the fold, completion against conversion."""

from __future__ import annotations

from collections.abc import Sequence

from trailhouse.report import answer_charts, text
from trailhouse.report.answers import Frames, grouped, titled
from trailhouse.report.text import Row

EVERYONE = "all"


def onboarding(frames: Frames) -> list[Row]:
    """An onboarding each: steps of everyone, slips by device, a chart of them, the two by two table."""
    folds = grouped(text.rows_of(frames, "onboarding_fold"), "onboarding")
    trials = grouped(text.rows_of(frames, "onboarding_conversion"), "onboarding")
    found = []
    for name, rows in grouped(text.rows_of(frames, "onboarding_steps"), "onboarding").items():
        steps = [row for row in rows if row["device_type"] == EVERYONE]
        most = max(steps, key=lambda row: (float(row["share"] or 0), -int(row["step"])), default=None)
        conversion = trials.get(name, [])
        found.append(
            {
                "title": titled(name),
                "unit": rows[0]["unit"],
                "steps": steps,
                "most": most if most is not None and most["dropped"] else None,
                "slips": [row for row in rows if row["slipped"]],
                "charts": _charts(folds.get(name, [])),
                "trials": [row for row in conversion if row["device_type"] != EVERYONE],
                "everyone": next((row for row in conversion if row["device_type"] == EVERYONE), None),
            }
        )
    return found


def _charts(rows: Sequence[Row]) -> list[Row]:
    """A chart a step: the share below the fold by week and device class."""
    found = []
    for (_, step), own in grouped(rows, "step", "step_name").items():
        devices = sorted({str(row["device_type"]) for row in own if row["judged"]})[:4]
        weeks = [
            {
                "day": text.as_date(row["week"]),
                "line": row["device_type"],
                "value": row["below_fold"] / row["judged"],
                "complete": True,
            }
            for row in sorted(own, key=lambda row: (str(row["week"]), str(row["device_type"])))
            if row["judged"] and row["device_type"] in devices
        ]
        title = f"Lines of the share of views with the element of {step} below the fold, by week"
        found.append({"step": step, "spec": answer_charts.lines(title, weeks, devices, ".0%")})
    return found
