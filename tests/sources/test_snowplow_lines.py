"""Lines of Snowplow's enriched TSV that are odd, broken or none, and how a file of them is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.enriched import PAGES, VIEW, Enriched, line
from tests.sources.reading import of_files
from trailhouse.errors import SourceError
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES, recognised
from trailhouse.sources.lines import line_numbers
from trailhouse.sources.snowplow_names import FIELDS

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
