"""Next items: what is learned up to a day, judged by what came after it, and recommended."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from statsmodels.stats.proportion import proportion_confint

from tests.factories import rows, watermark
from tests.why.items_oracle import FIRST, Knowledge, One, by_co_visits, by_popularity, know, tastes
from trailhouse.errors import SettingsError
from trailhouse.settings import Items, Settings
from trailhouse.stage import Context
from trailhouse.stages.next_items import STAGE
from trailhouse.why.export import export_next_items
from trailhouse.why.interactions import UNIT
from trailhouse.why.learned import Known, learned
from trailhouse.why.next_items import judged, paired
from trailhouse.why.recommenders import CoVisits, Factorised, Popularity, cosines, next_items

SEED, PERSONS, DAYS = 900, 120, 70
ITEMS = Items.model_validate(
    {
        "events": [{"event": "product_view", "item": "properties.sku"}],
        **{"half_life": "20d", "horizon": "60d", "together": "5d", "support": 2, "test": "21d"},
        **{"recommended": 8, "als": {"rank": 6, "iterations": 3}},
    }
)
SETTINGS = Settings(items=ITEMS)
LAST = FIRST + timedelta(DAYS - 1)
SPLIT = LAST - timedelta(21)


def frame(spark: SparkSession, ones: Sequence[One]) -> DataFrame:
    return rows(spark, "interactions", [one.row() for one in ones])


def answered(
    spark: SparkSession, ones: DataFrame, folder: Path
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Quality by model, and next items by person."""
    day = LAST + timedelta(1)
    inputs = {"interactions": ones, "watermark": watermark(spark, f"{day} 08:00:00")}
    made = STAGE.transform(inputs, Context(SETTINGS, str(folder)))
    shown: dict[str, list[Any]] = {}
    for row in made["next_items"].orderBy("person_id", "rank").collect():
        shown.setdefault(row.person_id, []).append(row)
    return {row.model: row for row in made["recommendation_quality"].collect()}, shown


@pytest.fixture(scope="module")
def world() -> list[One]:
    return tastes(SEED, PERSONS, DAYS, taste=0.75)


@pytest.fixture(scope="module")
def known(spark: SparkSession, world: list[One]) -> dict[date, Known]:
    return learned(frame(spark, world), ITEMS, [SPLIT, LAST], lambda one: one.cache())


def oracle(ones: list[One], day: date) -> Knowledge:
    return know(ones, day, half_life=20, horizon=60, together=5, support=2)


def test_what_is_known_as_of_a_day_is_what_plain_python_finds_in_its_days_alone(
    known: dict[date, Known], world: list[One]
) -> None:
    for day in (SPLIT, LAST):
        found, expected = known[day], oracle([one for one in world if one.day <= day], day)
        assert (found.items, found.categories) == (expected.items, expected.categories), SEED
        histories = {
            person: {found.items[item]: round(weight * UNIT) for item, weight in history}
            for person, history in found.persons.items()
        }
        assert histories == expected.histories, SEED
        similar = cosines(found.pairs, np.array(found.pair_persons)).toarray()
        for a, one in enumerate(found.items):
            for b, other in enumerate(found.items):
                assert similar[a, b] == pytest.approx(expected.cosines.get((one, other), 0)), (one, other)
        assert len(found.pairs) > 50


@pytest.fixture(scope="module")
def answers(
    spark: SparkSession, world: list[One], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    return answered(spark, frame(spark, world), tmp_path_factory.mktemp("items"))


def test_a_hit_is_an_item_new_to_the_person_among_those_recommended_before_it_came(
    answers: tuple[dict[str, Any], dict[str, list[Any]]], world: list[One]
) -> None:
    quality, _ = answers
    before = oracle(world, SPLIT)
    new: dict[str, set[str]] = {}
    for one in world:
        if (
            one.day > SPLIT
            and one.person in before.histories
            and one.item not in before.histories[one.person]
        ):
            new.setdefault(one.person, set()).add(one.item)
    expected = {
        "popularity": [
            bool({*by_popularity(before, before.histories[person], 8)} & came) for person, came in new.items()
        ],
        "co_visits": [
            bool({item for item, _ in by_co_visits(before, before.histories[person], 8)} & came)
            for person, came in new.items()
        ],
    }
    for model, hits in expected.items():
        row = quality[model]
        assert (row.trained_as_of, row.judged_to, row.recommended) == (SPLIT, LAST, 8)
        assert (row.trained_persons, row.trained_items) == (len(before.histories), len(before.items))
        assert (row.judged_persons, row.hits) == (len(new), sum(hits)), SEED
        low, high = proportion_confint(sum(hits), len(hits), method="wilson")
        assert (float(row.low), float(row.hit_rate), float(row.high)) == pytest.approx(
            (low, sum(hits) / len(hits), high), abs=1e-6
        )
    gain, low, high = paired(*(np.array(expected[model]) for model in ("co_visits", "popularity")), 2)
    row = quality["co_visits"]
    assert (float(row.gain), float(row.gain_low), float(row.gain_high)) == pytest.approx(
        (gain, low, high), abs=1e-6
    )


def test_who_has_a_taste_is_served_better_than_by_popularity_and_told_why(
    answers: tuple[dict[str, Any], dict[str, list[Any]]], world: list[One]
) -> None:
    quality, shown = answers
    assert [quality[name].verdict for name in ("co_visits", "als")] == ["better than popularity"] * 2
    (chosen,) = (row.model for row in quality.values() if row.chosen)
    assert chosen == max(("co_visits", "als"), key=lambda name: quality[name].hits)
    now = oracle(world, LAST)
    assert shown.keys() == now.histories.keys()
    own = 0
    for person, best in shown.items():
        history = now.histories[person]
        assert [row["rank"] for row in best] == list(range(1, 9))
        assert not {row["item"] for row in best} & history.keys()
        assert {row.model for row in best} == {chosen}
        assert all(row.why_item in history for row in best if row.why_item)
        assert all(row.as_of == LAST and row.category == now.categories[now.items.index(row["item"])]
                   for row in best)  # fmt: skip
        own += best[0]["item"][1] == str(int(person[1:]) % 5)
    assert own > 0.7 * len(shown)


def test_rows_in_another_order_and_partitions_give_the_same_to_the_last_digit(
    spark: SparkSession,
    answers: tuple[dict[str, Any], dict[str, list[Any]]],
    world: list[One],
    tmp_path: Path,
) -> None:
    shuffled = frame(spark, world).repartition(3, F.xxhash64("event_id")).sortWithinPartitions("item")
    assert answered(spark, shuffled, tmp_path) == answers


def test_without_tastes_nothing_is_better_than_popularity_and_popularity_is_what_is_shown(
    spark: SparkSession, tmp_path: Path
) -> None:
    world = tastes(SEED + 1, PERSONS, DAYS, taste=0)
    quality, shown = answered(spark, frame(spark, world), tmp_path)
    assert [quality[name].verdict for name in ("popularity", "co_visits", "als")] == [
        "baseline",
        *["no better than popularity"] * 2,
    ]
    assert quality["popularity"].chosen
    now = oracle(world, LAST)
    for person, best in shown.items():
        assert [row["item"] for row in best] == by_popularity(now, now.histories[person], 8)
        assert all(row.why_item is None for row in best)


def test_too_few_persons_or_days_are_told_and_get_popular_items(
    spark: SparkSession, known: dict[date, Known], world: list[One], tmp_path: Path
) -> None:
    more = ITEMS.model_copy(update={"enough": PERSONS + 1})
    found, chosen = judged(frame(spark, world), more, known[SPLIT], LAST, str(tmp_path))
    assert chosen == "popularity"
    assert {(row.verdict, row.hits, row.low) for row in found.collect()} == {("too few", None, None)}
    late = [one for one in world[:200] if one.day > SPLIT]
    quality, shown = answered(spark, frame(spark, late), tmp_path)
    assert {row.verdict for row in quality.values()} == {"too little history"}
    assert {row.model for best in shown.values() for row in best} == {"popularity"}
    assert {row.trained_as_of for row in quality.values()} == {None}
    assert len(shown) == len({one.person for one in late})


def test_factors_of_a_person_are_solved_as_spark_solves_them(
    spark: SparkSession, known: dict[date, Known]
) -> None:
    one = known[SPLIT]
    given = [
        (person, item, weight)
        for person, history in enumerate(one.persons.values())
        for item, weight in history
    ]
    model = ALS(
        rank=4, maxIter=2, regParam=0.2, alpha=3.0, seed=1, implicitPrefs=True, userCol="person",
        itemCol="item", ratingCol="weight",
    ).fit(spark.createDataFrame(given, "person INT, item INT, weight DOUBLE"))  # fmt: skip
    factors = np.zeros((len(one.items), 4))
    for row in model.itemFactors.collect():
        factors[row.id] = row.features
    ours = Factorised(factors, confidence=3.0, penalty=0.2)
    theirs = {row.id: np.array(row.features) for row in model.userFactors.collect()}
    for person, history in enumerate(one.persons.values()):
        items, weights = (np.array(part) for part in zip(*history, strict=True))
        scores = ours.parts(items, weights).sum(axis=0)
        assert scores == pytest.approx(factors @ theirs[person], abs=2e-4)


def test_the_best_are_new_ordered_by_rounded_score_then_popularity_and_say_why() -> None:
    similar = cosines([(0, 2, 3), (0, 3, 3), (1, 3, 1)], np.array([9, 4, 9, 9, 9]))
    model = CoVisits(similar)
    found = next_items(model, [(0, 1.0), (1, 2.0)], 3)
    assert [(one.item, one.why) for one in found] == [(3, 0), (2, 0), (4, None)]
    assert [one.score for one in found] == [pytest.approx(3 / 9 + 2 / 6, abs=1e-6), 0.333333, 0.0]
    assert next_items(model, [(number, 1.0) for number in range(5)], 3) == []
    popular = next_items(Popularity(np.array([0.5, 0.5, 0.25, 0.1])), [(0, 1.0)], 2)
    assert [(one.item, one.score, one.why) for one in popular] == [(1, 0.5, None), (2, 0.25, None)]


def test_a_difference_of_the_same_persons_is_held_by_its_interval_as_often_as_promised() -> None:
    rng, held, always = np.random.default_rng(5), 0, 0
    for _ in range(2000):
        base = rng.random(80) < 0.4
        better = np.where(rng.random(80) < 0.7, base, rng.random(80) < 0.6)
        truth = 0.3 * (0.6 - 0.4)
        _, low, high = paired(better, base, 1)
        held += low <= truth <= high
        _, low, high = paired(better, base, 2)
        always += low <= truth <= high
    assert 0.94 < held / 2000 < 0.985
    assert 0.965 < always / 2000 < 0.995
    same = np.array([True, False] * 20)
    difference, low, high = paired(same, same, 2)
    assert difference == 0
    assert low < 0 < high


class Held:
    """A lake of frames."""

    root = "held"

    def __init__(self, frames: dict[str, DataFrame]) -> None:
        self.read = frames.__getitem__
        self.exists = frames.__contains__


def test_the_export_writes_persons_in_order_and_says_how_far_to_trust_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    given = [
        {"person_id": person, "rank": rank, "item": f"=i{rank}", "model": "als", "score": 0.5}
        for person in ("b", "a")
        for rank in (2, 1)
    ]
    judged = [
        {"model": "als", "verdict": "better than popularity", "chosen": True, "judged_persons": 50,
         "hits": 20, "hit_rate": 0.4},
        {"model": "popularity", "verdict": "baseline", "hit_rate": 0.25},
    ]  # fmt: skip
    lake: Any = Held(
        {
            "next_items": rows(spark, "next_items", given),
            "recommendation_quality": rows(spark, "recommendation_quality", judged),
        }
    )
    out = tmp_path / "next.csv"
    told = export_next_items(lake, out)
    assert (
        told
        == f"4 next items: {out}; by als: 40.0% of 50 persons had one of them later (25.0% by popularity)"
    )
    with out.open(newline="") as file:
        written = [(row["person_id"], row["rank"], row["item"]) for row in csv.DictReader(file)]
    assert written == [("a", "1", "'=i1"), ("a", "2", "'=i2"), ("b", "1", "'=i1"), ("b", "2", "'=i2")]
    empty: Any = SimpleNamespace(exists=lambda table: False, root="empty")
    with pytest.raises(SettingsError, match=r"declare items\.events"):
        export_next_items(empty, out)
