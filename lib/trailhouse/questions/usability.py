"""What usability tests come to: success, time and score, with 95 % intervals; small counts, so in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scipy import stats

from trailhouse.identity.spelling import plain
from trailhouse.progress import how_many
from trailhouse.questions.shares import share_of

Row = Mapping[str, Any]
Estimate = tuple[float, float | None, float | None]
"""A value and the ends of its interval, None where one value tells no spread."""


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A study: participants, tasks by name with their figures, SUS; `rows` are those of usability_tests.

    Success is the share of full successes with Wilson's interval, which J. Sauro and J. R. Lewis (2005)
    find to hold for few participants, as the adjusted Wald that it is near to. Time is the geometric mean of
    full successes (Sauro and Lewis, 2010: times are skewed) with Student's interval of their logarithms.
    SUS is the mean of the participants, with Student's interval.
    """
    studies: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        studies[row["study"]].append(row)
    return [
        {
            "study": name,
            "participants": len({row["participant"] for row in own}),
            "tasks": _tasks(own),
            "sus": _sus(own),
        }
        for name, own in sorted(studies.items())
    ]


def _tasks(rows: Sequence[Row]) -> list[dict[str, Any]]:
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        tasks[row["task"]].append(row)
    return [_task(name, own) for name, own in sorted(tasks.items())]


def _task(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    done = [row for row in rows if row["success"] == "success"]
    logs = [math.log(row["time_us"] / 1_000_000) for row in done if row["time_us"]]
    counted = [int(row["errors"]) for row in rows if row["errors"] is not None]
    time = mean_of(logs)
    return {
        "task": name,
        "n": len(rows),
        "success": len(done),
        "partial": sum(row["success"] == "partial" for row in rows),
        "rate": share_of(len(done), len(rows)),
        "timed": len(logs),
        "seconds": time and tuple(None if end is None else math.exp(end) for end in time),
        "errors": sum(counted) / len(counted) if counted else None,
    }


def _sus(rows: Sequence[Row]) -> dict[str, Any] | None:
    scores = {row["participant"]: float(row["sus"]) for row in rows if row["sus"] is not None}
    found = mean_of(list(scores.values()))
    if found is None:
        return None
    mean, low, high = found
    # A score lies within 0 and 100, and so does its interval.
    ends = (None if low is None else max(0.0, low), None if high is None else min(100.0, high))
    return {"n": len(scores), "mean": (mean, *ends)}


def mean_of(values: Sequence[float]) -> Estimate | None:
    """The mean with Student's interval, in any order of the values; None without a value."""
    if not values:
        return None
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, None, None
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stats.t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    return mean, mean - half, mean + half


def told(studies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines for the terminal."""
    for study in studies:
        sus = study["sus"]
        score = f"; SUS {_with_ends(sus['mean'], '.1f')} of {sus['n']}" if sus else ""
        yield f"{plain(study['study'])}: {how_many(study['participants'], 'participant')}{score}"
        for task in study["tasks"]:
            time = f", {_with_ends(task['seconds'], '.0f')} s" if task["seconds"] else ""
            rate = _with_ends(task["rate"], ".0%")
            yield f"  {plain(task['task'])}: {task['success']} of {task['n']}, {rate}{time}"


def _with_ends(of: Estimate, form: str) -> str:
    value, low, high = of
    ends = "" if low is None or high is None else f" ({low:{form}} to {high:{form}})"
    return f"{value:{form}}{ends}"
