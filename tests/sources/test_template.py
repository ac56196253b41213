"""What every source keeps to, whatever its tracker: a new one needs a sample, and passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import of_files
from tests.sources.samples import DELIVERED, IDS, LINES, RECEIVED, SHAPES, TSV, delivered_again, line, written
from trailhouse.settings import Raw, Settings
from trailhouse.sources import SOURCES, recognised
from trailhouse.stages.events import EXTRA
from trailhouse.tables import TABLES


def renamed(good: bytes) -> bytes:
    """The record with another value before its first, under the same name."""
    return f'{{"{next(iter(json.loads(good)))}": 1, '.encode() + good[1:]


BROKEN_JSON = {
    "cut": lambda good: good[: len(good) // 2],
    "an array": lambda good: b"[" + good + b"]",
    "a number": lambda good: b"12",
    "two objects": lambda good: good + b" " + good,
    "something behind it": lambda good: good + b" x",
    "an array closed behind it": lambda good: good + b"] x }",
    "a field twice": renamed,
    "no UTF-8": lambda good: good.replace(b"d-1", b"d-\xff\xfe"),
    "a NUL": lambda good: b"\0" + good,
    "deep nesting": lambda good: b"[" * 3000,
    "an empty object": lambda good: b"{}",
    "single quotes": lambda good: good.replace(b'"', b"'"),
    "too large": lambda good: good[:-1] + b', "more": "' + b"x" * 70_000 + b'"}',
}
BROKEN_TSV = {
    "cut": lambda good: good[: len(good) // 2],
    "a field less": lambda good: good[:-1],
    "a field more": lambda good: good + b"\t",
    "two records": lambda good: good + good,
    "no tab": lambda good: good.replace(b"\t", b" "),
    "nothing but tabs": lambda good: b"\t" * good.count(b"\t"),
    "a header": lambda good: b"\t".join(b"name" for _ in good.split(b"\t")),
    "no UTF-8": lambda good: good.replace(b"d-1", b"d-\xff\xfe"),
    "JSON": lambda good: json.dumps(good.decode().split("\t")).encode(),
    "too large": lambda good: good + b"x" * 70_000,
}
BROKEN = {shape: BROKEN_TSV if shape == TSV else BROKEN_JSON for shape in LINES}
"""Lines that are no record of any source, made of one that is."""


UNCLEAR = (
    ('"https://s.example/a"', '"https://s.example/a", "{key}": "https://s.example/b"'),
    ('"https://s.example/a"', '{{"b": 1, "b": 2}}'),
)
"""What makes of the page's address a field of a wrong type: two values, an object with a key twice."""


def unclear(name: str) -> tuple[str, list[bytes]]:
    """The property that holds the page's address, and for each of UNCLEAR a record of an id of its own."""
    good = json.dumps(DELIVERED[name])
    parts = [part for part in DELIVERED[name].values() if isinstance(part, dict)]
    [key] = [key for part in parts for key, value in part.items() if value == "https://s.example/a"]
    lines = []
    for number, (old, new) in enumerate(UNCLEAR):
        line = good.replace(f'"{key}": {old}', f'"{key}": {new.format(key=key)}')
        assert line != good
        lines.append(line.replace(IDS[name], f"unclear-{number}").encode())
    return key, lines


def test_every_source_has_a_sample() -> None:
    assert set(DELIVERED) == set(SOURCES) == set(SHAPES.values())
    assert {name for name, source in SOURCES.items() if source.lines} <= set(LINES)


def test_every_source_can_be_named_in_the_settings() -> None:
    assert set(get_args(Raw.model_fields["format"].annotation)) == {"auto", *SOURCES}


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """By the name of its file, the rows of `samples` and of `broken_lines`; all files of a source at once."""
    folder = tmp_path_factory.mktemp("template")
    rules = Settings.model_validate({"raw": {"max_record_bytes": 65_536}})
    found: dict[str, list[Row]] = {}
    for source in SOURCES:
        files = {}
        for shape in (shape for shape, name in SHAPES.items() if name == source):
            sample = written(shape, DELIVERED[source], delivered_again(source))
            files[f"{file_of(shape)}{SOURCES[source].suffixes[0]}"] = sample
            if shape in LINES:
                files[f"{file_of(shape)}-broken.txt"] = b"\n".join(broken_lines(shape)) + b"\n"
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for row in of_files(spark, source, [folder / name for name in files], rules):
            found.setdefault(Path(row.file).stem, []).append(row)
    return found


def file_of(shape: str) -> str:
    return shape.replace(" ", "-")


def broken_lines(shape: str) -> list[bytes]:
    """Broken lines, a blank one, a good one, and unclear ones."""
    good = line(shape, DELIVERED[SHAPES[shape]])
    bad = [make(good) for make in BROKEN[shape].values()]
    return [*bad, b"", good, *(unclear(shape)[1] if shape in IDS else [])]


@pytest.fixture(scope="module")
def prepared(read: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Of each shape the rows of a file with its sample, delivered twice."""
    return {shape: read[file_of(shape)] for shape in SHAPES}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_page_view_is_read_alike_from_every_tracker(prepared: dict[str, list[Row]], shape: str) -> None:
    first = prepared[shape][0]
    assert first.reasons == []
    assert (first.event_name, first.platform, first.anonymous_id) == ("page_view", "web", "d-1")
    assert first.page.path == "/a"
    assert first.source == SHAPES[shape]
    # Ten o'clock by the client; arrival and sending move it by a second at most.
    assert 0 <= first.event_time.timestamp() - 1772445600 <= 1


@pytest.mark.parametrize("shape", SHAPES)
def test_the_columns_are_those_of_events(prepared: dict[str, list[Row]], shape: str) -> None:
    assert set(prepared[shape][0].asDict()) == {*TABLES["events"].schema.names, *EXTRA}


@pytest.mark.parametrize("shape", SHAPES)
def test_another_delivery_is_the_same_record(prepared: dict[str, list[Row]], shape: str) -> None:
    one, other = prepared[shape]
    assert (one.received_time != other.received_time) == (RECEIVED[SHAPES[shape]] is not None)
    assert (one.event_id, one.content_hash) == (other.event_id, other.content_hash)


@pytest.fixture(scope="module")
def broken(read: dict[str, list[Row]]) -> dict[str, dict[bytes, Row]]:
    """Of each shape of lines the rows of a file of broken, unclear and good ones, by their bytes."""
    found = {}
    for shape in LINES:
        good = line(shape, DELIVERED[SHAPES[shape]])
        lines = unclear(shape)[1] if shape in IDS else []
        rows = read[f"{file_of(shape)}-broken"]
        assert len(rows) == len(broken_lines(shape)) - 1, "a line was lost, or one came of nothing"
        ids = {f"unclear-{number}": line for number, line in enumerate(lines)}
        found[shape] = {bytes(row.raw) if row.raw else ids.get(row.event_id, good): row for row in rows}
    return found


@pytest.mark.parametrize(("shape", "kind"), [(shape, kind) for shape in LINES for kind in BROKEN[shape]])
def test_a_broken_line_goes_to_quarantine_whole(
    broken: dict[str, dict[bytes, Row]], shape: str, kind: str
) -> None:
    good = line(shape, DELIVERED[SHAPES[shape]])
    assert broken[shape][BROKEN[shape][kind](good)].reasons


@pytest.mark.parametrize("shape", LINES)
def test_a_good_line_among_broken_ones_is_kept(broken: dict[str, dict[bytes, Row]], shape: str) -> None:
    assert broken[shape][line(shape, DELIVERED[SHAPES[shape]])].reasons == []


@pytest.mark.parametrize("name", IDS)
def test_a_property_that_cannot_be_told_is_null_flagged_and_kept_whole(
    broken: dict[str, dict[bytes, Row]], name: str
) -> None:
    key, lines = unclear(name)
    rows = [broken[name][line] for line in lines]
    for row in rows:
        assert (row.reasons, row.page) == ([], None)
        assert [flag.partition("properties.")[2] for flag in row.flags] == [key]
    values, twice_below = [row.properties.replace(" ", "") for row in rows]
    assert [f'"https://s.example/{end}"' in values for end in "ab"] == [True, True]
    assert '{"b":1,"b":2}' in twice_below


@pytest.mark.parametrize("shape", SHAPES)
def test_a_source_is_recognised_by_its_first_lines_and_no_other_is(shape: str) -> None:
    name = SHAPES[shape]
    lines = written(shape, DELIVERED[name], delivered_again(name)).decode().splitlines()
    assert recognised(lines) == [name]


def test_lines_of_no_known_tracker_are_recognised_as_none() -> None:
    assert recognised([]) == []
    assert recognised(["not json", '{"a": 1}', "[1]"]) == []


def test_broken_first_lines_hide_no_tracker() -> None:
    good = json.dumps(DELIVERED["segment"])
    assert recognised(['{"cut', good]) == ["segment"]
