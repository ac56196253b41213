"""Reasons behind the made-up shop's numbers."""

from __future__ import annotations

import pandas as pd

from trailhouse.report import REPORT_TABLES

_COLUMNS = next(query.columns for query in REPORT_TABLES if query.name == "reasons")


def _row(question: str, step: int | None, rank: int, **more: object) -> dict[str, object]:
    told = {
        **{"question": question, "step": step, "number": f"did not get through {question}", "rank": rank},
        **{"kind": "error", "value": "card was refused", "with_it": 60, "units": 100, "share": 0.6},
        **{"others_with_it": 20, "others": 300, "share_others": 20 / 300, "lift": 9.0, "low": 5.7},
        **{"high": 14.1, "q": 0.0001, "compared": 31, "too_few": False, "verdict": "association"},
        "what": "Error “card was refused” (/pay)",
        "sentence": "Error “card was refused” (/pay): 60 of 100 (60%) of those who stopped, 20 of 300 (7%) "
        "of those who went on. An association: 9.0 times as often (5.7 to 14).",
        **{
            "comments": ["My card works elsewhere"],
            "session_ids": ["5e55", "5e56"],
            "recorded": [True, False],
        },
    }
    return {**told, **more}


def reason_frames() -> dict[str, pd.DataFrame]:
    """A step of the checkout with two reasons, and a task with none that is sure."""
    rows = [
        _row("purchase", 4, 1),
        _row(
            "purchase", 4, 2, kind="signal", value="rage_click", with_it=30, share=0.3, others_with_it=0,
            share_others=0.0, lift=61.0, low=3.8, high=989.0, comments=[], recorded=[False, False],
            what="Rage click on button.pay (/pay)",
            sentence="Rage click on button.pay (/pay): 30 of 100 (30%) of those who stopped, 0 of 300 "
            "(0%) of those who went on. An association: 61 times as often (3.8 to 989).",
        ),
        _row(
            "check_out", None, 1, kind="device", value="mobile", with_it=3, share=0.03, others_with_it=9,
            share_others=0.03, lift=1.0, low=0.3, high=3.6, q=0.9, too_few=True, verdict="too few",
            comments=[], session_ids=[], recorded=[], what="Device mobile",
            sentence="Device mobile: 3 of 100 (3%) of those who stopped, 9 of 300 (3%) of those who went on. "
            "Too few to tell.",
        ),
    ]  # fmt: skip
    return {"reasons": pd.DataFrame(rows, columns=list(_COLUMNS))}
