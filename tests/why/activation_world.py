"""Random people with early actions, of which one may go with coming back, counted as the suite does."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from trailhouse.settings import Activation

QUESTION = Activation.model_validate(
    {"name": "q", "days": [3, 7], "times": [1, 3], "adjust": ["device_type"]}
)
FIRST = dt.date(2026, 1, 1)
ACTIONS = [f"action {k}" for k in range(8)]


def counts(seed: int, units: int, gain: float) -> pd.DataFrame:
    """Rows of `predictors.counts`: the first action three times in a week adds `gain` to a chance of 0.35.

    The busy, by days that they are active on, do all of it oftener; that is no reason to come back.
    """
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 84, units)
    device = rng.choice(["desktop", "mobile"], units)
    active = rng.integers(1, 8, units)
    often = np.r_[1.0, rng.uniform(0.3, 1, len(ACTIONS) - 1)] * 0.075
    done = rng.poisson(active[:, None, None] * often[:, None], (units, len(ACTIONS), 7))
    by_days = np.cumsum(done, axis=2)[:, :, [2, 6]]
    outcome = rng.random(units) < 0.35 + gain * (by_days[:, 0, 1] >= 3)
    months = [f"{FIRST + dt.timedelta(days=int(d)):%Y-%m}" for d in day]
    people = pd.DataFrame(
        {
            "day": [FIRST + dt.timedelta(days=int(d)) for d in day],
            "month": months,
            "levels": [(one,) for one in device],
            "band": np.minimum(active, 4),
            "outcome": outcome,
            "mature": 2,
        }
    )
    parts = []
    for i in range(2):
        parts.append(_counted(people.assign(what="strata", i=i), ["i", "band", "levels", "month", "outcome"]))
    parts.append(_counted(people.assign(what="days"), ["day", "outcome"]))
    parts.append(_counted(people.assign(what="times"), ["mature", "month"]))
    for k, action in enumerate(ACTIONS):
        for i in range(2):
            reached = (by_days[:, k, i][:, None] >= np.array(QUESTION.times)).sum(axis=1) - 1
            own = people.assign(action=action, i=i, j=reached)[reached >= 0]
            parts.append(
                _counted(
                    own.assign(what="strata"), ["action", "i", "j", "band", "levels", "month", "outcome"]
                )
            )
            parts.append(_counted(own.assign(what="days"), ["action", "i", "j", "day", "outcome"]))
        for j, times in enumerate(QUESTION.times):
            got = by_days[:, k, 1] >= times
            own = people.assign(action=action, i=np.where(by_days[:, k, 0] >= times, 0, 1), j=j)[got]
            own = own.assign(bucket=3600 * (1 + own["i"]))
            parts.append(
                _counted(own.assign(what="times"), ["action", "i", "j", "mature", "month", "bucket"])
            )
    found = pd.concat(parts, ignore_index=True)
    return found.sample(frac=1, random_state=seed)  # the order of rows tells nothing


def _counted(people: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    found = people.groupby(["what", *keys]).size().rename("n").reset_index()
    if "action" not in found:
        found["action"] = None
    return found
