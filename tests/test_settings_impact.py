"""Settings of cases: where they come from, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trailhouse.errors import SettingsError
from trailhouse.settings import load_settings

SETTINGS = """
tasks:
  - {name: import, start: {event: a}, end: {event: b}}
questions:
  churn: [{name: gone, unit: account, rules: [cancelled]}]
  revenue: [{name: income, unit: account}, {name: by_person}]
  trials: [{name: tried, unit: account}]
segments:
  rules: {beta: {did: order}}
feedback:
  themes: {price: [price]}
impact:
  path: impact.yaml
"""
CASE = {
    "name": "import",
    "title": "Importing fails",
    "unit": "account",
    "churn": "gone",
    "affected": "{failed_task: import}",
    "named_by": "{reasons: [import]}",
    "churned_value": "{revenue: income}",
}
"""Keys of a sound case, with their values as YAML."""


def text(*cases: dict[str, str | None]) -> str:
    """A file of such cases, each with some of its keys changed; those that are None are left out."""
    each = ({**CASE, **changed}.items() for changed in cases)
    lines = ("\n    ".join(f"{key}: {value}" for key, value in case if value is not None) for case in each)
    return "cases:\n" + "".join(f"  - {told}\n" for told in lines)


def load(folder: Path, cases: str) -> None:
    (folder / "conf.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "impact.yaml").write_text(cases, encoding="utf-8")
    (case,) = load_settings(folder / "conf.yaml").impact.cases
    assert case.name == "import"


def test_cases_come_from_the_file_beside_the_settings(tmp_path: Path) -> None:
    load(tmp_path, text({}))


def test_the_worked_examples_are_sound() -> None:
    assert [one.name for one in load_settings("conf/saas.yaml").impact.cases] == [
        "import_contacts",
        "onboarding",
    ]
    assert load_settings("conf/local.yaml").impact.cases == ()


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "a key that is none": ({"churn": None, "churned": "gone"}, "did you mean cases.0.churn?"),
    "a question that nobody asks": ({"churn": "gonee"}, "did you mean gone?"),
    "a task that is none": ({"affected": "{failed_task: imports}"}, "did you mean import?"),
    "a signal that is none": ({"affected": "{signal: rage_clicks}"}, "did you mean rage_click?"),
    "a segment that is none": ({"affected": "{segment: betas}"}, "did you mean beta?"),
    "a theme that is none": ({"named_by": "{theme: prices}"}, "did you mean price?"),
    "two ways": ({"affected": "{failed_task: import, signal: x}"}, "signal and failed_task"),
    "none of the ways": ({"affected": "{page_group: /x}"}, "found none of them"),
    "a page of a task": ({"affected": "{failed_task: import, page_group: /x}"}, "belong to signal"),
    "another unit": ({"churned_value": "{revenue: by_person}"}, "counts persons, the case accounts"),
    "an amount without its source": ({"churned_value": "{amount: 5}"}, "an amount needs its source"),
    "two values": ({"churned_value": "{amount: 5, source: x, revenue: income}"}, "and not both"),
    "ends the wrong way round": (
        {"churned_value": "{amount: 5, low: 6, high: 7, source: x}"},
        "does not lie in its interval",
    ),
    "a negative amount": ({"churned_value": "{amount: -5, source: x}"}, "greater than or equal to 0"),
    "half a day": ({"period": "36h"}, "days are counted whole"),
    "is longer than": ({"within": "60d"}, "is longer than"),
    "a rule that nobody counts": ({"rule": "inactive"}, "no such rule"),
    "a small currency": ({"currency": "usd"}, "USD"),
    "who left is not told": ({"churn": None}, "who left is told by churn"),
    "a field of persons": ({"named_by": "{reasons: [import], field: profile.country}"}, "properties.NAME"),
    "an option that was not there": ({"release": "{day: 2026-03-01, option: x}"}, "no such option"),
    "a release without a day": ({"release": "{window: 7d}"}, "give day or version"),
    "an option without its source": ({"options": "[{name: a, effect: 1}]"}, "source is missing"),
    "more than all of it": ({"options": "[{name: a, effect: 2, source: x}]"}, "than or equal"),
    "an assumption without its source": ({"assumptions": "[{name: a, value: 1}]"}, "source is missing"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_key_and_what_is_allowed(tmp_path: Path, wrong: str) -> None:
    changed, told = WRONG[wrong]
    with pytest.raises(SettingsError) as error:
        load(tmp_path, text(changed))
    assert told in str(error.value)
    assert "impact" in str(error.value)


def test_a_name_stands_for_one_case(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"impact\.yaml.*found twice: import"):
        load(tmp_path, text({}, {}))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="neither beside the settings nor from here"):
        load_settings(None, [f"impact.path={tmp_path / 'none.yaml'}"])
