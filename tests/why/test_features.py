"""Features: who is offered, tries and adopts them, what stands in the way, what is missing, who stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy.stats import fisher_exact
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tests.factories import rows, watermark
from tests.gates_of import failed_checks
from tests.signals.test_one_pass import paths
from tests.why.features_world import BEGIN, RANDOM, World, expected, random_world
from trailhouse.errors import SettingsError
from trailhouse.settings import Feature, Features, Filter, Project, Settings, Step, load_settings
from trailhouse.stage import Context
from trailhouse.stages.feature_usage import STAGE
from trailhouse.tables import TABLES
from trailhouse.why.feature_blockers import judged as judged_blockers
from trailhouse.why.feature_impact import judged as judged_impact
from trailhouse.why.feature_use import marked

SEEDS = range(6)
AMONG = Step(where=(Filter(field="page_path", op="is_not", value="/g/from-outside"),))
"""Who did anything else than to look at that page counts."""
GOLDEN = {
    "button": Feature.model_validate({"selectors": ["g.button"]}),
    "word": Feature.model_validate({"texts": ["Send now"], "use": ["/g/sent"]}),
}
DAY = timedelta(days=1)
Tables = Mapping[str, list[dict[str, Any]]]


def view(page: str, after: int = 0, **more: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "page_group": page, "page_path": page, "after": after, **more}


def click(selector: str, after: int, **more: Any) -> dict[str, Any]:
    element = {"selector": selector, "box": {"x": 0, "y": 700, "width": 9, "height": 9}, **more}
    return {"event_name": "click", "page_group": "/g", "element": element, "after": after}


def search(term: str, results: int | None, after: int) -> dict[str, Any]:
    return {"event_name": "search", "search": {"term": term, "results": results}, "after": after}


def error(message: str, after: int) -> dict[str, Any]:
    return {"event_name": "error", "properties": f'{{"message":"{message}"}}', "after": after}


def golden() -> World:
    world = World()
    at = BEGIN + timedelta(hours=12)  # a Sunday, the first day of a week
    button = click("g.button", 60)
    # sees it on Sunday, uses it twice in the week after, and again in the third
    world.visit("adopter", at, [view("/g")])
    world.visit("adopter", at + 8 * DAY, [view("/g"), button, button])
    world.visit("adopter", at + 15 * DAY, [view("/g"), button], device="mobile")
    world.visit("adopter", at + 22 * DAY, [view("/other")])
    # tries it once; the error comes after that, and so cannot have kept anybody from it
    world.visit("trier", at, [view("/g", scrolled=90), button, error("late", 61)], device="mobile")
    # sees it and does something else; another four as well
    for number in range(5):
        told = [view("/g"), error(f"row {number} failed", 5), click("g.image", 20), view("/after", 90)]
        world.visit(f"blocked-{number}", at, [*told, click("g.far", 99)])
        told_of = {"person_id": f"blocked-{number}", "valid_to": None}
        # the first offer was on March 1: who joined on that day may have joined because of it
        world.members.append({**told_of, "segment": "before", "valid_from": date(2026, 2, 28)})
        world.members.append({**told_of, "segment": "after", "valid_from": date(2026, 3, 1)})
    world.visit("elsewhere", at, [view("/other"), view("/g/sent", 9), click("x", 50, text="Send now")])
    world.visit("stranger", at, [view("/g", page_path="/g/from-outside")])
    world.visit("robot", at, [view("/g"), button], is_bot=True)
    # what they look for: once more with a result, once more without, not again; results are not told
    world.visit("s1", at, [search("SMS ", 0, 1), search("sms", 2, 9)])
    world.visit("s2", at, [search("sms", 0, 1), search("Landing  page", 0, 9)])
    world.visit("s3", at + 8 * DAY, [search(" sms", 0, 1)])
    world.visit("s4", at, [search("help", 3, 1)])
    world.visit("s5", at, [search("unknown", None, 1)])
    return world


ATTEMPTS = """task STRING, person_id STRING, session_id STRING, start_day DATE,
    detour STRUCT<what: STRING, name: STRING>"""


def attempts() -> Iterator[tuple[Any, ...]]:
    """One task whose detours mostly go to one page, and one whose detours go here and there."""
    places = ["/help"] * 7 + ["/blog"] * 3 + [None] * 5
    for number, place in enumerate(places):
        day = date(2026, 3, 2) + timedelta(days=number)
        yield "buy", f"p{number % 4}", f"s{number}", day, place and ("page", place)
    for number in range(60):
        yield "sell", "p", None, date(2026, 3, 2), ("page", f"/{number % 4}")


TEXTS = (
    ("t1", ["missing"], "no word of it"),
    ("t2", [], "I wish there was a dark mode"),
    ("t3", ["praise"], "Would be NICE to have more"),
    ("t4", ["praise"], "lovely"),
)


@pytest.fixture(scope="module")
def world() -> World:
    made = golden()
    for seed in SEEDS:
        random_world(seed, 6, made)
    made.close()
    return made


@pytest.fixture(scope="module")
def made(spark: SparkSession, world: World, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """All tables of one run over every world."""
    texts = [
        {
            "event_id": name,
            "text": text,
            "themes": themes,
            "person_id": name,
            "answer_time": f"2026-03-{day:02d} 12:00:00",
            "kind": "text",
        }
        for day, (name, themes, text) in enumerate(TEXTS, start=6)
    ]
    profile = {"person_id": "trier", "traits": '{"plan":"pro"}'}
    inputs: dict[str, DataFrame] = {
        "activity": rows(spark, "activity", world.activity),
        "sessions": rows(spark, "sessions", world.sessions),
        "page_views": rows(spark, "page_views", world.page_views),
        "person_days": rows(spark, "person_days", world.person_days),
        "segment_members": rows(spark, "segment_members", world.members),
        "signals": rows(spark, "signals", world.signals),
        "profiles": rows(spark, "profiles", [profile]),
        "feedback_answers": rows(spark, "feedback_answers", texts),
        "watermark": watermark(spark, "2026-05-01 00:00:00"),
        "task_attempts": spark.createDataFrame(list(attempts()), ATTEMPTS),
    }
    settings = Settings(
        project=Project(timezone="America/New_York", week_start="sunday"),
        features=Features(
            declared={**GOLDEN, **RANDOM}, breakdowns=("trait.plan",), asks=("missing",), among=AMONG
        ),
    )
    scratch = str(tmp_path_factory.mktemp("features"))
    found = STAGE.transform(inputs, Context(settings, scratch))
    return {name: [row.asDict(recursive=True) for row in frame.collect()] for name, frame in found.items()}


def one(table: list[dict[str, Any]], **key: Any) -> dict[str, Any]:
    [row] = [row for row in table if all(row[name] == value for name, value in key.items())]
    return row


def test_a_feature_is_offered_where_its_elements_are_and_adopted_in_a_second_week(made: Tables) -> None:
    usage = made["feature_usage"]
    every = one(usage, feature="button", breakdown="all", period="all")
    counts = (
        "exposed",
        "tried",
        "first_tried",
        "adopted",
        "uses",
        "person_weeks",
        "sessions",
        "used_sessions",
    )
    # the adopter's weeks 2 to 4 and the trier's; the views of blocked-* and of both, bots apart
    assert [every[name] for name in counts] == [7, 2, 2, 1, 4, 4, 9, 3]
    assert str(every["tried_rate"]) == "0.285714"
    assert str(every["frequency"]) == "1.0000"
    eight_days, a_minute = (8 * 86400 + 60) * 1_000_000, 60_000_000
    assert every["median_us"] == (eight_days + a_minute) // 2
    second = one(usage, feature="button", breakdown="all", period="2026-03-08")
    assert [second[name] for name in counts] == [1, 1, 1, 0, 2, 1, 1, 1]
    third = one(usage, feature="button", breakdown="all", period="2026-03-15")
    assert [third[name] for name in counts] == [1, 1, 0, 1, 1, 1, 1, 1]
    idle = one(usage, feature="button", breakdown="all", period="2026-03-22")
    assert [idle[name] for name in counts] == [0, 0, 0, 0, 0, 1, 0, 0]
    assert idle["tried_rate"] is None
    assert str(idle["frequency"]) == "0.0000"
    # a person stays where the first offer was
    assert one(usage, feature="button", value="mobile", period="all")["tried"] == 1
    assert one(usage, feature="button", breakdown="trait.plan", value="pro", period="all")["exposed"] == 1
    # a view of a page and a click on a text are uses; only the page of the text offers it
    word = one(usage, feature="word", breakdown="all", period="all")
    assert (word["uses"], word["tried"]) == (2, 1)


def test_one_that_nobody_was_offered_is_told(made: Tables) -> None:
    nobody = one(made["feature_usage"], feature="never")
    assert (nobody["exposed"], nobody["tried_rate"], nobody["median_us"]) == (0, None, None)


def test_usage_is_what_a_walk_in_plain_python_counts(made: Tables, world: World) -> None:
    oracle = expected(world, RANDOM, without="stranger")
    found = {
        (row["feature"], row["breakdown"], row["value"], row["period"]): row
        for row in made["feature_usage"]
        if row["feature"] in RANDOM and row["breakdown"] != "trait.plan"
    }
    assert found.keys() == oracle.keys(), f"seeds {SEEDS}"
    for key, told in oracle.items():
        assert {name: found[key][name] for name in told} == told, f"{key} of seeds {SEEDS}"
        for name, part, whole in (("tried", "tried", "exposed"), ("session", "used_sessions", "sessions")):
            n = told[whole]
            if n:
                ends = proportion_confint(told[part], n, method="wilson")
                own = [float(found[key][f"{name}_{end}"]) for end in ("low", "high")]
                assert own == pytest.approx(ends, abs=2e-6)


def test_what_was_met_before_the_use_may_have_kept_people_from_it(made: Tables) -> None:
    found = {
        (row["kind"], row["value"]): (row["not_tried"], row["of_not_tried"], row["tried"], row["of_tried"])
        for row in made["feature_blockers"]
        if row["feature"] == "button"
    }
    assert found == {
        ("error", "row # failed"): (5, 5, 0, 2),
        ("clicked instead", "g.image"): (5, 5, 0, 2),
        # at 700 px, of 1,000 half was seen; the adopter saw no more on the first view
        ("below the fold", "its element on /g"): (5, 5, 1, 2),
        ("who", "device_type: desktop"): (5, 5, 1, 2),
        # what everybody has (the channel) is not among them, nor the segments of later days
        ("who", "segment: before"): (5, 5, 0, 2),
        ("who", "trait.plan: unknown"): (5, 5, 1, 2),
    }
    row = one(made["feature_blockers"], feature="button", kind="error")
    assert row["finding"] == "too few"
    assert len(row["examples"]) == 5


def test_searches_without_a_result_and_texts_that_ask_are_gaps(made: Tables) -> None:
    told = ("n", "persons", "weeks", "of", "again", "found_again")
    found = {(row["kind"], row["value"]): tuple(row[name] for name in told) for row in made["feature_gaps"]}
    assert found == {
        # s5 was told no results and does not count; s3 came in the second week
        ("search", "all"): (4, 3, 2, 4, 2, 1),
        ("search", "sms"): (3, 3, 2, 4, 2, 1),
        ("search", "landing page"): (1, 1, 1, 4, 0, 0),
        # on the days of two weeks that begin on Sunday, by all four persons; /blog has too few
        ("detour", "buy: /help"): (7, 4, 2, 10, None, None),
        ("text", "all"): (3, 3, 2, 4, None, None),
        ("text", "missing"): (1, 1, 1, 4, None, None),
        ("text", "no theme"): (1, 1, 1, 4, None, None),
        ("text", "praise"): (1, 1, 1, 4, None, None),
    }
    assert str(one(made["feature_gaps"], kind="search", value="all")["share"]) == "0.750000"
    assert one(made["feature_gaps"], value="no theme")["examples"] == ["I wish there was a dark mode"]


def test_users_of_the_first_week_are_held_against_the_others(made: Tables, world: World) -> None:
    first: dict[str, date] = {}
    days: dict[str, set[date]] = {}
    for row in world.person_days:
        days.setdefault(row["person_id"], set()).add(row["day"])
    first = {who: min(own) for who, own in days.items()}
    users = {
        e["person_id"]
        for e in world.activity
        if e["event_name"] == "use_a"
        and e["session_id"] not in {s["session_id"] for s in world.sessions if s.get("is_bot")}
        and (_day(e["event_time"]) - first[e["person_id"]]).days < 7
    }
    del days["stranger"]
    for week in (1, 2, 3, 4):
        back = {w for w, own in days.items() if any((day - first[w]).days // 7 == week for day in own)}
        row = one(made["feature_impact"], feature="declared", week=week)
        assert (row["users"], row["users_back"]) == (len(users), len(users & back))
        assert (row["others"], row["others_back"]) == (len(days) - len(users), len(back - users))
        assert row["matched_users"] + row["left_out"] == row["users"]


def _day(time: datetime) -> date:
    from tests.why.features_world import ZONE

    return time.astimezone(ZONE).date()


def test_lifts_and_their_adjustment_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(4)
    counts = pd.DataFrame(
        {
            "feature": "f",
            "kind": "who",
            "value": [f"v{n:02d}" for n in range(30)],
            "not_tried": rng.integers(1, 80, 30),
            "of_not_tried": 80,
            "tried": rng.integers(1, 60, 30),
            "of_tried": 60,
            "examples": [[] for _ in range(30)],
        }
    )
    found = judged_blockers(counts).sort_values("value", ignore_index=True)
    p = []
    for row in found.itertuples():
        cells = np.array([[row.not_tried, 80 - row.not_tried], [row.tried, 60 - row.tried]])
        table = Table2x2(cells, shift_zeros=False)
        assert row.lift == pytest.approx(table.riskratio)
        assert (row.low, row.high) == pytest.approx(table.riskratio_confint())
        p.append(fisher_exact(cells).pvalue)
    assert list(found["q_value"]) == pytest.approx(list(multipletests(p, method="fdr_bh")[1]))
    more = found[found["finding"] == "more"]
    assert len(more)
    assert (more["low"] > 1).all()


def strata(rng: np.random.Generator, effect: float) -> pd.DataFrame:
    """Counts of one world: who is active more uses more and comes back more; `effect` is added to that."""
    told = []
    for device in ("desktop", "mobile"):
        for band, (uses, back) in {"1": (0.1, 0.2), "2 to 3": (0.3, 0.4), "4 to 7": (0.6, 0.55)}.items():
            everyone = int(rng.integers(60, 200))
            users = int(rng.binomial(everyone, uses))
            a = int(rng.binomial(users, back + effect))
            b = int(rng.binomial(everyone - users, back))
            own = {"week": 1, "device_type": device, "channel": "Direct", "cohort_month": "m", "band": band}
            told.append({**own, "feature": "f", "n": users, "a": a})
            told.append({**own, "feature": None, "n": everyone, "a": a + b})
    return pd.DataFrame([one for one in told if one["n"]])


def test_the_matched_interval_holds_what_is_planted_and_finds_nothing_where_nothing_is() -> None:
    held = found = claims = raw = 0
    for seed in range(100):
        planted = judged_impact(strata(np.random.default_rng(seed), 0.15)).iloc[0]
        held += planted["matched_low"] <= 0.15 <= planted["matched_high"]
        found += planted["finding"] == "association"
        null = judged_impact(strata(np.random.default_rng(1000 + seed), 0.0)).iloc[0]
        claims += null["finding"] == "association"
        raw += null["low"] > 0
    assert held >= 90
    assert found >= 80
    assert claims <= 10
    assert raw >= 90  # what matching is for: the raw difference is of another kind of people


def test_all_features_are_looked_for_in_one_pass(spark: SparkSession) -> None:
    activity, sessions = (rows(spark, name).localCheckpoint() for name in ("activity", "sessions"))
    found = []
    for count in (1, 12):
        features = {
            f"f{n}": Feature.model_validate({"use": [f"use_{n}"], "exposed": ["/a"]}) for n in range(count)
        }
        made = marked(activity, sessions, features, Project())
        plan = made._jdf.queryExecution().executedPlan()
        from_activity = [path for path in paths(plan) if "event_number" in path[-1].toString()]
        assert len(from_activity) == 1, "activity is read more than once"
        found.append([str(node.nodeName()) for node in from_activity[0]])
    assert found[0] == found[1], "more features, more work of other kinds"
    assert found[1].count("Exchange") <= 2, found[1]  # to leave out the sessions of bots, and to count


def test_the_tables_pass_their_gate(spark: SparkSession, made: Tables) -> None:
    assert failed_checks(STAGE, {name: rows(spark, name, table) for name, table in made.items()}) == []


def test_every_check_of_the_gate_catches_the_rows_it_is_there_for(spark: SparkSession) -> None:
    of = {"feature": "f", "definition": "d", "period": "all"}
    whole = {"breakdown": "all", "value": "all"}
    desktop = {"breakdown": "device_type", "value": "desktop"}
    direct = {"breakdown": "channel", "value": "Direct"}
    wrong: dict[str, list[dict[str, Any]]] = {
        # device and channel have one person each of two; more adopted it than tried it
        "feature_usage": [
            {**of, **whole, "exposed": 2, "tried": 1, "adopted": 2},
            {**of, **desktop, "exposed": 1, "tried": 1, "adopted": 1},
            {**of, **direct, "exposed": 2, "tried": 1, "adopted": 1},
        ],
        "feature_blockers": [{"feature": "f", "not_tried": 2, "of_not_tried": 1, "finding": "more"}],
        "feature_gaps": [{"n": 1, "weeks": 1, "share": "0.5", "low": "0.6", "high": "0.7"}],
        "feature_impact": [{"feature": "f", "week": 1, "users": 3, "matched_users": 1, "left_out": 1}],
    }
    failed = failed_checks(STAGE, {name: rows(spark, name, table) for name, table in wrong.items()})
    assert failed == [check.name for check in STAGE.checks]


def test_nothing_is_made_without_features(spark: SparkSession) -> None:
    assert not STAGE.wanted(Settings())
    none = STAGE.transform({"activity": rows(spark, "activity")}, Context(Settings(), ""))
    assert {name: frame.columns for name, frame in none.items()} == {
        name: [column.name for column in TABLES[name].columns] for name in STAGE.writes
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("features: {a: {exposed: [x]}}", r"features\.yaml: features\.a = .*give use, selectors or texts"),
        ("features: {a: {uses: [x]}}", r"unknown setting features\.a\.uses, did you mean features\.a\.use\?"),
        (
            "features: {a: {use: [{where: [{field: profile.orders, op: is_set}]}]}}",
            r"by events alone, not by profile",
        ),
        ("features: [a]", r"features\.yaml: features = "),
        ("other: {}", r"features is missing|unknown setting other"),
        ("features: {' a': {use: [x]}}", r"1 to 100 characters"),
        ("features: {a: {use: [x]", r"features\.yaml, line"),
    ],
)
def test_what_is_wrong_with_a_feature_is_told_with_file_and_key(
    tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "features.yaml").write_text(content)
    (tmp_path / "own.yaml").write_text("features: {path: features.yaml}")
    with pytest.raises(SettingsError, match=told):
        load_settings(tmp_path / "own.yaml")


def test_settings_of_features_name_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="neither beside the settings nor from here"):
        load_settings(None, ["features.path=nowhere.yaml"])
    with pytest.raises(SettingsError, match=r"broken down by profile\.NAME and trait\.NAME"):
        load_settings(None, ["features.breakdowns=[page_group]"])
    (tmp_path / "features.yaml").write_text("features: {a: {use: [x]}}")
    with pytest.raises(SettingsError, match="in one place"):
        load_settings(None, [f"features.path={tmp_path}/features.yaml", "features.declared={b: {use: [x]}}"])
    assert set(load_settings(None, [f"features.path={tmp_path}/features.yaml"]).features.declared) == {"a"}


def test_a_segment_may_ask_for_the_use_of_a_feature() -> None:
    declared = "features.declared={tags: {use: [tagged], selectors: [b.tag]}}"
    rule = "segments.rules={few: {all: [{used: tags, at_most: 2, within: 7d}, {not: {used: tags}}]}}"
    few = load_settings(None, [declared, rule]).segments.rules["few"]
    done = "tagged or click [selector = b.tag]"
    assert few.text == f"did {done} at most 2 times within 7d and not (did {done})"
    assert [step.label for leaf in few.leaves for step in leaf.steps] == ["tags", "tags"]
    with pytest.raises(
        SettingsError, match=r"segments\.rules\.few\.any\.0\.used = 'tag': .* did you mean tags"
    ):
        load_settings(None, [declared, "segments.rules={few: {any: [{used: tag}]}}"])
    with pytest.raises(SettingsError, match="window belongs to in_sequence, not to used"):
        load_settings(None, [declared, "segments.rules={few: {used: tags, window: 1d}}"])
