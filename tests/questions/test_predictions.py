"""Predictions: what is known before, and how well it held."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import brier_score_loss, roc_auc_score

from tests.factories import rows, watermark
from trailhouse.ask.answer import MODELS, predicted
from trailhouse.ask.parse import parse
from trailhouse.errors import SettingsError
from trailhouse.profiles import build
from trailhouse.profiles.build import profiles_on
from trailhouse.questions.judging import areas, brier, tenths
from trailhouse.questions.predictions import NEEDED
from trailhouse.settings import Prediction, Settings
from trailhouse.stage import Context
from trailhouse.stages.predictions import STAGE
from trailhouse.tables import TABLES

Answers = tuple[dict[tuple[str, str], Any], dict[str, Any]]
FIRST = date(2026, 3, 2)
LAST = FIRST + timedelta(days=20)
"""The last complete day: two horizons of a week after the first day that is learned from."""


def test_what_predictions_do_not_read_is_not_derived(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate(
        {
            "features": {"declared": {"tags": {"use": ["Tag Made"]}}},
            "items": {"events": [{"event": "Item Seen", "item": "properties.item", "kind": "view"}]},
            "profiles": {"traits": [{"name": "said", "event": "Trait Told", "kind": "count"}]},
        }
    )
    frames = {name: rows(spark, name) for name in ("person_days", "sessions", "activity", "identities")}
    day = spark.createDataFrame([(LAST,)], "as_of DATE")

    class Asked(Exception):
        """A part that somebody wants."""

    def wanted(*_: object) -> DataFrame:
        raise Asked

    parts = ((build.used, "feature_uses"), (build.interests, "interests"), (build.computed, "computed"))
    for module, part in parts:
        monkeypatch.setattr(module, part, wanted)
    for name in ("features", "interest_items", "last_interest_day", "computed_traits"):
        with pytest.raises(Asked):
            profiles_on(frames, day, settings, ("person_id", name))
    assert profiles_on(frames, day, settings, NEEDED).columns == list(NEEDED)


def test_areas_and_scores_are_those_of_scikit_learn_and_of_pairs() -> None:
    rng = np.random.default_rng(7)
    outcomes = rng.random(200) < 0.3
    first, second = (np.round(rng.normal(outcomes * gain), 1) for gain in (1.0, 0.3))  # with ties
    found = areas(outcomes, first, second)
    assert found.first == pytest.approx(roc_auc_score(outcomes, first))
    assert found.second == pytest.approx(roc_auc_score(outcomes, second))
    # DeLong's variance by its definition: over all pairs of a person with and one without.
    pairs = (first[outcomes][:, None] > first[~outcomes]) + 0.5 * (
        first[outcomes][:, None] == first[~outcomes]
    )
    variance = pairs.mean(1).var(ddof=1) / len(pairs) + pairs.mean(0).var(ddof=1) / len(pairs.T)
    assert found.first_high - found.first == pytest.approx(1.959964 * variance**0.5, rel=1e-6)
    assert areas(outcomes, first, first).gain_low == pytest.approx(0, abs=1e-9)
    scores = rng.random(200)
    assert brier(outcomes, scores) == pytest.approx(brier_score_loss(outcomes, scores))
    parts = tenths(outcomes, scores)
    assert [part[0] for part in parts] == [20] * 10
    assert sum(part[0] * part[2] for part in parts) == pytest.approx(outcomes.sum())
    assert all(low <= share <= high for _, _, share, low, high in parts)


def world(seed: int = 3) -> Iterator[tuple[str, int]]:
    """(person, day): regulars come on most days and stay; guests come now and then, and ever less."""
    rng = random.Random(seed)
    for number in range(240):
        regular = number % 2 == 0
        for day in range(21):
            if rng.random() < (0.7 if regular else 0.35 * 0.9**day) or day == number % 5:
                yield f"{'regular' if regular else 'guest'}-{number}", day


VIPS = sorted({person for person, _ in world() if int(person.split("-")[1]) < 60})


class Held:
    """A lake of frames."""

    root = "held"

    def __init__(self, frames: dict[str, DataFrame]) -> None:
        self.frames = frames

    def exists(self, table: str) -> bool:
        return table in self.frames

    def read(self, table: str) -> DataFrame:
        return self.frames[table]


def frames(spark: SparkSession, visits: list[tuple[str, int]]) -> dict[str, DataFrame]:
    days = [
        {
            "person_id": person,
            "day": str(FIRST + timedelta(days=day)),
            "first_time": f"{FIRST + timedelta(days=day)} 10:00:00",
            "last_time": f"{FIRST + timedelta(days=day)} 11:00:00",
            "sessions": 1,
        }
        for person, day in visits
    ]
    orders = [
        {"person_id": person, "event_name": "order", "event_time": f"{FIRST + timedelta(days=day)} 10:30:00"}
        for person, day in visits
        if person.startswith("regular") and day % 3 == 0 and int(person.split("-")[1]) % 4 == 0
    ]
    members = [
        {
            "segment": "vip",
            "person_id": person,
            "valid_from": str(FIRST),
            "valid_to": str(FIRST + timedelta(days=8)) if person.startswith("guest") else None,
        }
        for person in VIPS
    ]
    until = f"{LAST + timedelta(days=1)} 08:00:00"
    return {
        "person_days": rows(spark, "person_days", days),
        "segment_members": rows(spark, "segment_members", members),
        "segments": rows(spark, "segments", [{"segment": "vip"}]),
        "events": rows(spark, "events", [{"event_time": until}]),
        "sessions": rows(spark, "sessions"),
        "activity": rows(spark, "activity", orders),
        "identities": rows(spark, "identities"),
        "watermark": watermark(spark, until),
    }


def answered(spark: SparkSession, folder: Path, visits: list[tuple[str, int]], *asked: Prediction) -> Answers:
    """(question, person) -> its prediction; question -> its quality."""
    settings = Settings.model_validate({"questions": {"predictions": [one.model_dump() for one in asked]}})
    found = STAGE.transform(frames(spark, visits), Context(settings, str(folder)))
    people = {(row.question, row.person_id): row for row in found["predictions"].collect()}
    return people, {row.question: row for row in found["prediction_quality"].collect()}


CHURN = Prediction(name="churn", horizon=timedelta(days=7), active_within=timedelta(days=14))


@pytest.fixture(scope="module")
def known(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Answers to who will leave, who will buy again, and who will buy for the first time."""
    buy = {"horizon": "7d", "active_within": "14d", "outcome": "order"}
    again = Prediction.model_validate({"name": "again", "once": False, **buy})
    first = Prediction.model_validate({"name": "first", **buy})
    return answered(spark, tmp_path_factory.mktemp("known"), list(world()), CHURN, again, first)


def test_who_will_leave_is_known_from_what_came_before_and_judged_on_later_time(known: Answers) -> None:
    visits = list(world())
    people, quality = known
    judged = quality["churn"]
    assert (judged.trained_as_of, judged.judged_as_of) == (
        LAST - timedelta(days=14),
        LAST - timedelta(days=7),
    )
    day = (LAST - timedelta(days=7) - FIRST).days
    there = {person for person, on in visits if day - 14 < on <= day}
    stayed = {person for person, on in visits if day < on <= day + 7}
    assert (judged.judged_persons, judged.judged_outcomes) == (len(there), len(there - stayed))
    assert judged.auc > judged.recency_auc > 0.5
    assert judged.auc_low <= judged.auc <= judged.auc_high
    assert judged.brier < judged.base_brier
    assert sum(part.persons for part in judged.calibration) == len(there)
    scored = {person: row for (question, person), row in people.items() if question == "churn"}
    assert set(scored) == {person for person, on in visits if on > (LAST - FIRST).days - 14}
    assert {row.as_of for row in scored.values()} == {LAST}
    worst = [person for person, row in scored.items() if row.decile == 1]
    assert all(person.startswith("guest") for person in worst)
    assert len(worst) in range(len(scored) // 10 - 1, len(scored) // 8)
    assert all(one.weight > 0 for row in scored.values() for one in row.reasons)
    assert all(len(row.reasons) <= 3 for row in scored.values())
    top = people["churn", worst[0]].reasons
    assert [one.weight for one in top] == sorted((one.weight for one in top), reverse=True)
    assert quality["again"].verdict in ("good", "no better than recency")
    assert quality["again"].auc > 0.7
    # Every buyer has bought by the first day, and nobody else ever does.
    assert (quality["first"].verdict, quality["first"].judged_outcomes) == ("too few", 0)
    assert not [person for question, person in people if question == "first"]


def test_nothing_later_than_its_day_enters_a_model(spark: SparkSession, known: Answers) -> None:
    """What came after the day that is judged changes what is judged, not what was learned."""
    _, before = known
    visits = list(world())
    day = (LAST - timedelta(days=7) - FIRST).days
    changed = [(person, on) for person, on in visits if on <= day or "guest" in person]
    line = "predict churn within 7d active_within: 14d"
    asked = parse(line, MODELS)
    assert isinstance(asked, Prediction)
    lake: Any = Held(frames(spark, changed))
    with pytest.raises(SettingsError, match="no segment vips in lake held; did you mean vip"):
        predicted(asked.model_copy(update={"segment": "vips"}), lake, Settings())
    scores, quality = predicted(asked, lake, Settings())
    after = quality.collect()[0]
    assert before["churn"].features == after.features
    assert before["churn"].judged_outcomes < after.judged_outcomes
    assert after.question == line
    assert TABLES["predictions"].select(scores).schema == scores.schema


def test_without_history_or_outcomes_there_is_no_model_and_the_reason_is_told(
    spark: SparkSession, tmp_path: Path
) -> None:
    short = CHURN.model_copy(update={"name": "short", "horizon": timedelta(days=30)})
    few = CHURN.model_copy(update={"name": "few", "enough": 200})
    vips = few.model_copy(update={"name": "vips", "segment": "vip", "to_day": LAST - timedelta(days=2)})
    people, quality = answered(spark, tmp_path, list(world()), short, few, vips)
    assert people == {}
    assert {name: row.verdict for name, row in quality.items()} == {
        "short": "too little history",
        "few": "too few",
        "vips": "too few",
    }
    # Two days earlier than the last: as of the 5th day, when guests were members, too, and the 12th.
    first, second = ({vip for vip, on in world() if day - 14 < on <= day and vip in VIPS} for day in (4, 11))
    assert quality["vips"].trained_as_of == FIRST + timedelta(days=4)
    assert quality["vips"].trained_persons == len(first)
    assert quality["vips"].judged_persons == len({vip for vip in second if vip.startswith("regular")})
    assert quality["few"].auc is None
    assert TABLES["prediction_quality"].column("verdict").values is not None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"horizon": "36h"}, "whole days"),
        ({"numbers": ["shoe_size"]}, "no feature shoe_size"),
        ({"unit": "session"}, "of persons"),
    ],
)
def test_a_wrong_prediction_says_what_it_takes(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Prediction.model_validate({"name": "x", **given})
