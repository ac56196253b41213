"""Lifecycle, stickiness, segments, credit, money, experiments and predictions, as the report shows them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.report.page import Page, report, shop_page
from tests.report.shop import empty_frames, shop_frames
from tests.report.shop_science import variant
from trailhouse.report import (
    answer_charts,
    collect,
    credit,
    experiments,
    items,
    money,
    predictions,
    returns,
    segments,
)

DAY = dt.date(2026, 3, 2)


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def cells(page: Page) -> set[tuple[str, ...]]:
    return {tuple(" ".join(cell.split()) for cell in row) for row in page.rows}


def drawn(page: Page, chart: str) -> list[dict[str, Any]]:
    """All rows of a chart's data."""
    (spec,) = [json.loads(text) for a, text in page.scripts if a.get("id") == chart]
    return [row for values in spec["datasets"].values() for row in values]


def test_lifecycle_adds_up_and_draws_the_dormant_below_zero(shop: Page) -> None:
    assert "628 active in 2026-02-23 = 310 new + 200 returning + 118 resurrecting" in shop.words
    assert ("2026-03-02 *", "263", "113", "77", "73", "551") in cells(shop)
    bars = drawn(shop, "chart-lifecycle-1")
    last = [row for row in bars if row.get("label") == "2026-02-23"]
    assert sum(row["amount"] for row in last if row["amount"] > 0) == 628
    assert [row["amount"] for row in last if row["kind"] == "dormant"] == [-371]


def test_stickiness_is_that_of_the_last_whole_range(shop: Page) -> None:
    (told,) = returns.stickiness(shop_frames())
    assert (told["label"], told["complete"], told["total"]) == ("2026-02", True, 1749)
    assert ("2", "296", "849", "48.5%") in cells(shop)
    # 1,749 units were active on 4,737 days in all
    assert ("2026-02", "1,749", "2.7", "51.5%") in cells(shop)


def test_credit_stands_side_by_side_and_each_model_gives_the_same_total(shop: Page) -> None:
    shown = cells(shop)
    row = (
        "newsletter",
        "1,347.507.3%",
        "6,370.0034.7%",
        "3,736.2520.3%",
        "5,145.0028.0%",
        "4,287.5023.3%",
        "288",
    )
    assert row in shown
    assert ("Total", *["18,375.00"] * 5, "") in shown
    totals = "EUR 18,375.00 300 conversions in EUR GBP 3,000.00 75 conversions in GBP no value 6 conversions"
    assert totals in shop.words
    (told,) = credit.attribution(shop_frames())
    assert told["models"] == ["first", "last", "linear", "time decay", "markov"]
    for part in told["currencies"]:
        for number in range(5):
            assert sum(row["cells"][number]["share"] for row in part["touches"]) == pytest.approx(1)


def test_a_touch_that_a_model_gives_nothing_has_a_cell_of_zero() -> None:
    frames = shop_frames()
    frame = frames["attribution"]
    frames["attribution"] = frame[(frame.touch != "partner_mail") | (frame.model != "last")]
    (told,) = credit.attribution(frames)
    (partner,) = [row for row in told["currencies"][0]["touches"] if row["touch"] == "partner_mail"]
    assert [cell["amount"] for cell in partner["cells"]][:2] == ["1,715.00", "0.00"]


def test_revenue_moves_from_month_to_month_and_cohorts_are_told_by_age(shop: Page) -> None:
    assert (
        "EUR 6,842.00 MRR at the end of 2026-02 126 paying accounts EUR 54.30 a paying account" in shop.words
    )
    row = ("5,544.00", "1,323.00", "260.00", "49.00", "40.00", "294.00", "6,842.00", "126", "54.30", "209.00")
    assert ("2026-02", *row) in cells(shop)
    assert ("2026-02", "32", "45.57", "91.14*") in {row[:4] for row in cells(shop)}
    february = [row for row in drawn(shop, "chart-revenue-1-1") if row.get("label") == "2026-02"]
    assert sum(row["amount"] for row in february) == 6842 - 5544
    (told,) = money.revenue(shop_frames())
    (part,) = told["currencies"]
    assert part["cohorts"]["periods"] == [0, 1, 2, 3, 4, 5]
    assert [sum(cell is not None for cell in row["cells"]) for row in part["cohorts"]["cohorts"]] == [
        *range(6, 0, -1)
    ]


def test_churn_and_trials_are_those_of_months_that_are_over(shop: Page) -> None:
    assert "In 2026-02 14 of 142 went: 9.9%." in shop.words
    assert (
        "In 2026-02 19 of 133 went: 14.3%. By the gaps between active days as they are, 19 days" in shop.words
    )
    assert ("2025-10", "40", "100.0%", "95.0%", "87.5%", "80.0%", "72.5%", "65.0%*") in cells(shop)
    assert (
        "23.9% of the 348 trials that have ended became a subscription (83); 51 are still running"
        in shop.words
    )
    assert ("2026-02 *", "91", "70", "17", "24.3%", "9 d 0 h") in cells(shop)


def test_an_experiment_is_told_with_intervals_and_plain_words(shop: Page) -> None:
    shown = cells(shop)
    (large,) = [row for row in shown if row[0] == "large" and row[3].startswith("16.1%")]
    assert large[1:3] == ("higher at every look", "2,511")
    assert large[4:9] == (
        *("+4.1 pp+2.2 to +6.0 pp", "+34.1%", "<0.001", "0.010+0.4 to +7.8 pp"),
        "+4.0 pp+2.2 to +5.8 pp",
    )
    (icon,) = [row for row in shown if row[0] == "with_icon" and row[3].startswith("14.0%")]
    assert icon[4] == "+1.9 pp+0.04 to +3.8 pp", "an end that would round to nothing has a decimal more"
    assert icon[1] == "higher if this is the one planned look"
    assert {row[1] for row in shown if row[0] in ("large", "with_icon") and row[3].startswith("7.")} == {
        "no difference shown"
    }
    (tablet,) = [row for row in shown if row[:4] == ("device_type", "tablet", "Ordered", "large")]
    assert tablet[4] == "too few 19 units, 30 at least"
    assert "The units are split as planned (p 0.410). 14 were exposed to several variants" in shop.words
    # Of the interval of every look so much is drawn that the other one can be seen.
    (point,) = [row for row in drawn(shop, "chart-experiment-1-1") if row.get("variant") == "large"]
    assert (point["low"], point["always_high"]) == pytest.approx((2.18, 7.8))


@pytest.mark.parametrize(
    ("case", "result"),
    [
        ({}, ("passed", "higher", "at every look")),
        ({"ratio": 0.0002}, ("failed", "not to be read", "the split is broken")),
        ({"units": 99}, ("warned", "higher", "if this is the one planned look")),
        ({"units": 29}, ("warned", "too few", "29 units, 30 at least")),
        ({"control": 0}, ("warned", "no control", "nothing to compare with")),
        ({"of": (-0.03, -0.05, -0.01, -0.06, 0.0)}, ("warned", "lower", "if this is the one planned look")),
        ({"of": (0.01, 0.0, 0.02, -0.1, 0.1)}, ("", "no difference shown", "")),
        # Nobody did it: no variance, no interval, no difference.
        ({"of": (0.0, None, None, None, None)}, ("", "no difference shown", "")),
    ],
)
def test_what_an_experiment_says(case: dict[str, Any], result: tuple[str, str, str]) -> None:
    figures = dict(
        zip(
            ("difference", "difference_low", "difference_high", "always_low", "always_high"),
            case.get("of", (0.05, 0.02, 0.08, 0.01, 0.09)),
            strict=True,
        )
    )
    ratio = {"ratio_p_value": case.get("ratio", 0.5)}
    frame = pd.DataFrame(
        [
            variant("control", "m", case.get("control", 400), mean=0.1, **ratio),
            variant("b", "m", case.get("units", 400), mean=0.15, **figures, **ratio),
        ]
    )
    (told,) = experiments.experiments({"experiments": frame})
    control, other = told["metrics"][0]["variants"]
    assert control["result"] == "the control"
    assert (other["tone"], other["result"], other["note"]) == result
    assert told["split"]["broken"] == ("ratio" in case)
    assert (told["metrics"][0]["chart"] is None) == (figures["difference_low"] is None)


def test_segments_are_told_by_size_overlap_and_what_sets_them_apart(shop: Page) -> None:
    shown = cells(shop)
    assert ("buyers", "236", "9.5%", "118", "47", "472", "did order at least 2 times within 28d") in shown
    # 40 of the 236 buyers, and of the 412 who lapsed
    assert ("buyers", "236", "16.9%40", "", "3.8%9") in shown
    assert ("lapsed_buyers", "412", "", "9.7%40", "0.0%0") in shown
    assert ("profile.orders: 2-3", "61.0%", "2.0%", "30.5 (24.1 to 38.6)") in shown
    assert ("Nothing that is certain.",) in shown
    lines = [row["line"] for row in drawn(shop, "chart-segments")]
    assert {name: lines.count(name) for name in lines} == {
        "lapsed_buyers": 34,
        "buyers": 18,
        "wavering_pros": 34,
    }


def test_sizes_of_a_segment_are_told_backwards_from_todays() -> None:
    last = DAY + dt.timedelta(days=segments.DAYS)
    row = {"as_of": last, "size": 7}

    def line(*changes: tuple[int, int], whole: bool = True) -> list[tuple[int, int]]:
        told = [{"day": last - dt.timedelta(days=back), "change": by} for back, by in changes]
        return [((last - day).days, members) for day, members in segments._line(row, told, whole=whole)]

    start = segments.DAYS - 1
    # Five before the days that are shown, of whom one came long ago; then three more, then one less.
    assert line((500, 1), (400, 4), (30, 3), (2, -1)) == [(start, 5), (30, 8), (2, 7), (0, 7)]
    assert line((30, 3), (2, -1), whole=False) == [(30, 8), (2, 7), (0, 7)]
    assert line((2, 6), (0, 1)) == [(2, 6), (0, 7)], "nobody was there before"
    assert line((start, 7)) == [(start, 7), (0, 7)]


def test_one_segment_has_no_overlap() -> None:
    frames = shop_frames()
    frames["segments"] = frames["segments"].head(1)
    assert segments.segments(frames)["overlap"] is None


def test_predictions_are_judged_against_recency_and_told_with_reasons(shop: Page) -> None:
    assert (
        "churn good The model ranks people better than the day of their last event alone does." in shop.words
    )
    assert "81.2% AUC (79.0% to 83.4%) against 74.1% by the last event's day" in shop.words
    assert "first order too few There is no model: too few persons" in shop.words
    shown = cells(shop)
    assert ("1 (highest)", "190", "85.0% to 94.0%", "171") in shown
    assert ("days since last: 12", "610", "32.1%", "+1.15") in shown
    assert ("main device = mobile_web", "+0.29") in shown, "a value stays as it is"
    assert ("sessions 28", "−0.77") in shown
    assert sum("observed" in row for row in drawn(shop, "chart-calibration-1")) == 10
    told = {one["name"]: one for one in predictions.predictions(shop_frames())}
    assert told["first_order"]["chart"] is None
    assert told["first_order"]["quality"] is None


def test_next_items_are_judged_against_popularity_and_hidden_where_there_are_none(shop: Page) -> None:
    assert "ALS, better than popularity" in shop.words
    assert ("ALS (chosen)", "203", "49.3%", "45.3% to 53.3%", "7.0% to 17.2%", "71.0%") in cells(shop)
    assert ("Popularity", "153", "37.1%", "33.1% to 41.1%", "–", "12.0%") in cells(shop)
    assert tuple(row[1] for row in cells(shop) if row[0] == "sku-5") == ("<b>rugs</b>",)
    assert items.next_items(empty_frames()) is None
    quality = shop_frames()["recommendation_quality"].assign(chosen=[False, False, True])
    told = items.next_items({**empty_frames(), "recommendation_quality": quality})
    assert told is not None
    assert (told["tone"], told["verdict"]) == ("warned", "no better than popularity")


def test_lakes_without_any_of_them_say_so() -> None:
    words = Page(report(empty_frames())).words
    for told in (
        *("No lifecycle is declared", "No attribution is declared", "Neither revenue, churn nor trials"),
        *("No experiment is declared", "No segment is declared", "No prediction is declared"),
    ):
        assert told in words


def test_reads_add_up_credit_sizes_cohorts_and_reasons(spark: SparkSession) -> None:
    credited = {"question": "q", "definition": "d", "unit": "person", "model": "last", "touch": "Email"}
    credited |= {"touch_by": "channel", "currency": "EUR", "total_conversions": 9}
    as_of = DAY + dt.timedelta(days=30)
    stays = [("a", 0, None), ("b", 0, 3), ("b", 5, None), ("c", 3, 6)]
    month = {"question": "q", "definition": "d", "unit": "person", "currency": "EUR", "period": DAY}
    about = {"definition": "d", "unit": "person", "as_of": as_of}

    def reasons(*told: tuple[str, str, str]) -> list[dict[str, Any]]:
        return [dict(zip(("feature", "value", "weight"), one, strict=True)) for one in told]

    tables = {
        "attribution": [
            {**credited, "period": DAY, "conversions": "1.5", "value": "10.1", "touches": 2},
            {**credited, "period": as_of, "conversions": "0.25", "value": "0.2", "touches": 1},
        ],
        "segment_members": [
            {
                "segment": "s",
                "person_id": person,
                "valid_from": DAY + dt.timedelta(days=begin),
                "valid_to": None if end is None else DAY + dt.timedelta(days=end),
            }
            for person, begin, end in stays
        ],
        "revenue": [
            {**month, "breakdown_by": by, "breakdown": value}
            for by, value in (("all", "all"), ("cohort", "2026-01-01"), ("country", "de"))
        ],
        "predictions": [
            {**about, "question": "q", "person_id": person, "score": score, "decile": decile, "reasons": why}
            for person, score, decile, why in (
                ("a", "0.9", 1, reasons(("x", "1", "2"), ("y", "2", "1"))),
                ("b", "0.7", 1, reasons(("x", "1", "1.5"))),
                ("c", "0.1", 2, []),
            )
        ],
        "discovered_segments": [
            {
                "segment": 1,
                "shared": [
                    {"feature": "f", "value": "v", "share_in": "0.5", "share_out": "0.1", "lift": "5",
                     "low": "2", "high": "9"},
                ],
            }
        ],
    }  # fmt: skip
    found = collect({name: rows(spark, name, given) for name, given in tables.items()})

    def told(name: str, *columns: str) -> list[tuple[Any, ...]]:
        return [tuple(values) for values in found[name][list(columns)].itertuples(index=False)]

    assert told("attribution", "conversions", "value", "touches", "first") == [
        (Decimal("1.750000"), Decimal("10.3000"), 3, DAY)
    ]
    changes = {6: -1, 5: 1, 3: 0, 0: 2}
    assert told("segment_days", "segment", "day", "change") == [
        ("s", DAY + dt.timedelta(days=day), change) for day, change in changes.items()
    ]
    assert told("revenue", "cohort") == [(None,), (dt.date(2026, 1, 1),)]
    assert told("prediction_bands", "decile", "persons", "low", "high", "expected") == [
        (1, 2, Decimal("0.700000"), Decimal("0.900000"), Decimal("1.600000")),
        (2, 1, Decimal("0.100000"), Decimal("0.100000"), Decimal("0.100000")),
    ]
    assert told("prediction_reasons", "feature", "value", "persons", "weight") == [
        ("x", "1", 2, Decimal("3.5000")),
        ("y", "2", 1, Decimal("1.0000")),
    ]
    assert [list(value) for (value,) in told("discovered", "shared_feature")] == [["f"]]


def test_of_few_months_each_has_a_point_and_a_tick_of_its_own() -> None:
    def drawn(days: list[dt.date]) -> tuple[Any, Any]:
        rows = [{"day": day, "line": "rate", "value": 0.1, "complete": True} for day in days]
        line, points = answer_charts.lines("Rates", rows, ["rate"], ".0%")["layer"]
        return line["encoding"]["x"]["axis"], points["encoding"]["opacity"]["condition"]["value"]

    few, shown = drawn([dt.date(2026, month, 1) for month in (1, 2, 4)])
    assert (few["format"], [tick["month"] for tick in few["values"]], shown) == ("%b %Y", [1, 2, 4], 1)
    many, hidden = drawn([dt.date(2026, 3, day) for day in range(1, 20)])
    assert (many["format"], "values" in many, hidden) == ("%b %-d", False, 0)
