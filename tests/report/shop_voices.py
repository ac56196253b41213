"""What people say of the made-up shop."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

BREAKDOWNS = {
    "page_group": ["/order/:id", "/account", "unknown"],
    "device_type": ["desktop", "mobile", "tablet"],
    "channel": ["Direct", "Organic Search", "Email", "Paid Search"],
    "cohort": ["2026-01", "2026-02", "2026-03"],
    "rage_before": ["no rage", "rage"],
    "segment": ["buyers"],
}
SURVEYS = (
    # kind, survey, score, half width at 100 answers, ends of the scale, is it shown by us
    ("nps", "post_order", 34, 12, (-100, 100), True),
    ("csat", "help_center", 78, 12, (0, 100), False),
    ("ces", "checkout", 5.4, 0.4, (1, 7), True),
)


def voice_frames(rng: np.random.Generator, first: dt.date) -> dict[str, pd.DataFrame]:
    """The frames of report/voice_reads.py."""
    weeks = ["all", *[str(first + dt.timedelta(weeks=number)) for number in range(5)]]
    scores, parts = [], []
    for survey in SURVEYS:
        scores += [
            {**_scored(survey, 212, 0), "week": week}
            if week == "all"
            else {**_scored(survey, int(rng.integers(28, 55)), rng.normal()), "week": week}
            for week in weeks
        ]
        for breakdown, values in BREAKDOWNS.items():
            parts += [
                {
                    **_scored(survey, 212 // (place + 2), -3 * place if value == "rage" else rng.normal()),
                    "breakdown": breakdown,
                    "breakdown_value": value,
                }
                for place, value in enumerate(values)
            ]
    why = {**_scored(("choice", "why_leaving", 0, 0, (0, 100), True), 90, 0), "week": "all"}
    scores.append({**why, "score": None, "low": None, "high": None, "top": None, "bottom": None})
    for value, answers in (("Too expensive", 48), ("Missing a feature", 27), ("Found another shop", 15)):
        share = Decimal(100 * answers) / 90
        parts.append(
            {**why, "breakdown": "choice", "breakdown_value": value, "answers": answers, "score": share,
             "low": share - 8, "high": share + 8, "shown": None, "response_rate": None}
        )  # fmt: skip
    return {
        "feedback": pd.DataFrame(scores),
        "feedback_parts": pd.DataFrame(parts),
        **_words(),
        **_people(),
    }


def _scored(survey: tuple[Any, ...], answers: int, off: float) -> dict[str, Any]:
    kind, name, middle, wide, (least, most), shown = survey
    half = round(wide * 10 / answers**0.5, 0 if kind != "ces" else 2)
    score = min(most, max(least, round(middle + off * half / 2, 0 if kind != "ces" else 2)))
    rate = Decimal("0.250000")
    return {
        "survey_id": name,
        "kind": kind,
        "answers": answers,
        "top": int(answers * 0.55),
        "bottom": int(answers * 0.21),
        "score": Decimal(str(score)),
        "low": Decimal(str(max(least, score - half))),
        "high": Decimal(str(min(most, score + half))),
        "shown": answers * 4 if shown else None,
        "answered": answers if shown else None,
        "dismissed": answers * 2 if kind == "nps" else None,
        "response_rate": rate if shown else None,
        "response_low": rate - Decimal("0.03") if shown else None,
        "response_high": rate + Decimal("0.03") if shown else None,
    }


def _words() -> dict[str, pd.DataFrame]:
    at = pd.Timestamp("2026-03-08 13:05:00")
    texts = [
        ("nps", 3, "The coupon field threw an error three times, so I gave up.", "/checkout/shipping",
         ["not working", "price"], "negative", 2),
        ("nps", 10, "Lovely shop, quick delivery!", "/order/:id", ["delivery", "praise"], "positive", 0),
        ("rating", 2, "=HYPERLINK(\"http://x.example\") \"quoted\" & <script>alert('x')</script>",
         "/help/:slug", [], None, 0),
        ("text", None, "配送がとても遅いです", None, ["delivery", "speed"], None, None),
        ("ticket", None, "Where is my parcel?", "/account", ["delivery"], "neutral", 0),
    ]  # fmt: skip
    book = [
        ("all", 118, 41, 30, 22, "Where is my parcel?"),
        ("delivery", 44, 12, 10, 9, "Where is my parcel?"),
        ("price", 27, 4, 6, 8, "The coupon field threw an error three times, so I gave up."),
        ("praise", 21, 20, 1, 0, "Lovely shop, quick delivery!"),
        ("not working", 12, 0, 3, 7, "The coupon field threw an error three times, so I gave up."),
    ]
    found = [
        (
            1,
            ["parcel", "late", "delivery", "courier"],
            39,
            ["The parcel came two days late", "Where is my parcel?"],
        ),
        (2, ["coupon", "code", "error", "checkout"], 25, ["The coupon code gives an error"]),
    ]
    pinned = [
        ("/checkout/shipping", "form#shipping input.coupon", 9, 8, 14, "It says error, whatever I type"),
        ("/product/:slug", "span.size-guide", 4, 0, None, None),
    ]
    return {
        "feedback_texts": pd.DataFrame(
            [(at, "post_order", *text) for text in texts],
            columns=["answer_time", "survey_id", "kind", "score", "text", "page_group", "themes", "sentiment",
                     "rage_before"],
        ),
        "feedback_codebook": pd.DataFrame(
            book, columns=["theme", "texts", "positive", "neutral", "negative", "example"]
        ),
        "feedback_found": pd.DataFrame(
            [("8f14e45fceea167a", *theme[:3], 118, Decimal(theme[2]) / 118, theme[3]) for theme in found],
            columns=["model_version", "theme", "words", "answers", "texts", "share", "examples"],
        ),
        "feedback_pinned": pd.DataFrame(
            pinned, columns=["page_group", "selector", "notes", "ratings", "stars", "text"]
        ),
    }  # fmt: skip


def _people() -> dict[str, pd.DataFrame]:
    places = [
        (survey, kind, place, answers, 61_000_000 * (place + 1))
        for survey, kind, counts in (
            ("post_order", "nps", (2, 5, 21, 60, 84, 40)),
            ("all", "ticket", (9, 3, 0, 0, 4, 1)),
        )
        for place, answers in zip((0, 1, 2, 3, 5, 10), counts, strict=True)
        if answers
    ]
    groups = [
        ("post_order", True, 201, 3.4, 412_000_000, 0.81, 0.16),
        ("post_order", False, 602, 2.1, 240_000_000, 0.74, 0.29),
    ]
    tickets = [
        ("/checkout/shipping", 14, 13, 512, 27.34, 14.9, 45.9),
        ("/account", 6, 6, 590, 10.17, 3.7, 22.1),
        ("unknown", 3, 2, None, None, None, None),
    ]
    tests = [
        (study, f"p{person}", task, success, seconds and seconds * 1_000_000, errors, Decimal(sus))
        for study, sus in (("checkout, spring", "72.5"),)
        for task, outcomes in (
            ("Find a blue cup", [("success", 41, 0), ("success", 55, 1), ("partial", 90, 2)]),
            ("Pay with a coupon", [("success", 99, 1), ("failure", None, 4), ("failure", None, 3)]),
        )
        for person, (success, seconds, errors) in enumerate(outcomes)
    ]  # fmt: skip
    return {
        "feedback_places": pd.DataFrame(
            places, columns=["survey_id", "kind", "views_before", "answers", "median_us"]
        ),
        "feedback_respondents": pd.DataFrame(
            [
                {
                    "survey_id": survey,
                    "answered": answered,
                    "persons": persons,
                    "sessions_per_person": Decimal(str(sessions)),
                    "engaged_us_per_person": engaged,
                    **{
                        f"{name}{end}": Decimal(str(round(share + off, 3)))
                        for name, share in (("conversion", conversion), ("friction", friction))
                        for end, off in (("", 0), ("_low", -0.05), ("_high", 0.05))
                    },
                }
                for survey, answered, persons, sessions, engaged, conversion, friction in groups
            ]
        ),
        "feedback_tickets": pd.DataFrame(
            tickets,
            columns=["page_group", "tickets", "ticket_persons", "persons", "per_thousand", "low", "high"],
        ),
        "usability_tests": pd.DataFrame(
            tests, columns=["study", "participant", "task", "success", "time_us", "errors", "sus"]
        ),
    }
