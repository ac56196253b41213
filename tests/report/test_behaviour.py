"""Pages against what is expected, forms, media and tasks, as the report shows them."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.report.page import Page, report, shop_page
from tests.report.shop import empty_frames, shop_frames
from tests.report.shop_behaviour import behaviour_frames
from trailhouse.report import behaviour, collect, task_ways


@pytest.fixture(scope="module")
def shop() -> Page:
    return shop_page()


def cells(page: Page) -> set[tuple[str, ...]]:
    return {tuple(" ".join(cell.split()) for cell in row) for row in page.rows}


def test_pages_are_ranked_by_the_exits_that_they_have_at_least_beyond_the_expected_ones(shop: Page) -> None:
    shown = behaviour.pages(shop_frames())
    ranked = [row["page_group"] for row in shown["exits"]]
    # four of four sessions left the imprint, which is four sessions
    assert ranked[:4] == ["/checkout/payment", "/help/:slug", "/cart", "/imprint"]
    assert [row["page_group"] for row in shown["bounces"]] == ["/product/:slug", "/help/:slug", "/imprint"]
    (line,) = [row for row in cells(shop) if row[0] == "/checkout/payment" and "expected" in row[2]]
    assert line[1:6] == ("430", "30.5% expected 21.0%", "+9.5 pp +5.3 pp to +14 pp", "0", "–")
    assert shown["exits"][0]["bounce"] is None  # no session began there


def test_a_form_shows_its_fields_in_the_order_they_are_filled_in(shop: Page) -> None:
    assert "checkout on /checkout/shipping · 77.2% submitted (73.4% to 80.6%)" in shop.words
    assert ("address", "498", "95.6%", "2", "41 s", "120 · 24.1%", "21 · 17.6%") in cells(shop)
    assert ("phone", "0", "0.0%", "–", "–", "0 · –", "7 · 12.3%") in cells(shop)  # never touched
    assert "newsletter on / · 57 submitted Only its submits are sent" in shop.words
    forms = behaviour.forms(shop_frames())["forms"]
    assert [form["form"] for form in forms] == ["checkout", "signup", "newsletter"]
    assert [row["field"] for row in forms[1]["fields"]] == ["name", "e-mail", "phone"]


def test_the_drop_off_is_drawn_of_media_with_a_length_only(shop: Page) -> None:
    (told,) = [text for a, text in shop.scripts if a.get("id") == "chart-media"]
    drawn = json.loads(told)["datasets"] if "datasets" in told else json.loads(told)
    assert "3. v-03" in str(drawn)
    assert "Garden talk" not in str(drawn)
    (live,) = [row for row in cells(shop) if row[0] == "4. Garden talk, live"]
    assert live[-2:] == ("not collected", "not collected")
    curves = behaviour.media(shop_frames())["curves"]
    first = behaviour_frames()["media"].iloc[0]
    assert curves[0]["shares"][:2] == [count / first.measured_views for count in first.watched[:2]]


def test_a_task_tells_completion_steps_and_what_came_last_when_it_failed(shop: Page) -> None:
    assert "47.0% of 640 attempts completed (43.2% to 50.9%), by 521 people" in shop.words
    shown = cells(shop)
    assert ("2. Form sent", "402", "62.8%") in shown
    assert ("device type", "mobile", "230", "171", "1.3", "72", "31.3% 25.7% to 37.6%", "2 m 21 s",
            "10 m 10 s") in shown  # fmt: skip
    lift = "3.3 2.1 to 5.4"
    assert ("Last sign of struggle", "rage click", "71", "20.9%", "29.8%", "9.0%", lift) in shown
    assert ("", "form#shipping button.continue", "44", "13.0%", "21.8%", "6.6%", lift) in shown
    assert ("", "/cart", "33", "9.7%", "18.6%", "5.6%", "3.3 too few, 2.1 to 5.4") in shown


def test_a_task_tells_where_its_detours_go_and_what_they_take(shop: Page) -> None:
    assert "25.0% of attempts made a detour (21.8% to 28.5%); 60.0% of these came back" in shop.words
    assert "Completed: 38.8% with a detour, 49.8% without (an association)." in shop.words
    (row,) = (one for one in cells(shop) if one[0] == "coupons" and len(one) == 7)
    assert (row[1], row[2][:5], row[3][:5], *row[4:]) == (
        *("70", "10.9%", "37.1%"),
        *("31 s", "1 m 35 s", "25.7%"),
    )
    assert any(row[0] == "All of mobile" for row in cells(shop))


def test_a_change_in_time_is_a_waterfall_of_parts_that_sum_to_it(shop: Page) -> None:
    shown = cells(shop)
    assert ("The whole change", "+24.4 s", "+18 s to +31 s", "yes") in shown  # by release
    assert ("To “Form sent”", "+20 s", "+15 s to +25 s", "yes") in shown
    assert ("Other devices", "−1.5 s", "–", "counted") in shown
    assert ("The whole change", "+12 s", "−9 s to +33 s", "within chance") in shown  # by month
    (release, month) = task_ways.ways(shop_frames())["check_out"]["changes"]
    assert (release["kind"], month["kind"]) == ("release", "month")
    (bars,) = release["chart"]["datasets"].values()
    # Each bar begins where the one before ends, and the last tells the mean after.
    assert [bar["start"] for bar in bars[2:-1]] == [bar["end"] for bar in bars[1:-2]]
    assert (bars[0]["end"], bars[-2]["end"], bars[-1]["end"]) == (130, 154.4, 154.4)


def test_a_change_within_chance_is_told_without_a_picture(shop: Page) -> None:
    (release, month) = task_ways.ways(shop_frames())["check_out"]["changes"]
    assert (release["chart"] is None, month["chart"]) == (False, None)
    assert "Mean time on task, from month 2026-02-01 to 2026-03-01: +12 s, within chance" in shop.words
    assert "Mean time on task, from release 4.1.0 to 4.2.0: " not in shop.words


def test_small_and_even_differences_are_no_claims() -> None:
    frames = shop_frames()
    frames["task_detours"] = frames["task_detours"].assign(too_few=True)
    assert task_ways.ways(frames)["check_out"]["detours"]["verdict"] == "too few attempts to tell"
    frames["task_detours"] = frames["task_detours"].assign(too_few=False, q=0.2)
    assert task_ways.ways(frames)["check_out"]["detours"]["verdict"] == "within chance"


def test_lakes_without_any_of_them_say_so() -> None:
    words = Page(report(empty_frames())).words
    for told in ("there is no exit to expect", "No form has been used", "Nothing has been played",
                 "No task is declared, or nobody has tried one"):  # fmt: skip
        assert told in words


def test_only_rows_over_all_days_are_read_and_of_everyone_where_devices_are_not_shown(
    spark: SparkSession,
) -> None:
    both = [
        {"device_type": device, "period": period}
        for device in ("all", "mobile")
        for period in ("all", "2026-03-02")
    ]
    field = {"form_id": "f", "page_group": "p", "field": "a"}
    task = {"task": "t", "steps": [("one", 3), ("two", 1)]}
    found = collect(
        {
            "pages": rows(spark, "pages", [{"page_group": "p", **one} for one in both]),
            "forms": rows(spark, "forms", [{"form_id": "f", "page_group": "p", **one} for one in both]),
            "form_fields": rows(spark, "form_fields", [{**field, **one} for one in both]),
            "media": rows(spark, "media", [{"media_id": "m", **one, "watched": [1] * 20} for one in both]),
            "tasks": rows(spark, "tasks", [{**task, "period": period} for period in ("all", "w")]),
        }
    )
    assert {name: len(found[name]) for name in ("pages", "forms", "form_fields", "media", "tasks")} == {
        "pages": 1,
        "forms": 2,
        "form_fields": 1,
        "media": 1,
        "tasks": 1,
    }
    (read,) = found["tasks"].itertuples()
    assert (list(read.step_names), list(read.step_attempts)) == (["one", "two"], [3, 1])
    assert isinstance(found["media"], pd.DataFrame)
    assert behaviour.media(found)["media"][0]["watched"] == [1] * 20


def test_reasons_stand_behind_their_numbers_with_what_is_sure_alone(shop: Page) -> None:
    links = [attributes["href"] for tag, attributes in shop.elements if tag == "a" and "href" in attributes]
    # Of the last step of the funnel, and of the task; each leads to the heading of its reasons.
    assert [link for link in links if link.startswith("#why-")] == ["#why-2", "#why-1"]
    shown = cells(shop)
    assert any(row[0].startswith("Error “card was refused” (/pay)") and row[4] == "<0.001" for row in shown)
    assert ("Device mobile", "3.0% 3 of 100", "3.0% 9 of 300", "too few", "0.900", "–") in shown
    assert "No reason stands out among 31 compared." in shop.words
    assert behaviour_frames().keys().isdisjoint({"reasons"})
    headings = {attributes.get("id") for _, attributes in Page(report(empty_frames())).elements}
    assert "reasons" not in headings
