"""What the world `saas` plants comes out within binomial bounds, and not at all in the null world."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from scripts.simulation.saas import effects, realised, world

SEED, PEOPLE, DAYS, START = 23, 2000, 120, dt.date(2026, 1, 5)
BOUND = 4.0
"""Standard deviations: with about sixty shares one in a thousand seeds fails."""


def measured(sizes: effects.Effects) -> dict[str, Any]:
    return {
        name: effect["realised"]
        for name, effect in realised.measure(world.build(SEED, PEOPLE, DAYS, START, sizes)).items()
    }


@pytest.fixture(scope="module")
def planted() -> dict[str, Any]:
    return measured(effects.Effects())


@pytest.fixture(scope="module")
def null() -> dict[str, Any]:
    return measured(effects.nothing())


def near(found: dict[str, Any], share: float) -> None:
    """`found` is a share of the truth; AssertionError outside of the bounds of a binomial."""
    spread = BOUND * math.sqrt(share * (1 - share) / found["n"])
    assert abs(found["share"] - share) <= spread, (SEED, found, share)


def alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two shares of the truth do not differ by more than chance explains."""
    pooled = (one["hits"] + other["hits"]) / (one["n"] + other["n"])
    spread = BOUND * math.sqrt(pooled * (1 - pooled) * (1 / one["n"] + 1 / other["n"]))
    assert abs(one["share"] - other["share"]) <= spread, (SEED, one, other)


def test_shares_come_out_within_their_bounds(planted: dict[str, Any]) -> None:
    near(planted["onboarding"]["completed"], 0.55)
    near(planted["step4_share"], 0.75)
    near(planted["trials"]["converted"], 0.60)
    near(planted["completed_of_converters"], 0.80)
    near(planted["trials"]["converted_of_completers"], 0.8727)
    near(planted["trials"]["converted_of_others"], 0.2667)
    near(planted["import_failure"], 0.31)
    near(planted["failure_csat"]["csat_top_two_after_failure"], 0.25)
    near(planted["failure_csat"]["csat_top_two_after_success"], 0.80)
    near(planted["reason_share"], 0.25)
    near(planted["mood_scores"]["detractors_in_low_mood"], 0.60)
    near(planted["mood_scores"]["detractors_in_good_mood"], 0.15)
    near(planted["export_before_cancel"], 0.62)
    near(planted["detour_share"], 0.40)
    near(planted["detour_share"]["detour_returned"], 0.65)
    near(planted["screenshot_clicks"], 0.55)
    near(planted["button_ignored"], 0.12 * (0.75 + 0.25 * 1.8))
    near(planted["agency_tries"]["button_clicked_by_agencies"], 0.12 * 1.8)
    near(planted["empty_search"], 0.30)
    near(planted["u_turns"], 0.35)
    near(planted["unexpected"], 0.008)
    near(planted["activation"]["back_of_reached"], 0.70)
    near(planted["activation"]["back_of_others"], 0.35)
    near(planted["compared_plans"]["upgraded_after_comparing"], 0.30)
    near(planted["compared_plans"]["upgraded_without_comparing"], 0.10)
    near(planted["taste"], 0.60 + 0.40 / 5)
    alike(planted["experiment"]["control"], planted["experiment"]["treatment"])


def test_those_who_fail_and_those_in_a_low_mood_cancel_oftener(planted: dict[str, Any]) -> None:
    for effect, size in (("failure_churn", 0.10), ("mood_churn", 0.12)):
        found = planted[effect]
        spread = sum(0.25 / found[side]["n"] for side in ("with", "without"))
        assert 0 < found["with"]["share"] - found["without"]["share"] < size + BOUND * math.sqrt(spread)


def test_means_come_out_as_planted(planted: dict[str, Any]) -> None:
    slow = planted["slow_seconds"]
    assert abs(slow["mean_seconds_after"] - slow["mean_seconds_before"] - 20) < 2
    home = planted["held_seconds"]
    assert abs(home["seconds_at_1600_px"] - home["seconds_at_800_px"] - 15) < 0.5
    phones = planted["phone_slower"]["import_contacts"]
    assert 1.1 < phones["median_seconds_on_phones"] / phones["median_seconds_elsewhere"] < 1.35


def test_as_many_people_fail_a_month_as_the_size_of_the_world_gives(planted: dict[str, Any]) -> None:
    by_month = planted["import_failure"]["persons_by_month"]
    assert abs(sum(by_month) / len(by_month) * 4000 / PEOPLE - 550) < 60, (SEED, by_month)


def test_where_nothing_is_planted_nothing_differs(null: dict[str, Any]) -> None:
    near(null["onboarding"]["completed"], 0.55)
    near(null["step4_share"], 1 / 6)
    assert null["fold_week"]["from_day"] is None
    alike(null["trials"]["converted_of_completers"], null["trials"]["converted_of_others"])
    for name in ("import_failure", "reason_share", "detour_share", "empty_search", "u_turns", "unexpected"):
        assert null[name]["hits"] == 0, name
    for effect, one, other in (
        ("mood_scores", "detractors_in_low_mood", "detractors_in_good_mood"),
        ("mood_churn", "with", "without"),
        ("agency_tries", "button_clicked_by_agencies", "button_clicked_by_others"),
        ("activation", "back_of_reached", "back_of_others"),
        ("compared_plans", "upgraded_after_comparing", "upgraded_without_comparing"),
        ("experiment", "control", "treatment"),
    ):
        alike(null[effect][one], null[effect][other])
    near(null["button_ignored"], 0.30)
    near(null["screenshot_clicks"], 0.02)
    near(null["taste"], 1 / 5)
    slow, home = null["slow_seconds"], null["held_seconds"]
    assert abs(slow["mean_seconds_after"] - slow["mean_seconds_before"]) < 2
    assert abs(home["seconds_at_1600_px"] - home["seconds_at_800_px"]) < 0.5


def test_one_effect_can_be_taken_out_or_put_in_alone() -> None:
    assert effects.parse(["detour_share=none"], null=False) == effects.Effects(detour_share=0)
    alone = effects.parse(["slow_seconds=30"], null=True)
    assert alone.slow_seconds == 30
    assert alone.given({"slow_seconds": 0}) == effects.nothing()
    for wrong in ("detour_share", "detour_share=much", "experiment=0.1", "u_turns=2"):
        with pytest.raises(ValueError, match=r"."):
            effects.parse([wrong], null=False)
