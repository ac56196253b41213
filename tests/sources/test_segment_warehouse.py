"""Rows of warehouse tables: the same columns as the messages that they were made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import line, message, of_files
from tests.sources.warehouse import as_row
from trailhouse.sources import recognised
from trailhouse.tables import TABLES

CONTEXT = {
    "page": {
        "url": "https://s.example/a?gclid=G1",
        "title": "A",
        "referrer": "https://r.example/",
        "path": "/a",
        "viewId": "v-1",
        "navigationType": "navigate",
    },
    "viewport": {"width": 800, "height": 600},
    "document": {"width": 800, "height": 2000},
    "campaign": {"source": "news", "medium": "mail", "name": "spring"},
    "app": {"name": "shop", "version": "1.2"},
    "library": {"name": "analytics.js", "version": "2"},
    "consent": {"status": "granted"},
    "traits": {"email": "a@b.example", "plan": "pro"},
    "externalIds": [{"id": "x-1", "type": "crm", "collection": "users"}],
    "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:122.0) Gecko/20100101 Firefox/122.0",
    "locale": "de-DE",
    "ip": "192.0.2.77",
    "sessionId": 177,
    "tabId": "t-1",
    "groupId": "acme",
    "sequence": 4,
    "timezone": "Europe/Berlin",
}
TABLE_OF = {
    "track": "order_completed",
    "page": "pages",
    "screen": "screens",
    "identify": "identifies",
    "alias": "aliases",
    "group": "groups",
}
MESSAGES = [
    message(
        "page",
        type="page",
        event=None,
        userId="u-1",
        channel="web",
        context=CONTEXT,
        properties={"url": "https://s.example/a?gclid=G1", "viewId": "v-2", "category": "x", "depth": 2},
    ),
    message("screen", type="screen", event=None, name="Home", context={"library": {"name": "analytics-ios"}}),
    message("server", channel="server", properties={"channel_of": "x", "type": "page", "name": "n"}),
    message(
        "click",
        event="Element Clicked",
        context=CONTEXT,
        properties={"selector": "#a", "x": 5, "box": {"x": 1, "y": 2, "width": 3, "height": 4}, "note": 1.5},
    ),
    message(
        "order", event="Order Completed", properties={"revenue": 20.5, "currency": "eur", "channel": "email"}
    ),
    message(
        "wrong", event="Page Scrolled", properties={"offset": "far"}, context={"viewport": {"width": "1"}}
    ),
    message("identify", type="identify", event=None, userId="u-1", traits={"email": "a@b.example", "n": 1}),
    message("group", type="group", event=None, groupId="g-1", traits={"name": "Acme", "seats": 5}),
    message("alias", type="alias", event=None, previousId="old", userId="u-1"),
    message("late", timestamp="2026-03-02T09:59:00Z", originalTimestamp=None),
    message(None, event="Opened"),
]
OWN = ("raw", "file", "source", "content_hash", "event_id", "event_key")


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """`page as message`, `page as row`, `page as parquet`, and those of ODD, by one query a source."""
    folder = tmp_path_factory.mktemp("warehouse")
    (folder / "messages.json").write_bytes(b"\n".join(map(line, MESSAGES)))
    files: dict[Path, list[Any]] = {}
    for each in MESSAGES:
        files.setdefault(folder / f"prod.{TABLE_OF[each['type']]}-001.json", []).append(as_row(each))
    for name, (path, row) in ODD.items():
        files.setdefault(folder / path, []).append({"id": name, **row} if isinstance(row, dict) else row)
    for path, records in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(map(line, records)))
    table = folder / "pages" / "part-0.parquet"
    table.parent.mkdir(exist_ok=True)
    typed = {key: pa.array([value]) for key, value in reversed(as_row(MESSAGES[0]).items())}
    ten = pa.array([1772445600_000000], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({**typed, "original_timestamp": ten}), table)
    found = {}
    for source, given, kind in (
        ("segment", [folder / "messages.json"], "message"),
        ("segment_warehouse", [*files, table], "row"),
    ):
        for row in of_files(spark, source, given):
            shape = "parquet" if row.file.endswith(".parquet") else kind
            name = "unnamed" if row.event_id == row.content_hash else row.event_id
            assert f"{name} as {shape}" not in found
            found[f"{name} as {shape}"] = row
    assert len(found) == 2 * len(MESSAGES) + len(ODD) + 1
    return found


BASE = {
    "anonymous_id": "d-1",
    # As BigQuery writes times.
    "received_at": "2026-03-02 10:00:01.5 UTC",
    "timestamp": "2026-03-02 10:00:00 UTC",
}
ODD: dict[str, tuple[str, dict[str, Any] | str]] = {
    "slug": ("a.json", {**BASE, "event": "order_completed", "revenue": 3}),
    "custom": (
        "a.json",
        {**BASE, "event": "done", "type": "page", "previous_id": "p", "group_id": 7},
    ),
    "typed": ("a.json", {**BASE, "type": "Screen", "title": "T"}),
    "folder": ("pages/2026/a.json", {**BASE, "url": "https://s.example/", "type": "gold"}),
    "last word": ("pages/screens_01.json", {**BASE}),
    "by id": ("a.json", {**BASE, "previous_id": "old"}),
    "reserved": ("pages/a.json", {"anonymous_id": "d", "_timestamp": "2026-03-02T10:00:00Z"}),
    "ids": ("pages/b.json", {**BASE, "context_external_ids": "none", "context_page": 3}),
    "user": ("users.json", {**BASE, "email": "a@b.example"}),
    "again": (
        "pages/a.json",
        '{"id":"again","timestamp":1772445600,"user_id":"u","context_x":1,"context_x":2}',
    ),
}


@pytest.mark.parametrize("record", MESSAGES, ids=lambda record: record.get("messageId", "unnamed"))
def test_a_row_gives_the_columns_of_its_message(rows: dict[str, Row], record: dict[str, Any]) -> None:
    name = record.get("messageId", "unnamed")
    told, row = rows[f"{name} as message"], rows[f"{name} as row"]
    for column in TABLES["events"].schema.names:
        if column in (*OWN, "properties", "traits"):
            continue
        assert row[column] == told[column], column
    assert (row.reasons, told.reasons) == ([], [])
    for column in ("properties", "traits"):
        assert json.loads(row[column] or "{}") == json.loads(told[column] or "{}"), column
    assert row.event_id == told.event_id or name == "unnamed"


def test_the_messages_fill_the_columns(rows: dict[str, Row]) -> None:
    page = rows["page as message"]
    filled = ("viewport", "document", "campaign", "app_id", "release", "user_agent", "sequence", "tab_id")
    assert all(page[name] is not None for name in filled)
    assert page.identifiers == {"email": "a@b.example", "crm": "x-1"}
    assert rows["click as message"].element.box.height == 4
    assert rows["wrong as row"].flags == ["wrong_type:context.viewport", "wrong_type:properties.offset"]


def test_a_row_of_parquet_is_the_row_of_json(rows: dict[str, Row]) -> None:
    of_json, of_parquet = (rows[f"page as {shape}"].asDict(recursive=True) for shape in ("row", "parquet"))
    differing = {name for name in of_json if of_json[name] != of_parquet[name]}
    assert differing <= {"file", "content_hash"}


def test_the_table_of_a_row_is_told_by_its_event_its_type_its_file_or_an_id(rows: dict[str, Row]) -> None:
    kinds = {name: rows[f"{name} as row"].event_name for name in ODD if name not in ("user", "again")}
    assert kinds == {
        "slug": "order",
        "custom": "done",
        "typed": "screen_view",
        "folder": "page_view",
        "last word": "screen_view",
        "by id": "alias",
        "reserved": "page_view",
        "ids": "page_view",
    }
    assert all(rows[f"{name} as row"].reasons == [] for name in kinds)
    assert rows["by id as row"].previous_id == "old"


def test_what_is_no_column_here_stays_in_properties(rows: dict[str, Row]) -> None:
    custom = rows["custom as row"]
    assert json.loads(custom.properties) == {"type": "page", "previous_id": "p", "group_id": 7}
    assert json.loads(rows["folder as row"].properties) == {"type": "gold"}
    assert custom.event_time.isoformat() == "2026-03-02T10:00:00"
    odd = rows["ids as row"]
    assert set(odd.flags) == {"wrong_type:context.externalIds", "wrong_type:context.page"}
    assert json.loads(odd.properties) == {"$context": {"externalIds": "none", "page": 3}}


def test_a_row_of_another_table_and_one_with_a_column_twice_are_no_events(rows: dict[str, Row]) -> None:
    assert rows["user as row"].reasons == ["no type"]
    assert [row.reasons for name, row in rows.items() if name.startswith("again")] == [
        ["named more than once: context_x"]
    ]


def test_rows_are_told_from_messages_and_from_the_suites_own(rows: dict[str, Row]) -> None:
    assert recognised([json.dumps(as_row(each)) for each in MESSAGES]) == ["segment_warehouse"]
    assert recognised([json.dumps(each) for each in MESSAGES]) == ["segment"]
