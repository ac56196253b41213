"""Amplitude's exported events, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.amplitude_cases import (
    AGAIN,
    BAD,
    BUTTON,
    CLICKS,
    GOOD,
    RECORD,
    STEP,
    TIMES,
    backwards,
    event,
)
from tests.sources.reading import line, with_later


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Every case prepared in one pass: good ones by their id, bad ones by their bytes' name."""
    twice = line(event("twice-below", "Opened", {"a": 1})).replace(b'{"a": 1}', b'{"a": {"b": 1, "b": 2}}')
    again = event("custom", "Onboarding Step Completed", backwards(STEP), **AGAIN)
    times = [event(name, "Opened", **fields) for name, (fields, _) in TIMES.items()]
    # Named and packed as the export does it.
    file = tmp_path_factory.mktemp("amplitude") / "301234_2026-03-02_10#0.json.gz"
    return with_later(spark, "amplitude", file, [*map(line, [*GOOD, *times]), twice], again, BAD)


def properties(row: Row) -> Any:
    """The properties without what an export tells of every event."""
    found = json.loads(row.properties)
    record = {key: value for key, value in found.pop("$record", {}).items() if RECORD.get(key) != value}
    return {**found, "$record": record} if record else found


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_goes_to_quarantine_with_every_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


@pytest.mark.parametrize("name", [case["$insert_id"] or case["uuid"] for case in GOOD] + list(TIMES))
def test_a_good_record_has_no_reason(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].reasons, rows[name].refused) == ([], False)


@pytest.mark.parametrize("name", TIMES)
def test_event_time_is_the_clients_clock_corrected(rows: dict[str, Row], name: str) -> None:
    assert rows[name].event_time == datetime.fromisoformat(TIMES[name][1])


def test_common_fields_go_to_their_columns(rows: dict[str, Row]) -> None:
    row = rows["page"]
    assert (row.anonymous_id, row.user_id, row.app_id, row.client_session_id, row.sequence) == (
        "device-1",
        None,
        "301234",
        "1772445500000",
        7,
    )
    assert (row.geo.country, row.geo.region, row.geo.city) == ("Germany", "Land Berlin", "Berlin")
    assert (row.ip, row.language, row.platform) == ("203.0.113.0", "German", "web")
    assert row.received_time == datetime(2026, 3, 2, 10, 0, 1)
    assert rows["no-session"].client_session_id is None
    assert (rows["agent"].user_agent[:11], rows["agent"].release) == ("Mozilla/5.0", "1.2")


def test_the_rest_of_a_record_stays_with_its_types_and_nulls_add_nothing(rows: dict[str, Row]) -> None:
    assert json.loads(rows["started-session"].properties) == {
        "$record": RECORD | {"uuid": "uuid-started-session"}
    }


def test_a_page_view_takes_the_whole_address_and_leaves_its_parts_out(rows: dict[str, Row]) -> None:
    row = rows["page"]
    assert (row.event_name, row.page.url, row.page.title, row.page.referrer, row.page.path) == (
        "page_view",
        "https://shop.example/product/12?utm_source=mail&x=1",
        "A cup",
        "https://a.example/",
        "/product/12",
    )
    assert row.campaign.source == "mail"
    assert properties(row) == {"[Amplitude] Page Counter": 2, "$record": {"uuid": "uuid-page"}}
    screen = rows["screen"]
    assert (screen.event_name, screen.platform, screen.page.title) == ("screen_view", "ios", "Basket")


def test_a_click_fills_the_element_and_leaves_what_it_does_not_know(rows: dict[str, Row]) -> None:
    row = rows["click"]
    element = row.element
    assert (row.event_name, element.selector, element.text, element.tag, element.x) == (
        "click",
        "main > button",
        "Buy",
        "button",
        None,
    )
    assert row.viewport.asDict() == {"width": 390, "height": 844}
    kept = ("Element Hierarchy", "Element ID", "Element Class", "Element Position Left")
    assert properties(row) == {f"[Amplitude] {key}": BUTTON[f"[Amplitude] {key}"] for key in kept} | {
        "$record": {"uuid": "uuid-click"}
    }
    assert rows["path"].element.selector == "div > button"
    assert rows["link"].element.href == "https://o.example/"
    touch = rows["touch"]
    assert (touch.event_name, touch.element.text, touch.page.title) == ("click", "Pay", "Basket")
    assert rows["typed"].event_name == "[Amplitude] Element Interacted"


def test_rage_and_dead_clicks_of_the_tracker_are_no_clicks_and_keep_their_element(
    rows: dict[str, Row],
) -> None:
    rage, dead = rows["rage"], rows["dead"]
    assert (rage.event_name, dead.event_name) == ("[Amplitude] Rage Click", "[Amplitude] Dead Click")
    assert (rage.element.tag, rage.element.x, rage.element.y) == ("button", 102, 1200)
    assert json.loads(rage.properties)["[Amplitude] Clicks"] == CLICKS
    # Those of a dead click are counted from the window's corner, not from the page's.
    assert (dead.element.text, dead.element.x) == ("Buy", None)
    assert (json.loads(dead.properties)["X"], json.loads(dead.properties)["Y"]) == (12, 34)
    assert rows["file"].event_name == "[Amplitude] File Downloaded"
    assert rows["started-session"].event_name == "session_start"


def test_forms_and_scrolling_fill_their_columns(rows: dict[str, Row]) -> None:
    changed = rows["changed"]
    assert (changed.event_name, changed.form.asDict()) == ("form_change", {"id": None, "field": "colour"})
    assert (rows["started"].event_name, rows["started"].form.id) == ("form_start", "signup")
    assert json.loads(rows["started"].properties)["[Amplitude] Form Name"] == "n"
    assert (rows["submitted"].event_name, rows["submitted"].form.id) == ("form_submit", "n")
    scroll = rows["scroll"]
    # 1044 is the lowest line seen; the window shows 844 of them at once.
    assert (scroll.event_name, scroll.scroll_offset, scroll.page.view_id) == ("scroll", 200, "view-1")


def test_identify_and_group_carry_traits(rows: dict[str, Row]) -> None:
    row = rows["identify"]
    assert (row.event_name, row.user_id, row.identifiers) == ("identify", "u-1", {"email": "a@b.example"})
    assert json.loads(row.traits) == {"email": "A@b.example", "plan": "pro", "age": 3}
    assert "user_properties" not in json.loads(row.properties)["$record"]
    operation = rows["operation"]
    assert json.loads(operation.traits) == {"plan": "pro"}
    assert json.loads(operation.properties)["$record"]["user_properties"]["$unset"] == {"a": "-"}
    group = rows["group"]
    assert (group.event_name, group.account_id, json.loads(group.traits)) == ("group", "acme", {"seats": 3})
    assert rows["two-groups"].account_id is None
    assert json.loads(rows["two-groups"].properties)["$record"]["groups"] == {"company": ["acme", "other"]}


def test_money_is_revenue_else_price_times_quantity_and_counts_once(rows: dict[str, Row]) -> None:
    paid = rows["paid"]
    assert (paid.event_name, paid.value, paid.currency) == ("order", Decimal("19.9900"), "EUR")
    assert properties(paid) == {
        "$price": 10,
        "$quantity": 2,
        "$productId": "c",
        "$record": {"uuid": "uuid-paid"},
    }
    assert (rows["price"].event_name, rows["price"].value) == ("Bought", Decimal("7.5000"))
    back = rows["back"]
    assert (back.event_name, back.value) == ("refund", Decimal("5.0000"))
    assert json.loads(back.properties)["$revenue"] == -5
    assert (rows["verified"].value, json.loads(rows["verified"].properties)["$revenue"]) == (None, 19.99)


def test_what_no_column_can_take_stays(rows: dict[str, Row]) -> None:
    refund, unopened = rows["own-refund"], rows["unopened"]
    assert (refund.value, refund.currency) == (Decimal("5.0000"), None)
    assert refund.flags == ["wrong_type:event_properties.$currency"]
    assert json.loads(refund.properties)["$currency"] == {"code": "EUR"}
    assert json.loads(rows["nameless"].properties)["variant"] == "b"
    other = json.loads(rows["two-addresses"].properties)
    assert other["[Amplitude] Page URL"] == "https://other.example/"
    assert unopened.flags == ["wrong_type:event_properties"]
    assert json.loads(unopened.properties)["$record"]["event_properties"] == "{oops"


def test_an_exposure_names_its_flag_and_variant(rows: dict[str, Row]) -> None:
    row = rows["exposure"]
    assert row.event_name == "experiment_exposure"
    assert [e.asDict() for e in row.experiments] == [{"name": "new-cart", "variant": "b"}]
    assert properties(row) == {"experiment_key": "exp-1", "$record": {"uuid": "uuid-exposure"}}


def test_a_custom_event_keeps_its_name_and_its_properties_with_their_types(rows: dict[str, Row]) -> None:
    row = rows["custom"]
    assert row.event_name == "Onboarding Step Completed"
    found = properties(row)
    del found["$record"]
    assert found == STEP


def test_platform_is_told_by_its_name_and_the_library(rows: dict[str, Row]) -> None:
    names = ("custom", "screen", "touch", "server", "television")
    assert [rows[name].platform for name in names] == ["web", "ios", "android", "server", None]
    assert json.loads(rows["television"].properties)["$record"]["platform"] == "Roku"


def test_utm_properties_make_the_campaign(rows: dict[str, Row]) -> None:
    row = rows["campaign"]
    assert (row.campaign.source, row.campaign.name) == ("news", "spring")
    assert properties(row)["utm_id"] == "5"


def test_a_field_of_a_wrong_type_is_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong"]
    keys = ("[Amplitude] Element Text", "[Amplitude] Viewport Width", "$revenue")
    assert set(row.flags) == {f"wrong_type:event_properties.{key}" for key in keys}
    assert (row.element.text, row.element.tag, row.viewport, row.value) == (None, "button", None, None)
    kept = json.loads(row.properties)
    assert [kept[key] for key in keys] == [{"a": 1}, "wide", "a lot"]
    # Half a size is none, so the height stays too.
    assert kept["[Amplitude] Viewport Height"] == 844
    fields = rows["wrong-fields"]
    assert set(fields.flags) == {
        f"wrong_type:{key}" for key in ("event_properties", "event_id", "ip_address", "groups")
    }
    assert (fields.sequence, fields.ip) == (None, None)
    record = json.loads(fields.properties)["$record"]
    assert {key: record[key] for key in ("event_properties", "event_id", "ip_address", "groups")} == {
        "event_properties": "none",
        "event_id": "first",
        "ip_address": {"a": 1},
        "groups": 5,
    }


def test_what_is_not_known_by_name_is_kept(rows: dict[str, Row]) -> None:
    assert json.loads(rows["foreign"].properties)["$record"]["future_field"] == {"a": 1}
    # A name that comes twice below the top level cannot be taken apart, and is kept as it came.
    assert '{"b": 1, "b": 2}' in rows["twice-below"].properties
    assert (rows["unicode"].event_name, rows["unicode"].user_id) == ("Geöffnet 🦊", "Zoë")
    assert json.loads(rows["unicode"].properties)["naïve"] == "日本"
    assert rows["blank-user"].user_id is None


def test_the_id_is_the_trackers_else_amplitudes(rows: dict[str, Row]) -> None:
    assert rows["custom"].event_id == "custom"
    assert "uuid" not in json.loads(rows["only-uuid"].properties)["$record"]


def test_another_delivery_of_an_event_has_the_same_content(rows: dict[str, Row]) -> None:
    first, again = rows["custom"], rows["again"]
    assert (again.event_id, again.received_time > first.received_time) == ("custom", True)
    assert again.content_hash == first.content_hash
    assert len({row.content_hash for row in rows.values() if row.content_hash}) == len(rows) - 1 - sum(
        row.content_hash is None for row in rows.values()
    )
