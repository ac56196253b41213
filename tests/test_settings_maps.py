"""Settings of maps: key elements in a file, and what is wrong with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from trailhouse.errors import SettingsError
from trailhouse.settings import load_settings


def write(folder: Path, text: str) -> str:
    file = folder / "elements.yaml"
    file.write_text(text, encoding="utf-8")
    return f"elements.path={file}"


BUY = "{name: buy, page_group: /product, selector: button.buy, order: 1}"


def test_key_elements_come_from_their_file(tmp_path: Path) -> None:
    found = load_settings(None, [write(tmp_path, f"elements:\n  - {BUY}\n"), "elements.seen_for=2s"]).elements
    (one,) = found.key
    assert (one.name, one.page_group, one.selector, one.order) == ("buy", "/product", "button.buy", 1)
    assert found.seen_for == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("elements:\n  - {name: buy, page_group: /, selctor: b}\n", "did you mean elements.0.selector?"),
        (
            f"elements:\n  - {BUY}\n  - {BUY}\n",
            "a name can be declared once on a page, found twice: buy of /",
        ),
        ("elements: [\n", "elements.yaml, line 2: expected"),
        ("- buy\n", "must hold one key, elements"),
        ("elements:\n  - {name: a, page_group: /, selector: b, order: 0}\n", "elements.0.order = 0"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(None, [write(tmp_path, text)])
    assert told in str(error.value)
    assert "elements.yaml" in str(error.value)


def test_a_key_element_names_a_task_that_there_is(tmp_path: Path) -> None:
    conf = tmp_path / "conf.yaml"
    text = (
        "tasks: [{name: buy, start: begin, end: paid}]\n"
        "elements: {key: [{name: Pay, page_group: /pay, selector: b, task: buy}]}\n"
    )
    conf.write_text(text, encoding="utf-8")
    assert load_settings(conf).elements.key[0].task == "buy"
    conf.write_text(text.replace("task: buy", "task: buys"), encoding="utf-8")
    with pytest.raises(SettingsError, match="Pay of /pay names the task 'buys'.*did you mean buy?"):
        load_settings(conf)


def test_key_elements_are_declared_in_one_place_alone(tmp_path: Path) -> None:
    both = [write(tmp_path, f"elements:\n  - {BUY}\n"), f"elements.key=[{BUY}]"]
    with pytest.raises(SettingsError, match=r"elements\.key and elements\.path are both set"):
        load_settings(None, both)
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(None, [f"elements.path={tmp_path / 'none.yaml'}"])
