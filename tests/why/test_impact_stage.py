"""The stage `impact`: the field's worked cases from a lake's tables, currencies apart, nobody who leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows, watermark
from tests.gates_of import failed_checks
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages import impact

SETTINGS = Settings.model_validate(
    {
        "questions": {
            "churn": [
                {"name": "gone", "unit": "account", "rules": ["cancelled"]},
                {"name": "nobody", "unit": "account", "rules": ["cancelled"], "cancel": "never"},
            ],
            "trials": [{"name": "tried", "unit": "account"}],
            "revenue": [{"name": "income", "unit": "account"}],
        },
        "impact": {
            "cases": [
                {
                    "name": name,
                    "title": name,
                    "unit": "account",
                    "affected": {"event": "import failed"},
                    "named_by": {"reasons": ["import"]},
                    "churned_value": {"revenue": "income"},
                    "churn": "gone",
                    **more,
                }
                for name, more in {
                    "dollars": {"link": {"completed": "onboarded", "trials": "tried"}},
                    "calm": {"currency": "JPY", "churn": "nobody", "release": {"version": "9.9"}},
                }.items()
            ]
        },
    }
)
Row = Mapping[str, Any]
Told = Mapping[tuple[str, str, str, str], Row]


def events() -> list[dict[str, Any]]:
    """550 people fail in February; of 40 accounts that leave 10 name it; 200 trials of January."""
    found = []

    def say(name: str, day: str, **more: Any) -> None:
        number = f"{len(found):05d}"
        found.append({"event_id": number, "event_name": name, "event_time": f"{day} 10:00:00", **more})

    say("look", "2026-02-01", person_id="p0")
    for number in range(550):
        say("import failed", f"2026-02-{1 + number % 28:02d}", person_id=f"p{number}")
    for number in range(40):
        account = f"a{number}"
        say("subscription_start", "2026-02-02", account_id=account)
        reason = {"reason": "import" if number % 4 == 0 else "price"}
        say("subscription_cancel", "2026-02-20", account_id=account, properties=json.dumps(reason))
    # 110 complete, 120 convert, 96 do both; one completes after it converted, which brought nothing.
    for number in range(200):
        account = f"t{number}"
        say("trial_start", "2026-01-03", account_id=account)
        if number < 110:
            say("onboarded", "2026-01-04", account_id=account)
        if number < 96 or 110 <= number < 134:
            say("subscription_start", "2026-01-10", account_id=account)
        if number == 133:
            say("onboarded", "2026-01-11", account_id=account)
    return found


@pytest.fixture(scope="module")
def told(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str, str, str], Row]:
    """(case, estimate, measure, month) -> row, from tables of a small lake."""
    income = {"question": "income", "breakdown_by": "all", "period": "2026-02-01", "complete": True}
    revenue = [
        {**income, "currency": "USD", "churn": 64000, "churn_units": 40, "mrr": 100000, "units": 500},
        {**income, "currency": "EUR", "churn": 500, "churn_units": 4, "mrr": 1000, "units": 10},
        # Another question's, and a part of the same.
        {**income, "currency": "USD", "question": "other", "churn": 7},
        {**income, "currency": "USD", "breakdown_by": "plan", "breakdown": "s", "churn": 9},
    ]
    inputs = {
        "activity": rows(spark, "activity", events()),
        "sessions": rows(spark, "sessions"),
        "signals": rows(spark, "signals"),
        "revenue": rows(spark, "revenue", revenue),
        "watermark": watermark(spark, "2026-03-01 00:00:00"),
        **{
            name: rows(spark, name)
            for name in ("segment_members", "feedback_answers", "profiles", "accounts")
        },
    }
    frame = impact.transform(inputs, Context(SETTINGS, str(tmp_path_factory.mktemp("scratch"))))[
        "impact"
    ].cache()
    assert failed_checks(impact.STAGE, {"impact": frame}) == []
    found = {(r["case"], r["estimate"], r["measure"], r["month"]): r.asDict(True) for r in frame.collect()}
    frame.unpersist()
    return found


def part(row: Row, name: str) -> Decimal | None:
    value: Decimal | None = next(one["value"] for one in row["parts"] if one["name"] == name)
    return value


def test_a_quarter_of_64000_is_16000_and_the_reach_of_550_stands_beside_it(told: Told) -> None:
    for month in ("all", "2026-02-01"):
        stated = told["dollars", "stated", "money", month]
        assert stated["value"] == Decimal(16_000)
        assert stated["currency"] == "USD"
        assert stated["reach"] == 550
        assert (part(stated, "churned"), part(stated, "share")) == (40, Decimal("0.25"))
        assert stated["verdict"] == "estimate"


def test_currencies_are_never_mixed(told: Told) -> None:
    dollars, yen = (told[case, "observed", "money", "all"] for case in ("dollars", "calm"))
    assert (part(dollars, "customer_value"), dollars["currency"]) == (Decimal(200), "USD")
    # Nobody pays in yen: no value, and none of another currency in its place.
    assert (part(yen, "customer_value"), yen["currency"]) == (None, "JPY")


def test_a_further_point_of_completion_is_worth_0_61_points_of_conversion(told: Told) -> None:
    link = told["dollars", "link", "money", "all"]
    shares = {
        "completion": "0.55",
        "conversion": "0.6",
        "completed_of_converters": "0.8",
        "converted_of_completers": "0.872727",
        "converted_of_others": "0.266667",
        "points": "0.606061",
    }
    assert {name: part(link, name) for name in shares} == {
        name: Decimal(share).quantize(Decimal("1e-6")) for name, share in shares.items()
    }


def test_where_nobody_leaves_there_is_no_number_and_no_claim(told: Told) -> None:
    stated, observed = (told["calm", estimate, "money", "all"] for estimate in ("stated", "observed"))
    assert stated["value"] is None
    assert stated["too_few"]
    assert part(stated, "churned") == 0
    assert observed["too_few"]
    assert observed["verdict"] == "too few"


def test_a_version_that_nobody_runs_is_not_released(told: Told) -> None:
    assert {row["verdict"] for key, row in told.items() if key[1] == "release"} == {"not released"}


def test_a_case_counts_where_one_is_declared_alone() -> None:
    assert impact.declared(SETTINGS)
    assert not impact.declared(Settings())
