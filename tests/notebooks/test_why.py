"""The nineteen questions: each asked once, of columns that there are, and answered as planted."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from trailhouse.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "00_why.ipynb"


def cells(kind: str) -> list[str]:
    found = json.loads(NOTEBOOK.read_text())["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def asked() -> list[tuple[int, str]]:
    """(number, code) of each question: the cell after its heading."""
    found = json.loads(NOTEBOOK.read_text())["cells"]
    numbers = [re.match(r"## (\d+)\. .*\?\n", "".join(cell["source"])) for cell in found]
    return [(int(m[1]), "".join(found[place + 1]["source"])) for place, m in enumerate(numbers) if m]


def read(code: str) -> list[tuple[str, list[str]]]:
    """(table, columns) of each reading in a cell."""
    calls = [one for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Call)]
    texts = [
        [arg.value for arg in one.args if isinstance(arg, ast.Constant)]
        for one in calls
        if isinstance(one.func, ast.Name) and one.func.id == "table"
    ]
    return [(str(name), [str(column) for column in columns]) for name, *columns in texts]


def answered(
    lake: Path | str, folder: Path, truth: Path | None, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """The numbers of the questions that a run on this lake answers; fails where a check does."""
    monkeypatch.setenv("TRAILHOUSE_LAKE", str(lake))
    monkeypatch.setenv("TRAILHOUSE_TRUTH", str(truth or ""))
    notebook: Any = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return list(ast.literal_eval(notebook.cells[-1].outputs[-1].data["text/plain"]))


def test_the_notebook_is_kept_without_outputs_and_numbers_of_runs() -> None:
    code = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_nineteen_questions_are_asked_in_a_cell_each() -> None:
    questions = asked()
    assert [number for number, _ in questions] == list(range(1, 20))
    for number, code in questions:
        assert f"answer({number}," in " ".join(code.split()).replace("answer( ", "answer("), number


def test_questions_read_columns_that_their_tables_have() -> None:
    for number, code in asked():
        readings = read(code)
        assert readings, number
        for name, columns in readings:
            assert columns, (number, name)
            assert set(columns) <= {column.name for column in TABLES[name].columns}, (number, name)


def test_on_any_lake_questions_are_answered_or_say_what_they_lack(
    shop_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The shop has no automations and no onboarding of six steps; its pages are looked at and left.
    assert {6, 8, 14} <= {*answered(shop_lake, tmp_path, None, monkeypatch)}


def test_a_missing_lake_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CellExecutionError, match=r"no lake at .*nowhere: see above how to make one"):
        answered(tmp_path / "nowhere", tmp_path, None, monkeypatch)


@pytest.mark.soak
def test_on_the_world_saas_every_answer_is_as_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The smallest world in which each shows has a thousand people: forty of their accounts cancel.
    raw, truth, lake = (tmp_path / name for name in ("raw", "truth", "lake"))
    env = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    commands = [
        ["scripts/simulate.py", "--world", "saas", "--out", raw, "--truth", truth, "--people", 1000,
         "--seed", 7],
        ["jobs/run_all.py", "--settings", "conf/saas.yaml", "--set", f"raw.path={raw}",
         "--set", f"lake.root={lake}"],
    ]  # fmt: skip
    for command in commands:
        subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, env=env, check=True)
    assert {*answered(lake, tmp_path, truth, monkeypatch)} == {*range(1, 20)}
