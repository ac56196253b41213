"""The suite's own schema: golden cases, and rows of `events` that come back as they were."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.enrich.test_places import write_database
from tests.sources.reading import by_name, line, message, of_files
from trailhouse.enrich.places import shared
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES
from trailhouse.stages.events import prepare
from trailhouse.tables import TABLES

TEN = 1772445600
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def event(event_id: str | None, **fields: Any) -> dict[str, Any]:
    """A good event of ten o'clock; a field given as None is left out."""
    whole = {
        "event_id": event_id,
        "event_name": "opened",
        "client_time": "2026-03-02T10:00:00Z",
        "anonymous_id": "d-1",
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


FULL = event(
    "full",
    event_name="click",
    sent_time="2026-03-02T10:00:01Z",
    received_time="2026-03-02T10:00:02Z",
    sequence=7,
    app_id="shop",
    platform="Web",
    release="1.2",
    user_id="u-1",
    identifiers={"Email": "a@b.example", "phone": ""},
    account_id="acme",
    client_session_id="s-1",
    tab_id="t-1",
    navigation_type="link",
    page={
        "url": " https://s.example/product/12?utm_source=no",
        "title": "Cup",
        "referrer": "https://r.example/",
        "view_id": "v-1",
        "path": "/made/anew",
    },
    viewport={"width": 800, "height": "600"},
    document={"width": 800, "height": 2000},
    pointer="mouse",
    element={
        "selector": "#buy",
        "text": " Buy ",
        "interactive": True,
        "box": {"x": 1, "y": 2, "width": 30, "height": 40},
        "x": 5.4,
        "y": 6,
    },
    scroll_offset=12,
    media={"id": "m", "position": 1.5, "length": 20},
    form={"id": "f", "field": "mail"},
    search={"term": "cups", "results": 3, "rank": 1},
    survey={"id": "q", "kind": "nps", "score": 9, "answer": "fine"},
    campaign={"source": "news", "click_id": "G1", "click_id_type": "gclid"},
    device={"type": "tablet", "os": "Own"},
    user_agent=PHONE,
    geo={"country": "DE", "city": "Berlin"},
    ip="192.0.2.77",
    language="de",
    consent="Granted",
    experiments=[{"name": "blue", "variant": "b"}, {"name": "red"}],
    value="12.50",
    currency="eur",
    traits={"plan": "pro"},
    flags=["mended"],
    properties={"count": 3, "deep": {"a": [1]}},
    is_bot=True,
    bot_reasons=["x"],
    internal=True,
    event_key=1,
)

CASES: dict[str, dict[str, Any] | str] = {
    "full": FULL,
    "seconds": event("seconds", client_time=None, event_time=TEN),
    "milliseconds": event("milliseconds", client_time=TEN * 1000 + 5),
    "microseconds": event("microseconds", client_time=str(TEN * 10**6 + 5)),
    # A time that is told stands, however wrong the clock was that the others were read from.
    "told time": event(
        "told time",
        event_time="2026-03-02T11:00:00Z",
        client_time="2026-03-02T09:00:00Z",
        sent_time="2026-03-02T09:00:01Z",
        received_time="2026-03-02T11:00:01Z",
    ),
    "user agent": event("user agent", user_agent=PHONE),
    "unknown": event(
        "unknown", plan="pro", source="kiosk", count=2, properties={"count": 3}, more={"a": 1}, empty=None
    ),
    "wrong": event(
        "wrong",
        sequence="first",
        platform="fridge",
        scroll_offset=-1,
        value={"amount": 3},
        viewport={"width": 800},
        page="https://s.example/",
        element={"x": "left", "text": {"a": 1}, "color": "red", "box": {"x": 1, "z": 2}, "selector": "#a"},
        experiments=["blue"],
        traits="pro",
        flags="none",
        content_hash="abc",
        properties='{"a": 1} and more',
    ),
    "text": event("text", properties='{"a": 1.50}', traits='{"plan": "pro"}'),
    "record": event("record", properties={"$record": {"old": 1}, "a": 1}, sequence="x"),
    "parts": event("parts", page={"host": "s.example", "path": "/a", "title": "A"}),
    "twice": '{"event_id":"twice","event_name":"x","client_time":1772445600,"user_id":"u","form":'
    '{"id":"a","id":"b","field":"c"}}',
    "no id": event(None, note=1),
    "denied": event("denied", consent="DENIED", user_id="u-9", ip="192.0.2.200"),
    "address": event("address", ip="192.0.2.200"),
    "address of IPv6": event("address of IPv6", ip="2001:db8:0:1::7"),
    "no place": event("no place", ip="203.0.113.9"),
}
BAD: dict[str, tuple[dict[str, Any] | str, list[str]]] = {
    "no time": (event("b-1", client_time=None), ["no time"]),
    "odd time": (event("b-2", sent_time="soon"), ["time not readable: sent_time"]),
    "no name": (event("b-3", event_name=None), ["no name"]),
    "wrong name": (event("b-4", event_name={"a": 1}), ["name of a wrong type"]),
    "nobody": (event("b-5", anonymous_id=" "), ["no identifier"]),
    "wrong id": (event("b-6", user_id=["u"]), ["identifier of a wrong type: user_id"]),
    "wrong ids": (
        event("b-7", identifiers={"email": {"a": 1}}),
        ["identifier of a wrong type: identifiers"],
    ),
    "ids as text": (event("b-8", identifiers="a@b"), ["identifier of a wrong type: identifiers"]),
}

PLACES = {
    "192.0.2.0/25": {"country": {"iso_code": "DE"}, "city": {"names": {"en": "Berlin"}}},
    "192.0.2.128/25": {"country": {"iso_code": "AT"}},
    "2001:db8:0:1::/64": {"country": {"iso_code": "SE"}},
}
"""Each more exact than an address that privacy lets through."""

URL = "https://s.example/product/12?utm_source=news&gclid=G1"
MESSAGES = [
    message(
        "page",
        type="page",
        event=None,
        context={
            "page": {"url": URL, "title": "Cup", "viewId": "v"},
            "userAgent": PHONE,
            "ip": "192.0.2.77",
            "locale": "de-DE",
            "sequence": 3,
            "viewport": {"width": 390, "height": 844},
            "sessionId": "s",
        },
        properties={"category": "cups", "price": 1.50},
    ),
    message("crawler", context={"userAgent": CRAWLER}),
    message("screen", type="screen", event=None, name="Home"),
    message(
        "click",
        event="Element Clicked",
        properties={"selector": "#a", "x": 5, "y": 6, "box": {"x": 1, "y": 2, "width": 3, "height": 4}},
    ),
    message("empty click", event="Element Clicked"),
    message(
        "order", event="Order Completed", properties={"revenue": "20.5", "currency": "eur", "items": [1]}
    ),
    message("identify", type="identify", event=None, userId="u-1", traits={"email": "a@b.example", "n": 1.0}),
    message("alias", type="alias", event=None, previousId="old", userId="u-1"),
    message("search", event="Products Searched", properties={"query": "cups", "results": 0}),
    message("media", event="Video Playback Paused", properties={"position": 0.1, "total_length": 61.25}),
    message("survey", event="Survey Answered", properties={"kind": "nps", "score": 9, "answer": 'so "so"'}),
    message("test", event="Experiment Viewed", properties={"experiment_id": "e", "variation_id": 2}),
    message("scroll", event="Page Scrolled", properties={"offset": 30}),
    message("wrong", event="Page Scrolled", properties={"offset": "far"}, odd={"a": 1}),
    message("future", originalTimestamp="2027-03-02T10:00:00.000Z"),
    message("drift", originalTimestamp="2026-03-02T08:00:00.1234567Z", sentAt="2026-03-02T08:00:01Z"),
    message(None, event="Heartbeat"),
]


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The prepared rows of CASES and BAD by their names; of MESSAGES as of their own source.

    Those of MESSAGES are written as a table would be, as JSON and as Parquet, and read back beside the
    others: `page in json`, `page in parquet`.
    """
    folder = tmp_path_factory.mktemp("trailhouse")
    (folder / "messages.json").write_bytes(b"\n".join(map(line, MESSAGES)))
    segment, settings = SOURCES["segment"], Settings()
    records = segment.read(spark, [str(folder / "messages.json")], settings)
    geo = shared(spark, str(write_database(folder / "places.mmdb", PLACES)))
    first = prepare(records, segment, settings, geo).collect()
    columns = TABLES["events"].schema
    table = spark.createDataFrame([tuple(row[name] for name in columns.names) for row in first], columns)
    lines = [row.line for row in table.selectExpr(_AS_JSON).collect()]
    (folder / "table.json").write_text("\n".join(lines))
    table.coalesce(1).write.parquet(str(folder / "table"))
    [parquet] = (folder / "table").glob("*.parquet")
    every = [*CASES.values(), *(record for record, _ in BAD.values())]
    (folder / "cases.json").write_bytes(b"\n".join(map(line, every)))
    files = [folder / "table.json", parquet, folder / "cases.json"]
    found = of_files(spark, "trailhouse", files, geo=geo)
    assert len(found) == 2 * len(MESSAGES) + len(every)
    named = {f"{row.event_id} as it was": row for row in first}
    for row in found:
        kind = row.file.rpartition(".")[2]
        if not row.file.endswith("cases.json"):
            named[f"{row.event_id} in {kind}"] = row
    own = by_name([row for row in found if row.file.endswith("cases.json")], BAD)
    [(unnamed, _)] = [(name, several) for name, several in own.items() if len(name) == 64]
    return named | {"no id" if name == unnamed else name: row for name, [row] in own.items()}


_AS_JSON = "to_json(struct(*), map('timestampFormat', \"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX\")) AS line"


def left(row: Row) -> Any:
    return json.loads(row.properties)


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_rows_of_the_table_come_back_as_they_were(rows: dict[str, Row], kind: str) -> None:
    before = {
        name.removesuffix(" as it was"): row for name, row in rows.items() if name.endswith(" as it was")
    }
    assert len(before) == len(MESSAGES)
    for name, row in before.items():
        back = rows[f"{name} in {kind}"]
        assert back.reasons == []
        for column in TABLES["events"].schema.names:
            expected = row[column]
            if column == "source":
                expected = "trailhouse"
            if column == "properties":
                # Where it came from first is told there.
                assert left(back) == {**json.loads(expected or "{}"), "source": "segment"}, name
                continue
            if column == "traits" and expected and kind == "parquet":
                assert json.loads(back.traits) == json.loads(expected)
                continue
            assert back[column] == expected, (name, column)


def test_the_rows_that_came_back_are_varied(rows: dict[str, Row]) -> None:
    before = [row for name, row in rows.items() if name.endswith(" as it was")]
    assert {flag for row in before for flag in row.flags} == {"future_time", "wrong_type:properties.offset"}
    unused = {"account_id", "consent", "document", "form", "navigation_type", "pointer", "release"}
    empty = {name for name in TABLES["events"].schema.names if all(row[name] is None for row in before)}
    assert empty <= unused | {"app_id", "tab_id"}
    assert any(row.is_bot for row in before)


def test_every_field_of_the_schema_is_read(rows: dict[str, Row]) -> None:
    row = rows["full"].asDict(recursive=True)
    assert (row["event_name"], row["platform"], row["consent"], row["currency"]) == (
        "click",
        "web",
        "granted",
        "EUR",
    )
    assert row["event_time"] == datetime(2026, 3, 2, 10, 0, 1), "client + (received - sent)"
    assert row["identifiers"] == {"email": "a@b.example"}
    assert row["page"] == {
        "url": "https://s.example/product/12?utm_source=no",
        "host": "s.example",
        "path": "/product/12",
        "title": "Cup",
        "referrer": "https://r.example/",
        "view_id": "v-1",
        "group": "/product/*",
    }
    assert row["viewport"] == {"width": 800, "height": 600}
    element = row["element"]
    assert (element["text"], element["x"], element["interactive"]) == (" Buy ", 5, True)
    assert element["box"] == {"x": 1, "y": 2, "width": 30, "height": 40}
    assert row["media"] == {"id": "m", "title": None, "position": 1.5, "length": 20.0}
    assert row["form"] == {"id": "f", "field": "mail"}
    assert row["search"] == {"term": "cups", "results": 3, "rank": 1}
    assert row["survey"] == {"id": "q", "kind": "nps", "score": 9, "answer": "fine"}
    assert (row["campaign"]["source"], row["campaign"]["click_id_type"]) == ("news", "gclid")
    assert row["device"] == {"type": "tablet", "browser": None, "os": "Own"}, "told, not read from the agent"
    assert row["geo"] == {"country": "DE", "region": None, "city": "Berlin"}
    assert row["ip"] == "192.0.2.0"
    assert row["experiments"] == [{"name": "blue", "variant": "b"}, {"name": "red", "variant": None}]
    assert (row["value"], json.loads(row["traits"])) == (Decimal("12.5"), {"plan": "pro"})
    assert row["flags"] == ["mended"]
    assert left(rows["full"]) == {"count": 3, "deep": {"a": [1]}}
    for name in ("sequence", "app_id", "release", "user_id", "account_id", "client_session_id", "tab_id"):
        assert str(row[name]) == str(FULL[name])


def test_a_place_is_that_of_the_whole_address_unless_it_is_told(rows: dict[str, Row]) -> None:
    found = {name: rows[name].geo and tuple(rows[name].geo) for name in ("address", "address of IPv6")}
    assert found == {"address": ("AT", None, None), "address of IPv6": ("SE", None, None)}
    assert [rows[name].ip for name in found] == ["192.0.2.0", "2001:db8:0::"]
    assert tuple(rows["page as it was"].geo) == ("DE", None, "Berlin")
    assert [rows[name].geo for name in ("no place", "denied", "text")] == [None] * 3


def test_bots_and_staff_are_judged_anew(rows: dict[str, Row]) -> None:
    row = rows["full"]
    assert (row.bot_reasons, row.is_bot, row.internal) == ([], False, False)
    assert rows["user agent"].device.os == "iOS"


def test_times_are_texts_or_numbers_and_a_told_time_stands(rows: dict[str, Row]) -> None:
    ten = datetime(2026, 3, 2, 10)
    assert (rows["seconds"].event_time, rows["seconds"].client_time) == (ten, None)
    assert rows["milliseconds"].event_time == ten.replace(microsecond=5000)
    assert rows["microseconds"].event_time == ten.replace(microsecond=5)
    told = rows["told time"]
    assert (told.event_time.hour, told.client_time.hour, told.flags) == (11, 9, [])


def test_fields_that_are_no_columns_are_properties(rows: dict[str, Row]) -> None:
    assert left(rows["unknown"]) == {
        "count": 3,
        "plan": "pro",
        "more": {"a": 1},
        "source": "kiosk",
        "$record": {"count": 2},
    }
    assert left(rows["text"]) == {"a": 1.5}
    assert rows["text"].traits == '{"plan": "pro"}'


def test_fields_of_a_wrong_type_are_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row, given = rows["wrong"], CASES["wrong"]
    assert isinstance(given, dict)
    whole = (
        "sequence", "platform", "scroll_offset", "value", "viewport", "page", "experiments", "traits",
        "flags", "content_hash", "properties",
    )  # fmt: skip
    members = ("x", "text", "box")
    assert set(row.flags) == {
        *(f"wrong_type:{name}" for name in whole),
        *(f"wrong_type:element.{name}" for name in members),
    }
    assert [row[name] for name in whole[:8]] == [None] * 8
    assert (row.element.selector, row.element.x, row.element.text, row.element.box) == (
        "#a",
        None,
        None,
        None,
    )
    kept = {name: given[name] for name in whole}
    kept["element"] = {key: given["element"][key] for key in (*members, "color")}
    assert left(row) == {"$record": kept}
    assert len(row.content_hash) == 64
    twice = rows["twice"]
    assert (twice.form.id, twice.form.field, twice.flags) == (None, "c", ["wrong_type:form.id"])
    assert '"id":"a","id":"b"' in twice.properties


def test_a_record_of_the_properties_is_kept_in_the_new_one(rows: dict[str, Row]) -> None:
    assert left(rows["record"]) == {"a": 1, "$record": {"$record": {"old": 1}, "sequence": "x"}}


def test_parts_of_an_address_stay_where_there_is_no_address(rows: dict[str, Row]) -> None:
    assert rows["parts"].page.title == "A"
    assert left(rows["parts"]) == {"$record": {"page": {"host": "s.example", "path": "/a"}}}
    assert "$record" not in left(rows["full"])


def test_an_event_without_an_id_is_its_content_and_a_refusal_takes_identifiers(rows: dict[str, Row]) -> None:
    assert rows["no id"].event_id == rows["no id"].content_hash
    denied = rows["denied"]
    assert (denied.reasons, denied.anonymous_id, denied.user_id) == ([], None, None)


@pytest.mark.parametrize("name", BAD)
def test_a_record_that_is_no_event_says_why(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


def test_the_example_of_the_page_is_read(spark: SparkSession) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "sources" / "trailhouse.md"
    examples = [text.partition("```")[0] for text in page.read_text().split("```json\n")[1:]]
    assert len(examples) == 2
    names = {*TABLES["events"].schema.names, "plan"}
    for text in examples:
        assert set(json.loads(text)) <= names
