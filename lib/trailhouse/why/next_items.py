"""What to show next: models of items, learned before a split day, judged after it, and the best one's items.

1. As of the split day, `test` days before the last complete day, the models are learned (learned.py).
2. Persons with a history then, and afterwards an item that was new to them, judge: a hit is one of these
   among the recommended.
3. The best model that is better than popularity, with confidence over all models, is learned anew as of the
   last complete day, so that newer items can be recommended; where none is, popularity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import norm

from trailhouse.durations import as_text
from trailhouse.identity.settle import checkpoints, settled
from trailhouse.profiles.keys import last_complete_day
from trailhouse.questions.intervals import wilson
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Items, Project
from trailhouse.tables import TABLES
from trailhouse.tables.next_items import MODELS
from trailhouse.why.interactions import UNIT, faded
from trailhouse.why.learned import Known, collected, learned
from trailhouse.why.recommenders import (
    PLACES,
    CoVisits,
    Factorised,
    Model,
    Next,
    Popularity,
    cosines,
    next_items,
)


def recommend(
    interactions: DataFrame,
    watermark: DataFrame,
    items: Items,
    project: Project,
    scratch: str,
) -> tuple[DataFrame, DataFrame]:
    """Rows of `next_items` and `recommendation_quality`. An engine: it collects, fits and judges.

    `scratch` is the URL of a folder that it may write to.
    """
    spark = interactions.sparkSession
    [(last,)] = last_complete_day(watermark, project).collect()
    [(first,)] = interactions.agg(F.min("day")).collect()
    if last is None or first is None or first > last:
        return no_rows(TABLES["next_items"], interactions), _unjudged(
            spark, items, None, "too little history"
        )
    split = last - items.test
    days = [day for day in (split, last) if first <= day]
    known = learned(interactions, items, days, lambda frame: settled(frame, scratch, "interactions"))
    if split < first:
        quality, chosen = _unjudged(spark, items, None, "too little history"), "popularity"
    else:
        quality, chosen = judged(interactions, items, known[split], last, scratch)
    model = made(chosen, known[last], items, spark, scratch)
    return _recommended(interactions, items, known[last], model), quality


def definition(items: Items) -> str:
    """What counts and what is learned, in one line."""
    counted = ", ".join(f"{one.kind} {one.event.text} x {one.weight.normalize():f}" for one in items.events)
    return (
        f"{counted}; half-life {as_text(items.half_life)}, horizon {as_text(items.horizon)}, "
        f"judged by the last {as_text(items.test)}"
    )


def made(name: str, known: Known, items: Items, spark: SparkSession, scratch: str) -> Model:
    """A model of this name from what is known."""
    if name == "co_visits":
        return CoVisits(cosines(known.pairs, np.array(known.pair_persons, dtype=np.int64)))
    if name == "als":
        return Factorised(_factors(known, items, spark, scratch), items.als.confidence, items.als.penalty)
    persons = max(len(known.persons), 1)
    return Popularity(np.array(known.popular, dtype=np.float64) / 1_000_000 / persons)


def _factors(known: Known, items: Items, spark: SparkSession, scratch: str) -> np.ndarray:
    """items x rank, by Spark ML.

    One partition and one block in a fixed order: with more, sums of doubles would follow the order in which
    blocks arrive.
    """
    from pyspark.ml.recommendation import ALS

    rows = [
        (number, item, float(weight))
        for number, (_, history) in enumerate(sorted(known.persons.items()))
        for item, weight in history
    ]
    frame = spark.createDataFrame(rows, "person INT, item INT, weight DOUBLE").coalesce(1)
    rules = items.als
    engine = ALS(
        rank=rules.rank,
        maxIter=rules.iterations,
        regParam=rules.penalty,
        alpha=rules.confidence,
        seed=rules.seed,
        implicitPrefs=True,
        numUserBlocks=1,
        numItemBlocks=1,
        checkpointInterval=2,
        userCol="person",
        itemCol="item",
        ratingCol="weight",
    )
    # Without checkpoints each iteration lengthens the plan that a task is sent with: ten overflowed a stack.
    with checkpoints(spark, f"{scratch.rstrip('/')}/factors"):
        model = engine.fit(frame)
    found = np.zeros((len(known.items), rules.rank))
    for row in model.itemFactors.collect():
        found[row.id] = row.features
    return found


@dataclass(frozen=True)
class Trial:
    """What a model recommended to persons, and whether one of it came."""

    hits: np.ndarray
    coverage: float


def tried(model: Model, known: Known, came: Mapping[str, set[str]], items: Items) -> Trial:
    """2. By person of `came` (person -> new items), in the order of names: whether there was a hit."""
    hits, shown = [], set()
    for person in sorted(came):
        best = {known.items[one.item] for one in next_items(model, known.persons[person], items.recommended)}
        shown |= best
        hits.append(bool(best & came[person]))
    return Trial(np.array(hits, dtype=bool), len(shown) / len(known.items))


def paired(first: np.ndarray, second: np.ndarray, comparisons: int) -> tuple[float, float, float]:
    """Difference of two shares of the same persons, and both ends of an interval.

    95 % for so many comparisons together (Bonferroni). D. G. Bonett, R. M. Price (2012), Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data, Journal of Educational
    and Behavioral Statistics 37(4).
    """
    n, z = len(first), float(norm.ppf(1 - 0.025 / comparisons))
    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z * sqrt((up + down - (up - down) ** 2) / (n + 2))
    return (gained - lost) / n, max(up - down - half, -1.0), min(up - down + half, 1.0)


def _new_items(interactions: DataFrame, known: Known, last: date) -> dict[str, set[str]]:
    """By person with a history: the items after the split that were not in it."""
    after = interactions.where(F.col("day").between(F.lit(known.day + timedelta(days=1)), F.lit(last)))
    came: dict[str, set[str]] = defaultdict(set)
    for row in collected(after.select("person_id", "item").distinct()):
        came[row["person_id"]].add(row["item"])
    found = {}
    for person, history in known.persons.items():
        new = came.get(person, set()) - {known.items[item] for item, _ in history}
        if new:
            found[person] = new
    return found


def judged(
    interactions: DataFrame, items: Items, known: Known, last: date, scratch: str
) -> tuple[DataFrame, str]:
    """2. Rows of recommendation_quality, and the name of the model to choose; `known` as of the split."""
    spark = interactions.sparkSession
    came = _new_items(interactions, known, last)
    about = {
        "trained_as_of": known.day,
        "judged_to": last,
        "trained_persons": len(known.persons),
        "trained_items": len(known.items),
        "judged_persons": len(came),
    }
    if len(came) < items.enough:
        return _unjudged(spark, items, about, "too few"), "popularity"
    trials = {name: tried(made(name, known, items, spark, scratch), known, came, items) for name in MODELS}
    base, others = trials["popularity"], len(MODELS) - 1
    rows: list[dict[str, Any]] = []
    for name, trial in trials.items():
        row = {"model": name, **about, "hits": int(trial.hits.sum()), "coverage": trial.coverage}
        row["verdict"] = "baseline"
        if name != "popularity":
            gain, low, high = paired(trial.hits, base.hits, others)
            row |= {"gain": gain, "gain_low": low, "gain_high": high}
            row["verdict"] = f"{'better' if low > 0 else 'no better'} than popularity"
        rows.append(row)
    better = [row for row in rows if row["verdict"] == "better than popularity"]
    chosen = max(better, key=lambda row: row["hits"])["model"] if better else "popularity"
    return _quality(spark, items, rows, chosen), chosen


def _unjudged(spark: SparkSession, items: Items, about: dict[str, Any] | None, verdict: str) -> DataFrame:
    rows = [{"model": name, "verdict": verdict, **(about or {})} for name in MODELS]
    return _quality(spark, items, rows, "popularity")


def _quality(spark: SparkSession, items: Items, rows: list[dict[str, Any]], chosen: str) -> DataFrame:
    told = [
        {"chosen": row["model"] == chosen, "definition": definition(items), "recommended": items.recommended}
        | {key: _rounded(value) for key, value in row.items()}
        for row in rows
    ]
    table = TABLES["recommendation_quality"]
    frame = spark.createDataFrame(
        [tuple(row.get(c.name) for c in table.columns) for row in told], table.schema
    )
    judged = F.when(F.col("hits").isNotNull(), F.col("judged_persons"))
    low, high = wilson("hits", judged)
    rate = F.col("hits") / judged
    return frame.withColumns(
        {
            name: F.round(value, 6).cast(table.column(name).type)
            for name, value in (("hit_rate", rate), ("low", low), ("high", high))
        }
    )


def _rounded(value: Any) -> Any:
    return Decimal(repr(value)).quantize(Decimal("0.000001")) if isinstance(value, float) else value


_SHOWN = "as_of DATE, person_id STRING, rank INT, item STRING, category STRING, micro BIGINT, why_item STRING"
_ARROW = pa.schema(
    [
        ("as_of", pa.date32()),
        ("person_id", pa.string()),
        ("rank", pa.int32()),
        ("item", pa.string()),
        ("category", pa.string()),
        ("micro", pa.int64()),
        ("why_item", pa.string()),
    ]
)


@dataclass(frozen=True)
class Recommender:
    """Rows of (person_id, history) to rows of next items: each person's alone, whatever the batches."""

    model: Model
    day: date
    items: list[str]
    categories: list[str | None]
    limit: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [row for person in batch.to_pylist() for row in self._rows(person)]
            yield pa.RecordBatch.from_pylist(found, schema=_ARROW)

    def _rows(self, person: dict[str, Any]) -> Iterator[dict[str, Any]]:
        history = [(one["number"], one["units"] / UNIT) for one in person["history"]]
        for rank, one in enumerate(next_items(self.model, history, self.limit), start=1):
            yield {
                "as_of": self.day,
                "person_id": person["person_id"],
                "rank": rank,
                "item": self.items[one.item],
                "category": self.categories[one.item],
                "micro": round(one.score * 10**PLACES),
                "why_item": self._named(one),
            }

    def _named(self, one: Next) -> str | None:
        return None if one.why is None else self.items[one.why]


def _recommended(interactions: DataFrame, items: Items, known: Known, model: Model) -> DataFrame:
    """3. For every person with an interaction within the horizon, however many there are."""
    since = known.day - items.horizon
    seen = interactions.where((F.col("day") <= F.lit(known.day)) & (F.col("day") > F.lit(since)))
    numbers = interactions.sparkSession.createDataFrame(
        list(enumerate(known.items)), "number INT, item STRING"
    )
    rows = faded(seen.join(F.broadcast(numbers), on="item"), items, ("person_id",))
    each = rows.groupBy("person_id", "number").agg(F.sum("units").alias("units"))
    one = F.struct("number", "units")
    histories = each.groupBy("person_id").agg(F.array_sort(F.collect_list(one)).alias("history"))
    recommender = Recommender(model, known.day, known.items, known.categories, items.recommended)
    found = histories.mapInArrow(recommender, _SHOWN)
    score = (F.col("micro") * F.lit(Decimal(1).scaleb(-PLACES))).cast("DECIMAL(18,6)")
    return found.select("*", score.alias("score"), F.lit(model.name).alias("model")).drop("micro")
