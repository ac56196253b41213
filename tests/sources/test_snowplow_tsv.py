"""Snowplow's enriched TSV: golden cases of its JSON, broken lines, and the same events as CSV."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.enriched import MOBILE, SNOWPLOW, Enriched, line, uri, write_csv
from tests.sources.reading import of_files
from trailhouse.errors import SourceError
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES, recognised
from trailhouse.sources.lines import line_numbers
from trailhouse.sources.snowplow_names import FIELDS

VIEW = (f"{SNOWPLOW}/web_page/1-0-0", {"id": "view-1"})
SESSION = (
    f"{SNOWPLOW}/client_session/1-0-2",
    {"userId": "phone-1", "sessionId": "ps-1", "sessionIndex": 3, "eventIndex": 7},
)
SCREEN = (f"{MOBILE}/screen/1-0-0", {"id": "screen-1", "name": "Basket"})
MEDIA = f"{SNOWPLOW}.media"
SHOP = f"{SNOWPLOW}.ecommerce"
ACTION = f"{SHOP}/snowplow_ecommerce_action/1-0-2"
PLAYER = (f"{SNOWPLOW}/media_player/2-0-0", {"currentTime": 12.5, "duration": 60, "label": "Tour"})


def own(schema: str, data: Any, *contexts: tuple[str, Any], **cells: str) -> Enriched:
    return Enriched(cells, [VIEW, *contexts], own=(schema, data))


def product(price: float, quantity: int | None = None, currency: str = "eur") -> tuple[str, Any]:
    data = {"id": "p", "category": "c", "price": price, "currency": currency, "quantity": quantity}
    return (f"{SHOP}/product/1-0-0", data)


CASES: dict[str, Enriched] = {
    "view": Enriched(
        {
            "event": "page_view",
            "event_name": "page_view",
            "page_url": "https://s.example/a",
            "page_title": 'Käse "say"',
            "geo_region": "BE",
            "geo_region_name": "Berlin",
            "br_cookies": "1",
            "doc_width": "390",
            "doc_height": "tall",
            "etl_tstamp": "2026-03-02 10:00:05.000",
        },
        # A minor version that nobody here has seen.
        [(f"{SNOWPLOW}/web_page/1-4-2", {"id": "view-9"})],
        [("nl.basjes/yauaa_context/1-0-4", {"deviceClass": "Phone"})],
    ),
    "other model": Enriched({"event": "page_view"}, [(f"{SNOWPLOW}/web_page/2-0-0", {"id": "view-2"})]),
    "no JSON": Enriched({"event": "page_ping", "pp_yoffset_max": "80"}),
    "click": own(
        f"{SNOWPLOW}/link_click/1-0-1",
        {"targetUrl": "https://o.example/", "elementId": "go", "elementContent": "Go"},
    ),
    "snake": own(f"{SNOWPLOW}/link_click/1-0-1", {"target_url": "https://o.example/", "element_id": "go"}),
    "button": own(f"{SNOWPLOW}/button_click/2-0-0", {"label": "Buy", "id": "buy"}),
    "focus": own(f"{SNOWPLOW}/focus_form/1-0-0", {"formId": "f", "elementId": "name", "nodeName": "INPUT"}),
    "change": own(f"{SNOWPLOW}/change_form/1-0-0", {"formId": "f", "elementId": "name", "value": "x"}),
    "submit": own(f"{SNOWPLOW}/submit_form/1-0-0", {"formId": "f", "elements": [{"name": "a"}]}),
    "search": own(f"{SNOWPLOW}/site_search/1-0-0", {"terms": ["red", "shoes"], "totalResults": 4}),
    "error": own(f"{SNOWPLOW}/application_error/1-0-2", {"message": "boom"}),
    "vital": own(f"{SNOWPLOW}/web_vitals/1-0-0", {"lcp": 1908.5, "cls": 0.011}),
    "play": own(f"{MEDIA}/play_event/1-0-0", {}, PLAYER),
    "progress": own(
        f"{SNOWPLOW}/media_player_event/1-0-0",
        {"type": "percentprogress", "label": "Old tour"},
        (f"{SNOWPLOW}/media_player/1-0-0", {"currentTime": 30, "duration": 60.25}),
        ("com.youtube/youtube/1-0-0", {"playerId": "yt-1"}),
    ),
    "ended": own(
        f"{SNOWPLOW}/media_player_event/1-0-0",
        {"type": "ended"},
        ("org.whatwg/media_element/1-0-0", {"htmlId": "v-1"}),
    ),
    "volume": own(f"{SNOWPLOW}/media_player_event/1-0-0", {"type": "volumechange"}),
    "product": own(ACTION, {"type": "product_view"}, product(19.99)),
    "cart": own(ACTION, {"type": "add_to_cart"}, product(19.99, 2), product(0.05)),
    "two currencies": own(ACTION, {"type": "add_to_cart"}, product(19.99), product(5, currency="USD")),
    "old cart": own(
        f"{SNOWPLOW}/remove_from_cart/1-0-0", {"sku": "p", "price": 5, "quantity": 2, "currency": "EUR"}
    ),
    "checkout": own(ACTION, {"type": "checkout_step"}),
    "order": own(
        ACTION, {"type": "transaction"}, (f"{SHOP}/transaction/1-0-0", {"revenue": 60.5, "currency": "EUR"})
    ),
    "refund": own(
        ACTION, {"type": "refund"}, (f"{SHOP}/refund/1-0-0", {"refund_amount": 9.5, "currency": "EUR"})
    ),
    "list": own(ACTION, {"type": "list_view", "name": "new"}),
    "choice": own(f"{SNOWPLOW}/consent_preferences/1-0-0", {"eventType": "allow_selected"}),
    "withdrawal": own(f"{SNOWPLOW}/consent_withdrawn/1-0-0", {"all": True}),
    "part of it": own(f"{SNOWPLOW}/consent_withdrawn/1-0-0", {"all": False}),
    "ground": Enriched(
        {"event": "page_view"}, [(f"{SNOWPLOW}/gdpr/1-0-0", {"basisForProcessing": "contract"})]
    ),
    "screen": Enriched(
        {"platform": "mob", "os_family": "iOS", "domain_userid": "", "domain_sessionid": ""},
        [SESSION, SCREEN, (f"{MOBILE}/application/1-0-0", {"name": "shop", "version": "1.2.3"})],
        own=(f"{MOBILE}/screen_view/1-0-0", {"name": "Home", "id": "screen-2"}),
    ),
    "scroll": Enriched({}, [SCREEN], own=(f"{MOBILE}/scroll_changed/1-0-0", {"y_offset": -4})),
    "test": Enriched(
        {"event": "page_view"},
        [
            (f"{MOBILE}/experiment/1-0-0", {"experiment_name": "checkout", "variation_name": "short"}),
            (f"{MOBILE}/experiment/1-0-0", {"experiment_name": "price", "variation_name": "low"}),
            ("com.optimizely.optimizelyx/summary/1-1-0", {"experimentId": 77, "variation": 3}),
        ],
    ),
    "custom": own("com.acme-x.Shop/GiftWrapped/2-1-0", {"paper": {"colour": "red"}, "price": 1}, product(2)),
    "another's click": own("com.acme/link_click/1-0-0", {"targetUrl": "https://o.example/"}),
    "many": Enriched(
        {"event": "page_view"},
        [("com.acme/tag/1-0-0", {"n": 1}), ("com.acme/tag/1-0-0", {"n": 2}), VIEW],
        [("com.acme/tag/1-0-1", {"n": 3})],
    ),
    "wrong types": own(
        f"{SNOWPLOW}/site_search/1-0-0",
        {"terms": "red", "totalResults": "many"},
        (f"{SNOWPLOW}/client_session/1-0-2", {"eventIndex": "first", "sessionId": {"a": 1}}),
    ),
    "struct": Enriched({"event": "struct", "se_category": "video", "se_action": "play", "se_value": "2"}),
    "sale": Enriched({"event": "transaction", "tr_total": "19.99", "tr_currency": "eur"}),
    "item": Enriched(
        {"event": "transaction_item", "ti_price": "2.5", "ti_quantity": "3", "ti_currency": "EUR"}
    ),
}
PAGES = "contexts_com_snowplowanalytics_snowplow_web_page_1"


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


GOOD = Enriched({"event": "page_view", "page_title": "fine"}, [VIEW])
ODD: dict[str, Callable[[dict[str, str]], str]] = {
    "good": line,
    "no JSON at all": lambda fields: line({**fields, "contexts": "nonsense"}),
    "an object behind it": lambda fields: line({**fields, "contexts": fields["contexts"] + "{}"}),
    "an array": lambda fields: line({**fields, "contexts": "[]"}),
    "a schema that is none": lambda fields: line(
        {**fields, "contexts": fields["contexts"].replace("iglu:com.snowplowanalytics.snowplow/web", "web")}
    ),
    "a key twice": lambda fields: line(
        {**fields, "contexts": fields["contexts"].replace('"id":', '"id": "a", "id":')}
    ),
    "an own event of no schema": lambda fields: line({**fields, "unstruct_event": '{"data": {"a": 1}}'}),
    "one field less": lambda fields: line(fields).rsplit("\t", 1)[0],
    "one field more": lambda fields: line(fields) + "\t",
    "no time": lambda fields: line({**fields, "dvce_created_tstamp": ""}),
    "bad time": lambda fields: line({**fields, "collector_tstamp": "soon"}),
    "nobody": lambda fields: line({**fields, "domain_userid": ""}),
    "no name": lambda fields: line({**fields, "event": ""}),
}


@pytest.fixture(scope="module")
def odd_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("odd") / "run=2026-03-02"
    path.mkdir()
    lines = [make(GOOD.fields(name)) for name, make in ODD.items()]
    (path / "part.tsv").write_bytes("\r\n".join(lines).encode() + b"\r\n")
    return path / "part.tsv"


@pytest.fixture(scope="module")
def odd(spark: SparkSession, odd_file: Path) -> dict[str, Row]:
    """Odd lines by the names of their cases; a broken one keeps its bytes, which name it."""
    known = {make(GOOD.fields(name)).encode(): name for name, make in ODD.items()}
    found = of_files(spark, "snowplow", [odd_file])
    return {known[bytes(row.raw)] if row.raw else row.event_id: row for row in found}


def test_lines_that_are_no_event_go_to_quarantine_with_their_reasons(odd: dict[str, Row]) -> None:
    assert {name: row.reasons for name, row in odd.items() if row.reasons} == {
        "one field less": ["130 fields instead of 131"],
        "one field more": ["132 fields instead of 131"],
        "no time": ["no time"],
        "bad time": ["time not readable: collector_tstamp"],
        "nobody": ["no identifier"],
        "no name": ["no name"],
    }
    assert set(odd) == set(ODD)


@pytest.mark.parametrize(
    "name",
    ["no JSON at all", "an object behind it", "an array", "a schema that is none", "a key twice"],
)
def test_contexts_that_cannot_be_read_are_flagged_and_kept_as_text(odd: dict[str, Row], name: str) -> None:
    row = odd[name]
    given = dict(zip(FIELDS, ODD[name](GOOD.fields(name)).split("\t"), strict=True))["contexts"]
    assert (row.reasons, row.flags, row.page.view_id) == ([], ["wrong_type:contexts"], None)
    assert json.loads(row.properties) == {"contexts": given}
    assert row.content_hash != odd["good"].content_hash


def test_an_own_event_without_schema_is_flagged_and_kept(odd: dict[str, Row]) -> None:
    row = odd["an own event of no schema"]
    assert row.flags == ["wrong_type:unstruct_event"]
    assert json.loads(row.properties) == {
        "unstruct_event": '{"data": {"a": 1}}',
        PAGES: [{"id": "view-1"}],
    }


def test_the_line_of_a_bad_event_is_found(spark: SparkSession, odd_file: Path, odd: dict[str, Row]) -> None:
    numbers = {name: number for number, name in enumerate(ODD, start=1)}
    bad = {name: hashlib.sha256(row.raw).hexdigest() for name, row in odd.items() if row.reasons}
    hashes = spark.createDataFrame([(code,) for code in bad.values()], "content_hash string")
    found = {row.content_hash: row.line for row in line_numbers(spark, [str(odd_file)], hashes).collect()}
    assert {name: found[code] for name, code in bad.items()} == {name: numbers[name] for name in bad}


def test_enriched_lines_are_recognised_by_their_fields_in_place() -> None:
    good = line(GOOD.fields("e"))
    assert recognised([good, "cut\tshort", good + "\r"]) == ["snowplow"]
    unknown = line({**GOOD.fields("e"), "platform": "x", "event": "y"})
    no_time = line({**GOOD.fields("e"), "collector_tstamp": "1772445600"})
    for lines in ([unknown], [no_time], [good + "\t"], ["\t" * 130], [good, "a", "b"]):
        assert recognised(lines) == [], lines


def test_a_line_too_long_for_a_header_is_none() -> None:
    assert recognised(['"' + "x" * 200_000 + '"']) == []


def test_an_empty_file_of_a_pipeline_holds_nothing(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("part-0001", "part-0002.tsv"):
        (tmp_path / name).touch()
    (tmp_path / "part-0003").write_text("cut short\n" + line(GOOD.fields("e")) + "\n")
    found = of_files(spark, "snowplow", sorted(tmp_path.iterdir()))
    assert sorted(row.reasons for row in found) == [[], ["1 fields instead of 131"]]


def test_a_file_of_neither_shape_is_refused_by_name(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "events.tsv").write_text(line(GOOD.fields("e")) + "\n")
    (tmp_path / "lines.json").write_text('{"event_id": 1}\n')
    with pytest.raises(SourceError, match="lines.json.*no enriched event of 131 fields"):
        SOURCES["snowplow"].read(spark, [str(file) for file in tmp_path.iterdir()], Settings())


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
