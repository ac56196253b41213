"""PostHog's exported events, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.posthog_cases import (
    BAD,
    BROWSER,
    CHAIN,
    DEVICE,
    GOOD,
    LEAVE,
    OLD,
    OTHER,
    PERSON,
    URL,
)
from tests.sources.reading import by_name, line, of_files
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES


@pytest.fixture(scope="module")
def found(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """Every case prepared in one pass: good ones by their uuid, bad ones by their bytes' name."""
    file = tmp_path_factory.mktemp("posthog") / "export.jsonl"
    file.write_bytes(
        b"\n".join([b"", b"  ", *map(line, [*GOOD, *(record for record, _ in BAD.values())])]) + b"\r\n"
    )
    settings = Settings.model_validate({"raw": {"max_record_bytes": 9000}, "privacy": {"ip": "truncate"}})
    rows = by_name(of_files(spark, "posthog", [file], settings), BAD)
    assert sum(map(len, rows.values())) == len(GOOD) + len(BAD), "blank lines are no records"
    return rows


@pytest.fixture(scope="module")
def rows(found: dict[str, list[Row]]) -> dict[str, Row]:
    return {name: several[0] for name, several in found.items()}


def left(row: Row) -> Any:
    """What stays in `properties` besides what every event of a browser carries there."""
    kept = json.loads(row.properties)
    return {key: value for key, value in kept.items() if key not in BROWSER}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_goes_to_quarantine_with_every_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


@pytest.mark.parametrize("name", sorted({case["uuid"] for case in GOOD}))
def test_a_good_record_has_no_reason_and_keeps_no_bytes(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].reasons, rows[name].raw, rows[name].refused) == ([], None, False)


def test_every_kind_of_event_has_its_canonical_name(rows: dict[str, Row]) -> None:
    expected = {
        "page": "page_view", "screen": "screen_view", "leave": "visibility", "click": "click",
        "touch": "click", "change": "form_change", "submit": "form_submit",
        "drag": "$autocapture", "rage": "$rageclick",
        "identify": "identify", "set": "identify", "alias-js": "alias", "merge": "alias", "group": "group",
        "exception": "error", "vital": "web_vital", "flag": "experiment_exposure", "shown": "survey_shown",
        "answered": "survey_response", "answered-part": "survey sent", "dismissed": "survey_dismissed",
        "heatmap": "$$heatmap", "opt-in": "$opt_in", "plain": "onboarding step",
    }  # fmt: skip
    assert {name: rows[name].event_name for name in expected} == expected


def test_a_page_view_fills_the_columns_and_leaves_what_it_does_not_know(rows: dict[str, Row]) -> None:
    row = rows["page"]
    page = row.page
    assert (page.url, page.title, page.referrer, page.view_id) == (URL, "A cup", "https://a.example/", "v-1")
    assert (row.client_session_id, row.tab_id, row.language, row.release) == ("s-1", "w-1", "de-DE", "1.2")
    assert row.viewport.asDict() == {"width": 390, "height": 845}
    assert row.geo.asDict() == {"country": "DE", "region": "Berlin", "city": "Berlin"}
    assert (row.ip, row.user_agent) == ("203.0.113.0", "Mozilla/5.0")
    assert (row.campaign.source, row.campaign.name, row.campaign.click_id) == ("mail", "spring", "g-1")
    assert (row.app_id, row.platform, row.account_id, row.navigation_type) == (
        "phc_key",
        "web",
        "acme",
        "back_forward",
    )
    assert (row.source, row.flags, row.identifiers) == ("posthog", [], {"email": "ann@shop.example"})
    # The address and the parts of URLs stand in no second place.
    assert left(row) == {
        "$screen_width": 390,
        "$geoip_country_name": "Germany",
        "gclid": "g-1",
        "$sent_at": "2026-03-02T09:00:00Z",
        "$groups": {"company": "acme", "team": "red"},
        "$record": {"person_id": "p-1", "person_properties": PERSON},
    }


def test_properties_may_be_an_object_or_its_text(rows: dict[str, Row]) -> None:
    assert (rows["encoded"].app_id, rows["encoded"].page.referrer, rows["encoded"].platform) == (
        "7",
        None,
        "web",
    )
    assert left(rows["encoded"]) == {"extra": 1}


def test_the_time_is_taken_as_corrected_and_arrival_as_created(rows: dict[str, Row]) -> None:
    row = rows["page"]
    # The device sent it an hour behind; the timestamp has been corrected by that already.
    assert row.event_time == datetime(2026, 3, 2, 10, 0, 0, 250_000)
    assert (row.sent_time, row.received_time) == (None, datetime(2026, 3, 2, 10, 0, 5))
    assert rows["inserted"].received_time == datetime(2026, 3, 2, 10, 0, 7, 500_000)
    assert (rows["future"].event_time, rows["future"].flags) == (
        datetime(2026, 3, 2, 10, 0, 5),
        ["future_time"],
    )
    assert rows["epoch"].event_time == datetime(2026, 3, 2, 10, 0, 0, 500_000)


def test_a_click_has_the_element_of_its_chain(rows: dict[str, Row]) -> None:
    row = rows["click"]
    assert row.element.asDict(True) == {
        # From the nearest element with an id; values may hold quotes, colons and semicolons.
        "selector": "div#shelf > a.btn.md:flex:nth-child(3) > span.label:nth-child(2)",
        "text": 'Buy "now"; it:s here',
        "tag": "span",
        "href": "/cart?a=1;b",
        "interactive": True,
        "box": None,
        "x": None,
        "y": None,
    }
    assert left(row) == {"$ce_version": 1, "$record": {"elements_chain": CHAIN}}
    long, bare = rows["long"].element, rows["bare"].element
    assert (long.text, long.selector, long.interactive) == ("deep", "div:nth-child(1)", None)
    assert (bare.text, bare.tag, bare.selector) == ("Go", "canvas", "div > canvas")
    assert rows["touch"].element is None


def test_form_events_name_their_form_and_field(rows: dict[str, Row]) -> None:
    assert rows["change"].form.asDict() == {"id": "signup", "field": "email"}
    assert rows["change"].element.selector == "input#mail"
    assert rows["submit"].form.asDict() == {"id": "signup", "field": None}
    assert rows["click"].form is None


def test_a_rage_click_is_no_second_click(rows: dict[str, Row]) -> None:
    row = rows["rage"]
    assert (row.event_name, row.element.text) == ("$rageclick", 'Buy "now"; it:s here')
    assert left(row)["$event_type"] == "click"


def test_a_page_that_is_left_tells_how_far_it_was_scrolled(rows: dict[str, Row]) -> None:
    row = rows["leave"]
    assert (row.scroll_offset, row.page.view_id) == (600, "v-1")
    assert row.document.asDict() == {"width": None, "height": 2000}
    assert left(row) == LEAVE
    assert rows["pulled"].scroll_offset == 0, "a page pulled past its top counts as its top"


def test_a_screen_is_named_as_its_title(rows: dict[str, Row]) -> None:
    row = rows["screen"]
    assert (row.page.title, row.page.group, row.language, row.platform) == (
        "Basket",
        "Basket",
        "en-GB",
        "ios",
    )


def ids(row: Row) -> tuple[str | None, str | None, str | None]:
    return row.user_id, row.anonymous_id, row.previous_id


def test_an_identify_links_the_anonymous_id_to_the_user(rows: dict[str, Row]) -> None:
    row = rows["identify"]
    assert ids(row) == ("u-1", DEVICE, None)
    assert json.loads(row.traits) == {"email": "A@b.example", "plan": "pro"}
    assert row.identifiers == {"email": "a@b.example", "phone": "1"}
    assert left(row) == {"$set_once": {"first": "x", "phone": "1"}}
    assert (ids(rows["set"]), rows["set"].traits) == ((None, DEVICE, None), '{"plan":"free"}')
    assert json.loads(rows["set-column"].traits) == {"plan": "free"}
    assert left(rows["set-column"]) == {"$record": {"set_once": {"a": 1}}}


def test_an_alias_finds_its_user_whichever_id_comes_first(rows: dict[str, Row]) -> None:
    assert ids(rows["alias-js"]) == ("u-1", None, DEVICE)
    assert ids(rows["alias-user"]) == ("u-1", None, OTHER)
    assert ids(rows["alias-swapped"]) == ("u-1", None, OTHER)
    assert ids(rows["merge"]) == (OTHER, None, "old")
    assert json.loads(rows["alias-user"].properties) == {"$lib": "posthog-python", "$lib_version": "6.7.0"}


def test_a_group_that_nobody_sent_names_no_user(rows: dict[str, Row]) -> None:
    row = rows["group"]
    assert (ids(row), row.account_id, row.traits) == ((None, "$company_acme", None), "acme", '{"seats":3}')


@pytest.mark.parametrize(
    ("name", "user", "anonymous"),
    [
        ("plain", None, DEVICE),
        ("known", "u-1", None),
        ("identified", OTHER, None),
        ("after-reset", None, OTHER),
        ("two-ids", "u-1", DEVICE),
        ("cookieless", None, "cookieless_ab12"),
        ("server", OTHER, None),
        ("personless", None, OTHER),
        ("unmarked-uuid", None, OTHER),
        ("unmarked-old", None, OLD),
        ("unmarked-name", "ann@shop.example", None),
        ("number-id", "42", None),
    ],
)
def test_the_distinct_id_is_a_user_or_a_device(
    rows: dict[str, Row], name: str, user: str | None, anonymous: str | None
) -> None:
    assert ids(rows[name]) == (user, anonymous, None)


def test_an_id_stands_in_no_second_place(rows: dict[str, Row]) -> None:
    kept = json.loads(rows["plain"].properties)
    assert {"distinct_id", "$device_id"} & set(kept) == set()
    assert "$user_id" not in json.loads(rows["known"].properties)
    # A device's id that no column has would be lost.
    assert json.loads(rows["after-reset"].properties)["$device_id"] == DEVICE


def test_the_platform_is_told_by_the_library(rows: dict[str, Row]) -> None:
    names = ("plain", "touch", "android", "flutter", "server", "unknown-lib", "unmarked-uuid")
    expected = ["web", "ios", "android", "android", "server", None, None]
    assert [rows[name].platform for name in names] == expected


def test_surveys_flags_and_consent_fill_their_columns(rows: dict[str, Row]) -> None:
    assert rows["shown"].survey.asDict() == {"id": "s-9", "kind": "nps", "score": None, "answer": None}
    assert rows["answered"].survey.asDict() == {"id": "s-9", "kind": "nps", "score": 9, "answer": "fast"}
    assert rows["answered-old"].survey.asDict() == {
        "id": "s-8",
        "kind": None,
        "score": None,
        "answer": "good",
    }
    assert (rows["dismissed"].survey.id, rows["dismissed"].survey.kind) == ("s-9", None)
    assert rows["answered-part"].survey is None
    assert left(rows["answered"])["$survey_response_q-2"] == "fast"
    assert [one.asDict() for one in rows["flag"].experiments] == [{"name": "new-cart", "variant": "true"}]
    assert left(rows["flag"]) == {}
    # Without a name there is no experiment to hold it.
    assert left(rows["flag-nameless"]) == {"$feature_flag_response": "b"}
    assert rows["opt-in"].consent == "opt_in"


def test_a_heatmap_stays_one_event_with_its_points(rows: dict[str, Row]) -> None:
    assert left(rows["heatmap"]) == {"$heatmap_data": {URL: [{"x": 1, "y": 2, "type": "mousemove"}]}}


def test_a_custom_event_keeps_its_properties_with_their_types_and_may_tell_of_money(
    rows: dict[str, Row],
) -> None:
    assert left(rows["plain"]) == {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}
    assert (rows["paid"].value, rows["paid"].currency) == (Decimal("25.0000"), "EUR")
    # The other revenue was not taken, so it stays.
    assert left(rows["paid"]) == {"revenue": 19.99, "sku": "c-1"}


def test_a_field_of_a_wrong_type_is_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong"]
    wrong = ("$current_url", "$viewport_width", "title")
    assert set(row.flags) == {f"wrong_type:properties.{key}" for key in wrong}
    assert (row.page, row.viewport, row.client_session_id) == (None, None, "[object Object]")
    assert left(row) == {
        "$current_url": {"a": 1},
        "$viewport_width": "wide",
        "$viewport_height": 844,
        "title": ["a"],
    }
    leave = rows["wrong-leave"]
    assert (leave.scroll_offset, leave.flags) == (None, ["wrong_type:properties.$prev_pageview_max_scroll"])
    money = rows["wrong-money"]
    assert (money.value, money.flags) == (None, ["wrong_type:properties.revenue"])
    assert left(money) == {"revenue": "a lot"}
    assert rows["wrong-title"].flags == [], "a custom event may name its own so"
    assert (rows["wrong-set"].traits, rows["wrong-set"].flags) == (None, ["wrong_type:properties.$set"])
    assert left(rows["wrong-set"]) == {"$set": "none"}
    text = rows["properties-text"]
    assert (text.flags, text.user_id, text.anonymous_id) == (["wrong_type:properties"], None, DEVICE)
    assert json.loads(text.properties) == {"properties": "none"}


def test_what_no_column_takes_is_kept(rows: dict[str, Row]) -> None:
    assert rows["foreign"].app_id == "https://eu.posthog.example"
    assert left(rows["foreign"]) == {"$record": {"extra": '{"a":1}'}}
    assert (rows["unicode"].anonymous_id, left(rows["unicode"])) == ("Zoë 🦊", {"naïve": "日本"})


def test_another_export_of_an_event_has_the_same_content(found: dict[str, list[Row]]) -> None:
    first, again, changed, more = sorted(found["again"], key=lambda row: row.received_time)
    assert first.content_hash == again.content_hash
    assert len({first.content_hash, changed.content_hash, more.content_hash}) == 3


def test_files_end_as_the_exports_name_them() -> None:
    source = SOURCES["posthog"]
    assert {".jsonl", ".jsonl.gz"} <= set(source.suffixes)
    assert source.lines
