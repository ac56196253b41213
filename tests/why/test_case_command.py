"""`python -m trailhouse case`: what it tells before Spark starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trailhouse.__main__ import app
from trailhouse.errors import SettingsError
from trailhouse.settings import load_settings
from trailhouse.why.case_answer import named


def told(*words: str) -> str:
    return CliRunner().invoke(app, ["case", *words], catch_exceptions=False).output


def test_cases_are_listed_with_their_titles() -> None:
    assert told("--list", "--settings", "conf/saas.yaml").splitlines() == [
        "import_contacts: Importing contacts fails",
        "onboarding: Onboarding is not completed",
    ]


def test_where_none_is_declared_it_says_how(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    file.write_text("project: {}\n", encoding="utf-8")
    assert "name a file of cases with impact.path" in told("--list", "--settings", str(file))


def test_a_case_that_nobody_declared_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean import_contacts"):
        named(load_settings("conf/saas.yaml"), "import_contact")
    with pytest.raises(SettingsError, match="which case"):
        told()
