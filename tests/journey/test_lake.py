"""Journeys from a lake: whose they are, how much is read of them, and the two commands."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from typer.testing import CliRunner

from tests.conftest import Shop
from tests.factories import rows
from tests.report.page import Page
from trailhouse import __main__ as terminal
from trailhouse.commands import opening
from trailhouse.errors import IdentityError, SettingsError, StorageError
from trailhouse.journey import commands, read, resolve
from trailhouse.journey.find import Wanted
from trailhouse.journey.read import Limits
from trailhouse.progress import Progress
from trailhouse.run import Run
from trailhouse.settings import Settings
from trailhouse.storage import Lake

ANN, BOB, FORMER, TORN = "1" * 32, "2" * 32, "f" * 32, "e" * 32
OLD, NEW, BOT = "a" * 32, "b" * 32, "c" * 32
EVIL = "<script>alert(1)</script>"
MOVES = 20_000
SETTINGS = Settings.model_validate({"project": {"timezone": "Europe/Berlin"}})


def at(text: str) -> str:
    return f"2026-03-{text}"


def identifier(one: str, **more: Any) -> dict[str, Any]:
    id_type, _, value = one.partition(":")
    return {"id_type": id_type, "id_value": value, **more}


def session(session_id: str, begin: str, end: str, **more: Any) -> dict[str, Any]:
    return {"session_id": session_id, "person_id": ANN, "start_time": at(begin), "end_time": at(end), **more}


def event(
    name: str, time: str, number: int | None, session_id: str | None = NEW, **more: Any
) -> dict[str, Any]:
    view = f"{session_id}-1" if session_id else None
    return {
        "person_id": ANN,
        "session_id": session_id,
        "view_id": view,
        "view_number": 1 if view else None,
        "event_number": number,
        "event_name": name,
        "event_time": at(time),
        "event_date": at(time)[:10],
        **more,
    }


PAGE = {"element": {"selector": "b", "text": EVIL}}
GIVEN: Mapping[str, list[dict[str, Any]]] = {
    "identity_sightings": [
        identifier("user_id:u1", first_time=at("01 10:00:00"), events=3),
        identifier("anonymous_id:null", first_time=at("01 10:00:00"), blocked=True),
        identifier("crm:lost", first_time=at("01 10:00:00")),
    ],
    "identities": [
        identifier("user_id:u1", person_id=ANN, first_seen=at("01 10:00:00")),
        identifier("email:ann@x.org", person_id=ANN, first_seen=at("02 10:00:00")),
        identifier("user_id:u2", person_id=BOB, first_seen=at("01 10:00:00")),
    ],
    "identity_history": [
        identifier(
            "email:ann@x.org", person_id=FORMER, valid_from=at("03 10:00:00"), valid_to=at("04 10:00:00")
        ),
        identifier("user_id:u1", person_id=TORN, valid_from=at("03 10:00:00"), valid_to=at("04 10:00:00")),
        identifier("user_id:u2", person_id=TORN, valid_from=at("03 10:00:00"), valid_to=at("04 10:00:00")),
    ],
    "identity_changes": [
        identifier("email:ann@x.org", change="merged", person_before=FORMER, person_after=ANN)
        | {"at": at("04 10:00:00"), "cause": "events"},
        identifier("user_id:u1", change="created", person_after=ANN) | {"at": at("03 10:00:00")},
    ],
    "sessions": [
        session(OLD, "02 23:50:00", "03 00:10:00", events=2, views=1, channel="Email", is_bounce=True),
        session(NEW, "05 10:00:00", "05 10:02:00", events=8, views=1, converted=True)
        | {"conversion_names": ["order"], "value": [{"currency": "EUR", "amount": 9}]},
        session(BOT, "06 10:00:00", "06 12:00:00", events=MOVES + 12, views=7, person_id=BOB, is_bot=True),
    ],
    "page_views": [
        {"session_id": one, "view_id": f"{one}-{number}", "view_number": number, "start_time": at(begin)}
        | {"page_path": f"/{number}{EVIL}", "view_date": at(begin)[:10]}
        for one, begin, views in ((OLD, "02 23:50:00", 1), (NEW, "05 10:00:00", 1), (BOT, "06 10:00:00", 7))
        for number in range(1, views + 1)
    ],
    "activity": [
        event("page_view", "02 23:50:00", 1, OLD),
        # On the next UTC day.
        event("click", "03 00:10:00", 2, OLD, **PAGE),
        event("page_view", "05 10:00:00", 1, event_id="first"),
        event("mouse_move", "05 10:00:01", 2),
        event(
            "scroll",
            "05 10:00:02",
            3,
            scroll_offset=300,
            document={"height": 1_000},
            viewport={"height": 500},
        ),
        event("mouse_move", "05 10:00:03", 4),
        event("click", "05 10:00:10", 5, event_id="click", properties="x" * 3_000, **PAGE),
        event("mouse_move", "05 10:00:11", 6),
        event("scroll", "05 10:00:12", 7, scroll_offset=100),
        event("order", "05 10:02:00", 8, value="9", currency="EUR"),
        event("refund", "07 10:00:00", None, None, platform="server"),
        event("support_ticket", "08 10:00:00", None, None, platform="server"),
    ],
    "signals": [
        {"session_id": NEW, "view_id": f"{NEW}-1", "kind": "rage_click", "preset": preset, "size": 3}
        | {"person_id": ANN, "start_time": at("05 10:00:10"), "first_event_id": "click", "page_group": "/x"}
        for preset in ("posthog", "mixpanel")
    ],
}


@dataclass(frozen=True)
class Tables:
    """Stands for a lake: what is read of one, without the commits that it takes to make it."""

    spark: SparkSession
    frames: Mapping[str, DataFrame]
    root: str = "memory"
    files: None = None

    def read(self, table: str) -> DataFrame:
        return self.frames[table]

    def exists(self, table: str) -> bool:
        return table in self.frames


@pytest.fixture(scope="module")
def lake(spark: SparkSession) -> Lake:
    """Ann with two visits, and Bob, a bot whose mouse moves by the ten thousand."""
    frames = {name: rows(spark, name, given) for name, given in GIVEN.items()}
    moves = rows(spark, "activity", [event("mouse_move", "06 10:00:00", 1, BOT, person_id=BOB)])
    # A click after every 2,000 moves.
    many = spark.range(MOVES + 10).select(
        (F.col("id") + 1).cast("int").alias("event_number"),
        F.concat(F.lit("bot "), "id").alias("event_id"),
        F.when(F.col("id") % 2_001 == 2_000, "click").otherwise("mouse_move").alias("event_name"),
    )
    alike = moves.drop("event_number", "event_id", "event_name").crossJoin(many)
    frames["activity"] = frames["activity"].unionByName(alike)
    return cast(Lake, Tables(spark, frames))


def test_lines_are_events_and_between_them_what_comes_by_itself(lake: Lake) -> None:
    found = read.visits(lake, read.sessions_of(lake, ANN, 20), Limits(text=100))
    assert [row["session_id"] for row in found.sessions] == [NEW, OLD]
    told = [(row["session_id"][0], row["number"], row["event_name"], row["count"]) for row in found.lines]
    assert told == [
        ("a", 1, "page_view", 1),
        ("a", 2, "click", 1),
        ("b", 1, "page_view", 1),
        ("b", 2, "mouse_move", 2),
        ("b", 3, "scroll", 1),
        ("b", 5, "click", 1),
        ("b", 6, "mouse_move", 1),
        ("b", 7, "scroll", 1),
        ("b", 8, "order", 1),
    ]
    by_number = {row["number"]: row for row in found.lines if row["session_id"] == NEW}
    assert (by_number[3]["scroll_offset"], by_number[3]["document_height"]) == (300, 1_000)
    assert len(by_number[5]["properties"]) == 100
    assert by_number[5]["element"]["text"] == EVIL
    # Two presets found the same.
    [signal] = found.signals
    assert (signal["presets"], signal["first_event_id"]) == (["mixpanel", "posthog"], "click")
    assert found.recorded == frozenset()


def test_of_a_bot_little_is_read_and_the_rest_is_counted(lake: Lake) -> None:
    [session] = read.sessions_by_id(lake, [BOT])
    found = read.visits(lake, (session,), Limits(lines=4, pages=3))
    assert [row["view_number"] for row in found.pages] == [1, 2, 3]
    assert [(row["event_name"], row["count"]) for row in found.lines] == [
        ("mouse_move", 2_000),
        ("click", 1),
        ("mouse_move", 2_000),
        ("click", 1),
    ]


def test_an_identifier_leads_to_its_person(lake: Lake) -> None:
    assert resolve.person(lake, SETTINGS, "u1") == resolve.Whose(ANN, "Asked for as user_id:u1.")
    assert resolve.person(lake, SETTINGS, ANN) == resolve.Whose(ANN)


def test_a_person_who_was_merged_leads_to_whom_it_is_now_and_that_is_told(lake: Lake) -> None:
    found = resolve.person(lake, SETTINGS, FORMER)
    assert found.person_id == ANN
    assert found.note == (
        f"Asked for as person {FORMER}, who is no more: it was merged into {ANN} by the run of "
        "2026-03-04 10:00:00 UTC (events). Its identifiers belong to this person now."
    )


@pytest.mark.parametrize(
    "asked, told",
    [
        ("nobody", "no event shows 'nobody'"),
        ("9" * 32, f"there is no person {'9' * 32}"),
        ("null", "anonymous_id:null is blocked: its value names nobody"),
        ("crm:lost", "crm:lost has no person"),
        (TORN, f"its identifiers now belong to {ANN}, {BOB}: ask for that"),
    ],
)
def test_whoever_is_nobody_is_told_in_a_sentence(lake: Lake, asked: str, told: str) -> None:
    with pytest.raises(IdentityError, match=told) as raised:
        resolve.person(lake, SETTINGS, asked)
    assert raised.value.exit_code == 2


def opened(lake: Lake) -> tuple[Run, io.StringIO]:
    """The lake to read, and what is told about it."""
    told = io.StringIO()
    return Run(lake, SETTINGS, Progress(Console(file=told, width=250))), told


def test_a_persons_journey_is_written(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "new" / "ann.html"
    run, _ = opened(lake)
    told = commands.write_journey(run, FORMER, None, out, 1)
    assert told == (out, f"1 visit of 2 of person {ANN}")
    html = out.read_text(encoding="utf-8")
    assert EVIL not in html
    words = Page(html).words
    for said in (
        f"Asked for as person {FORMER}, who is no more",
        "email:ann@x.org came from person",
        "The newest 1 of 2; 1 earlier is left out",
        "Thu 5 Mar 2026, 11:00:00 to 11:02:00 converted: order, EUR 9.00 1 × rage click",
        f"11:00:10 click Clicked “{EVIL}” ⚑ rage click 3 events in 0 s, by mixpanel, posthog",
        "2 mouse moves, 1 scroll (down to 80 %)",
        "2026-03-07 11:00 order Was refunded from a server 2026-03-08 11:00 feedback Wrote to support",
        "Times are of the zone Europe/Berlin.",
    ):
        assert said in words, said


def test_one_visit_is_written_to_a_file_named_by_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run, _ = opened(lake)
    target, _ = commands.write_journey(run, None, OLD, None, 20)
    assert target == Path(f"journey-{OLD}.html")
    words = Page(target.read_text(encoding="utf-8")).words
    # Begun and ended on the same day there, on two days in UTC.
    assert "Tue 3 Mar 2026, 00:50:00 to 01:10:00 bounced" in words
    assert f"all of them: python -m trailhouse journey --person {ANN}" in words
    assert "Was refunded" not in words


def test_a_session_that_is_none_and_a_page_that_cannot_be_written_are_told(lake: Lake) -> None:
    run, _ = opened(lake)
    with pytest.raises(IdentityError, match="there is no session '../x'"):
        commands.write_journey(run, None, "../x", None, 20)
    with pytest.raises(StorageError, match="/dev/null/x.html cannot be written"):
        commands.write_journey(run, None, OLD, Path("/dev/null/x.html"), 20)


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["journey"], "Give one of --person and --session"),
        (["journey", "--person", "u1", "--session", OLD], "Give one of --person and --session"),
        (["journeys", "--min-duration", "long"], "no length of time"),
        (["journeys", "--signal", "rage"], "did you mean 'rage_click'"),
    ],
)
def test_what_cannot_be_asked_is_told_before_a_session_starts(arguments: list[str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        CliRunner().invoke(terminal.app, arguments, catch_exceptions=False)


def test_visits_are_found_and_written_with_their_journeys(lake: Lake, tmp_path: Path) -> None:
    table, folder = tmp_path / "found.csv", tmp_path / "found"
    run, told = opened(lake)
    wanted = Wanted(signals=("rage_click",), on="/x")
    commands.write_journeys(run, wanted, "signals", 20, table, folder, " --lake x")
    assert "1 visit with rage click on /x (times in Europe/Berlin)" in told.getvalue()
    [row] = csv.DictReader(table.open(encoding="utf-8"))
    assert (row["session_id"], row["person_id"], row["start"]) == (NEW, ANN, "2026-03-05 11:00:00")
    assert row["command"] == f"python -m trailhouse journey --session {NEW} --lake x"
    index = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert [a["href"] for tag, a in index.elements if tag == "a"] == ["#content", f"{NEW}.html"]
    words = Page((folder / f"{NEW}.html").read_text(encoding="utf-8")).words
    assert "Thu 5 Mar 2026, 11:00:00" in words
    assert ANN in words


def test_when_nothing_fits_that_is_told(lake: Lake) -> None:
    run, told = opened(lake)
    commands.write_journeys(run, Wanted(country="XX"), "newest", 20, None, None)
    assert told.getvalue().strip() == "no visit from XX"


def test_a_visit_of_the_shop_is_found_and_read(
    spark: SparkSession, shop: Shop, shop_lake: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = shop.settings(shop_lake)
    monkeypatch.setattr(opening, "session", lambda *_: nullcontext((spark, settings)))
    table, out = tmp_path / "found.csv", tmp_path / "one.html"
    asked = [
        "--signal",
        "rage_click",
        "--before-step",
        "purchase:4",
        "--not-converted",
        "--from",
        "2026-01-05",
    ]
    runner = CliRunner()
    runner.invoke(terminal.app, ["journeys", *asked, "--csv", str(table)], catch_exceptions=False)
    [first, *_] = csv.DictReader(table.open(encoding="utf-8"))
    assert "rage click" in first["signals"]
    told = ["journey", "--session", first["session_id"], "--out", str(out)]
    runner.invoke(terminal.app, told, catch_exceptions=False)
    words = Page(out.read_text(encoding="utf-8")).words
    assert first["person_id"] in words
    assert "⚑ rage click" in words
    assert first["exit_page"] in words
