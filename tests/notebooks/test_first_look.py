"""The notebook runs from top to bottom on a lake, and is kept without its outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from deltalake import DeltaTable
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "01_first_look.ipynb"


def execute(lake: Path | str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after a run against this lake."""
    monkeypatch.setenv("TRAILHOUSE_LAKE", str(lake))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.fixture(scope="module")
def executed(shop_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook after a run against the shop's lake."""
    with pytest.MonkeyPatch.context() as patch:
        return execute(shop_lake, tmp_path_factory.mktemp("notebook"), patch)


def test_the_notebook_is_kept_without_outputs_and_numbers_of_runs() -> None:
    code = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_notebook_draws_an_answer_to_each_of_its_three_questions(executed: Any, shop_lake: Path) -> None:
    questions = [cell.source for cell in executed.cells if re.match(r"## .*\?", cell.source)]
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    charts = [output.data["image/svg+xml"] for output in outputs if "image/svg+xml" in output.get("data", {})]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert len(questions) == len(charts) == 3
    # The marks say for themselves what they stand for, so a chart without rows would show here.
    for chart, table, name in zip(
        charts,
        ("activity", "pages", "retention"),
        ("event_name", "page_group", "cohort"),
        strict=True,
    ):
        rows = DeltaTable(str(shop_lake / table)).to_pyarrow_dataset()
        values = duckdb.sql(f"SELECT DISTINCT {name}::VARCHAR FROM rows WHERE {name} IS NOT NULL").fetchall()
        assert rows.count_rows() > 0
        assert any(value in chart for (value,) in values), f"the chart of {table} names no {name} of the lake"


def test_the_first_chart_counts_people_as_a_query_in_another_engine_does(
    executed: Any, shop_lake: Path
) -> None:
    activity = DeltaTable(str(shop_lake / "activity")).to_pyarrow_dataset()
    event, people = duckdb.sql(
        "SELECT event_name, count(DISTINCT person_id) AS people FROM activity "
        "WHERE person_id IS NOT NULL AND NOT is_bot AND NOT internal "
        "AND event_name NOT IN ('heartbeat', 'mouse_move', 'mutation', 'visibility') "
        "GROUP BY 1 ORDER BY people DESC, event_name LIMIT 1"
    ).fetchall()[0]
    assert activity.count_rows() > 0
    chart = next(
        output.data["image/svg+xml"]
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/svg+xml" in output.get("data", {})
    )
    assert f"people: {people}; event: {event}" in chart


def test_a_missing_lake_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CellExecutionError, match=r"no lake at .*nowhere: run \./scripts/run, or set TRAILHOUSE_LAKE"
    ):
        execute(tmp_path / "nowhere", tmp_path, monkeypatch)
