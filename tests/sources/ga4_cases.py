"""Rows of GA4's BigQuery export: a golden case a rule, as JSON and as Parquet have them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from tests.sources.reading import line

TEN = 1772445600_000000
"""Ten o'clock in microseconds."""
SESSION = 1772445590
PAGE = {
    "page_location": "https://shop.example/product/12?utm_source=mail&utm_medium=email",
    "page_title": "A cup & saucer <1>",
    "page_referrer": "https://a.example/",
}
LINK = {"link_url": "https://o.example/x", "link_text": "Out", "link_domain": "o.example", "outbound": "true"}
VIDEO = {
    "video_url": "https://v.example/1",
    "video_title": "Tour",
    "video_current_time": 30,
    "video_duration": 61.5,
    "video_percent": 50,
}


def param(key: str, value: Any) -> dict[str, Any]:
    """A parameter as BigQuery writes it in JSON: integers as text, no nulls."""
    kind = {str: "string_value", int: "int_value", float: "double_value", type(None): None}[type(value)]
    told = {} if kind is None else {kind: str(value) if kind == "int_value" else value}
    return {"key": key, "value": told}


def event(index: int, name: Any, params: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A row of ten o'clock and `index` seconds with what most rows tell; None leaves a field out."""
    given = {"ga_session_id": SESSION, **(params or {})}
    whole = {
        "event_date": "20260302",
        "event_timestamp": str(TEN + index * 1_000_000),
        "event_name": name,
        "event_params": [param(key, value) for key, value in given.items()],
        "event_bundle_sequence_id": "-5",
        "event_server_timestamp_offset": "2492698",
        "user_pseudo_id": "1146540.1921992520",
        "privacy_info": {"analytics_storage": "Yes", "uses_transient_token": "No"},
        "user_properties": [],
        "user_ltv": {},
        "device": {"category": "desktop", "language": "en-us", "web_info": {"browser": "Chrome"}},
        "geo": {"continent": "Europe", "country": "Germany", "region": "Berlin", "city": "Berlin"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "stream_id": "2100450278",
        "platform": "WEB",
        "items": [],
        "is_active_user": True,
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


# What the rows above tell and no column takes.
RECORD = {
    "event_date": "20260302",
    "event_bundle_sequence_id": "-5",
    "event_server_timestamp_offset": "2492698",
    "is_active_user": True,
    "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
    "privacy_info": {"uses_transient_token": "No"},
    "device": {"category": "desktop", "web_info": {"browser": "Chrome"}},
    "geo": {"continent": "Europe"},
}

ITEMS = [{"item_id": "c-1", "item_name": "Cup", "price": 9.5, "quantity": "2"}]
NAMES = {
    "first_visit": "first_visit",
    "screen_view": "screen_view",
    "scroll": "scroll",
    "view_search_results": "search",
    "video_start": "media_play",
    "video_progress": "media_progress",
    "video_complete": "media_complete",
    "form_start": "form_start",
    "form_submit": "form_submit",
    "view_item": "product_view",
    "remove_from_cart": "cart_remove",
    "begin_checkout": "checkout",
    "login": "login",
    "sign_up": "sign_up",
    "app_exception": "error",
    "app_store_subscription_cancel": "subscription_cancel",
}

CASES: dict[str, dict[str, Any] | str] = {
    "page": event(
        0,
        "page_view",
        {**PAGE, "engagement_time_msec": 7, "content_group": "cups"},
        user_id="u-1",
        app_info={"version": "1.2", "id": "shop"},
        batch_ordering_id="2",
        batch_event_index="3",
        batch_page_id="1772445599000",
        collected_traffic_source={
            "manual_source": "news",
            "manual_medium": "mail",
            "manual_campaign_name": "spring",
            "manual_campaign_id": "77",
            "gclid": "G1",
            "dclid": "D1",
        },
    ),
    **{f"name {name}": event(100 + i, name) for i, name in enumerate(NAMES)},
    "click": event(2, "click", {**LINK, "link_id": "more", "link_classes": "a  b"}),
    "classes": event(
        3, "file_download", {"link_url": "/a.pdf", "link_classes": "big  red", "file_name": "a"}
    ),
    "scroll": event(4, "scroll", {"percent_scrolled": 90}),
    "search": event(5, "view_search_results", {"search_term": " cups "}),
    "term as number": event(6, "search", {"search_term": 2026}),
    "video": event(7, "video_progress", VIDEO),
    "form": event(8, "form_start", {"form_id": "signup", "form_name": "n", "first_field_id": "mail"}),
    "form name": event(9, "form_submit", {"form_name": "n", "form_destination": "/go"}),
    "screen": event(
        10,
        "screen_view",
        {"firebase_screen": "Home", "firebase_screen_class": "HomeView"},
        platform="ANDROID",
    ),
    "order": event(
        11,
        "purchase",
        {"transaction_id": "T-1", "value": 25.0, "currency": "eur"},
        ecommerce={"purchase_revenue": 20.5, "tax_value": 3.9, "transaction_id": "T-1"},
        items=ITEMS,
    ),
    "order by value": event(12, "purchase", {"value": 25, "currency": "EUR"}),
    "in app": event(
        13, "in_app_purchase", {"value": 4990000, "currency": "EUR"}, event_value_in_usd=5.39, platform="IOS"
    ),
    "refund": event(14, "refund", {"currency": "EUR"}, ecommerce={"refund_value": 5.25}),
    "cart": event(15, "add_to_cart", {"value": 9.5, "currency": "EUR"}, items=ITEMS),
    "custom money": event(16, "donated", {"value": 3, "currency": "USD"}),
    "vital": event(17, "LCP", {"value": 812.4, "debug": None}),
    "old campaign": event(
        18, "page_view", {"source": "news", "medium": "mail", "campaign": "old", "gclid": "g"}
    ),
    "own source": event(19, "opened", {"source": "header"}),
    "refused": event(20, "page_view", PAGE, user_id="u-2", privacy_info={"analytics_storage": "No"}),
    "nobody": event(21, "page_view", user_pseudo_id=None, privacy_info={"analytics_storage": "No"}),
    "numbers": event(
        22,
        "page_view",
        event_timestamp=TEN + 22_000_000,
        event_params=[
            {"key": "ga_session_id", "value": {"int_value": SESSION}},
            {"key": "count", "value": {"int_value": 2**53 + 1, "string_value": None, "float_value": None}},
        ],
        stream_id=2100450278,
    ),
    "iso": event(23, "page_view", event_timestamp="2026-03-02T10:00:23.000001Z"),
    "old batch": event(24, "page_view", {"batch_ordering_id": 4, "batch_event_index": 1}),
    "television": event(25, "page_view", platform="ROKU", future_field={"a": 1}),
    "wrong": event(
        26,
        "video_start",
        {"video_current_time": "soon", "video_duration": 9},
        geo="nowhere",
        device={"language": {"a": 1}, "category": "tablet"},
        stream_id={"a": 1},
        batch_ordering_id="first",
        ecommerce={"purchase_revenue": "a lot"},
    ),
    "wrong value": event(27, "add_to_cart", {"value": "a lot", "currency": "EUR"}),
    "doubled": event(
        28,
        "page_view",
        event_params=[param("a", "1"), param("a", "2"), {"key": "b", "value": {"string_value": "x"}, "c": 1}],
    ),
    "no params": event(29, "page_view", event_params="none"),
    "two values": event(
        30, "x", event_params=[{"key": "a", "value": {"string_value": "x", "int_value": "1"}}]
    ),
    "new kind": event(31, "x", event_params=[{"key": "a", "value": {"bool_value": True}}]),
    "not a number": event(32, "x", event_params=[{"key": "a", "value": {"int_value": "12x"}}]),
    "same": event(33, "page_view", PAGE),
    "same again": event(33, "page_view", PAGE),
    "no time": event(34, "x", event_timestamp=None),
    "odd time": event(35, "x", event_timestamp="17724456000"),
    "no name": event(36, None),
    "name of a wrong type": event(37, {"a": 1}),
    "wrong id": event(38, "x", user_id=["u"]),
    "twice below": '{"event_timestamp":"1772445639000000","event_name":"x","user_pseudo_id":"d",'
    '"own":{"a":1,"a":2}}',
}
_VALUE = pa.struct(
    {
        "string_value": pa.string(),
        "int_value": pa.int64(),
        "float_value": pa.float64(),
        "double_value": pa.float64(),
    }
)
_ITEM = pa.struct(
    {"item_id": pa.string(), "item_name": pa.string(), "price": pa.float64(), "quantity": pa.int64()}
)
TYPES = {
    "event_params": pa.list_(pa.struct([("key", pa.string()), ("value", _VALUE)])),
    "items": pa.list_(_ITEM),
    "user_properties": pa.list_(pa.struct([("key", pa.string())])),
    "user_ltv": pa.struct([("revenue", pa.float64()), ("currency", pa.string())]),
}
IN_PARQUET = ("page", "click", "video", "order", "in app", "vital", "screen")
"""Cases that are read from Parquet, too."""


def written(record: dict[str, Any] | str) -> bytes:
    """The row as BigQuery writes it in JSON: these three signs by their code points."""
    text = line(record)
    for sign in b"&<>":
        text = text.replace(bytes([sign]), b"\\u%04x" % sign)
    return text


def as_typed(record: dict[str, Any]) -> dict[str, Any]:
    """The row with integers as integers, as BigQuery's Parquet has it."""
    row = json.loads(json.dumps(record))
    for key in ("event_timestamp", "event_bundle_sequence_id", "event_server_timestamp_offset"):
        row[key] = int(row[key])
    for key in ("batch_ordering_id", "batch_event_index", "batch_page_id"):
        row[key] = int(row[key]) if key in row else None
    for given in row["event_params"]:
        if "int_value" in given["value"]:
            given["value"]["int_value"] = int(given["value"]["int_value"])
    for item in row["items"]:
        item["quantity"] = int(item["quantity"])
    row["user_ltv"] = None
    return row
