"""Sessions worth watching: every filter against plain Python, in two Spark actions."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from tests.factories import rows
from trailhouse.errors import SettingsError
from trailhouse.journey import listing
from trailhouse.journey.find import Wanted, checked, funnel_of, ordered, sessions
from trailhouse.settings import Settings

SEED = 2
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
STEPS = ("product_view", "cart_add", "order")
SETTINGS = Settings.model_validate(
    {
        "questions": {
            "funnels": [
                {"name": "purchase", "window": "2d", "steps": [{"event": step} for step in STEPS]},
                {
                    **{"name": "teams", "unit": "account", "steps": STEPS, "breakdowns": ["profile.plan"]},
                    "where": [{"field": "profile.plan", "value": "team"}],
                },
            ]
        }
    }
)
GROUPS = ("/", "/product/*", "/cart")
HOSTILE = "' OR 1=1 --"


@dataclass
class Visit:
    """A session; `events` are (minute, name, page group, score), `signals` (minute, kind, page group)."""

    session_id: str
    person_id: str
    begin: int
    end: int
    events: list[tuple[int, str, str, int | None]]
    signals: list[tuple[int, str, str]]
    flags: dict[str, Any] = field(default_factory=dict)


def world() -> list[Visit]:
    """Twelve persons with up to five sessions each, an hour at least between two."""
    random = Random(SEED)
    made = []
    for person in range(12):
        at = random.randrange(600)
        for number in range(random.randrange(1, 6)):
            minutes = sorted(random.sample(range(at, at + 40), random.randrange(2, 9)))
            names = ["page_view", *random.choices((*STEPS, "search", "survey_response"), k=len(minutes) - 1)]
            events = [
                (m, n, random.choice(GROUPS), random.randrange(11) if n == "survey_response" else None)
                for m, n in zip(minutes, names, strict=True)
            ]
            signals = [
                (random.choice(minutes), random.choice(("rage_click", "dead_click")), random.choice(GROUPS))
                for _ in range(random.randrange(3))
            ]
            flags = {
                "is_bot": random.random() < 0.08,
                "internal": random.random() < 0.08,
                "closed": random.random() < 0.9,
                "converted": any(name == "order" for name in names),
                "channel": random.choice(("Email", "Direct", HOSTILE)),
                "device": {"type": random.choice(("mobile", "desktop"))},
                "geo": {"country": random.choice(("DE", "FR"))},
            }
            visit = Visit(
                f"s{person}-{number}", f"p{person}", minutes[0], minutes[-1], events, signals, flags
            )
            made.append(visit)
            at = visit.end + random.randrange(60, 2000)
    return made


WORLD = world()
VISITS = {visit.session_id: visit for visit in WORLD}


def time(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> dict[str, DataFrame]:
    whose = [(visit, {"session_id": visit.session_id, "person_id": visit.person_id}) for visit in WORLD]
    return {
        "sessions": rows(
            spark,
            "sessions",
            [
                {
                    **ids,
                    **visit.flags,
                    "start_time": time(visit.begin),
                    "end_time": time(visit.end),
                    "session_date": time(visit.begin).date(),
                    "duration_us": (visit.end - visit.begin) * 60_000_000,
                }
                for visit, ids in whose
            ],
        ),
        "activity": rows(
            spark,
            "activity",
            [
                {**ids, "event_time": time(minute), "event_name": name, "page_group": group}
                | ({"survey": {"score": score}} if score is not None else {})
                for visit, ids in whose
                for minute, name, group, score in visit.events
            ],
        ),
        "page_views": rows(
            spark,
            "page_views",
            [
                {**ids, "start_time": time(minute), "page_group": group, "page_path": f"{group}!"}
                for visit, ids in whose
                for minute, name, group, _ in visit.events
                if name == "page_view"
            ],
        ),
        # Two presets that found the same are one signal.
        "signals": rows(
            spark,
            "signals",
            [
                {**ids, "kind": kind, "preset": preset, "first_event_id": f"{minute} {kind}"}
                | {"page_group": group, "start_time": time(minute)}
                for visit, ids in whose
                for minute, kind, group in visit.signals
                for preset in ("posthog", "mixpanel")
            ],
        ),
    }


def attempt(person_id: str) -> tuple[str, list[int]] | None:
    """Of every step 1 the earliest later steps within two days; the furthest, then the earliest."""
    own = [v for v in WORLD if v.person_id == person_id and not (v.flags["is_bot"] or v.flags["internal"])]
    events = sorted((m, name, v.session_id) for v in own for m, name, _, _ in v.events)
    best: tuple[str, list[int]] | None = None
    for begin, name, session_id in events:
        if name != STEPS[0]:
            continue
        times = [begin]
        for step in STEPS[1:]:
            later = [m for m, n, _ in events if n == step and times[-1] < m <= begin + 2880]
            if not later:
                break
            times.append(later[0])
        if best is None or len(times) > len(best[1]):
            best = session_id, times
    return best


def left(visit: Visit, step: int) -> int | None:
    """The minute of step 1 where the session lies in an attempt that did not reach the step."""
    found = attempt(visit.person_id)
    if found is None or len(found[1]) >= step or not visit.flags["closed"]:
        return None
    begin, last = found[1][0], found[1][-1]
    return begin if (visit.begin <= last and visit.end >= begin) or visit.session_id == found[0] else None


def fits(visit: Visit, wanted: Wanted) -> bool:
    if not wanted.bots and (visit.flags["is_bot"] or visit.flags["internal"]):
        return False
    began = None
    if wanted.before_step is not None:
        began = left(visit, int(wanted.before_step[-1]))
        if began is None:
            return False
    for kind in wanted.signals:
        if not any(
            k == kind and wanted.on in (None, group) and (began is None or m >= began)
            for m, k, group in visit.signals
        ):
            return False
    pages = {p for _, n, group, _ in visit.events if n == "page_view" for p in (group, f"{group}!")}
    scores = [score for _, _, _, score in visit.events if score is not None]
    return (
        (wanted.page is None or wanted.page in pages)
        and (wanted.event is None or any(n == wanted.event for _, n, _, _ in visit.events))
        and (wanted.converted is None or visit.flags["converted"] == wanted.converted)
        and (wanted.feedback_below is None or any(s < wanted.feedback_below for s in scores))
        and (wanted.device is None or visit.flags["device"]["type"] == wanted.device.lower())
        and (wanted.channel is None or visit.flags["channel"].lower() == wanted.channel.lower())
        and (wanted.country is None or visit.flags["geo"]["country"] == wanted.country)
        and (wanted.first_day is None or time(visit.begin).date() >= wanted.first_day)
        and (wanted.last_day is None or time(visit.begin).date() <= wanted.last_day)
        and (wanted.min_duration is None or timedelta(minutes=visit.end - visit.begin) >= wanted.min_duration)
    )


CASES = (
    Wanted(),
    Wanted(bots=True),
    Wanted(signals=("rage_click",)),
    Wanted(signals=("rage_click", "dead_click")),
    Wanted(signals=("rage_click",), on="/cart"),
    Wanted(page="/cart"),
    Wanted(page="/cart!", device="MOBILE"),
    Wanted(event="search", country="DE"),
    Wanted(converted=True, min_duration=timedelta(minutes=20)),
    Wanted(converted=False, feedback_below=7),
    Wanted(channel=HOSTILE),
    Wanted(first_day=date(2026, 3, 3), last_day=date(2026, 3, 4)),
    Wanted(before_step="purchase:3"),
    Wanted(before_step="purchase:2"),
    # Rage on a page before leaving the funnel at step 3.
    Wanted(signals=("rage_click",), on="/product/*", before_step="purchase:3"),
)
NOBODY = (
    Wanted(channel=f"x{HOSTILE}"),
    Wanted(page=HOSTILE),
    Wanted(event=HOSTILE),
    Wanted(signals=("rage_click",), on=HOSTILE),
)
"""Were a value ever part of a statement, these would find everybody."""


def test_every_filter_finds_what_plain_python_finds(frames: dict[str, DataFrame]) -> None:
    cached = {name: frame.cache() for name, frame in frames.items()}
    try:
        found = [
            sessions(cached.__getitem__, SETTINGS, wanted).select(F.lit(case).alias("case"), "session_id")
            for case, wanted in enumerate((*CASES, *NOBODY))
        ]
        told: dict[int, list[str]] = {case: [] for case in range(len(CASES) + len(NOBODY))}
        for row in reduce(DataFrame.unionByName, found).collect():
            told[row["case"]].append(row.session_id)
    finally:
        for frame in cached.values():
            frame.unpersist()
    for case, wanted in enumerate(CASES):
        expected = sorted(visit.session_id for visit in WORLD if fits(visit, wanted))
        assert expected, f"{wanted}: nobody in the world of seed {SEED}"
        assert sorted(told[case]) == expected, f"{wanted}, seed {SEED}"
    assert [told[len(CASES) + case] for case in range(len(NOBODY))] == [[]] * len(NOBODY)


def test_most_signals_come_first_and_presets_that_agree_count_once(frames: dict[str, DataFrame]) -> None:
    read = frames.__getitem__
    found = ordered(read, sessions(read, SETTINGS, Wanted(bots=True)), "signals", 5).collect()

    def signals(visit: Visit) -> int:
        return len({(minute, kind) for minute, kind, _ in visit.signals})

    expected = sorted(WORLD, key=lambda v: (-signals(v), -v.begin, v.session_id))[:5]
    assert [row.session_id for row in found] == [visit.session_id for visit in expected]
    assert [sum(one.number for one in row.signals or ()) for row in found] == [signals(v) for v in expected]


@pytest.mark.parametrize(
    "wanted, told",
    [
        (Wanted(signals=("rage_clik",)), "there is no signal 'rage_clik': did you mean 'rage_click'?"),
        (Wanted(on="/cart"), "give --signal, too"),
        (Wanted(first_day=date(2026, 3, 4), last_day=date(2026, 3, 3)), "comes after --to 2026-03-03"),
    ],
)
def test_a_filter_at_odds_with_itself_is_told_in_a_sentence(wanted: Wanted, told: str) -> None:
    with pytest.raises(SettingsError, match=told.replace("?", r"\?")) as raised:
        checked(wanted)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    "text, told",
    [
        ("purchas:3", "no funnel 'purchas' in the settings: did you mean 'purchase'"),
        ("purchase", "no step of funnel purchase: write purchase:K, K being 2 to 3"),
        ("teams:2", "funnel teams asks for profile.plan of accounts: the visits of single persons cannot"),
        ("purchase:1", "K being 2 to 3"),
        ("purchase:4", "K being 2 to 3"),
        ("purchase:x", "K being 2 to 3"),
    ],
)
def test_a_step_that_is_none_is_told_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        funnel_of(text, SETTINGS)


def test_a_filter_is_told_in_words() -> None:
    wanted = Wanted(signals=("rage_click",), on="/cart", before_step="purchase:3", converted=False)
    assert wanted.words() == (
        "with rage click on /cart, that left funnel purchase before step 3, that did not convert"
    )


ROW: dict[str, Any] = {
    "session_id": "5" * 32,
    "person_id": "1" * 32,
    "start_us": 1_772_442_000_000_000,
    "duration_us": 95_500_000,
    "views": 4,
    "signals": [{"kind": "dead_click", "number": 1}, {"kind": "rage_click", "number": 2}],
    "converted": False,
    "conversion_names": [],
    "value": [],
    "is_bounce": False,
    "channel": '=HYPERLINK("http://x")',
    "device": "mobile",
    "country": "+DE",
    "entry_page": "@home\x1b[31m[red]",
    "exit_page": "\t=1+1",
}


def test_cells_of_a_csv_are_no_formulas() -> None:
    text = listing.as_csv(listing.table([ROW], "Europe/Berlin", " --lake 'my lake'"))
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["channel"], row["country"]) == ('\'=HYPERLINK("http://x")', "'+DE")
    assert (row["entry_page"], row["exit_page"]) == ("'@home\x1b[31m[red]", "'\t=1+1")
    assert row["start"] == "2026-03-02 10:00:00"  # 9:00 in UTC
    assert row["duration_seconds"] == "95.500"
    assert row["signals"] == "1 × dead click, 2 × rage click"
    assert row["command"] == f"python -m trailhouse journey --session {'5' * 32} --lake 'my lake'"
    assert [listing.safe_cell(cell) for cell in ("-1", "\rx", "a=1", None, 7)] == [
        "'-1",
        "'\rx",
        "a=1",
        "",
        "7",
    ]


def test_the_terminal_is_given_plain_text() -> None:
    console = Console(width=200, record=True, force_terminal=False)
    console.print(listing.on_terminal(listing.table([ROW], "UTC"), "1 visit [b]"))
    told = console.export_text()
    assert "1 visit [b]" in told
    assert f"journey --session {'5' * 32}" in told
    assert "1 m 36 s" in told
    assert "\x1b" not in told
