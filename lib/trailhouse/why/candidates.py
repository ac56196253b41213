"""Figures of candidates from counts: shares, lifts, how well an action tells the outcome, odds.

Plain functions of pandas frames of whole counts, as `predictors.counts` gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import floor

import numpy as np
import pandas as pd

from trailhouse.settings import Activation
from trailhouse.why.evidence import adjusted, lifts
from trailhouse.why.odds import adjusted_odds

KEY = ["action", "i", "j"]
"""A candidate: its action, the place of its days and of its times in the question's."""


@dataclass(frozen=True)
class Counted:
    """The counts of one question, by kind; candidates are those of its most frequent actions."""

    question: Activation
    counts: pd.DataFrame

    def _of(self, what: str) -> pd.DataFrame:
        found = self.counts[self.counts["what"] == what]
        known = found["action"].isna() | found["action"].isin(self.actions)
        return found[known].copy()

    @cached_property
    def actions(self) -> list[str]:
        """The actions that are judged: those of most cases, of as many the first by name; sorted."""
        found = self.counts[(self.counts["what"] == "times") & self.counts["action"].notna()]
        once = found[found["j"] == found["j"].min()] if len(found) else found
        by_action = once.groupby("action")["n"].sum()
        ranked = sorted(by_action.items(), key=lambda pair: (-pair[1], str(pair[0])))
        return sorted(str(action) for action, _ in ranked[: self.question.limit])

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """KEY of each, sorted: every pair of times and days of each action."""
        every = [
            (action, i, j)
            for action in self.actions
            for i in range(len(self.question.days))
            for j in range(len(self.question.times))
        ]
        return pd.DataFrame(every, columns=KEY)

    @cached_property
    def by_day(self) -> pd.DataFrame:
        """day, with n and hits of all cases whose outcome is known."""
        found = self._of("days")
        return _hits(found[found["action"].isna()], ["day"])

    @cached_property
    def done_by_day(self) -> pd.DataFrame:
        """KEY and day, with n and hits of those who did it at least so often."""
        found = self._of("days")
        return _at_least(found[found["action"].notna()], ["day"])

    @cached_property
    def split_day(self) -> date | None:
        """The first day of the starts that check: with the question's share of cases before it."""
        if self.question.split_day is not None:
            return self.question.split_day
        days = self.by_day.sort_values("day")
        if days.empty:
            return None
        before = days["n"].cumsum() - days["n"]
        late = days["day"][before >= self.question.learn_share * days["n"].sum()]
        return late.iloc[0] if len(late) else None

    def two_by_two(self, days: pd.DataFrame, done: pd.DataFrame) -> pd.DataFrame:
        """By candidate a (hits of those who did it), n (these), b, m (of the others)."""
        units, hits = int(days["n"].sum()), int(days["hits"].sum())
        summed = done.groupby(KEY)[["n", "hits"]].sum()
        found = self.candidates.join(summed, on=KEY).fillna({"n": 0, "hits": 0})
        a, n = found["hits"].astype("int64"), found["n"].astype("int64")
        return pd.DataFrame({"a": a, "n": n, "b": hits - a, "m": units - n})

    @cached_property
    def figures(self) -> pd.DataFrame:
        """A row a candidate: columns of `activations`, and of the parts too_few."""
        split = self.split_day
        whole = self.two_by_two(self.by_day, self.done_by_day)
        parts = {}
        for name, late in (("learned", False), ("later", True)):
            cut = [
                frame[(frame["day"] >= split) == late] if split is not None else frame[:0] if late else frame
                for frame in (self.by_day, self.done_by_day)
            ]
            table = self.two_by_two(*cut)
            parts[name] = lifts(table["a"], table["n"], table["b"], table["m"]).assign(n=table["n"])
        learned, later = parts["learned"], parts["later"]
        found = lifts(whole["a"], whole["n"], whole["b"], whole["m"])
        q_value = adjusted(learned["p"].where(~learned["too_few"]))
        return pd.concat(
            [
                self.candidates,
                pd.DataFrame(
                    {
                        "units": whole["n"] + whole["m"],
                        "with_units": whole["n"],
                        "outcomes_with": whole["a"],
                        "outcomes_without": whole["b"],
                        "share_with": found["share_in"],
                        "share_without": found["share_out"],
                        "lift": found["lift"],
                        "lift_low": found["low"],
                        "lift_high": found["high"],
                        "p_value": found["p"],
                        **telling(whole),
                        "learned_with": learned["n"],
                        "learned_share_with": learned["share_in"],
                        "learned_share_without": learned["share_out"],
                        "learned_lift": learned["lift"],
                        "learned_few": learned["too_few"],
                        "q_value": q_value,
                        "later_with": later["n"],
                        "later_share_with": later["share_in"],
                        "later_share_without": later["share_out"],
                        "later_lift": later["lift"],
                        "later_low": later["low"],
                        "later_high": later["high"],
                        "later_p_value": later["p"],
                        "later_few": later["too_few"],
                    }
                ),
                self._odds(~found["too_few"]),
            ],
            axis=1,
        )

    def _odds(self, wanted: pd.Series) -> pd.DataFrame:
        """odds_ratio, odds_low, odds_high, odds_by of the candidates that are wanted."""
        found = self._of("strata")
        stratum = ["band", "month", *(f"level_{k}" for k in range(len(self.question.adjust)))]
        for k in range(len(self.question.adjust)):
            found[f"level_{k}"] = [levels[k] if levels is not None else None for levels in found["levels"]]
        all_ = _hits(found[found["action"].isna()], ["i", *stratum])
        all_["place"] = all_.groupby("i").cumcount()
        by_days = dict(list(all_.groupby("i")))
        done = _at_least(found[found["action"].notna()], stratum)
        done = done.merge(all_[["i", *stratum, "place"]], on=["i", *stratum])
        of = dict(list(done.groupby(KEY)[["place", "n", "hits"]]))
        levels = {
            i: np.column_stack([pd.factorize(own[name], sort=True)[0] for name in stratum])
            for i, own in by_days.items()
        }
        rows = []
        for key, asked in zip(self.candidates.itertuples(index=False, name=None), wanted, strict=True):
            odds = None
            if asked and key in of:
                own, strata = of[key], by_days[key[1]]
                n, a = np.zeros((2, len(strata)), dtype="int64")
                n[own["place"]], a[own["place"]] = own["n"], own["hits"]
                b, m = strata["hits"].to_numpy() - a, strata["n"].to_numpy() - n
                odds = adjusted_odds(levels[key[1]], a, n, b, m)
            rows.append((odds.ratio, odds.low, odds.high, odds.by) if odds else (np.nan,) * 3 + (None,))
        return pd.DataFrame(rows, columns=["odds_ratio", "odds_low", "odds_high", "odds_by"])

    @cached_property
    def times_of(self) -> pd.DataFrame:
        """KEY, month and bucket (seconds), with n: cases that got there, of those whose days are over."""
        found = self._of("times")
        found = found[found["action"].notna()]
        parts = []
        for i in range(len(self.question.days)):  # who did it in a day did it in three
            own = found[(found["i"] <= i) & (found["mature"] > i)]
            parts.append(own.assign(i=i))
        return _summed(pd.concat(parts), [*KEY, "month", "bucket"], ["n"])

    @cached_property
    def entered(self) -> pd.DataFrame:
        """i and month, with n: cases whose days are over."""
        found = self._of("times")
        found = found[found["action"].isna()]
        parts = [found[found["mature"] > i].assign(i=i) for i in range(len(self.question.days))]
        return _summed(pd.concat(parts), ["i", "month"], ["n"])

    def reach(self, times: pd.DataFrame, entered: int) -> dict[str, float | int | None]:
        """entered, reached, share_reached, median_us, p90_us from rows of `times_of`."""
        reached = int(times["n"].sum())
        return {
            "entered": entered,
            "reached": reached,
            "share_reached": reached / entered if entered else None,
            "median_us": _quantile(times, 0.5),
            "p90_us": _quantile(times, 0.9),
        }


def telling(table: pd.DataFrame) -> dict[str, pd.Series]:
    """recall, f1 and Matthews' correlation (mcc) of the action as a sign of the outcome; nan: no value."""
    a, n, b, m = (table[name].astype("float64") for name in "anbm")
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (n * m * (a + b) * (n - a + m - b)) ** 0.5
        return {
            "recall": a / (a + b),
            "f1": 2 * a / (n + a + b),
            "mcc": (a * (m - b) - b * (n - a)) / apart.where(apart > 0),
        }


def _hits(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """keys, n, hits: cases, and those with the outcome."""
    hits = found["n"].where(found["outcome"].astype(bool), 0)
    return _summed(found.assign(hits=hits), keys, ["n", "hits"])


def _summed(found: pd.DataFrame, keys: list[str], counts: list[str]) -> pd.DataFrame:
    summed: pd.DataFrame = found.groupby(keys)[counts].sum()
    return summed.reset_index()


def _at_least(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """KEY, keys, n, hits: of classes (the most times reached) those who did it at least so often."""
    own = _hits(found, [*KEY, *keys])
    parts = [own[own["j"] >= j].assign(j=j) for j in range(int(own["j"].max()) + 1)] if len(own) else [own]
    return _summed(pd.concat(parts), [*KEY, *keys], ["n", "hits"])


def _quantile(times: pd.DataFrame, share: float) -> int | None:
    """The quantile of buckets with their counts, interpolated between neighbours, in microseconds."""
    if times.empty:
        return None
    by_bucket = times.groupby("bucket")["n"].sum()
    ends = by_bucket.cumsum().to_numpy()
    at = (int(ends[-1]) - 1) * share
    rest = at - floor(at)
    places = np.searchsorted(ends, [floor(at), floor(at) + (rest > 0)], "right")
    low, high = (int(by_bucket.index[int(place)]) for place in places)
    return floor((low + rest * (high - low)) * 1_000_000 + 0.5)
