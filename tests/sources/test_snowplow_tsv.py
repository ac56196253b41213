"""Snowplow's enriched TSV: golden cases of its JSON, and the same events as CSV."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.enriched import PAGES, SNOWPLOW, line, uri, write_csv
from tests.sources.enriched_cases import CASES
from tests.sources.reading import of_files


@pytest.fixture(scope="module")
def both(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Row]]:
    """All cases, packed as TSV and as CSV beside each other in one folder, by shape and event id."""
    folder = tmp_path_factory.mktemp("enriched")
    tsv, table = folder / "part-0000.gz", folder / "table.csv"
    text = "".join(line(case.fields(name)) + "\n" for name, case in CASES.items())
    tsv.write_bytes(gzip.compress(text.encode()))
    write_csv(table, [case.row(name) for name, case in CASES.items()])
    found: dict[str, dict[str, Row]] = {"tsv": {}, "csv": {}}
    for row in of_files(spark, "snowplow", [tsv, table]):
        found["csv" if row.file.endswith(".csv") else "tsv"][row.event_id] = row
    return found


@pytest.fixture(scope="module")
def rows(both: dict[str, dict[str, Row]]) -> dict[str, Row]:
    return both["tsv"]


@pytest.mark.parametrize("name", CASES)
def test_the_same_event_makes_the_same_row_from_tsv_and_from_csv(
    both: dict[str, dict[str, Row]], name: str
) -> None:
    one, other = (both[shape][name].asDict(recursive=True) for shape in ("tsv", "csv"))
    assert one["reasons"] == []
    for row in (one, other):
        row.pop("file")
    assert one == other


def test_names_are_canonical_for_snowplows_schemas_alone(rows: dict[str, Row]) -> None:
    assert {name: row.event_name for name, row in rows.items()} == {
        "view": "page_view",
        "other model": "page_view",
        "no JSON": "heartbeat",
        "click": "click",
        "snake": "click",
        "button": "click",
        "focus": "form_start",
        "change": "form_change",
        "submit": "form_submit",
        "search": "search",
        "error": "error",
        "vital": "web_vital",
        "play": "media_play",
        "progress": "media_progress",
        "ended": "media_complete",
        "volume": "media_player_event",
        "product": "product_view",
        "cart": "cart_add",
        "two currencies": "cart_add",
        "old cart": "cart_remove",
        "checkout": "checkout",
        "order": "order",
        "refund": "refund",
        "list": "list_view",
        "choice": "consent_preferences",
        "withdrawal": "consent_withdrawn",
        "part of it": "consent_withdrawn",
        "ground": "page_view",
        "screen": "screen_view",
        "scroll": "scroll",
        "test": "page_view",
        "custom": "GiftWrapped",
        "another's click": "link_click",
        "many": "page_view",
        "wrong types": "search",
        "struct": "video play",
        "sale": "order",
        "item": "transaction_item",
    }


def test_atomic_fields_are_found_by_their_place(rows: dict[str, Row]) -> None:
    row = rows["view"]
    # 09:59:59.5 by the device's clock, which is a second slow
    assert row.event_time == datetime(2026, 3, 2, 10, 0, 0, 500_000)
    assert (row.app_id, row.anonymous_id, row.client_session_id) == ("shop", "d-1", "s-1")
    assert (row.page.url, row.page.title, row.geo.region) == ("https://s.example/a", 'Käse "say"', "Berlin")
    assert rows["no JSON"].scroll_offset == 80


def test_a_context_is_known_by_its_model_whatever_its_minor_version(rows: dict[str, Row]) -> None:
    views = {name: rows[name].page.view_id if rows[name].page else None for name in ("view", "other model")}
    assert views == {"view": "view-9", "other model": None}
    assert json.loads(rows["other model"].properties) == {
        "contexts_com_snowplowanalytics_snowplow_web_page_2": [{"id": "view-2"}]
    }


def test_what_no_column_takes_is_kept_in_properties(rows: dict[str, Row]) -> None:
    assert json.loads(rows["view"].properties) == {
        "br_cookies": "true",
        "doc_height": "tall",
        "etl_tstamp": "2026-03-02 10:00:05.000",
        "geo_region": "BE",
        PAGES: [{"id": "view-9"}],
        "contexts_nl_basjes_yauaa_context_1": [{"deviceClass": "Phone"}],
    }
    custom = json.loads(rows["custom"].properties)
    assert custom["unstruct_event_com_acme_x_shop_gift_wrapped_2"] == {
        "paper": {"colour": "red"},
        "price": 1,
    }
    assert rows["custom"].value is None, "only events about products have their price as value"
    # All of a kind stand together, those of enrichment last.
    assert json.loads(rows["many"].properties)["contexts_com_acme_tag_1"] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_elements_and_forms_come_from_an_events_own_fields(rows: dict[str, Row]) -> None:
    elements = {name: rows[name].element for name in ("click", "snake", "button")}
    assert {name: (e.selector, e.text, e.href) for name, e in elements.items()} == {
        "click": ("#go", "Go", "https://o.example/"),
        "snake": ("#go", None, "https://o.example/"),
        "button": ("#buy", "Buy", None),
    }
    assert rows["another's click"].element is None
    assert [tuple(rows[name].form) for name in ("focus", "change", "submit")] == [
        ("f", "name"),
        ("f", "name"),
        ("f", None),
    ]
    assert rows["search"].search.asDict() == {"term": "red shoes", "results": 4, "rank": None}


def test_media_are_told_by_the_player_and_its_page(rows: dict[str, Row]) -> None:
    assert {name: tuple(rows[name].media) for name in ("play", "progress", "ended")} == {
        "play": ("Tour", "Tour", 12.5, 60.0),
        "progress": ("yt-1", "Old tour", 30.0, 60.25),
        "ended": ("v-1", None, None, None),
    }
    assert rows["volume"].media is None


def test_money_comes_from_the_shops_contexts(rows: dict[str, Row]) -> None:
    money = {name: (row.value, row.currency) for name, row in rows.items() if row.value or row.currency}
    assert money == {
        "product": (Decimal("19.9900"), "EUR"),
        # twice 19.99 and once 0.05
        "cart": (Decimal("40.0300"), "EUR"),
        "old cart": (Decimal("10.0000"), "EUR"),
        "order": (Decimal("60.5000"), "EUR"),
        "refund": (Decimal("9.5000"), "EUR"),
        "sale": (Decimal("19.9900"), "EUR"),
        "item": (Decimal("7.5000"), "EUR"),
    }


def test_a_phones_session_and_screen_stand_in_for_cookie_and_page(rows: dict[str, Row]) -> None:
    screen = rows["screen"]
    assert (screen.platform, screen.anonymous_id, screen.client_session_id) == ("ios", "phone-1", "ps-1")
    assert (screen.sequence, screen.release) == (7, "1.2.3")
    # The view that begins names itself; the context may still be that of the screen before.
    assert (screen.page.title, screen.page.view_id) == ("Home", "screen-2")
    scroll = rows["scroll"]
    assert (scroll.page.title, scroll.page.view_id, scroll.scroll_offset) == ("Basket", "screen-1", 0)


def test_consent_is_what_a_choice_says_else_the_ground_of_processing(rows: dict[str, Row]) -> None:
    told = {name: row.consent for name, row in rows.items() if row.consent}
    assert told == {"choice": "allow_selected", "withdrawal": "withdrawn", "ground": "contract"}
    assert rows["withdrawal"].anonymous_id is None, "identifiers go with the consent"


def test_experiments_come_from_every_context_that_tells_of_one(rows: dict[str, Row]) -> None:
    assert [tuple(test) for test in rows["test"].experiments] == [
        ("checkout", "short"),
        ("price", "low"),
        ("77", "3"),
    ]


def test_fields_of_a_wrong_type_are_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong types"]
    assert sorted(row.flags) == [
        "wrong_type:client_session.eventIndex",
        "wrong_type:client_session.sessionId",
        "wrong_type:unstruct_event.terms",
        "wrong_type:unstruct_event.totalResults",
    ]
    assert (row.client_session_id, row.sequence, row.search.results) == ("s-1", None, None)
    kept = json.loads(row.properties)
    assert kept["contexts_com_snowplowanalytics_snowplow_client_session_1"] == [
        {"eventIndex": "first", "sessionId": {"a": 1}}
    ]
    assert {name for name, other in rows.items() if other.flags} == {"wrong types", "view"}


SCHEMAS = {
    f"contexts_com_snowplowanalytics_snowplow_{name}_1_0_0": f"{SNOWPLOW}/{name}/1-0-0"
    for name in ("web_page", "ua_parser_context")
} | {
    "contexts_com_iab_snowplow_spiders_and_robots_1_0_0": "com.iab.snowplow/spiders_and_robots/1-0-0",
    "contexts_nl_basjes_yauaa_context_1_0_0": "nl.basjes/yauaa_context/1-0-0",
    **{
        f"unstruct_event_com_snowplowanalytics_snowplow_{name}_1_0_0": f"{SNOWPLOW}/{name}/1-0-0"
        for name in ("consent_preferences", "cmp_visible", "web_vitals")
    },
}


def as_enriched(row: dict[str, str]) -> str:
    """A row of the real tables as the pipeline wrote it before a loader took it apart."""
    contexts = []
    fields = dict(row)
    for column, schema in SCHEMAS.items():
        if not row.get(column):
            continue
        [entity] = json.loads(row[column])
        # Some of the rows came through a loader that wraps twice.
        data = entity[0] if isinstance(entity, list) else entity
        described = {"schema": uri(schema), "data": data}
        if column.startswith("contexts_"):
            contexts.append(described)
        else:
            fields["unstruct_event"] = json.dumps({"schema": uri(schema), "data": described})
    fields["contexts"] = json.dumps({"schema": uri(f"{SNOWPLOW}/contexts/1-0-0"), "data": contexts[:1]})
    fields["derived_contexts"] = json.dumps(
        {"schema": uri(f"{SNOWPLOW}/contexts/1-0-0"), "data": contexts[1:]}
    )
    return line(fields)


def test_the_real_events_make_the_same_rows_as_tsv(
    spark: SparkSession, shared_data: Path, tmp_path: Path
) -> None:
    sources = [
        shared_data / f"snowplow_web/source/snowplow_web_{name}.csv" for name in ("events", "vital_events")
    ]
    if not all(file.is_file() for file in sources):
        pytest.skip("the sample of Snowplow's web events is absent")
    lines = []
    for file in sources:
        with file.open(newline="", encoding="utf-8") as text:
            lines += [as_enriched(row) for row in csv.DictReader(text)]
    tsv = tmp_path / "enriched.tsv.gz"
    tsv.write_bytes(gzip.compress("".join(text + "\n" for text in lines).encode()))

    def described(row: Row) -> dict[str, Any]:
        found = row.asDict(recursive=True)
        found["properties"] = json.loads(found["properties"] or "{}")
        # The loader's own time is no field of an enriched event; the bytes are those of the file.
        found["properties"].pop("load_tstamp", None)
        return {name: value for name, value in found.items() if name not in ("file", "raw")}

    by_file: dict[bool, list[str]] = {True: [], False: []}
    for row in of_files(spark, "snowplow", [tsv, *sources]):
        by_file[row.file.endswith(".csv")].append(json.dumps(described(row), default=str, sort_keys=True))
    assert len(by_file[True]) == len(lines) == 1161
    assert sorted(by_file[True]) == sorted(by_file[False])
