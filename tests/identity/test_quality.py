"""Scores of found persons, by hand."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.factories import rows
from tests.identity.oracle import Event
from tests.identity.worlds import START, frame
from trailhouse.identity.quality import b_cubed, pairwise
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import identities, identity_links


def _persons(spark: SparkSession, groups: str) -> DataFrame:
    """`ab c` is the person of a and b, and the person of c."""
    rows = [(one, f"person {n}") for n, group in enumerate(groups.split()) for one in group]
    return spark.createDataFrame(rows, "id string, person string")


CASES = [
    # found, truth, pairwise precision and recall, B-cubed precision and recall
    ("abc de", "de abc", 1, 1, 1, 1),
    # Of 10 pairs found, ab, ac, bc and de belong together (4). B-cubed: (3 x 3/5 + 2 x 2/5) / 5.
    ("abcde", "abc de", 4 / 10, 1, 13 / 25, 1),
    # Nobody joined: no pair found, none of 4 recalled. B-cubed recall: (3 x 1/3 + 2 x 1/2) / 5.
    ("a b c d e", "abc de", 1, 0, 1, 2 / 5),
    # Found: ab, cd, ce, de, of which ab and de belong (of 4). Precision: (1 + 1 + 1/3 + 2/3 + 2/3) / 5,
    # recall: (2/3 + 2/3 + 1/3 + 1 + 1) / 5.
    ("ab cde", "abc de", 2 / 4, 2 / 4, 11 / 15, 11 / 15),
    # e was not found at all, so it stands alone; z has no truth, so it is not judged. Of 4 true pairs 3.
    ("abc dz", "abc de", 1, 3 / 4, 1, (3 + 1 / 2 + 1 / 2) / 5),
]


@pytest.mark.parametrize(("found", "truth", "precision", "recall", "b_precision", "b_recall"), CASES)
def test_scores_are_those_counted_by_hand(spark, found, truth, precision, recall, b_precision, b_recall):
    frames = _persons(spark, found), _persons(spark, truth)

    def scores(p: float, r: float) -> dict[str, float]:
        return {"precision": p, "recall": r, "f1": 2 * p * r / (p + r) if p + r else 0}

    assert pairwise(*frames) == pytest.approx(scores(precision, recall))
    assert b_cubed(*frames) == pytest.approx(scores(b_precision, b_recall))


def test_nothing_to_judge_scores_one(spark):
    nobody = _persons(spark, "")
    assert pairwise(nobody, nobody) == b_cubed(nobody, nobody) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


PEOPLE = 400
SEED = 20


def _town() -> tuple[list[Event], dict[str, str]]:
    """Events of people with a phone and a laptop each, and whose each identifier is.

    One in ten shares a family's tablet with the next, where both log in; one in forty types the address
    of another on the own phone; half of the phones were used before the first log-in.
    """
    rng = random.Random(SEED)
    events, truth = [], {}
    for n in range(PEOPLE):
        account, address, devices = f"u{n}", f"m{n}@example.org", [f"phone{n}", f"laptop{n}"]
        truth |= dict.fromkeys((f"user_id:{account}", f"email:{address}"), account)
        truth |= {f"anonymous_id:{device}": account for device in devices}
        day = START + timedelta(days=rng.randrange(20))
        for device in devices:
            events += [Event(day, device)] if rng.random() < 0.5 else []
            events.append(Event(day + timedelta(minutes=5), device, account, {"email": address}))
            events.append(Event(day + timedelta(minutes=9), device, account))
        if n % 10 == 0:
            for user in (n, n + 1):
                at = day + timedelta(days=30 + user - n)
                events.append(Event(at, f"tablet{n}", f"u{user}", {"email": f"m{user}@example.org"}))
        if n % 40 == 0:
            other = f"m{(n + 7) % PEOPLE}@example.org"
            events.append(Event(day + timedelta(days=60), f"phone{n}", None, {"email": other}))
    rng.shuffle(events)
    return events, truth


def test_persons_of_a_town_with_shared_devices_are_those_of_the_truth_where_plain_components_are_not(
    spark: SparkSession, tmp_path: Path
):
    events, truth = _town()
    context = Context(Settings(identity={"engine": "local"}), str(tmp_path))
    daily = identity_links.STAGE.transform({"events": frame(spark, events)}, context)
    inputs = {**daily, "identity_overrides": rows(spark, "identity_overrides")}
    people = identities.STAGE.transform(inputs, context)["identities"].selectExpr(
        "concat(id_type, ':', id_value) AS id", "person_id", "cast(component AS string) AS component"
    )
    true = spark.createDataFrame(sorted(truth.items()), "id string, person string")
    ours = people.selectExpr("id", "person_id AS person")
    plain = people.selectExpr("id", "component AS person")
    scores = {
        name: (pairwise(each, true), b_cubed(each, true)) for name, each in (("ours", ours), ("plain", plain))
    }
    print(scores)
    for quality in scores["ours"]:
        assert quality["f1"] >= 0.99, scores
        assert quality["precision"] >= 0.995, scores
    # Eighty people share a tablet with another, and ten addresses were typed by somebody else.
    assert scores["plain"][0]["precision"] < 0.9, scores
