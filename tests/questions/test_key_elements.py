"""Key elements: seen, focused, ignored, and in which order; cases told apart by their page."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from scipy.stats import kendalltau

from tests.factories import rows
from tests.gates_of import failed_checks
from tests.questions.map_oracle import START, View
from trailhouse.settings import Settings
from trailhouse.stage import Context
from trailhouse.stages.key_elements import STAGE

SEED, WORLDS = 40, 120
BOXES = {
    "top": {"x": 100, "y": 100, "width": 200, "height": 100},
    "middle": {"x": 100, "y": 1000, "width": 200, "height": 101},
    "low": {"x": 100, "y": 2500, "width": 400, "height": 400},
}
ORDER = {"top": 1, "middle": 2, "low": 3}
Row = dict[str, Any]


def on(name: str, **more: Any) -> Row:
    """A pointer in the middle of an element that tells its box, or what else is given."""
    box = BOXES.get(name)
    middle = {"x": box["x"] + 50, "y": box["y"] + 50} if box else {"x": 900, "y": 5}
    return {"element": {**middle, "selector": f"#{name}", "box": box, **more}}


# A view of someone else tells where the elements of each page are, and is counted with it.
def known(page: str) -> View:
    view = View(f"{page} boxes", page, person="other", scroll_pct=27)
    for name in BOXES:
        view.add(0, "scroll", **on(name))
    return view


def case(page: str, person: str = "p", **view: Any) -> View:
    return View(f"{page} {person}", page, person=person, **{"scroll_pct": 27, **view})


CASES = [
    # 800 px of 3000 in sight: the top for a second, after which the middle comes, for less than one.
    case("seen").add(0, "page_view").add(1, "scroll", scroll_offset=900).add(0.999999, "heartbeat"),
    # 50 of 101 px are less than half, 51 are not.
    case("half").add(0, "scroll", scroll_offset=250).add(5, "heartbeat"),
    case("just half").add(0, "scroll", scroll_offset=251).add(5, "heartbeat"),
    case("hovered").add(0, "mouse_move", **on("top")).add(0.5, "mouse_move", **on("x")),
    case("brushed").add(0, "mouse_move", **on("top")).add(0.499999, "mouse_move", **on("x")),
    case("hovered twice")
    .add(0, "mouse_move", **on("top", selector="img"))
    .add(0.3, "mouse_move", **on("x"))
    .add(1, "mouse_move", **on("top"))
    .add(0.2, "click", **on("x")),
    case("clicked").add(0, "click", **on("top")).add(0, "heartbeat"),
    # The pointer comes to rest on the top at once, but 500 ms pass before that is focus.
    case("order")
    .add(0, "mouse_move", **on("top"))
    .add(0.6, "click", **on("middle"))
    .add(1, "click", **on("low")),
    case("order", "against").add(0, "click", **on("low")).add(1, "click", **on("top")),
    case("instead").add(0, "page_view").add(2, "click", **on("banner")).add(1, "click", **on("low")),
    case("instead", "q").add(0, "page_view").add(2, "click", **on("low")).add(1, "click", **on("banner")),
    case("instead", "r").add(0, "page_view").add(2, "click", **on("banner")),
    # Ignored in one view and clicked in another: the person did not ignore it.
    case("comes back").add(0, "page_view").add(2, "heartbeat"),
    View("comes back again", "comes back", scroll_pct=27).add(0, "click", **on("top")),
    # Who left saw it, who bought clicked it, and a third did both.
    case("outcome", "left", left=True).add(0, "page_view").add(2, "heartbeat"),
    case("outcome", "bought", converted=True).add(0, "click", **on("top")).add(0.5, "heartbeat"),
    case("outcome", "both", left=True, converted=True).add(0, "click", **on("top")).add(1, "heartbeat"),
    # By the attempts of a task that were under way: ATTEMPTS.
    case("task", "done").add(0, "click", **on("top")).add(1, "heartbeat"),
    case("task", "failed").add(0, "page_view").add(2, "heartbeat"),
    case("task", "both").add(0, "click", **on("top")).add(1, "heartbeat"),
    case("task", "elsewhere").add(0, "click", **on("top")).add(1, "heartbeat"),
    case("task", "across").add(0, "page_view").add(2, "heartbeat"),
    case("task", "gone").add(0, "page_view").add(2, "heartbeat"),
    case("task", "before").add(0, "page_view").add(2, "heartbeat"),
    case("no scrolling", scroll_pct=None).add(0, "click", **on("top")).add(5, "heartbeat"),
]
# Task, person, session, completed, first and last second: of the sessions but for the task of persons.
ATTEMPTS = [
    ("buy", "done", "task done", True, -60, 0),
    ("buy", "failed", "task failed", False, 2, 9),
    ("buy", "both", "task both", False, -9, 1),
    ("plan", "both", "before it", True, -9, 9),
    ("buy", "elsewhere", "another", True, -9, 9),
    ("plan", "across", "before it", True, -9999, 9999),
    # Given up before this page was seen.
    ("buy", "gone", "task gone", False, -9, 9),
    ("buy", "before", "task before", True, 3, 9),
]
TASKS = [
    {"name": "buy", "start": "begin", "end": "paid"},
    {"name": "plan", "start": "begin", "end": "planned", "unit": "person"},
]
PAGES = list(dict.fromkeys(view.page for view in CASES))
UNKNOWN = View("unknown place", "unknown place", scroll_pct=27).add(0, "page_view").add(5, "heartbeat")


def random_views(seed: int) -> list[View]:
    draw = random.Random(seed)
    views = [known(f"/w{seed}")]
    for number in range(draw.randint(1, 4)):
        view = View(f"w{seed}v{number}", f"/w{seed}", person=f"w{seed}p{draw.randrange(2)}")
        view.scroll_pct = draw.choice((None, 27, 100, 100))
        view.left, view.converted = draw.random() < 0.5, draw.random() < 0.4
        for _ in range(draw.randint(1, 12)):
            name = draw.choice(("click", "mouse_move", "mouse_move", "scroll"))
            after = draw.choice((0, 0.1, 0.25, 0.4, 0.5, 0.6, 1, 12, 40))
            if name == "scroll":
                view.add(after, name, scroll_offset=draw.choice((0, 250, 251, 900, 1000, 1001, 2300, 9999)))
            else:
                view.add(after, name, **on(draw.choice(("top", "middle", "low", "banner"))))
        views.append(view)
    return views


WORLD_VIEWS = [view for seed in range(SEED, SEED + WORLDS) for view in random_views(seed)]


def oracle(views: list[View]) -> dict[tuple[str, str], Row]:
    """Page and element -> columns, of views whose page has known boxes."""
    found: dict[tuple[str, str], Row] = defaultdict(lambda: defaultdict(int))
    people: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    instead: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for view in views:
        facts = {name: _of_element(view, name, box) for name, box in BOXES.items()}
        focus = {name: fact["focus"] for name, fact in facts.items() if fact["focus"] is not None}
        clicks = [
            (event["event_time"], 1, number, event["element"]["selector"])
            for number, event in enumerate(view.events)
            if event["event_name"] == "click"
        ]
        for name, fact in facts.items():
            key, row = (view.page, name), found[view.page, name]
            row["views"] += 1
            people[key]["persons"].add(view.person)
            row["judged"] += view.scroll_pct is not None
            flags = {**fact, "focused": name in focus, "ignored": fact["seen"] and name not in focus}
            by_outcome = {**flags, "views": True, "judged": view.scroll_pct is not None}
            for flag in ("views", "judged", "reached", "seen", "focused", "clicked", "ignored"):
                row[f"{flag}_left"] += by_outcome[flag] and view.left
                row[f"{flag}_converted"] += by_outcome[flag] and view.converted
            for flag in ("reached", "seen", "focused", "clicked", "ignored"):
                row[flag] += flags[flag]
                if flags[flag]:
                    people[key][flag].add(view.person)
            if name in focus:
                place = 1 + sum(at < focus[name] for at in focus.values())
                row["first_focused"] += place == 1
                row["order_sum"] += place
                for other, at in focus.items():
                    way = (at > focus[name]) - (at < focus[name])
                    agrees = way * ((ORDER[other] > ORDER[name]) - (ORDER[other] < ORDER[name]))
                    row["pairs_as_intended"] += agrees == 1
                    row["pairs_against"] += agrees == -1
            if flags["ignored"]:
                firsts = [(at, 0, 0, other) for other, at in focus.items()] + clicks
                if firsts:
                    instead[key][min(firsts)[3]] += 1
    for key, row in found.items():
        for flag in ("reached", "seen", "focused", "clicked"):
            row[f"persons_{flag}"] = len(people[key][flag])
        row["persons"] = len(people[key]["persons"])
        row["persons_ignored"] = len(people[key]["ignored"] - people[key]["focused"])
        most = min(((-n, name) for name, n in instead[key].items()), default=(0, None))
        row["instead"], row["instead_views"] = most[1], -most[0] or None
        below = BOXES[key[1]]["y"] >= 800
        row["y_sum"] = row["judged"] * BOXES[key[1]]["y"]
        row["fold_sum"], row["below_fold"] = row["judged"] * 800, row["judged"] * below
    return found


def _of_element(view: View, name: str, box: Row) -> Row:
    offset, deepest, seen, rested, focus, clicked = 0, 0, timedelta(0), timedelta(0), None, False
    half, cap = timedelta(milliseconds=500), timedelta(seconds=10)
    for number, event in enumerate(view.events):
        offset = event.get("scroll_offset") if event.get("scroll_offset") is not None else offset
        top = min(offset, 3000 - 800)
        deepest = max(deepest, top + 800)
        after = view.events[number + 1 :]
        if after:
            gap = min(after[0]["event_time"] - event["event_time"], timedelta(seconds=30))
            overlap = min(top + 800, box["y"] + box["height"]) - max(top, box["y"])
            seen += gap if 2 * overlap >= box["height"] else timedelta(0)
        element = event.get("element") or {}
        mine = element.get("selector") == f"#{name}"
        if event["event_name"] == "click" and mine:
            clicked = True
            focus = min(focus or event["event_time"], event["event_time"])
        within = mine or (
            element.get("x") is not None
            and box["x"] <= element["x"] <= box["x"] + box["width"]
            and box["y"] <= element["y"] <= box["y"] + box["height"]
        )
        following = [one for one in after if one["event_name"] in ("click", "mouse_move")]
        if event["event_name"] == "mouse_move" and within and following:
            rest = min(following[0]["event_time"] - event["event_time"], cap)
            if rest and rested < half <= rested + rest:
                at = event["event_time"] + (half - rested)
                focus = min(focus or at, at)
            rested += rest
    judged = view.scroll_pct is not None
    return {
        "reached": judged and deepest > box["y"],
        "seen": judged and seen >= timedelta(seconds=1),
        "clicked": clicked,
        "focus": focus,
    }


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> dict[tuple[str, str], Row]:
    """Page and element -> columns."""
    views = [*CASES, UNKNOWN, *(known(page) for page in PAGES), *WORLD_VIEWS]
    key = [
        {"name": name, "page_group": page, "selector": f"#{name}", "order": order}
        | ({"task": "plan"} if (page, name) == ("task", "middle") else {})
        for page in sorted({view.page for view in views})
        for name, order in ORDER.items()
    ]
    inputs = {
        "activity": rows(spark, "activity", [event for view in views for event in view.events]),
        "page_views": rows(spark, "page_views", [view.page_view() for view in views]),
        "sessions": rows(spark, "sessions", [view.session_row() for view in views]),
    }
    attempts = [
        {
            **{"task": task, "person_id": person, "session_id": session, "completed": completed},
            "pages": ["/other"] if person == "gone" else ["/other", "task"],
            **{"start_time": START + timedelta(seconds=first), "last_time": START + timedelta(seconds=last)},
        }
        for task, person, session, completed, first, last in ATTEMPTS
    ]
    inputs["task_attempts"] = rows(spark, "task_attempts", attempts)
    settings = Settings.model_validate({"elements": {"key": key}, "tasks": TASKS})
    table = STAGE.transform(inputs, Context(settings, ""))["key_elements"].localCheckpoint()
    assert failed_checks(STAGE, {**inputs, "key_elements": table}) == []
    return {(row["page_group"], row["element"]): row.asDict() for row in table.collect()}


def test_an_element_is_seen_with_half_of_it_in_sight_for_a_second(made: dict[tuple[str, str], Row]) -> None:
    assert [made["seen", name]["seen"] for name in BOXES] == [1, 0, 0]
    assert [made["seen", name]["reached"] for name in BOXES] == [2, 1, 0]
    assert [made[page, "middle"]["seen"] for page in ("half", "just half")] == [0, 1]


def test_half_a_second_below_the_pointer_or_a_click_is_focus(made: dict[tuple[str, str], Row]) -> None:
    pages = ("hovered", "brushed", "hovered twice", "clicked")
    assert [made[page, "top"]["focused"] for page in pages] == [1, 0, 1, 1]
    assert [made[page, "top"]["clicked"] for page in pages] == [0, 0, 0, 1]


def test_the_order_of_focus_is_held_against_the_intended_one(made: dict[tuple[str, str], Row]) -> None:
    counts = {
        name: tuple(
            made["order", name][column]
            for column in ("first_focused", "order_sum", "pairs_as_intended", "pairs_against")
        )
        for name in BOXES
    }
    # top, middle, low in the one view; low, top in the other.
    assert counts == {"top": (1, 3, 2, 1), "middle": (0, 2, 2, 0), "low": (1, 4, 2, 1)}
    agree, against = (sum(row[n] for row in counts.values()) for n in (2, 3))
    # Three pairs and one: the taus of both views, weighted by their pairs.
    taus = [(3, kendalltau([1, 2, 3], [1, 2, 3]).statistic), (1, kendalltau([1, 3], [2, 1]).statistic)]
    assert (agree - against) / (agree + against) == pytest.approx(sum(n * t for n, t in taus) / 4)


def test_what_took_the_focus_instead_is_told(made: dict[tuple[str, str], Row]) -> None:
    row = made["instead", "top"]
    assert (row["seen"], row["ignored"], row["instead"], row["instead_views"]) == (3, 3, "#banner", 2)


def test_a_person_who_focused_it_in_another_view_did_not_ignore_it(
    made: dict[tuple[str, str], Row],
) -> None:
    row = made["comes back", "top"]
    assert (row["ignored"], row["persons_ignored"], row["persons_focused"]) == (1, 0, 1)


def test_views_are_split_by_who_left_and_who_bought(made: dict[tuple[str, str], Row]) -> None:
    row = made["outcome", "top"]
    told = {
        name: tuple(row[f"{name}{how}"] for how in ("", "_left", "_converted"))
        for name in ("views", "judged", "reached", "seen", "focused", "clicked", "ignored")
    }
    assert told == {
        # the view that tells where elements are neither left nor bought
        **{"views": (4, 2, 2), "judged": (4, 2, 2), "reached": (4, 2, 2)},
        **{"seen": (2, 2, 1), "focused": (2, 1, 2), "clicked": (2, 1, 2), "ignored": (1, 1, 0)},
    }


def test_views_are_split_by_the_tasks_that_were_under_way(made: dict[tuple[str, str], Row]) -> None:
    told = {
        name: tuple(
            made["task", element][f"{name}_{how}"]
            for element in ("top", "middle")
            for how in ("done", "failed")
        )
        for name in ("views", "seen", "clicked", "ignored")
    }
    # Both tasks at the top, the plan alone in the middle.
    assert told == {
        **{"views": (3, 2, 2, 0), "seen": (3, 2, 0, 0), "clicked": (2, 1, 0, 0), "ignored": (1, 1, 0, 0)},
    }


def test_what_is_not_collected_is_null_and_never_none(made: dict[tuple[str, str], Row]) -> None:
    unknown = made["unknown place", "top"]
    judged = ("reached", "seen", "ignored", "seen_left", "ignored_converted", "persons_seen", "y_sum")
    assert [unknown[name] for name in judged] == [None] * len(judged)
    assert (unknown["views"], unknown["judged"], unknown["focused"]) == (1, 0, 0)
    assert (unknown["judged_left"], unknown["clicked_converted"]) == (0, 0)
    silent = made["no scrolling", "top"]
    assert (silent["views"], silent["judged"], silent["clicked"]) == (2, 1, 1)
    assert [made["seen", name]["below_fold"] for name in BOXES] == [0, 2, 2]


def test_random_worlds_give_what_plain_python_makes_of_them(made: dict[tuple[str, str], Row]) -> None:
    expected = oracle(WORLD_VIEWS)
    assert len(expected) == 3 * WORLDS
    for key, row in expected.items():
        ours = {name: made[key][name] for name in row}
        assert ours == dict(row), (key, f"seeds from {SEED}")


def test_the_gate_catches_rows_that_cannot_be(spark: SparkSession) -> None:
    bad = [
        {"views": 1, "judged": 1, "seen": 2, "focused": 1, "order_sum": 1},
        {"views": 2, "focused": 1, "first_focused": 2, "order_sum": 1},
        {"views": 2, "views_left": 1, "focused": 2, "order_sum": 2, "focused_left": 2},
    ]
    frames = {"key_elements": rows(spark, "key_elements", bad)}
    assert failed_checks(STAGE, frames) == [
        "each_step_only_loses",
        "one_first_focus_a_view",
        "parts_by_outcome",
    ]


def test_without_declared_elements_the_stage_is_not_wanted_and_empties_its_table(spark: SparkSession) -> None:
    assert not STAGE.wanted(Settings())
    inputs = {name: rows(spark, name) for name in STAGE.reads}
    assert STAGE.transform(inputs, Context(Settings(), ""))["key_elements"].collect() == []
    # By task nothing is known where none is declared.
    view = case("alone").add(0, "page_view")
    inputs |= {
        "activity": rows(spark, "activity", view.events),
        "page_views": rows(spark, "page_views", [view.page_view()]),
        "sessions": rows(spark, "sessions", [view.session_row()]),
    }
    alone = {"elements": {"key": [{"name": "top", "page_group": "alone", "selector": "#top"}]}}
    table = STAGE.transform(inputs, Context(Settings.model_validate(alone), ""))["key_elements"]
    [row] = table.select("views", "views_left", "views_done", "clicked_failed").collect()
    assert tuple(row) == (1, 0, None, None)
