"""Mixpanel's raw export, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import line, with_later

AT = 1772445600
"""2026-03-02 10:00:00 UTC."""

# What the web library sends with every event and no column takes.
COMMON = {
    "$browser": "Chrome",
    "$browser_version": 133,
    "$initial_referrer": "$direct",
    "$lib_version": "2.64.0",
    "$os": "Linux",
    "$screen_height": 1080,
    "$screen_width": 1920,
    "mp_lib": "web",
    "mp_processing_time_ms": 1772445603100,
}
BUTTON = {
    "$event_type": "click",
    "$host": "shop.example",
    "$pathname": "/product/12",
    "$el_classes": ["primary", "wide"],
    "$el_id": "buy",
    "$el_tag_name": "button",
    "$el_text": "Buy",
    "$el_attr__href": None,
    "$elements": [{"$classes": ["primary"], "$tag_name": "button", "$nth_child": 1}],
    "$innerHeight": 844,
    "$innerWidth": 390,
    "$clientX": 101,
    "$clientY": 200,
    "$pageX": 101.5,
    "$pageY": 1200,
    "$mp_autocapture": True,
}
KEPT_OF_BUTTON = (
    "$event_type", "$el_classes", "$elements", "$clientX", "$clientY", "$mp_autocapture",
)  # fmt: skip


def event(insert_id: Any, name: Any, /, **properties: Any) -> dict[str, Any]:
    """An exported event of ten o'clock; a property given as None is left out."""
    whole = {
        "time": AT,
        "distinct_id": "$device:device-1",
        "$device_id": "device-1",
        "$insert_id": insert_id,
        "mp_api_timestamp_ms": 1772445602000,
        **COMMON,
        "$current_url": "https://shop.example/product/12?x=1",
        **properties,
    }
    return {"event": name, "properties": {key: value for key, value in whole.items() if value is not None}}


GOOD: list[dict[str, Any]] = [
    event(
        "page",
        "$mp_web_page_view",
        current_page_title="A cup",
        current_domain="shop.example",
        current_url_path="/product/12",
        current_url_protocol="https:",
        current_url_search="?x=1",
        mp_country_code="DE",
        **{"$referrer": "https://a.example/", "$region": "Land Berlin", "$city": "Berlin"},
    ),
    event("click", "$mp_click", **BUTTON),
    event("classes", "$mp_click", **(BUTTON | {"$el_id": None, "$el_attr__href": "/go"})),
    event("rage", "$mp_rage_click", **BUTTON),
    event("dead", "$mp_dead_click", **BUTTON),
    event("scroll", "$mp_scroll", **{"$scroll_top": 240.4, "$scroll_height": 3000, "$scroll_percentage": 12}),
    event("pulled", "$mp_scroll", **{"$scroll_top": -3}),
    event("input", "$mp_input_change", **(BUTTON | {"$el_id": "colour", "$el_tag_name": "select"})),
    event("submit", "$mp_submit", **(BUTTON | {"$el_id": "signup", "$el_tag_name": "form"})),
    event("leave", "$mp_page_leave"),
    event("experiment", "$experiment_started", **{"Experiment name": "cart", "Variant name": "b"}),
    event("custom", "Sign Up", step=2, nested={"b": 1.5, "a": [True, None]}),
    event("milliseconds", "Opened", time=1772445600250),
    event("no-api", "Opened", mp_api_timestamp_ms=None),
    event("no-arrival", "Opened", mp_api_timestamp_ms=None, mp_processing_time_ms=None),
    event("number-id", "Opened", distinct_id=42, **{"$user_id": 42}),
    # Who did it
    event("simplified-user", "Opened", distinct_id="u-1", **{"$user_id": "u-1"}),
    event("simplified-alone", "Opened", **{"$device_id": None}),
    event("original-anonymous", "Opened", distinct_id="device-1"),
    event("original-cluster", "Opened", distinct_id="c-1", **{"$distinct_id_before_identity": "device-1"}),
    event("original-user", "Opened", distinct_id="c-1", **{"$user_id": "u-1"}),
    event("server", "Opened", distinct_id="u-1", mp_lib="python", **{"$device_id": None, "$browser": None}),
    event(
        "identify-web",
        "$identify",
        distinct_id="u-1",
        **{"$anon_distinct_id": "$device:device-0", "$user_id": "u-1"},
    ),
    event(
        "identify-api",
        "$identify",
        distinct_id="c-1",
        **{"$identified_id": "u-1", "$anon_id": "device-0", "$device_id": None},
    ),
    event("alias", "$create_alias", distinct_id="$device:device-0", alias="u-1", **{"$device_id": None}),
    event("merge", "$merge", distinct_id=None, **{"$device_id": None, "$distinct_ids": ["device-0", "u-1"]}),
    event(
        "merge-swapped",
        "$merge",
        distinct_id=None,
        **{"$device_id": None, "$distinct_ids": ["u-1", "$device:device-0"]},
    ),
    # The same ids in an export made after Mixpanel had merged them: those that were sent count.
    event(
        "server-merged",
        "Opened",
        distinct_id="c-1",
        mp_lib="python",
        **{"$distinct_id_before_identity": "u-1", "$device_id": None, "$browser": None},
    ),
    event(
        "simplified-merged",
        "Opened",
        distinct_id="u-1",
        **{"$distinct_id_before_identity": "$device:device-1", "$device_id": None},
    ),
    event(
        "alias-merged",
        "$create_alias",
        distinct_id="c-1",
        alias="u-1",
        **{"$distinct_id_before_identity": "$device:device-0", "$device_id": None},
    ),
    event("own-alias", "Renamed", alias={"a": 1}),
    event("nameless", "$experiment_started", **{"Variant name": "b"}),
    event("part-object", "Opened", **{"$pathname": {"a": 1}}),
    event("email", "Opened", **{"$email": "A@b.example"}),
    # Campaign: the web library's tags outlive the visit
    event("sticky", "Opened", utm_source="news", utm_campaign="spring"),
    event(
        "mobile",
        "Opened",
        utm_source="news",
        mp_lib="swift",
        **{"$current_url": None, "$browser": None, "$app_version_string": "1.2", "$os": "iOS"},
    ),
    event("flutter", "Opened", mp_lib="flutter", **{"$browser": None, "$os": "Android"}),
    event("unknown", "Opened", mp_lib="mystery", **{"$browser": None}),
    event("direct", "Opened", **{"$referrer": "$direct"}),
    event("wrong", "$mp_click", **(BUTTON | {"$pageX": "left", "$el_text": {"a": 1}, "$innerWidth": "wide"})),
    event("unicode", "Geöffnet 🦊", naïve="日本"),
    {**event("beside", "Opened"), "dataset": 5},
]

BAD: dict[str, tuple[Any, list[str]]] = {
    "text": ("hello", ["not a JSON object"]),
    "array": ("[1]", ["not a JSON object"]),
    "cut": (line(event("cut", "Opened"))[:-9], ["not a JSON object"]),
    "rest": (line(event("rest", "Opened")) + b" x", ["not a JSON object"]),
    "two": (line(event("a", "O")) + line(event("b", "O")), ["not a JSON object"]),
    "two with comma": (line(event("a", "O")) + b"," + line(event("b", "O")), ["not a JSON object"]),
    "single quotes": ("{'event': 'q'}", ["not a JSON object"]),
    "not utf-8": (line(event("latin", "Opened"))[:-1] + b',"a":"\xe9"}', ["not UTF-8"]),
    "large": (event("large", "Opened", a="x" * 5000), ["record larger than 5000 bytes"]),
    "no time": (event("no-time", "Opened", time=None), ["no time"]),
    "bad time": (event("bad-time", "Opened", time="soon"), ["time not readable: time"]),
    "bad arrival": (
        event("bad-arrival", "Opened", mp_processing_time_ms=[1]),
        ["time not readable: mp_processing_time_ms"],
    ),
    "too late": (
        event("late", "Opened", time=4102444800, mp_api_timestamp_ms=None, mp_processing_time_ms=None),
        ["time out of bounds"],
    ),
    "no name": (event("no-name", None), ["no name"]),
    "name object": (event("name-object", {"a": 1}), ["name of a wrong type"]),
    "nobody": (event("nobody", "Opened", distinct_id=None, **{"$device_id": None}), ["no identifier"]),
    "id object": (
        event("id-object", "Opened", **{"$user_id": {"a": 1}}),
        ["identifier of a wrong type: $user_id"],
    ),
    "insert id": (event(["a"], "Opened"), ["identifier of a wrong type: $insert_id"]),
    "id before merge": (
        event("id-before", "Opened", **{"$distinct_id_before_identity": ["a"]}),
        ["identifier of a wrong type: $distinct_id_before_identity"],
    ),
    "two times": (
        line(event("two-times", "Opened")).replace(b'"time":', b'"time": 1, "time":'),
        ["named more than once: time"],
    ),
    "no properties": ({"event": "Opened"}, ["no time", "no identifier"]),
    "properties text": ({"event": "Opened", "properties": "none"}, ["no time", "no identifier"]),
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Every case prepared in one pass: good ones by their id, bad ones by their bytes' name."""
    twice = line(event("twice-below", "Opened", a=1)).replace(b'"a": 1', b'"a": {"b": 1, "b": 2}')
    without_id = line(event(None, "Without id"))
    # The same event, exported again after a merge: other keys' order, arrival and cluster.
    sent = event("original-anonymous", "Opened", distinct_id="device-1")["properties"]
    resolved = {
        "distinct_id": "c-1",
        "$distinct_id_before_identity": "device-1",
        "mp_processing_time_ms": 1772445700000,
    }
    again = {"event": "Opened", "properties": dict(reversed((sent | resolved).items()))}
    file = tmp_path_factory.mktemp("mixpanel") / "export.jsonl"
    return with_later(spark, "mixpanel", file, [*map(line, GOOD), twice, without_id], again, BAD)


def properties(row: Row) -> Any:
    """The properties without what the web library sends with every event."""
    return {key: value for key, value in json.loads(row.properties).items() if COMMON.get(key) != value}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_goes_to_quarantine_with_every_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


@pytest.mark.parametrize("name", [case["properties"]["$insert_id"] for case in GOOD])
def test_a_good_record_has_no_reason(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].reasons, rows[name].refused) == ([], False)


def test_time_is_utc_in_seconds_or_milliseconds_and_is_not_corrected(rows: dict[str, Row]) -> None:
    row = rows["custom"]
    assert row.event_time == datetime(2026, 3, 2, 10)
    assert (row.sent_time, row.received_time) == (None, datetime(2026, 3, 2, 10, 0, 2))
    assert rows["milliseconds"].event_time == datetime(2026, 3, 2, 10, 0, 0, 250_000)
    assert rows["no-api"].received_time == datetime(2026, 3, 2, 10, 0, 3, 100_000)
    assert rows["no-arrival"].received_time is None
    # Taken as the arrival, it is nothing more to keep.
    assert "mp_processing_time_ms" not in json.loads(rows["no-api"].properties)


@pytest.mark.parametrize(
    ("name", "anonymous", "user", "previous", "further"),
    [
        ("custom", "device-1", None, None, None),
        ("simplified-user", "device-1", "u-1", None, None),
        ("simplified-alone", "device-1", None, None, None),
        ("original-anonymous", "device-1", None, None, None),
        ("original-cluster", "device-1", None, None, {"distinct_id": "c-1"}),
        ("original-user", "device-1", "u-1", None, {"distinct_id": "c-1"}),
        ("server", None, "u-1", None, None),
        ("number-id", "device-1", "42", None, None),
        ("identify-web", "device-0", "u-1", None, None),
        ("identify-api", "device-0", "u-1", None, None),
        ("alias", None, "u-1", "device-0", None),
        ("server-merged", None, "u-1", None, {"distinct_id": "c-1"}),
        ("simplified-merged", "device-1", None, None, {"distinct_id": "u-1"}),
        ("alias-merged", None, "u-1", "device-0", None),
        ("merge", None, "u-1", "device-0", None),
        ("merge-swapped", None, "u-1", "device-0", None),
        ("email", "device-1", None, None, {"email": "a@b.example"}),
    ],
)
def test_distinct_id_is_a_device_a_user_or_a_cluster(
    rows: dict[str, Row],
    name: str,
    anonymous: str | None,
    user: str | None,
    previous: str | None,
    further: dict[str, str] | None,
) -> None:
    row = rows[name]
    assert (row.anonymous_id, row.user_id, row.previous_id, row.identifiers) == (
        anonymous,
        user,
        previous,
        further,
    )


def test_identity_events_get_their_canonical_names_and_lose_nothing(rows: dict[str, Row]) -> None:
    names = ("identify-web", "identify-api", "alias", "merge")
    assert [rows[name].event_name for name in names] == ["identify", "identify", "alias", "alias"]
    # One id came that no column has: it stays.
    assert properties(rows["identify-api"]) == {"distinct_id": "c-1"}
    assert properties(rows["identify-web"]) == {"$device_id": "device-1"}
    assert properties(rows["merge"]) == {"$distinct_ids": ["device-0", "u-1"]}
    assert properties(rows["original-cluster"]) == {"$distinct_id_before_identity": "device-1"}
    # A property that has the name of an alias's is no identifier elsewhere.
    assert properties(rows["own-alias"]) == {"alias": {"a": 1}}


def test_what_no_column_can_take_stays(rows: dict[str, Row]) -> None:
    assert properties(rows["nameless"]) == {"Variant name": "b"}
    assert properties(rows["part-object"]) == {"$pathname": {"a": 1}}
    assert rows["part-object"].flags == ["wrong_type:properties.$pathname"]


def test_a_page_view_takes_the_address_and_leaves_its_parts_out(rows: dict[str, Row]) -> None:
    row = rows["page"]
    assert (row.event_name, row.page.url, row.page.title, row.page.referrer) == (
        "page_view",
        "https://shop.example/product/12?x=1",
        "A cup",
        "https://a.example/",
    )
    assert (row.geo.country, row.geo.region, row.geo.city) == ("DE", "Land Berlin", "Berlin")
    assert json.loads(row.properties) == COMMON
    assert rows["direct"].page.referrer is None


def test_a_click_fills_the_element_with_the_pages_coordinates(rows: dict[str, Row]) -> None:
    row = rows["click"]
    element = row.element
    assert (row.event_name, element.selector, element.text, element.tag) == ("click", "#buy", "Buy", "button")
    assert (element.x, element.y) == (102, 1200)
    assert row.viewport.asDict() == {"width": 390, "height": 844}
    assert properties(row) == {key: BUTTON[key] for key in KEPT_OF_BUTTON}
    assert rows["classes"].element.selector == "button.primary.wide"
    assert rows["classes"].element.href == "/go"


def test_rage_and_dead_clicks_of_the_tracker_are_no_clicks_and_keep_their_element(
    rows: dict[str, Row],
) -> None:
    for name in ("rage", "dead"):
        row = rows[name]
        assert row.event_name == f"$mp_{name}_click"
        assert (row.element.selector, row.element.x, row.element.y) == ("#buy", 102, 1200)
    assert rows["leave"].event_name == "$mp_page_leave"


def test_scrolling_forms_and_experiments_fill_their_columns(rows: dict[str, Row]) -> None:
    scroll = rows["scroll"]
    assert (scroll.event_name, scroll.scroll_offset) == ("scroll", 240)
    assert properties(scroll) == {"$scroll_height": 3000, "$scroll_percentage": 12}
    assert rows["pulled"].scroll_offset == 0, "a page pulled above its top counts as its top"
    assert (rows["input"].event_name, rows["input"].form.asDict()) == (
        "form_change",
        {"id": None, "field": "colour"},
    )
    assert (rows["submit"].event_name, rows["submit"].form.asDict()) == (
        "form_submit",
        {"id": "signup", "field": None},
    )
    experiment = rows["experiment"]
    assert experiment.event_name == "experiment_exposure"
    assert [e.asDict() for e in experiment.experiments] == [{"name": "cart", "variant": "b"}]
    assert properties(experiment) == {}


def test_a_custom_event_keeps_its_name_and_its_properties_with_their_types(rows: dict[str, Row]) -> None:
    row = rows["custom"]
    assert row.event_name == "Sign Up"
    assert json.loads(row.properties) == COMMON | {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}


def test_tags_make_a_campaign_only_where_there_is_no_address(rows: dict[str, Row]) -> None:
    sticky = rows["sticky"]
    assert sticky.campaign is None
    assert properties(sticky) == {"utm_source": "news", "utm_campaign": "spring"}
    assert rows["mobile"].campaign.source == "news"
    assert "utm_source" not in json.loads(rows["mobile"].properties)


def test_platform_is_told_by_library_browser_and_system(rows: dict[str, Row]) -> None:
    names = ("custom", "mobile", "flutter", "server", "unknown")
    assert [rows[name].platform for name in names] == ["web", "ios", "android", "server", None]
    assert rows["mobile"].release == "1.2"
    assert json.loads(rows["server"].properties)["mp_lib"] == "python"


def test_a_field_of_a_wrong_type_is_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong"]
    keys = ("$pageX", "$el_text", "$innerWidth")
    assert set(row.flags) == {f"wrong_type:properties.{key}" for key in keys}
    assert (row.element.x, row.element.y, row.element.text, row.viewport) == (None, 1200, None, None)
    kept = json.loads(row.properties)
    assert [kept[key] for key in keys] == ["left", {"a": 1}, "wide"]
    assert kept["$innerHeight"] == 844, "half a size is none, so the other half stays too"


def test_what_is_not_known_by_name_is_kept(rows: dict[str, Row]) -> None:
    assert json.loads(rows["beside"].properties)["$record"] == {"dataset": 5}
    # A name that comes twice below the top level cannot be taken apart, and is kept as it came.
    assert '"a":{"b":1,"b":2}' in rows["twice-below"].properties
    assert (rows["unicode"].event_name, properties(rows["unicode"])) == ("Geöffnet 🦊", {"naïve": "日本"})


def test_an_event_without_an_id_is_named_by_its_content(rows: dict[str, Row]) -> None:
    [row] = [row for row in rows.values() if row.event_name == "Without id"]
    assert row.event_id == row.content_hash


def test_an_event_exported_again_after_a_merge_has_the_same_content(rows: dict[str, Row]) -> None:
    first, again = rows["original-anonymous"], rows["again"]
    assert again.identifiers == {"distinct_id": "c-1"}
    assert again.content_hash == first.content_hash
    others = [row.content_hash for name, row in rows.items() if row.content_hash and name != "again"]
    assert len(set(others)) == len(others)
