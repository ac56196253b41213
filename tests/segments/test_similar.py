"""What members share against the others, and who is like them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy.stats import false_discovery_control, fisher_exact
from scipy.stats.contingency import relative_risk

from tests.factories import rows
from trailhouse.segments.features import profile_features
from trailhouse.segments.similar import COLUMNS, features_of, look_alikes, shares, similar
from trailhouse.settings import Project, Segment


def test_lifts_intervals_and_p_values_are_those_of_scipy() -> None:
    seed = 7
    draw = np.random.default_rng(seed)
    inside, outside = 40, 160
    members, others = draw.integers(1, inside, 60), draw.integers(1, outside, 60)
    counts = pd.DataFrame(
        {
            "feature": "f",
            "value": [str(n) for n in range(60)],
            "members": members,
            "persons": members + others,
        }
    )
    found = shares(counts, inside, inside + outside).set_index("value")
    p = {}
    for value, a, b in zip(counts["value"], members, others, strict=True):
        row, risk = found.loc[value], relative_risk(int(a), inside, int(b), outside)
        interval = risk.confidence_interval(0.95)
        p[value] = fisher_exact([[a, inside - a], [b, outside - b]]).pvalue
        assert np.allclose(
            [row["lift"], row["low"], row["high"], row["p"], row["share_in"], row["share_out"]],
            [risk.relative_risk, interval.low, interval.high, p[value], a / inside, b / outside],
        ), f"seed {seed}, {row}"
        assert row["too_few"] == (min(a + b, 200 - a - b) * 40 / 200 < 5)
    assert np.allclose(found["p_adjusted"][list(p)], false_discovery_control(list(p.values())))


def test_a_share_of_nothing_has_a_finite_lift_and_what_tells_most_comes_first() -> None:
    counts = pd.DataFrame(
        {
            "feature": ["f"] * 4,
            "value": ["none outside", "same", "less", "three persons"],
            "members": [30, 20, 0, 3],
            "persons": [30, 60, 80, 3],
        }
    )
    found = shares(counts, 40, 120)
    assert list(found["value"]) == ["none outside", "less", "same", "three persons"]
    assert np.isfinite(found[["lift", "low", "high"]].to_numpy()).all()
    assert found["lift"][0] == pytest.approx((30.5 / 40.5) / (0.5 / 80.5))
    assert list(found["too_few"]) == [False, False, False, True]
    assert tuple(found.columns) == COLUMNS
    assert len(shares(counts[:0], 40, 120)) == 0
    for inside in (0, 120):
        with pytest.raises(ValueError, match="nobody to compare"):
            shares(counts, inside, 120)


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> dict[str, DataFrame]:
    """20 members m: from Denmark on the plan pro, who all export; 20 others like them, 40 who are not."""
    people = [
        {
            "person_id": f"{kind}{number:02}",
            "as_of": "2026-03-08",
            "country": "DE" if kind == "z" else "DK",
            "traits": '{"plan": "free"}' if kind == "z" or number % 4 == 0 else '{"plan": "pro"}',
            "sessions": 3 if kind == "z" else 9,
            "engaged_us": 200_000_000,
            "latest_nps": 9 if number % 2 else None,
        }
        for kind, count in (("m", 20), ("k", 20), ("z", 40))
        for number in range(count)
    ]
    events = [
        {"person_id": f"m{number:02}", "event_name": "export", "event_time": "2026-03-05 10:00:00"}
        for number in range(20)
    ]
    events += [
        {"person_id": "z01", "event_name": "export", "event_time": "2026-03-09 10:00:00"},  # after as_of
        {"person_id": "z02", "event_name": "export", "event_time": "2026-03-05 10:00:00", "is_bot": True},
    ]
    return {
        "profiles": rows(spark, "profiles", people),
        "activity": rows(spark, "activity", events),
        "sessions": rows(spark, "sessions"),
    }


def test_a_person_is_told_by_classes_traits_and_events(frames: dict[str, DataFrame]) -> None:
    found = profile_features(frames["profiles"].where("person_id = 'm01'")).collect()
    told = {row.feature: row.value for row in found}
    assert len(told) == len(found)
    assert {
        "profile.country": "DK",
        "profile.sessions": "8-15",
        "profile.orders": "0",
        "profile.events": "1",
        "profile.engaged_minutes": "2-3",
        "profile.latest_nps": "9-10",
        "profile.first_channel": "unknown",
        "trait.plan": "pro",
    }.items() <= told.items()
    assert not {"profile.user_id", "profile.person_id", "profile.traits"} & told.keys()


def test_what_members_share_is_found_and_the_rules_own_words_are_marked(frames: dict[str, DataFrame]) -> None:
    members = frames["profiles"].where("person_id LIKE 'm%'").select("person_id")
    rule = Segment.model_validate({"all": [{"did": "export"}, {"field": "profile.country", "value": "DK"}]})
    found = similar(members, frames, Project(), rule).set_index(["feature", "value"])
    export = found.loc[("event", "export")]
    assert (export["members"], export["others"], export["of_rule"]) == (20, 0, True)
    country = found.loc[("profile.country", "DK")]
    assert (country["share_in"], country["share_out"], country["lift"], country["of_rule"]) == (
        1,
        1 / 3,
        3,
        True,
    )
    plan = found.loc[("trait.plan", "pro")]
    assert (plan["members"], plan["others"], plan["of_rule"]) == (15, 15, False)
    assert plan["low"] > 1
    assert found.loc[("profile.orders", "0")]["lift"] == 1

    near = look_alikes(features_of(frames, Project()), members, found.reset_index(), 25)
    ranked = near.collect()
    assert [row.person_id[0] for row in ranked] == ["k"] * 20 + ["z"] * 5
    # Sessions and plan tell; those without the plan come behind those with it, ties in order of the id.
    assert [row.person_id for row in ranked[:4]] == ["k01", "k02", "k03", "k05"]
    assert ranked[0].reasons == ["profile.sessions = 8-15", "trait.plan = pro"]
    assert float(ranked[0].score) == pytest.approx(np.log(3) + np.log(0.75 / 0.25), abs=1e-5)
    nothing_tells = found.reset_index().assign(too_few=True)
    assert look_alikes(frames["profiles"], members, nothing_tells, 25).collect() == []
