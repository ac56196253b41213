"""A stage runs again when what its rows were made from is another, and not otherwise."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from trailhouse.contract import Column, Table
from trailhouse.enrich import channels
from trailhouse.progress import Progress
from trailhouse.run import open_run, run_stage
from trailhouse.settings import load_settings
from trailhouse.stage import Context, Frames, Stage
from trailhouse.stages import sessions
from trailhouse.tables import TABLES

NUMBERS = Table(
    name="numbers",
    sentence="A table made for these tests.",
    grain=("number",),
    columns=(Column("number", "BIGINT", "A number.", True),),
)


def test_other_lists_that_come_with_the_package_run_a_stage_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLES, "numbers", NUMBERS)
    ran: list[str] = []

    def transform(_: Frames, context: Context) -> Frames:
        ran.append(context.settings.lake.root)
        return {"numbers": spark.range(3).withColumnRenamed("id", "number")}

    stage = Stage("numbers", (), ("numbers",), transform, reference=lambda: "lists of May")
    with open_run(
        spark, load_settings(None, [f"lake.root={tmp_path}"]), Progress(Console(file=io.StringIO()))
    ) as run:
        run_stage(run, stage)
        run_stage(run, stage)
        assert len(ran) == 1
        run_stage(run, replace(stage, reference=lambda: "lists of June"))
        assert len(ran) == 2


def test_rows_of_a_contract_that_has_another_shape_are_made_anew(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLES, "numbers", NUMBERS)
    wide = replace(
        NUMBERS, grain=("number", "kind"), columns=(*NUMBERS.columns, Column("kind", "STRING", "Its kind."))
    )

    def transform(_: Frames, context: Context) -> Frames:
        made = spark.sql("SELECT id AS number, 'whole' AS kind FROM range(3)")
        return {"numbers": made.select(*TABLES["numbers"].schema.names)}

    stage = Stage("numbers", (), ("numbers",), transform)
    with open_run(
        spark, load_settings(None, [f"lake.root={tmp_path}"]), Progress(Console(file=io.StringIO()))
    ) as run:
        run_stage(run, stage)
        monkeypatch.setitem(TABLES, "numbers", wide)
        run_stage(run, stage)
        rows = run.lake.read("numbers").orderBy("number").collect()
        assert [tuple(row) for row in rows] == [(0, "whole"), (1, "whole"), (2, "whole")]
        assert run_stage(run, stage)["numbers"].action == "unchanged"


def test_sessions_know_the_lists_that_their_channels_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sessions.STAGE.reference is not None
    before = sessions.STAGE.reference()
    text = channels._text("referrers.yaml")
    monkeypatch.setattr(channels, "_text", lambda name: text + "# one more" if "ref" in name else text)
    assert sessions.STAGE.reference() != before
