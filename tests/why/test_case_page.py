"""The page of a case: what it says, what it must not say, and that hostile words stay words."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trailhouse.settings.impact import Case
from trailhouse.why.case_page import build_case
from trailhouse.why.case_reads import Evidence
from trailhouse.why.impact_rows import estimates

HOSTILE = "<script>alert(1)</script> =cmd|' /C calc'!A0 {{ 7*7 }} </style><img src=x onerror=alert(2)>"
FEB, MARCH = date(2026, 2, 1), date(2026, 3, 1)
FIRST_DAY = (FEB - date(1970, 1, 1)).days


def fact(kind: str, month: date | None = FEB, key: str | None = None, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("x1", "x2", "x3", "x4", "money"))
    return {"kind": kind, "month": month, "key": key, "complete": True, **empty, **more}


FACTS = [
    fact("reach", x1=550, x2=400, x3=FIRST_DAY),
    fact("reach", MARCH, x1=560, x2=410, x3=FIRST_DAY + 28),
    fact("left", x1=160, x2=120, x3=30),
    fact("left", MARCH, x1=160, x2=120, x3=30),
    fact("risk", key="a", x1=60, x2=400, x3=50, x4=700),
    fact("risk", MARCH, key="a", x1=60, x2=400, x3=50, x4=700),
    fact("pain", None, key="reached|before", x1=300, x2=1000, x3=FIRST_DAY),
    fact("pain", None, key="reached|after", x1=140, x2=1000, x3=FIRST_DAY),
    fact("gone", None, key="reached|before", x1=90, x2=900, x3=FIRST_DAY),
    fact("gone", None, key="reached|after", x1=9, x2=90, x3=FIRST_DAY, complete=False),
    fact("link", x1=2000, x2=1100, x3=1200, x4=960),
]
CASE = {
    "name": "import", "title": "Importing fails", "unit": "account", "currency": "USD", "churn": "gone",
    "affected": {"failed_task": "import"}, "named_by": {"reasons": ["import"]},
    "churned_value": {"amount": 64000, "source": "finance, March"},
    "customer_value": {"amount": 80, "source": "price list"},
    "page_group": "/import", "release": {"day": "2026-04-01", "option": "check"},
    "link": {"completed": {"event": "done"}, "trials": "trial"},
    "options": [{"name": "check", "effect": 0.5, "source": "a trial", "cost": "3 weeks"}],
    "assumptions": [{"name": "the silent think alike", "value": 1, "source": "nobody knows"}],
}  # fmt: skip
EVIDENCE = Evidence(
    quotes=({"text": "It lost half of my list.", "kind": "ticket", "day": FEB, "page_group": "/import"},),
    visits=({
        "session_id": "s1", "start_time": datetime(2026, 2, 3, 9, tzinfo=UTC), "device_type": "desktop",
    },),
    signals=({
        "kind": "rage_click", "selector": "button.go", "share_in": 0.4, "share_out": 0.1, "lift": 4.0,
        "low": 3.0, "high": 5.2, "q": 0.001, "too_few": False,
    },),
    feelings=({
        "survey_id": "after", "kind": "csat", "a": 30, "n": 100, "b": 240, "m": 300, "share_in": 0.3,
        "share_out": 0.8, "difference": -0.5, "low": -0.6, "high": -0.4, "q": 0.0, "too_few": False,
    },),
    clicks=({"x": 3, "y": 4, "points": 20, "inert": 2}, {"x": 9, "y": 7, "points": 5, "inert": 5}),
    sessions=649, others=9000,
)  # fmt: skip


def page(evidence: Evidence = EVIDENCE, facts: list[dict[str, Any]] = FACTS, **more: Any) -> str:
    case = Case.model_validate({**CASE, **more})
    return build_case(case, list(estimates(case, facts)), evidence, title="Shop", timezone="UTC")


def words(html: str) -> str:
    """What a reader sees."""
    body = re.sub(r"(?s)<style>.*?</style>", "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_both_estimates_stand_beside_the_reach_that_is_no_factor() -> None:
    told = words(page())
    assert "Stated USD 16,000 a month" in told
    assert "USD 64,000 of customers who leave a month × 25.0 % of them who name it" in told
    assert "60 of 240 who gave a reason; 75.0 % of 320 who left did" in told
    assert "Observed an association" in told
    assert "Reach 555 people a month" in told
    assert "Reach is no factor of what is stated" in told


def test_the_link_is_told_with_its_if() -> None:
    told = words(page())
    assert "if the link is causal" in told
    assert "up to 0.61 points of conversion" in told
    assert "If completing is what makes accounts convert" in told
    assert "87.3 %" in told and "26.7 %" in told  # noqa: PT018


def test_a_difference_is_called_an_association_and_never_an_effect_or_impact() -> None:
    observed = words(page()).partition("Observed")[2].partition("What could be done")[0]
    assert "association" in observed
    assert not re.search(r"\b(effect|impact|causes|because)\b", observed, re.IGNORECASE)


def test_predicted_stands_beside_observed_and_what_is_not_over_is_too_early() -> None:
    told = words(page()).partition("After the release")[2]
    assert "customers with the pain 30.0 % 15.0 % 14.0 %" in told
    assert "too early" in told


def test_every_assumption_and_number_has_its_source() -> None:
    told = words(page())
    for source in ("finance, March", "price list", "a trial", "nobody knows"):
        assert source in told, source


def test_hostile_words_stay_words() -> None:
    evil = Evidence(
        quotes=({"text": HOSTILE, "kind": HOSTILE, "day": FEB, "page_group": HOSTILE},),
        visits=({**EVIDENCE.visits[0], "session_id": HOSTILE, "device_type": HOSTILE},),
        signals=({**EVIDENCE.signals[0], "selector": HOSTILE, "kind": HOSTILE},),
        feelings=({**EVIDENCE.feelings[0], "survey_id": HOSTILE},),
        clicks=EVIDENCE.clicks,
    )
    texts = dict.fromkeys(("title", "description", "page_group"), HOSTILE)
    told = page(evil, options=[{"name": HOSTILE, "effect": 0.5, "source": HOSTILE, "cost": HOSTILE}],
                assumptions=[{"name": HOSTILE, "value": HOSTILE, "source": HOSTILE}],
                release=None, **texts)  # fmt: skip
    assert "<script" not in told
    assert "<img" not in told
    assert told.count("</style>") == 1
    assert HOSTILE[:40] in words(told).replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    assert "Content-Security-Policy\" content=\"default-src 'none'" in told.replace("&#39;", "'")
    assert not re.search(r"(src|href)=\"(?!data:,|#content)", told)


def test_too_few_and_unknown_are_said_in_words() -> None:
    few = [fact("reach", x1=2, x2=2, x3=FIRST_DAY), fact("left", x1=3, x2=3, x3=1),
           fact("risk", key="a", x1=1, x2=3, x3=1, x4=5)]  # fmt: skip
    told = words(page(facts=few, link=None, release=None))
    assert told.count("too few for a claim") >= 2
    nothing = words(page(Evidence(missing=("feedback_answers", "heatmaps")), [], link=None, release=None))
    assert "Stated not known" in nothing
    assert "Comments: not collected." in nothing
    assert not re.search(r"\b(None|nan)\b", nothing)


def test_money_of_one_currency_stands_alone() -> None:
    told = words(page(currency="EUR", link=None))
    assert "EUR 16,000" in told
    assert "USD" not in told


def test_a_share_of_nearly_none_and_a_lift_without_end_are_said_in_words() -> None:
    alone = {**EVIDENCE.signals[0], "share_out": 0.00009, "lift": 4444.4, "low": 500.0, "high": 39_000.0}
    told = words(page(Evidence(signals=(alone,), clicks=EVIDENCE.clicks)))
    assert "40.0 % <0.1 % over 100 What" in told.replace("&lt;", "<").replace("Where", "What")
    assert "the part from 64 to 320 px down the page" in told


def test_options_take_their_share_of_either_estimate() -> None:
    case = Case.model_validate(CASE)
    stated = next(row for row in estimates(case, FACTS) if row["estimate"] == "stated")
    assert stated["value"] == Decimal(16_000)
    assert "50 % USD 8,000" in words(page())


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")
def test_it_prints_on_one_sheet(tmp_path: Path) -> None:
    file, out = tmp_path / "case.html", tmp_path / "case.pdf"
    file.write_text(page(), encoding="utf-8")
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={out}",
            file.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page[^s]", out.read_bytes())) == 1
