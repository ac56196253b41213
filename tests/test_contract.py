"""Contracts: what is declared is sound, and a frame that differs is told of everything at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from scripts import data_dictionary
from trailhouse.contract import Column, Table
from trailhouse.errors import ContractError
from trailhouse.tables import TABLES

ROOT = Path(__file__).resolve().parent.parent
PAIRS = Table(
    name="pairs",
    sentence="A table made for these tests.",
    grain=("a",),
    columns=(
        Column("a", "STRING", "A text.", True),
        Column("b", "INT", "A number."),
        Column("c", "STRUCT<x: INT, `group`: STRING>", "A struct."),
    ),
)


def test_select_gives_the_columns_of_the_contract_in_its_order(spark: SparkSession) -> None:
    frame = spark.sql("SELECT named_struct('x', 1, 'group', 'g') AS c, 'text' AS a, 2 AS b")
    selected = PAIRS.select(frame)
    assert selected.columns == ["a", "b", "c"]
    assert selected.collect() == [("text", 2, (1, "g"))]


def test_select_lists_every_difference_at_once(spark: SparkSession) -> None:
    frame = spark.sql("SELECT 1L AS b, named_struct('x', 1) AS c, 'more' AS d")
    with pytest.raises(ContractError) as caught:
        PAIRS.select(frame)
    assert str(caught.value) == (
        "pairs differs from its contract: missing a STRING; surplus d; b is bigint, not int;"
        " c is struct<x:int>, not struct<x:int,group:string>"
    )


def test_select_takes_types_for_equal_that_differ_in_nullability_alone(spark: SparkSession) -> None:
    frame = spark.range(1).select(
        F.lit("a").alias("a"),
        F.lit(1).alias("b"),
        F.struct(F.lit(1).alias("x"), F.lit("g").alias("group")).alias("c"),
    )
    assert not frame.schema["a"].nullable
    assert PAIRS.select(frame).count() == 1


def test_a_column_declared_twice_and_a_grain_of_no_column_are_told_at_once() -> None:
    with pytest.raises(ContractError) as caught:
        Table("wrong", "Wrong.", ("x",), (Column("a", "INT", "A."), Column("a", "INT", "A.")), ("y",))
    assert "declared twice ['a']" in str(caught.value)
    assert "not declared ['x', 'y']" in str(caught.value)


def test_a_column_is_found_by_its_name_or_told_missing() -> None:
    assert PAIRS.column("b").type == "INT"
    with pytest.raises(KeyError, match="pairs has no column z"):
        PAIRS.column("z")


@pytest.mark.parametrize("name", TABLES)
def test_a_contract_is_sound(spark: SparkSession, name: str) -> None:
    table = TABLES[name]
    assert table.grain, "a table has a grain"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", table.name)
    assert table.sentence.endswith(".")
    assert [field.name for field in table.schema.fields] == [column.name for column in table.columns]
    for column, field in zip(table.columns, table.schema.fields, strict=True):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name), column.name
        assert re.search(r"[.?]$", column.sentence), f"the sentence of {column.name} ends with a full stop"
        if column.low is not None or column.high is not None:
            assert isinstance(field.dataType, NumericType), f"{column.name} has bounds and is no number"
        if column.low is not None and column.high is not None:
            assert column.low <= column.high, column.name
        if column.values:
            assert field.dataType.simpleString() in ("string", "array<string>"), column.name
            assert len(set(column.values)) == len(column.values), column.name


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_in_the_module_of_its_name(name: str) -> None:
    assert (ROOT / "lib" / "trailhouse" / "tables" / f"{name}.py").is_file()


@pytest.mark.parametrize("name", TABLES)
def test_no_table_is_partitioned_by_or_has_a_grain_with_a_float(spark: SparkSession, name: str) -> None:
    table = TABLES[name]
    for column in (*table.grain, *table.partition_by):
        assert table.schema[column].dataType.simpleString() not in ("double", "float"), column


def test_the_page_of_the_tables_is_up_to_date() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == data_dictionary.page(TABLES.values()), "run python scripts/data_dictionary.py"


def test_the_page_tells_what_a_contract_promises() -> None:
    table = Table(
        "a_table",
        "What it is.",
        ("k",),
        (
            Column("k", "STRING", "A key with | a bar.", True),
            Column("n", "INT", "A number.", low=0, high=9),
            Column("v", "STRING", "A word.", values=("<1", "b")),
        ),
        partition_by=("v",),
        lawful=False,
    )
    assert data_dictionary.page([table]).split("\n## ")[1] == (
        "`a_table`\n\n"
        "What it is.\n\n"
        "Grain: `k`. Partitioned by `v`. It speaks of arrival: outside of the law that any batching"
        " gives the same rows.\n\n"
        "| Column | Type | Holds | Promise |\n"
        "|---|---|---|---|\n"
        "| `k` | `STRING` | A key with \\| a bar. | required |\n"
        "| `n` | `INT` | A number. | 0 to 9 |\n"
        "| `v` | `STRING` | A word. | one of `<1`, `b` |\n"
    )
