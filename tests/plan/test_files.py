"""The plan's files: what is read, and what is told of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trailhouse.__main__ import app
from trailhouse.errors import PlanError, SettingsError
from trailhouse.plan.command import write
from trailhouse.plan.files import read_plan
from trailhouse.settings import load_settings

SOUND = """\
events:
  cart_add:
    owner: checkout
    severity: error
    schema: {type: object, required: [price], properties: {price: {$ref: "#/$defs/money"}}, $defs: {money: {type: number}}}
  logout: {}
"""  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sound plan."""
    (tmp_path / "shop.yaml").write_text(SOUND)
    return tmp_path


def test_planned_events_are_read_from_all_files_and_settings_carry_them(folder: Path) -> None:
    (folder / "more.yml").write_text("events: {'on': {description: Switched on.}}")
    (folder / "notes.txt").write_text("no plan")
    planned = load_settings(None, [f"plan.path={folder}"]).plan.events
    assert {name: event.severity for name, event in planned.items()} == {
        "cart_add": "error",
        "logout": "warn",
        "on": "warn",
    }
    assert planned["cart_add"].rules["required"] == ["price"]


def test_a_changed_file_changes_the_digest_by_which_the_stage_notices(folder: Path) -> None:
    before = load_settings(None, [f"plan.path={folder}"]).digest(["plan"])
    (folder / "shop.yaml").write_text(SOUND.replace("type: number", "type: string"))
    assert load_settings(None, [f"plan.path={folder}"]).digest(["plan"]) != before


WRONG = {
    "a: [1": "line 1: .*write YAML",
    "- 1": "line 1: it must hold one key, events",
    "events:\n  a: {}\n  on: {}": "line 3, event True: the name is no text: put it in quotes",
    "events:\n  a: {}\n  a: {}": "line 3: a is given twice: keep one",
    "events:\n  a:\n    ownr: x": "line 3, event 'a': unknown key ownr, did you mean owner",
    "events:\n  a:\n    owner: [x]": "line 3, event 'a': owner = .*valid string",
    "events:\n  a:\n    severity: fatal": "line 3, event 'a': severity = 'fatal'.*'warn' or 'error'",
    "events:\n  a: 3": "line 2, event 'a': found int where keys owner, description, severity, schema belong",
    "events:\n  a: {schema: [1]}": "event 'a': schema is .1., not a mapping",
    "events:\n  a: {schema: {enum: [2026-01-01]}}": "event 'a': schema holds what JSON has not",
    "events:\n  a: {schema: {properties: {1: {}}}}": "event 'a': schema holds what JSON has not",
    "events:\n  a:\n    schema:\n      properties:\n        p: {type: nmber}": (
        "line 5, event 'a': schema.properties.p.type is 'nmber': a type is array, boolean"
    ),
    "events:\n  a: {schema: {required: x}}": "schema.required is 'x': is not of type 'array'",
    "events:\n  a: {schema: {pattern: '('}}": "schema.pattern is '.': is not a 'regex'",
    "events:\n  a: {schema: {anyOf: [{requird: [x]}]}}": "'requird' is no keyword .*did you mean required",
    "events:\n  a: {schema: {$ref: 'https://e.example/x'}}": "leads nowhere",
    "events:\n  a: {schema: {properties: {p: {$ref: '#/$defs/q'}}}}": "leads nowhere",
    "events:\n  a: {schema: {$ref: '#'}}": "refers to itself without end",
    "events:\n  a: {schema: {$schema: 'http://json-schema.org/draft-07/schema#'}}": "only .*2020-12",
    "events:\n  logout: {}": "event 'logout': .*other.yaml has it, too: plan it once",
    "events: {a: \xff": "UTF-8|write YAML",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items())
def test_a_wrong_file_is_told_by_file_line_and_event(folder: Path, text: str, told: str) -> None:
    (folder / "shop.yaml").rename(folder / "other.yaml")
    file = folder / "wrong.yaml"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(PlanError, match=f"tracking plan {file}.*{told}") as raised:
        read_plan(folder)
    assert raised.value.exit_code == 2
    assert len(raised.value.problems) == 1


def test_all_that_is_wrong_is_found_at_once(folder: Path) -> None:
    (folder / "one.yaml").write_text("events:\n  a: {schema: 3, ownr: x}")
    (folder / "two.yaml").write_text("nonsense")
    with pytest.raises(PlanError, match="and 2 more: python -m trailhouse plan --check") as raised:
        read_plan(folder)
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_plan_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PlanError, match=f"{name} (is no folder: name one|holds no .yaml file: draft)"):
        load_settings(None, [f"plan.path={tmp_path / name}"])


def test_planned_events_come_from_files_alone() -> None:
    with pytest.raises(SettingsError, match=r"name their folder with plan\.path"):
        load_settings(None, ["plan.events={a: {}}"])


def test_check_says_what_it_read_without_spark(folder: Path) -> None:
    done = CliRunner().invoke(app, ["plan", "--check", "--out", str(folder)])
    assert (done.exit_code, "2 planned events, 1 of severity error" in done.output) == (0, True)


def test_plan_wants_to_know_what_to_do() -> None:
    with pytest.raises(PlanError, match="one of --check and --infer"):
        CliRunner().invoke(app, ["plan"], catch_exceptions=False)


def test_a_draft_replaces_no_file_unless_forced(folder: Path) -> None:
    draft = {name: {"events": {"a": {"schema": {}}}} for name in ("shop", "app")}
    with pytest.raises(PlanError, match=r"shop.yaml exists: .*--force"):
        write(draft, str(folder))
    assert (folder / "shop.yaml").read_text() == SOUND
    assert not (folder / "app.yaml").exists()
    write({"shop": draft["shop"]}, str(folder), force=True)
    assert list(read_plan(folder)) == ["a"]
