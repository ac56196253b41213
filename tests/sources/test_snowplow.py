"""Snowplow's atomic columns as CSV: golden cases, headers of several kinds, and its real test data."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import of_files
from trailhouse.errors import SourceError
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES

BASE = {
    "platform": "web",
    "event": "page_view",
    "event_name": "page_view",
    "dvce_created_tstamp": "2026-03-02 09:59:59.500",
    "dvce_sent_tstamp": "2026-03-02 10:00:00.000",
    "collector_tstamp": "2026-03-02 10:00:01.000",
    "domain_userid": "d-1",
    "domain_sessionid": "s-1",
}
PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
PAGES = "contexts_com_snowplowanalytics_snowplow_web_page_1"
CLICK = "unstruct_event_com_snowplowanalytics_snowplow_link_click_1_0_1"
FORM = "unstruct_event_com_snowplowanalytics_snowplow_change_form_1_0_0"

GOOD: dict[str, dict[str, str]] = {
    "view": {
        "page_url": "https://s.example/a?x=1",
        "page_title": 'Say "hi",\nplease',
        "page_urlquery": "x=1",
        "mkt_source": "news",
        "mkt_clickid": "c-9",
        "geo_country": "DE",
        "geo_region": "BE",
        "network_userid": "n-1",
        "br_viewwidth": "390",
        "br_viewheight": "844",
        "doc_width": "390",
        "doc_height": "tall",
        "refr_medium": "search",
        PAGE: '[{"id":"view-1"}]',
    },
    "ping": {"event": "page_ping", "pp_yoffset_max": "-3"},
    "unscrolled": {"event": "page_ping"},
    "click": {
        "event": "unstruct",
        "event_name": "link_click",
        CLICK: '{"targetUrl":"https://o.example/","elementId":"go","elementContent":"Go"}',
    },
    "form": {"event": "unstruct", "event_name": "change_form", FORM: '{"formId":"f","elementId":"name"}'},
    "struct": {
        "event": "struct",
        "event_name": "event",
        "se_category": "video",
        "se_action": "play",
        "se_value": "2",
    },
    "order": {"event": "transaction", "event_name": "transaction", "tr_total": "19.99", "tr_currency": "eur"},
    "own": {"event": "unstruct", "event_name": "cmp_visible"},
    "phone": {"platform": "mob", "os_name": "Android"},
    "server": {"platform": "srv"},
    "tv": {"platform": "tv"},
    "umlaut": {"page_title": "Käse 🧀"},
    "no JSON": {PAGE: '[{"id":"view-1"}] and more'},
    "wrapped twice": {PAGE: '[[{"id":"view-1"}]]'},
    "an object": {PAGE: '{"id":"view-1"}'},
    "by model": {PAGES: '[{"id":"view-1"}]'},
    "two versions": {PAGE: "[]", PAGE.replace("1_0_0", "1_0_1"): '[{"id":"view-1"}]'},
}
BAD: dict[str, tuple[dict[str, str], list[str]]] = {
    "no-time": ({"dvce_created_tstamp": ""}, ["no time"]),
    "bad-time": ({"collector_tstamp": "soon"}, ["time not readable: collector_tstamp"]),
    "nobody": ({"domain_userid": ""}, ["no identifier"]),
    "no-name": ({"event": "", "event_name": ""}, ["no name"]),
}


def write(
    path: Path, rows: dict[str, dict[str, str]], *, reverse: bool = False, encoding: str = "utf-8"
) -> Path:
    """A CSV of these rows; the header holds their columns, and one more that is always empty."""
    records = [{**BASE, "event_id": name, **cells} for name, cells in rows.items()]
    columns = sorted({"unused", *[column for record in records for column in record]}, reverse=reverse)
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return path


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases: good ones, the first of them again in other files, and bad ones; by event id or file."""
    folder = tmp_path_factory.mktemp("snowplow")
    good = write(folder / "good.csv", GOOD)
    # The same event by another header order and fewer columns, delivered later.
    again = write(
        folder / "again.csv",
        {"ping": {**GOOD["ping"], "collector_tstamp": "2026-03-02 10:00:09", "etl_tstamp": "x"}},
        reverse=True,
    )
    bad = write(folder / "bad.csv", {name: cells for name, (cells, _) in BAD.items()})
    latin = write(folder / "latin.csv", {"latin": {"page_title": "Käse"}}, encoding="latin-1")
    short = folder / "short.csv"
    header = write(folder / "one.csv", {"one": {}}).read_text().splitlines()[0]
    short.write_text(f"{header}\nfew,fields\n")
    found: dict[str, list[Row]] = {}
    for row in of_files(spark, "snowplow", [good, again, bad, latin, short]):
        name = Path(row.file).stem
        found.setdefault(name if name in ("latin", "short") else row.event_id, []).append(row)
    return found


@pytest.mark.parametrize("name", GOOD)
def test_a_good_record_has_no_reason(rows: dict[str, list[Row]], name: str) -> None:
    assert {tuple(row.reasons) for row in rows[name]} == {()}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_has_every_reason_and_its_text(rows: dict[str, list[Row]], name: str) -> None:
    [row] = rows[name]
    assert row.reasons == BAD[name][1]
    assert name.encode() in bytes(row.raw)


def test_bytes_that_are_not_utf8_and_rows_of_another_length_are_bad(rows: dict[str, list[Row]]) -> None:
    [latin], [short] = rows["latin"], rows["short"]
    assert latin.reasons == ["not UTF-8"]
    assert "Käse".encode("latin-1") in bytes(latin.raw)
    assert (short.reasons, bytes(short.raw)) == (["number of fields differs from the header"], b"few,fields")


def test_columns_come_from_the_atomic_ones(rows: dict[str, list[Row]]) -> None:
    [row] = rows["view"]
    # 09:59:59.5 by the device's clock, which is a second slow
    assert row.event_time == datetime(2026, 3, 2, 10, 0, 0, 500_000)
    assert (row.event_name, row.platform, row.anonymous_id, row.client_session_id) == (
        "page_view",
        "web",
        "d-1",
        "s-1",
    )
    assert row.identifiers == {"network_userid": "n-1"}
    assert (row.page.url, row.page.title, row.page.path) == (
        "https://s.example/a?x=1",
        'Say "hi",\nplease',
        "/a",
    )
    assert row.page.view_id == "view-1"
    assert row.viewport.asDict() == {"width": 390, "height": 844}
    assert (row.campaign.source, row.campaign.click_id) == ("news", "c-9")
    assert (row.geo.country, row.geo.region) == ("DE", "BE")
    # The broken height costs the document size alone, and stays as text; parts of the URL go.
    assert (row.document, row.flags) == (None, ["wrong_type:doc_height"])
    assert json.loads(row.properties) == {
        "doc_height": "tall",
        "refr_medium": "search",
        # Known by its model, as in the columns of other loaders and in TSV.
        PAGES: [{"id": "view-1"}],
    }


def test_events_get_their_canonical_names_and_structs(rows: dict[str, list[Row]]) -> None:
    one = {name: found[0] for name, found in rows.items()}
    names = ("ping", "click", "form", "struct", "order", "own")
    assert [one[name].event_name for name in names] == [
        "heartbeat",
        "click",
        "form_change",
        "video play",
        "order",
        "cmp_visible",
    ]
    assert one["ping"].scroll_offset == 0, "a page pulled past its top counts as its top"
    assert one["unscrolled"].scroll_offset is None
    element = one["click"].element
    assert (element.selector, element.text, element.href) == ("#go", "Go", "https://o.example/")
    assert one["form"].form.asDict() == {"id": "f", "field": "name"}
    assert (one["order"].value, one["order"].currency) == (Decimal("19.9900"), "EUR")
    assert json.loads(one["struct"].properties) == {"se_value": "2"}
    assert [one[name].platform for name in ("phone", "server", "tv")] == ["android", "server", None]
    assert one["umlaut"].page.title == "Käse 🧀"


def test_json_in_columns_is_read_however_a_loader_wraps_it(rows: dict[str, list[Row]]) -> None:
    for name in ("wrapped twice", "an object", "by model", "two versions"):
        [row] = rows[name]
        assert (row.page.view_id, row.flags) == ("view-1", []), name
        assert json.loads(row.properties) == {PAGES: [{"id": "view-1"}]}, name
    [row] = rows["no JSON"]
    assert (row.page, row.flags) == (None, [f"wrong_type:{PAGES}"])
    assert json.loads(row.properties) == {PAGES: ['[{"id":"view-1"}] and more']}


def test_another_delivery_has_the_same_content_whatever_its_header(rows: dict[str, list[Row]]) -> None:
    first, second = rows["ping"]
    assert first.received_time != second.received_time
    assert first.content_hash == second.content_hash
    assert first.content_hash != rows["view"][0].content_hash


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "collector_tstamp and event_id not found"),
        ("event_id,collector_tstamp,a,a\n", "twice: a"),
        ("", "not found"),
    ],
)
def test_a_file_without_the_header_is_told_by_name(
    spark: SparkSession, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(text)
    with pytest.raises(SourceError, match=f"odd.csv.*{told}"):
        SOURCES["snowplow"].read(spark, [str(file)], Settings())


def test_the_real_events_are_all_read(spark: SparkSession, shared_data: Path) -> None:
    found = of_files(spark, "snowplow", [shared_data / "snowplow_web/source/snowplow_web_events.csv"])
    assert len(found) == 160
    assert all(row.reasons == [] for row in found)
    kept = {row.event_id for row in found}
    assert len(kept) == 157
    names = [row.event_name for row in found]
    assert {name: names.count(name) for name in ("page_view", "heartbeat", "click")} == {
        "page_view": 50,
        "heartbeat": 8,
        "click": 10,
    }
    assert len({row.client_session_id for row in found if row.client_session_id}) == 46
    # Two of its ways to write the context are read; the third says that there is no view.
    assert sum(row.page.view_id is not None for row in found) == 159
