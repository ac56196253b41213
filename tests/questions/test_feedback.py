"""Survey scores, response rates and their intervals."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F
from scipy import stats

from tests.factories import rows
from trailhouse.questions.feedback import scores
from trailhouse.questions.intervals import mean_t, net_promoter, poisson, t_quantile, wilson
from trailhouse.questions.voices import of_people, voices, with_display, with_person, with_rage
from trailhouse.settings import Feedback, Project

EVERYONE = ("all", "all")
Key = tuple[str, str, str]


def answer(
    survey: str | None, kind: str | None, score: int | None, on: str = "02", **more: Any
) -> dict[str, Any]:
    said = {"id": survey, "kind": kind, "score": score, "answer": more.pop("text", None)}
    return {"event_name": "survey_response", "event_time": f"2026-03-{on} 12:00:00", "survey": said, **more}


SESSIONS = (
    {"session_id": "bot", "is_bot": True},
    {"session_id": "s", "channel": "Email"},
    {"session_id": "t", "channel": "Direct"},
)
SIGNALS = (
    {"kind": "rage_click", "session_id": "s", "start_time": "2026-03-02 11:59:00"},
    {"kind": "dead_click", "session_id": "t", "start_time": "2026-03-02 11:59:00"},
    # after the answer
    {"kind": "rage_click", "session_id": "t", "start_time": "2026-03-02 12:00:00.000001"},
)
DAYS = (
    {"person_id": "mo", "day": "2026-01-31"},
    {"person_id": "mo", "day": "2026-03-02"},
    {"person_id": "jo", "day": "2026-03-01"},
)


def stretch(segment: str, person: str, since: str, until: str | None = None) -> dict[str, Any]:
    """A stretch of days of March in a segment; `until` is the first day after it."""
    days = {"valid_from": f"2026-03-{since}", "valid_to": until and f"2026-03-{until}"}
    return {"segment": segment, "person_id": person, **days}


MEMBERS = (
    stretch("both", "mo", "02"), stretch("both", "jo", "02", "03"),
    # over before the answers, and begun after them
    stretch("late", "mo", "01", "02"), stretch("late", "jo", "03"),
    # one of the random world who joins, leaves and joins again; one who stays; nobody is all of them
    stretch("loyal", "p", "05", "09"), stretch("loyal", "p", "12"),
    stretch("loyal", "q", "08"), stretch("new", "p", "01", "10"),
)  # fmt: skip


@pytest.fixture(scope="module")
def every(spark: SparkSession) -> list[Row]:
    """Every case in one run, each a survey of its own."""
    again = [
        {
            **event,
            "event_id": "again-" + event["event_id"],
            "person_id": event["person_id"] and "again-" + event["person_id"],
            "survey": {**event["survey"], "id": "again-" + event["survey"]["id"]},
        }
        for event in sorted(WORLD, key=lambda event: event["event_id"])
    ]
    events = [*_single(), *_broken_down(), *WORLD, *again]
    said = voices(rows(spark, "activity", events), rows(spark, "sessions", SESSIONS))
    members = [*MEMBERS, *({**one, "person_id": f"again-{one['person_id']}"} for one in MEMBERS)]
    days = rows(spark, "person_days", DAYS), rows(spark, "segment_members", members)
    known = with_person(of_people(said), *days, Project())
    shown = with_display(with_rage(known, rows(spark, "signals", SIGNALS)))
    return scores(shown, Project(), Feedback()).collect()


@pytest.fixture(scope="module")
def found(every: list[Row]) -> dict[Key, Row]:
    """Rows of everyone."""
    return {(r.survey_id, r.kind, r.week): r for r in every if r.breakdown == "all"}


def _single() -> list[dict[str, Any]]:
    shown = {"event_name": "survey_shown", "survey": {"id": "shown"}}
    displays = [
        {**shown, "event_id": f"a-{day}", "event_time": f"2026-03-{day} 12:00:00", "person_id": "p"}
        for day in ("02", "03", "17")
    ]
    return [
        *(answer("n", "nps", score) for score in (10, 9, 9, 8, 7, 6, 0)),
        answer("n", "nps", 0, on="09"),
        *(answer("c", "CSAT", score) for score in (5, 4, 3, 2, 1)),
        *(answer("effort", "ces", score) for score in (7, 7, 6, 2, 5)),
        answer("one", "ces", 4),
        answer("alike", "ces", 7), answer("alike", "ces", 7),
        *(answer("stars", "feedback", s, event_name="feedback") for s in (5, 2, 2, 9)),
        *(answer("words", "text", None, text=text) for text in ("so", "so", None, "  ")),
        *displays,
        {**displays[0], "event_id": "b", "survey": {"id": "shown", "kind": "csat"}, "person_id": "q"},
        answer("shown", "nps", 9, person_id="p", on="03"),
        answer("shown", "nps", 9, person_id="p", on="09"),
        {**displays[0], "event_id": "c", "survey": {"id": "silent"}},
        answer(None, "nps", 9),
        answer("off", "nps", 11), answer("off", "nps", -1), answer("off", "nps", None),
        answer("off", "csat", 0), answer("off", "ces", 8),
        answer("off", "nps", 9, event_name="survey_dismissed"),
        answer("off", "nps", 9, is_bot=True), answer("off", "nps", 9, internal=True),
        answer("off", "nps", 9, session_id="bot"),
    ]  # fmt: skip


def test_nps_is_promoters_less_detractors_by_week_and_over_all(found: dict[Key, Row]) -> None:
    week = found["n", "nps", "2026-03-02"]
    assert (week.answers, week.top, week.bottom, week.score) == (7, 3, 2, Decimal("14.2857"))
    # by hand: 1/7 -+ 1.959964 x sqrt((5/7 - 1/49) / 7)
    assert (week.low, week.high) == (Decimal("-47.4221"), Decimal("75.9936"))
    assert found["n", "nps", "all"].score == 0
    one = found["n", "nps", "2026-03-09"]
    assert (one.low, one.score, one.high) == (-100, -100, -100)


def test_csat_is_the_share_of_four_and_five_with_wilsons_interval(found: dict[Key, Row]) -> None:
    row = found["c", "csat", "all"]
    assert (row.answers, row.top, row.bottom, row.score) == (5, 2, 2, 40)
    expected = stats.binomtest(2, 5).proportion_ci(method="wilson")
    assert (float(row.low), float(row.high)) == pytest.approx(
        (100 * expected.low, 100 * expected.high), abs=1e-4
    )


def test_customer_effort_is_a_mean_with_students_interval_on_its_scale(found: dict[Key, Row]) -> None:
    row = found["effort", "ces", "all"]
    given = [7, 7, 6, 2, 5]
    low, high = stats.t.interval(0.95, 4, loc=5.4, scale=stats.sem(given))
    assert (row.answers, row.top, row.bottom, row.score) == (5, 4, 1, Decimal("5.4"))
    assert float(row.low) == pytest.approx(low, abs=1e-4)
    assert high > 7 == row.high
    one = found["one", "ces", "all"]
    assert (one.score, one.low, one.high) == (4, None, None), "one answer tells no spread"
    alike = found["alike", "ces", "all"]
    assert (alike.low, alike.score, alike.high) == (7, 7, 7)


def test_ratings_have_a_mean_and_words_only_a_count(found: dict[Key, Row]) -> None:
    stars = found["stars", "rating", "all"]
    assert (stars.answers, stars.top, stars.score) == (3, None, 3), "9 of 5 stars is no rating"
    words = found["words", "text", "all"]
    assert (words.answers, words.score, words.low) == (2, None, None)


def test_displays_are_counted_for_the_survey_and_null_where_none_is_ever_sent(found: dict[Key, Row]) -> None:
    told = {key: (row.shown, row.answered) for key, row in found.items() if key[0] in ("shown", "all")}
    assert told == {
        ("shown", "nps", "2026-03-02"): (2, 1),
        ("shown", "nps", "2026-03-09"): (0, 0),  # the answer came by another way, or late
        ("shown", "nps", "2026-03-16"): (1, 0),
        ("shown", "nps", "all"): (3, 1),
        ("shown", "csat", "2026-03-02"): (1, 0),
        ("shown", "csat", "all"): (1, 0),
        ("all", "nps", "2026-03-02"): (None, None),
        ("all", "nps", "all"): (None, None),
    }
    row = found["shown", "nps", "all"]
    expected = stats.binomtest(1, 3).proportion_ci(method="wilson")
    assert (float(row.response_rate), float(row.response_low), float(row.response_high)) == pytest.approx(
        (1 / 3, expected.low, expected.high), abs=1e-6
    )
    empty = found["shown", "nps", "2026-03-09"]
    assert (empty.response_rate, empty.response_low, empty.response_high) == (None, None, None)
    assert (found["all", "nps", "all"].response_rate, found["all", "nps", "all"].response_low) == (None, None)
    silent = found["silent", "unknown", "all"]
    assert (silent.answers, silent.score, silent.low, silent.shown, silent.response_rate) == (
        0,
        None,
        None,
        1,
        0,
    )


def test_answers_off_the_scale_and_those_of_bots_and_staff_do_not_count(found: dict[Key, Row]) -> None:
    assert [key for key in found if key[0] == "off"] == []


def _broken_down() -> list[dict[str, Any]]:
    place = {"person_id": "mo", "session_id": "s", "page_group": "/cart", "device": {"type": "mobile"}}
    other = {"person_id": "jo", "session_id": "t"}
    return [
        answer("parts", "nps", 0, **place),
        answer("parts", "nps", 10, **other),
        answer("parts", "nps", 10),
        answer("why", "choice", None, text="price", **place),
        answer("why", "choice", None, text="price", **other),
        answer("why", "choice", None, text="speed"),
    ]


def test_answers_are_broken_down_and_a_choice_by_its_values(every: list[Row]) -> None:
    result = [row for row in every if row.week == "all"]
    by = {(r.breakdown, r.breakdown_value): (r.answers, r.score) for r in result if r.survey_id == "parts"}
    assert by == {
        EVERYONE: (3, Decimal("33.3333")),
        ("page_group", "/cart"): (1, -100),
        ("page_group", "unknown"): (2, 100),
        ("device_type", "mobile"): (1, -100),
        ("device_type", "unknown"): (2, 100),
        ("channel", "Email"): (1, -100),
        ("channel", "Direct"): (1, 100),
        ("channel", "unknown"): (1, 100),
        ("cohort", "2026-01"): (1, -100),
        ("cohort", "2026-03"): (1, 100),
        ("cohort", "unknown"): (1, 100),
        # an answer without a person is in no segment, and there is no row for those in none
        ("segment", "both"): (2, 0),
        ("rage_before", "rage"): (1, -100),
        ("rage_before", "no rage"): (1, 100),
        ("rage_before", "unknown"): (1, 100),
    }
    choices = {r.breakdown_value: r for r in result if r.breakdown == "choice"}
    assert {name: (r.answers, r.score) for name, r in choices.items()} == {
        "price": (2, Decimal("66.6667")),
        "speed": (1, Decimal("33.3333")),
    }
    expected = stats.binomtest(2, 3).proportion_ci(method="wilson")
    assert float(choices["price"].low) == pytest.approx(100 * expected.low, abs=1e-4)


def _world(seed: int) -> list[dict[str, Any]]:
    """Displays, answers and dismissals of a few people, often at one time, in a random order of rows."""
    draw = random.Random(seed)
    events = []
    for number in range(300):
        name = draw.choice(("survey_shown", "survey_shown", "survey_response", "survey_dismissed"))
        kind = draw.choice(("nps", "csat")) if name == "survey_response" else None
        events.append(
            {
                "event_id": f"e{number:03}",
                "event_name": name,
                "event_time": f"2026-03-{draw.randrange(2, 23):02} 12:00:0{draw.randrange(3)}",
                "sequence": draw.choice((None, 1, 2)),
                "person_id": draw.choice(("p", "q", "r", None)),
                "survey": {
                    "id": draw.choice("ab"),
                    "kind": kind,
                    "score": draw.randrange(1, 6) if kind else None,
                },
            }
        )
    draw.shuffle(events)
    return events


SEED = 20
WORLD = _world(SEED)


def _segments(event: dict[str, Any]) -> list[str]:
    """The segments that an event counts for, and `all`."""
    day = event["event_time"][:10]
    own = [one for one in MEMBERS if one["person_id"] == event["person_id"]]
    return ["all", *(m["segment"] for m in own if m["valid_from"] <= day < (m["valid_to"] or "9999"))]


def _expected(events: Sequence[dict[str, Any]]) -> Counter[tuple[str, str, str, str]]:
    """(survey, kind, segment, what): displays, those answered in that kind or only dismissed, answers."""
    by_unit: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    kinds: dict[str, set[str]] = defaultdict(set)
    for event in events:
        by_unit[event["person_id"] or event["event_id"], event["survey"]["id"]].append(event)
        if event["survey"]["kind"]:
            kinds[event["survey"]["id"]].add(event["survey"]["kind"])
    found: Counter[tuple[str, str, str, str]] = Counter()
    for event in events:
        kind = event["survey"]["kind"]
        if kind:  # every score is on the scales of both
            for segment in _segments(event):
                found[event["survey"]["id"], kind, segment, "answers"] += 1
    for (_, survey), own in by_unit.items():
        own.sort(key=lambda e: (e["event_time"], e["sequence"] is None, e["sequence"] or 0, e["event_id"]))
        for place, event in enumerate(own):
            if event["event_name"] != "survey_shown":
                continue
            rest = own[place + 1 :]
            until = next((i for i, e in enumerate(rest) if e["event_name"] == "survey_shown"), len(rest))
            came = {e["survey"]["kind"] or e["event_name"] for e in rest[:until]}
            for kind, segment in product(kinds[survey], _segments(event)):
                found[survey, kind, segment, "shown"] += 1
                found[survey, kind, segment, "answered"] += kind in came
                found[survey, kind, segment, "dismissed"] += came == {"survey_dismissed"}
    return found


def test_what_came_of_displays_is_what_a_plain_walk_finds_in_any_order_of_rows(every: list[Row]) -> None:
    first = {str(r) for r in every if r.survey_id in ("a", "b")}
    assert first == {str(r).replace("again-", "") for r in every if r.survey_id.startswith("again-")}, SEED
    expected, told = _expected(WORLD), Counter[tuple[str, str, str, str]]()
    for row in every:
        if row.breakdown in ("all", "segment") and row.week == "all" and row.survey_id in ("a", "b"):
            for what in ("answers", "shown", "answered", "dismissed"):
                told[row.survey_id, row.kind, row.breakdown_value, what] = row[what]
    assert told == expected, SEED
    assert {segment for _, _, segment, _ in told} == {"all", "loyal", "new"}
    assert all(expected[survey, kind, "all", "dismissed"] for survey in "ab" for kind in ("nps", "csat"))


def test_intervals_are_those_of_scipy_for_all_small_counts(spark: SparkSession) -> None:
    shares = [(hits, trials) for trials in (1, 2, 7, 40, 1000) for hits in {0, 1, trials // 2, trials}]
    draw = random.Random(5)
    given = [[draw.randrange(1, 8) for _ in range(n)] for n in (2, 3, 10, 61, 62, 63, 200, 5000)]
    means = [(sum(v), sum(x * x for x in v), len(v)) for v in given]
    low, high = wilson("a", "b")
    mean_low, mean_high = mean_t("a", "b", "c")
    rate_low, rate_high = poisson(F.col("a"))
    frame = spark.createDataFrame(
        [("share", a, b, None) for a, b in shares]
        + [("mean", *sums) for sums in means]
        + [("t", None, None, n) for n in range(1, 400)]
        + [("rate", x, None, None) for x in (*range(70), 1000)],
        "what STRING, a BIGINT, b BIGINT, c BIGINT",
    )
    ends = F.when(F.col("what") == "share", F.array(low, high))
    ends = ends.when(F.col("what") == "mean", F.array(mean_low, mean_high))
    ends = ends.when(F.col("what") == "rate", F.array(rate_low, rate_high))
    ends = ends.when(F.col("what") == "t", F.array(t_quantile(F.col("c"))))
    by_sums = dict(zip(means, given, strict=True))
    for row in frame.withColumn("ends", ends).collect():
        if row.what == "share":
            exact = stats.binomtest(row.a, row.b).proportion_ci(method="wilson")
            assert row.ends == pytest.approx([exact.low, exact.high], abs=1e-12), row
        elif row.what == "mean":
            sample = by_sums[row.a, row.b, row.c]
            expected = stats.t.interval(0.95, row.c - 1, loc=row.a / row.c, scale=stats.sem(sample))
            assert row.ends == pytest.approx(list(expected), abs=1e-8), row
        elif row.what == "rate":
            least = stats.chi2.ppf(0.025, 2 * row.a) / 2 if row.a else 0
            exact_ends = [least, stats.chi2.ppf(0.975, 2 * row.a + 2) / 2]
            assert row.ends == pytest.approx(exact_ends, rel=1e-4), row
        elif row.c == 1:
            assert row.ends == [None]
        else:
            assert row.ends[0] == pytest.approx(stats.t.ppf(0.975, row.c - 1), abs=1e-8), row


def test_the_score_lies_in_its_interval_within_minus_one_and_one(spark: SparkSession) -> None:
    counts = [(up, down, n) for n in (1, 3, 10) for up in range(n + 1) for down in range(n + 1 - up)]
    low, high = net_promoter("up", "down", "n")
    frame = spark.createDataFrame(counts, "up BIGINT, down BIGINT, n BIGINT")
    for row in frame.select("*", low.alias("low"), high.alias("high")).collect():
        net = (row["up"] - row["down"]) / row["n"]
        assert -1 <= row["low"] <= net <= row["high"] <= 1, row
