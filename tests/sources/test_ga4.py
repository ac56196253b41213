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

from tests.sources.ga4_cases import (
    CASES,
    IN_PARQUET,
    ITEMS,
    NAMES,
    PAGE,
    RECORD,
    SESSION,
    TYPES,
    as_typed,
    written,
)
from tests.sources.reading import of_files
from trailhouse.settings import Settings


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The prepared rows by their cases; those of Parquet as `CASE in parquet`."""
    folder = tmp_path_factory.mktemp("ga4")
    (folder / "lines.json.gz").write_bytes(gzip.compress(b"\n".join(map(written, CASES.values()))))
    typed = [as_typed(CASES[name]) for name in IN_PARQUET]  # type: ignore[arg-type]
    keys = dict.fromkeys(key for row in typed for key in row)
    table = {key: pa.array([row.get(key) for row in typed], TYPES.get(key)) for key in keys}
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
