"""Rows of GA4's BigQuery export, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import line, of_files
from trailhouse.settings import Settings

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
_TYPES = {
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


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The prepared rows by their cases; those of Parquet as `CASE in parquet`."""
    folder = tmp_path_factory.mktemp("ga4")
    (folder / "lines.json.gz").write_bytes(gzip.compress(b"\n".join(map(written, CASES.values()))))
    typed = [as_typed(CASES[name]) for name in IN_PARQUET]  # type: ignore[arg-type]
    keys = dict.fromkeys(key for row in typed for key in row)
    table = {key: pa.array([row.get(key) for row in typed], _TYPES.get(key)) for key in keys}
    pq.write_table(pa.table(table), folder / "rows.parquet")
    found = of_files(spark, "ga4", [folder / "lines.json.gz", folder / "rows.parquet"], Settings())
    # Rows come in the order of their files and lines.
    names = [*CASES, *[f"{name} in parquet" for name in IN_PARQUET]]
    ordered = sorted(found, key=lambda row: row.file.endswith(".parquet"))
    assert len(ordered) == len(names)
    return dict(zip(names, ordered, strict=True))


def left(row: Row) -> dict[str, Any]:
    """The properties, without those that every row has."""
    found: dict[str, Any] = json.loads(row.properties)
    found.pop("ga_session_id", None)
    record = found.get("$record", {})
    for key, value in RECORD.items():
        if record.get(key) == value:
            del record[key]
    if not record:
        found.pop("$record", None)
    return found


def test_a_page_view_fills_the_columns_and_the_rest_stays(rows: dict[str, Row]) -> None:
    row = rows["page"]
    assert (row.event_name, row.platform, row.app_id, row.release) == (
        "page_view",
        "web",
        "2100450278",
        "1.2",
    )
    assert (row.anonymous_id, row.user_id, row.language) == ("1146540.1921992520", "u-1", "en-us")
    assert row.event_time == row.client_time == datetime(2026, 3, 2, 10, tzinfo=UTC).replace(tzinfo=None)
    assert (row.sent_time, row.received_time, row.consent, row.sequence) == (None, None, "yes", 2003)
    assert (row.page.url, row.page.title, row.page.referrer) == tuple(PAGE.values())
    assert (row.page.path, row.page.view_id) == ("/product/12", None)
    assert row.geo.asDict() == {"country": "Germany", "region": "Berlin", "city": "Berlin"}
    assert row.flags == []
    found = json.loads(row.properties)
    assert found.pop("$record") == RECORD | {
        "app_info": {"id": "shop"},
        "batch_ordering_id": "2",
        "batch_event_index": "3",
        "batch_page_id": "1772445599000",
        "collected_traffic_source": {"manual_campaign_id": "77", "dclid": "D1"},
    }
    assert found == {"ga_session_id": SESSION, "engagement_time_msec": 7, "content_group": "cups"}


@pytest.mark.parametrize(("event_name", "canonical"), NAMES.items())
def test_events_have_their_canonical_names(rows: dict[str, Row], event_name: str, canonical: str) -> None:
    assert rows[f"name {event_name}"].event_name == canonical


def test_a_session_is_one_of_its_device(rows: dict[str, Row]) -> None:
    page, other = rows["page"], rows["twice below"]
    assert page.client_session_id == rows["click"].client_session_id
    assert len(page.client_session_id) == 64
    assert "1146540" not in page.client_session_id
    assert other.client_session_id is None
    assert (rows["order"].sequence, rows["old batch"].sequence) == (None, 4001)


def test_a_click_and_a_download_name_their_link(rows: dict[str, Row]) -> None:
    click, download = rows["click"], rows["classes"]
    found = click.element
    assert (found.selector, found.text, found.tag, found.href) == ("#more", "Out", "a", "https://o.example/x")
    assert (found.x, found.y) == (None, None)
    assert left(click) == {"link_domain": "o.example", "outbound": "true", "link_classes": "a  b"}
    assert (download.event_name, download.element.selector) == ("file_download", ".big.red")
    assert left(download) == {"link_classes": "big  red", "file_name": "a"}


def test_scroll_search_video_and_forms(rows: dict[str, Row]) -> None:
    assert (rows["scroll"].scroll_offset, left(rows["scroll"])) == (None, {"percent_scrolled": 90})
    assert [rows[name].search.term for name in ("search", "term as number")] == ["cups", "2026"]
    assert left(rows["search"]) == {}
    media = rows["video"].media
    assert (media.id, media.title, media.position, media.length) == (
        "https://v.example/1",
        "Tour",
        30.0,
        61.5,
    )
    assert left(rows["video"]) == {"video_percent": 50}
    form, other = rows["form"], rows["form name"]
    assert (form.form.id, left(form)) == ("signup", {"form_name": "n", "first_field_id": "mail"})
    assert (other.form.id, left(other)) == ("n", {"form_destination": "/go"})


def test_a_screen_has_its_name_for_a_title(rows: dict[str, Row]) -> None:
    screen = rows["screen"]
    assert (screen.event_name, screen.platform, screen.page.title) == ("screen_view", "android", "Home")
    assert left(screen) == {"firebase_screen_class": "HomeView"}


def test_money_is_the_revenue_else_the_value_where_that_is_money(rows: dict[str, Row]) -> None:
    expected = {
        "order": ("20.5000", "EUR"),
        "order by value": ("25.0000", "EUR"),
        "in app": ("5.3900", "USD"),
        "refund": ("5.2500", "EUR"),
        "cart": ("9.5000", "EUR"),
        "custom money": ("3.0000", "USD"),
    }
    for name, (value, currency) in expected.items():
        assert (rows[name].value, rows[name].currency) == (Decimal(value), currency), name
    assert [rows[name].event_name for name in ("order", "in app", "refund")] == ["order", "order", "refund"]
    order = left(rows["order"])
    assert order["$record"] == {"ecommerce": {"tax_value": 3.9, "transaction_id": "T-1"}, "items": ITEMS}
    assert (order["value"], order["transaction_id"], "currency" in order) == (25.0, "T-1", False)
    assert left(rows["in app"]) == {"value": 4990000, "currency": "EUR"}
    assert left(rows["refund"]) == {}
    # A measured time is no money.
    assert (rows["vital"].value, left(rows["vital"])) == (None, {"value": 812.4, "debug": None})


def test_a_campaign_is_the_one_collected_with_the_event(rows: dict[str, Row]) -> None:
    told = rows["page"].campaign
    assert (told.source, told.medium, told.name, told.click_id) == ("news", "mail", "spring", "G1")
    old = rows["old campaign"]
    assert (old.campaign.source, old.campaign.name, old.campaign.click_id) == ("news", "old", "g")
    assert left(old) == {}
    # One parameter of that name may be the project's own.
    assert (rows["own source"].campaign, left(rows["own source"])) == (None, {"source": "header"})
    assert rows["same"].campaign.source == "mail", "told by the address"


def test_a_refusal_takes_the_identifiers_away(rows: dict[str, Row]) -> None:
    row = rows["refused"]
    assert (row.reasons, row.consent) == ([], "no")
    assert (row.anonymous_id, row.user_id, row.client_session_id) == (None, None, None)
    assert rows["nobody"].reasons == ["no identifier"]


def test_integers_and_times_may_be_typed(rows: dict[str, Row]) -> None:
    typed = rows["numbers"]
    assert (typed.reasons, typed.event_time.second, typed.app_id) == ([], 22, "2100450278")
    assert typed.client_session_id == rows["page"].client_session_id
    assert left(typed) == {"count": 2**53 + 1}
    assert rows["iso"].event_time == datetime(2026, 3, 2, 10, 0, 23, 1)


def test_fields_of_a_wrong_type_are_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong"]
    assert set(row.flags) == {
        "wrong_type:event_params.video_current_time",
        "wrong_type:geo",
        "wrong_type:device.language",
        "wrong_type:stream_id",
        "wrong_type:batch_ordering_id",
        "wrong_type:ecommerce.purchase_revenue",
    }
    assert (row.geo, row.language, row.app_id, row.sequence, row.value) == (None,) * 5
    assert (row.media.position, row.media.length) == (None, 9.0)
    found = left(row)
    assert found.pop("video_current_time") == "soon"
    record = found.pop("$record")
    assert found == {}
    assert record == {
        "geo": "nowhere",
        "device": {"language": {"a": 1}, "category": "tablet"},
        "stream_id": {"a": 1},
        "batch_ordering_id": "first",
        "ecommerce": {"purchase_revenue": "a lot"},
    }
    money = rows["wrong value"]
    assert (money.value, money.currency, money.flags) == (None, None, ["wrong_type:event_params.value"])
    assert left(money) == {"value": "a lot", "currency": "EUR"}


@pytest.mark.parametrize("name", ["doubled", "no params", "two values", "new kind"])
def test_odd_parameters_are_flagged_and_kept_whole(rows: dict[str, Row], name: str) -> None:
    given = CASES[name]
    assert isinstance(given, dict)
    assert (rows[name].reasons, rows[name].flags) == ([], ["wrong_type:event_params"])
    assert left(rows[name])["$record"]["event_params"] == given["event_params"]


def test_what_is_not_known_by_name_is_kept(rows: dict[str, Row]) -> None:
    row = rows["television"]
    assert (row.platform, left(row)) == (None, {"$record": {"platform": "ROKU", "future_field": {"a": 1}}})
    assert left(rows["not a number"]) == {"a": "12x"}
    # An object that names a key twice cannot be taken apart.
    assert '"own":{"a":1,"a":2}' in rows["twice below"].properties


def test_an_event_is_its_content(rows: dict[str, Row]) -> None:
    ids = Counter(row.event_id for row in rows.values() if not row.reasons)
    assert ids.pop(rows["same"].event_id) == 2, "equal rows are one event"
    in_both = {rows[name].event_id for name in IN_PARQUET}
    assert {code for code, times in ids.items() if times == 2} == in_both
    assert max(ids.values()) == 2


@pytest.mark.parametrize("name", IN_PARQUET)
def test_a_row_of_parquet_is_the_row_of_json(rows: dict[str, Row], name: str) -> None:
    line_row, table_row = (rows[key].asDict(recursive=True) for key in (name, f"{name} in parquet"))
    told = {key: value for key, value in line_row.items() if key not in ("file", "properties")}
    assert told == {key: value for key, value in table_row.items() if key not in ("file", "properties")}
    # BigQuery's JSON has integers as text.
    assert unquoted(line_row["properties"]) == unquoted(table_row["properties"])


def unquoted(text: str) -> Any:
    return json.loads(text, object_hook=lambda found: {key: str(value) for key, value in found.items()})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no time", "no time"),
        ("odd time", "time not readable: event_timestamp"),
        ("no name", "no name"),
        ("name of a wrong type", "name of a wrong type"),
        ("wrong id", "identifier of a wrong type: user_id"),
    ],
)
def test_a_row_that_is_no_event_says_why(rows: dict[str, Row], name: str, reason: str) -> None:
    assert rows[name].reasons == [reason]


def test_the_file_is_told_for_rows_of_a_table_too(rows: dict[str, Row]) -> None:
    assert Path(rows["page in parquet"].file).name == "rows.parquet"
