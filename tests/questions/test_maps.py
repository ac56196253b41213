"""Maps of pages: heatmaps, scroll maps and elements, of cases told apart by their page, in one transform."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.questions import map_oracle
from tests.questions.map_oracle import START, Table, View, random_views
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages.heatmaps import STAGE
from trailhouse.tables import TABLES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "maps.md"
SEED, WORLDS = 700, 150
DAY = date(2026, 3, 3)
SETTINGS = Settings.model_validate({"project": {"timezone": "Asia/Kolkata"}})


def at(x: int | None, y: int | None, **element: Any) -> dict[str, Any]:
    return {"element": {"x": x, "y": y, "interactive": True, **element}}


def clicks(page: str, *places: tuple[Any, Any], **view: Any) -> View:
    found = View(page, page, **view)
    for x, y in places:
        found.add(1, "click", **at(x, y))
    return found


def sized(width: int, page_width: int) -> dict[str, Any]:
    return {
        "viewport": {"width": width, "height": 800},
        "document": {"width": page_width, "height": 3000},
    }


CASES = [
    clicks("bins", (290, 15), (299, 0), (299, 0), (300, 16)),
    View("bins too", "bins").add(0, "click", **at(299, 0)),
    *(clicks(f"band {width}", (0, 0), width=width) for width in (479, 480, 767, 768, 1279, 1280)),
    clicks("device", (0, 0), device=None),
    View("kinds", "kinds")
    .add(0, "click", **at(0, 0, interactive=False))
    .add(1, "click", **at(0, 0, interactive=None)),
    # Each of these is no place.
    clicks("bad", (-1, 5), (5, -1), (65_535, 5), (5, 65_535), (None, 5), (5, None), (1001, 5), (5, 3001)),
    View("bad too", "bad").add(0, "click").add(1, "click", viewport={"width": 0, "height": 0}, **at(5, 5)),
    clicks("no viewport", (5, 5), width=None),
    clicks("viewport 0", (5, 5), width=0),
    # And these are the last that are.
    clicks("edges", (0, 0), (1000, 3000)),
    View("sideways", "sideways").add(0, "click", **at(1400, 5), **sized(1000, 1400)),
    View("too far sideways", "sideways").add(0, "click", **at(1401, 5), **sized(1000, 1400)),
    clicks("height unknown", (5, 50_000), document=None),
    View("rest", "rest")
    .add(0, "mouse_move", **at(5, 5))
    .add(2, "mouse_move", **at(500, 5))
    .add(3, "scroll", scroll_offset=100)
    .add(1, "mouse_move", **at(-1, 5))
    .add(60, "mouse_move", **at(5, 5))
    .add(10.5, "click", **at(5, 5))
    .add(1, "mouse_move", **at(900, 5)),
    View("left", "outcome", left=True).add(0, "click", **at(5, 5)).add(1, "click", **at(5, 5)),
    View("bought", "outcome", converted=True).add(0, "click", **at(5, 5)),
    View("stayed", "outcome").add(0, "click", **at(5, 5)),
    # 800 of 3000 px: 26.67 % are seen at once. Two looks of 10 s and 40 s (30 at most).
    View("far", "scroll", scroll_pct=50)
    .add(0, "page_view")
    .add(10, "scroll", scroll_offset=700)
    .add(40, "heartbeat"),
    View("near", "scroll", scroll_pct=27, left=True).add(0, "page_view").add(5, "heartbeat"),
    View("never told", "scroll").add(0, "page_view").add(5, "heartbeat"),
    View("only silent", "silent").add(0, "page_view").add(5, "heartbeat"),
    View("order", "order", person="p1")
    .add(0, "click", **at(5, 5, selector="a.menu", text="Menu", href="/menu"))
    .add(1, "click", **at(5, 5, selector="button", text="<script>alert(1)</script>"))
    .add(1, "click", **at(-5, 5, selector="a.menu", text='=1+1"', href="/menu")),
    View("order again", "order", person="p1").add(0, "click", **at(5, 5, selector="button")),
    View("order else", "order", person="p2").add(0, "click", **at(5, 5, selector="button")),
    View("no click", "order").add(0, "page_view"),
    # From 04:00 of one day to 04:00 of the next, which is one day of the zone on, all on the first.
    View("midnight", "midnight").add(0, "click", **at(5, 5)).add(86_400, "click", **at(5, 5)),
]


@pytest.fixture(scope="module")
def worlds() -> list[View]:
    return [view for seed in range(SEED, SEED + WORLDS) for view in random_views(seed)]


@pytest.fixture(scope="module")
def made(spark: SparkSession, worlds: list[View]) -> dict[str, pa.Table]:
    """The tables, as a reader of Arrow gets them."""
    views = [*CASES, *worlds]
    crowd = [
        View("a bot", "nobody").add(0, "click", **at(5, 5)),
        View("of a bot's session", "nobody").add(0, "click", **at(5, 5)),
        View("staff", "nobody").add(0, "click", **at(5, 5)),
        View("nowhere", "nobody").add(0, "click", **at(5, 5)),
    ]
    flags = [{"is_bot": True}, {}, {"internal": True}, {"page_group": None}]
    of_crowd = [{**view.page_view(), **flag} for view, flag in zip(crowd, flags, strict=True)]
    bot = {"is_bot": True}
    sessions = [view.session_row() | (bot if view.name.startswith("of") else {}) for view in [*views, *crowd]]
    inputs = {
        "activity": rows(spark, "activity", [event for view in [*views, *crowd] for event in view.events]),
        "page_views": rows(spark, "page_views", [*(view.page_view() for view in views), *of_crowd]),
        "sessions": rows(spark, "sessions", sessions),
    }
    tables = STAGE.transform(inputs, Context(SETTINGS, ""))
    return {name: frame.toArrow() for name, frame in tables.items()}


@pytest.fixture(scope="module")
def found(made: dict[str, pa.Table]) -> dict[str, Table]:
    """The tables, by grain."""
    return {name: _by_grain(name, table.to_pylist()) for name, table in made.items()}


def _by_grain(name: str, given: list[dict[str, Any]]) -> Table:
    return {tuple(row.pop(column) for column in TABLES[name].grain): row for row in given}


def cells(found: dict[str, Table], page: str) -> dict[tuple[Any, ...], int]:
    """kind, x_bin, y_bin -> points of a page."""
    return {key[4:]: row["points"] for key, row in found["heatmaps"].items() if key[0] == page}


def of_page(found: dict[str, Table], page: str) -> dict[str, Any]:
    (row,) = [row for key, row in found["elements"].items() if key[0] == page and key[3] == "page"]
    return row


def test_clicks_fall_into_one_percent_by_sixteen_pixel_bins(found: dict[str, Table]) -> None:
    assert cells(found, "bins") == {("click", 29, 0): 4, ("click", 30, 1): 1}
    key = ("bins", "desktop", "768-1279", DAY, "click", 29, 0)
    assert found["heatmaps"][key]["views"] == 2
    assert found["heatmaps"][key]["dwell_us"] is None


def test_maps_are_apart_by_band_device_and_kind(found: dict[str, Table]) -> None:
    bands = {key[0]: key[2] for key in found["heatmaps"] if key[0].startswith("band")}
    assert bands == {
        "band 479": "<480",
        "band 480": "480-767",
        "band 767": "480-767",
        "band 768": "768-1279",
        "band 1279": "768-1279",
        "band 1280": ">=1280",
    }
    assert {key[1] for key in found["heatmaps"] if key[0] == "device"} == {"unknown"}
    # An element that does not say whether it is clickable is taken for one that is.
    assert cells(found, "kinds") == {("click_inert", 0, 0): 1, ("click", 0, 0): 1}


def test_invalid_coordinates_make_no_cell_and_are_counted(found: dict[str, Table]) -> None:
    for page, clicked in (("bad", 10), ("no viewport", 1), ("viewport 0", 1)):
        assert cells(found, page) == {}
        assert of_page(found, page)["unplaced_clicks"] == of_page(found, page)["clicks"] == clicked
    assert cells(found, "rest").keys() == {("move", 0, 0), ("move", 50, 0), ("move", 90, 0), ("click", 0, 0)}
    assert (of_page(found, "rest")["moves"], of_page(found, "rest")["unplaced_moves"]) == (5, 1)


def test_the_last_pixels_of_a_page_are_places_and_a_page_may_be_wider_than_the_screen(
    found: dict[str, Table],
) -> None:
    assert cells(found, "edges") == {("click", 0, 0): 1, ("click", 99, 187): 1}
    assert cells(found, "sideways") == {("click", 99, 0): 1}
    assert cells(found, "height unknown") == {("click", 0, 3125): 1}


def test_a_pointer_dwells_until_the_next_move_or_click_and_no_longer_than_the_cap(
    found: dict[str, Table],
) -> None:
    dwell = {key[5]: row["dwell_us"] for key, row in found["heatmaps"].items() if key[0] == "rest"}
    # 2 s at the left and, of 10.5 s before the click, 10; 4 s in the middle, for a scroll does not end it;
    # where the last one rested is not known.
    assert dwell == {0: None, 50: 4_000_000, 90: 0} | {0: dwell[0]}
    moved = found["heatmaps"][("rest", "desktop", "768-1279", DAY, "move", 0, 0)]
    assert (moved["points"], moved["dwell_us"]) == (2, 12_000_000)


def test_points_are_split_by_how_the_view_and_its_session_ended(found: dict[str, Table]) -> None:
    (row,) = [row for key, row in found["heatmaps"].items() if key[0] == "outcome"]
    assert (row["points"], row["points_left"], row["points_converted"], row["views"]) == (4, 2, 1, 3)
    page = of_page(found, "outcome")
    assert (page["views"], page["views_left"], page["views_converted"]) == (3, 1, 1)


def test_scrolling_tells_how_deep_a_page_is_seen_and_how_long(found: dict[str, Table]) -> None:
    bands = {key[4]: row for key, row in found["scroll_maps"].items() if key[0] == "scroll"}
    assert set(bands) == set(range(5, 101, 5))
    assert {row["views"] for row in bands.values()} == {2}, "a view that told nothing is not taken for 0"
    assert [bands[depth]["reached"] for depth in (5, 25, 30, 50, 55)] == [2, 2, 1, 1, 0]
    # The first screen ends at 26.67 %: the step that begins at 30 % is the first below it.
    assert [bands[depth]["below_fold"] for depth in (25, 30, 35, 100)] == [0, 0, 2, 2]
    # One looks 10 s at the top and 30 s from 700 px (23.3 %) to 1500 px (50 %), the other 5 s at the top.
    attention = [bands[depth]["attention_us"] // 1_000_000 for depth in (5, 20, 25, 30, 35, 50, 55)]
    assert attention == [15, 15, 45, 45, 30, 30, 0]
    assert bands[5]["attention_left_us"] == 5_000_000
    assert not [key for key in found["scroll_maps"] if key[0] == "silent"]


def test_elements_are_counted_by_selector_text_and_link(found: dict[str, Table]) -> None:
    page = of_page(found, "order")
    assert (page["page_views"], page["views"], page["persons"], page["clicks"]) == (4, 3, 2, 5)
    named = {key[3:]: row for key, row in found["elements"].items() if key[0] == "order" and key[3] != "page"}
    counts = ("clicks", "views", "persons", "first_clicks", "order_sum", "unplaced_clicks")
    assert {key: tuple(row[name] for name in counts) for key, row in named.items()} == {
        ("selector", "a.menu"): (2, 1, 1, 1, 1, 1),
        ("selector", "button"): (3, 3, 2, 2, 4, 0),
        ("text", "Menu"): (1, 1, 1, 1, 1, 0),
        ("text", "<script>alert(1)</script>"): (1, 1, 1, 0, 2, 0),
        ("text", '=1+1"'): (1, 1, 1, 0, 3, 1),
        ("link", "/menu"): (2, 1, 1, 1, 1, 1),
    }
    assert {row["page_views"] for row in named.values()} == {None}


def test_a_view_counts_on_the_day_on_which_it_began(found: dict[str, Table]) -> None:
    assert START.date() == DAY - timedelta(days=1)
    assert {(key[3], row["points"]) for key, row in found["heatmaps"].items() if key[0] == "midnight"} == {
        (DAY, 2)
    }


def test_bots_staff_and_pages_without_a_template_are_on_no_map(found: dict[str, Table]) -> None:
    assert not [key for table in found.values() for key in table if key[0] in ("nobody", None)]


def test_clicks_of_a_session_of_several_persons_count_for_the_person_of_the_view(spark: SparkSession) -> None:
    view = clicks("shared", (5, 5), (5, 5))
    view.events[1]["person_id"] = "another"
    inputs = {
        "activity": rows(spark, "activity", view.events),
        "page_views": rows(spark, "page_views", [view.page_view()]),
        "sessions": rows(spark, "sessions", [view.session_row()]),
    }
    settings = Settings.model_validate({"sessions": {"scope": "device", "boundary": "client"}})
    (page,) = STAGE.transform(inputs, Context(settings, ""))["elements"].collect()
    assert (page["clicks"], page["views"], page["persons"]) == (2, 1, 1)


@pytest.mark.parametrize("name", STAGE.writes)
def test_random_worlds_give_what_plain_python_makes_of_them(
    found: dict[str, Table], worlds: Iterable[View], name: str
) -> None:
    expected = getattr(map_oracle, name)(worlds)
    ours = {key: row for key, row in found[name].items() if key[0].startswith("/w")}
    assert len(ours) > WORLDS
    for key in ours.keys() | expected.keys():
        assert ours.get(key) == expected.get(key), (key, f"seeds from {SEED}")


def test_the_queries_of_the_docs_answer_what_they_ask(made: dict[str, pa.Table]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    head, _, queries = code.partition(")\n\n# The busiest")
    assert "DeltaTable(" in head
    answer: dict[str, Any] = {"duckdb": duckdb, **made}
    exec(queries.partition("\n")[2], answer)
    shares = answer["shares"].set_index(["page_group", "element"])
    # Three of the four views of the page; first in two of them, and second in the other.
    assert shares.loc[("order", "button")].round(6).tolist() == [0.75, 2, 1.333333]
    depths = answer["depths"].set_index(["page_group", "depth"])
    assert depths.loc[("scroll", 30)].tolist() == [0.5, 22.5]
    assert answer["matrix"].loc[0, 0] >= 12_000_000
