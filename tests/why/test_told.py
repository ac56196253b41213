"""Reasons on the terminal and in files, and the settings that ask for them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from trailhouse.errors import SettingsError, StorageError
from trailhouse.settings import Settings, load_settings
from trailhouse.settings.reasons import Reasons, require_there, split
from trailhouse.why import told
from trailhouse.why.answer import named
from trailhouse.why.answer_page import build_page, write_page
from trailhouse.why.asked import Number
from trailhouse.why.command import look_at, shown, write_csv
from trailhouse.why.weighed import CLAIMED

ROOT = Path(__file__).resolve().parents[2]
ASKED = Number("buy", "task", "buy", "did not complete buy (paid)", None)


def reason(**more: Any) -> dict[str, Any]:
    found = {"kind": "error", "value": "=1+1 [bold]", "page_group": "/pay", "element": None, "release": None}
    found |= {"with_it": 60, "units": 100, "others_with_it": 20, "others": 300, "share_in": 0.6, "rank": 1}
    found |= {"share_out": 20 / 300, "lift": 9.0, "low": 5.0, "high": float("inf"), "p": 1e-9, "q": 1e-8}
    found |= {"excess": 53, "compared": 7, "too_few": False, "verdict": CLAIMED, "swapped": False}
    return {**found, "comments": ["=cmd()", "b"], "sessions": ["s2", "s1"], **more}


def test_a_row_is_told_in_text_and_no_spreadsheet_takes_it_for_a_formula(tmp_path: Path) -> None:
    found = told.rows([(ASKED, [reason()])], {})
    [row] = found.to_dict("records")
    assert (row["asked"], row["step"], row["high"], row["too_few"]) == ("task", None, None, False)
    assert row["sessions"] == [("s1", False), ("s2", False)]
    file = tmp_path / "reasons.csv"
    write_csv(file, found)
    [cells] = csv.DictReader(file.open(encoding="utf-8"))
    assert (cells["value"], cells["comments"], cells["sessions"]) == ("'=1+1 [bold]", "'=cmd() | b", "s1 s2")
    assert cells["step"] == ""


def test_the_terminal_shows_what_is_said_as_it_is_and_whom_to_look_at() -> None:
    found = told.rows(
        [(ASKED, [reason(), reason(kind="device", value="mobile", rank=2, verdict="too few")])], {}
    )
    text = io.StringIO()
    Console(file=text, width=200).print(shown(found, 10))
    assert "Who did not complete buy (paid)" in text.getvalue()
    assert "=1+1 [bold]" in text.getvalue()
    assert "Too few to tell." in text.getvalue()
    assert look_at(found, " --lake x")[0].endswith("python -m trailhouse journey --session s1 --lake x")
    assert look_at(told.rows([], {})) == []


def test_the_page_shows_words_as_they_are_runs_nothing_and_says_what_is_sure(tmp_path: Path) -> None:
    live = "<script>alert(1)</script>"
    rows = [reason(value=live, comments=[live]), reason(rank=2, verdict="too few", lift=None, q=None)]
    found = told.rows([(ASKED, rows)], {})
    page = build_page(found, live, title=live, options=" --lake 'a b'")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "default-src 'none'" in page.replace("&#39;", "'")
    assert "60.0% <small>60 of 100</small>" in page
    assert "9.0 ×" in page
    assert "journey --session s1 --lake &#39;a b&#39;" in page
    assert page.count('class="badge warned">too few') == 1
    assert page.count("<li>") == 1, "only what is claimed is told in short"
    assert "1 association of 7 compared; 100 stopped, 300 went on" in page
    feature = Number("tags", "feature", "tags", "did not try tags", None)
    assert '<th scope="col">Who tried it</th>' in build_page(
        told.rows([(feature, [reason()])], {}), "feature tags", title="t"
    )
    assert "No reason to tell" in build_page(told.rows([], {}), "buy", title="t")
    write_page(tmp_path / "more" / "why.html", found, "buy", Settings())
    assert (tmp_path / "more" / "why.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(StorageError, match="cannot be written"):
        write_page(tmp_path, found, "buy", Settings())


def test_settings_name_funnels_steps_and_tasks_that_there_are() -> None:
    assert split("checkout:3") == ("checkout", 3)
    assert split("import contacts") == ("import contacts", None)
    require_there(Reasons(of=("checkout:3", "checkout", "buy")), {"checkout": 3}, ["buy"])
    for of, said in (
        ("checkout:4", "steps to ask for are 2 to 3"),
        ("checkot", "did you mean checkout"),
        ("buy:2", "is no declared funnel or task"),
    ):
        with pytest.raises(SettingsError, match=said):
            require_there(Reasons(of=(of,)), {"checkout": 3}, ["buy"])
    of_saas = load_settings(ROOT / "conf" / "saas.yaml")
    assert ("onboarding", None) in of_saas.reasons.named
    assert Settings().reasons.of == ()


def test_a_name_that_nothing_has_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean import_contacts"):
        named("import_contact", load_settings(ROOT / "conf" / "saas.yaml"))
