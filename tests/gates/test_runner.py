"""The gate: each kind of check passes and fails, and nothing of a row but its keys gets out."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from trailhouse.contract import Column, Table
from trailhouse.errors import ContractError
from trailhouse.gates import Outcome
from trailhouse.gates.contract_checks import GRAIN, checks_of
from trailhouse.gates.runner import failures, run_gate, write_docs
from trailhouse.settings import Settings
from trailhouse.stage import Check

VISITS = Table(
    name="visits",
    sentence="A table made for these tests.",
    grain=("visit_id",),
    columns=(
        Column("visit_id", "STRING", "The visit.", True),
        Column("share", "INT", "A percentage.", low=0, high=100),
        Column("views", "INT", "Views.", low=1),
        Column("debt", "DECIMAL(9,2)", "At most nothing.", high=0),
        Column("kind", "STRING", "Which.", values=("it's", "back\\slash", "plain")),
        Column("odd `name`", "STRING", "A column that must be quoted.", values=("a",)),
        Column("tags", "ARRAY<STRING>", "Several.", values=("a",)),
    ),
)
GOOD = {
    "visit_id": "v1",
    "share": 50,
    "views": 1,
    "debt": None,
    "kind": "plain",
    "odd `name`": "a",
    "tags": ["a"],
}


def visits(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    """Good visits v1, v2, ... but for what each row says."""
    filled = [{**GOOD, "visit_id": f"v{number}", **row} for number, row in enumerate(rows, 1)]
    return spark.createDataFrame(
        [tuple(row[column.name] for column in VISITS.columns) for row in filled], VISITS.schema
    )


def gate(
    frame: DataFrame, *checks: Check, inputs: dict[str, DataFrame] | None = None, examples: int = 5
) -> dict[str, Outcome]:
    """The outcomes by check name."""
    settings = Settings.model_validate({"gates": {"examples": examples}})
    outcomes = run_gate("visits", {"visits": frame}, {"visits": VISITS}, checks, settings, inputs)
    return {outcome.check_name: outcome for outcome in outcomes}


def failed(outcomes: dict[str, Outcome]) -> list[str]:
    return sorted(name for name, outcome in outcomes.items() if not outcome.passed)


def test_good_rows_pass_every_check_and_nothing_is_observed(spark: SparkSession) -> None:
    rows = [{}, {"kind": "it's"}, {"kind": "back\\slash"}, {"share": 0, "debt": Decimal(0)}, {"share": 100}]
    outcomes = gate(visits(spark, *rows))
    assert failed(outcomes) == []
    assert len(outcomes) == len(checks_of(VISITS))
    assert {(o.observed, o.expected, o.examples) for o in outcomes.values()} == {(None, None, ())}


def test_each_promise_of_a_contract_counts_the_rows_that_break_it(spark: SparkSession) -> None:
    outcomes = gate(
        visits(
            spark,
            {},
            {"visit_id": None},
            {"share": -1},
            {"share": 101},
            {"views": 0},
            {"debt": Decimal(1)},
            {"kind": "other"},
            {"odd `name`": "b"},
        )
    )
    assert {name: o.observed for name, o in outcomes.items() if not o.passed} == {
        "visit_id_required": "1 row",
        "share_range": "2 rows",
        "views_range": "1 row",
        "debt_range": "1 row",
        "kind_values": "1 row",
        "odd `name`_values": "1 row",
    }
    assert outcomes["share_range"].expected == "0 rows"
    assert outcomes["share_range"].examples == ('{"visit_id":"v3"}', '{"visit_id":"v4"}')


def test_nulls_and_the_elements_of_arrays_pass(spark: SparkSession) -> None:
    nothing = {"share": None, "views": None, "kind": None, "odd `name`": None, "tags": None}
    assert failed(gate(visits(spark, nothing, {"tags": ["not a"]}))) == []


def test_a_grain_told_twice_fails_with_the_key_as_example(spark: SparkSession) -> None:
    outcomes = gate(visits(spark, {"visit_id": "same"}, {"visit_id": "same", "views": 9}, {}))
    assert failed(outcomes) == [GRAIN]
    assert outcomes[GRAIN].observed == "1 row"
    assert outcomes[GRAIN].examples == ('{"visit_id":"same"}',)


def test_two_nulls_in_a_grain_are_the_same_key(spark: SparkSession) -> None:
    table = Table("pairs", "Pairs.", ("a", "b"), (Column("a", "STRING", "A."), Column("b", "INT", "B.")))
    frame = spark.createDataFrame([("x", None), ("x", None), ("x", 1), ("y", 1)], table.schema)
    outcomes = run_gate("pairs", {"pairs": frame}, {"pairs": table}, (), Settings())
    assert [(o.passed, o.offending, o.examples) for o in outcomes] == [(False, 1, ('{"a":"x"}',))]


def test_a_struct_can_be_part_of_a_grain(spark: SparkSession) -> None:
    columns = (Column("place", "STRUCT<x: INT, y: INT>", "Where."),)
    table = Table("places", "Places.", ("place",), columns)
    frame = spark.createDataFrame([((1, 2),), ((1, 2),), ((2, 1),)], table.schema)
    (outcome,) = run_gate("places", {"places": frame}, {"places": table}, (), Settings())
    assert outcome.examples == ('{"place":{"x":1,"y":2}}',)


def test_an_empty_table_passes(spark: SparkSession) -> None:
    assert failed(gate(visits(spark))) == []


def test_a_query_may_demand_rows_of_an_empty_table(spark: SparkSession) -> None:
    some = Check(
        "visits", "not_empty", "There are visits.", query="SELECT 1 FROM {batch} HAVING count(*) = 0"
    )
    outcomes = gate(visits(spark), some)
    assert failed(outcomes) == ["not_empty"]
    assert outcomes["not_empty"].examples == ()
    assert failed(gate(visits(spark, {}), some)) == []


def test_a_condition_counts_the_rows_where_it_is_false_and_takes_null_for_good(spark: SparkSession) -> None:
    check = Check("visits", "few_views", "Views are below 5.", "views < 5")
    outcomes = gate(visits(spark, {"views": 4}, {"views": 5}, {"views": 6}, {"views": None}), check)
    assert failed(outcomes) == ["few_views"]
    assert outcomes["few_views"].observed == "2 rows"
    assert outcomes["few_views"].examples == ('{"visit_id":"v2"}', '{"visit_id":"v3"}')


def test_a_condition_with_or_is_negated_as_a_whole(spark: SparkSession) -> None:
    check = Check("visits", "either", "One or the other.", "views = 1 OR share = 50")
    assert failed(gate(visits(spark, {"share": 3}, {"views": 2}), check)) == []


def test_a_query_counts_the_rows_it_returns(spark: SparkSession) -> None:
    query = "SELECT visit_id FROM {batch} GROUP BY visit_id HAVING sum(views) > 10"
    check = Check("visits", "sum_of_views", "No visit has more than 10 views.", query=query)
    outcomes = gate(visits(spark, {"views": 11}, {"views": 10}, {"views": 12}), check)
    assert (outcomes["sum_of_views"].passed, outcomes["sum_of_views"].observed) == (False, "2 rows")
    assert outcomes["sum_of_views"].examples == ('{"visit_id":"v1"}', '{"visit_id":"v3"}')
    assert failed(gate(visits(spark, {"views": 10}), check)) == []


def test_a_query_may_name_a_table_that_the_stage_read(spark: SparkSession) -> None:
    query = "SELECT visit_id FROM {batch} LEFT ANTI JOIN {people} USING (visit_id)"
    check = Check("visits", "has_person", "A visit has a person.", query=query)
    people = spark.createDataFrame([("v1",)], "visit_id STRING")
    outcomes = gate(visits(spark, {}, {}), check, inputs={"people": people})
    assert outcomes["has_person"].examples == ('{"visit_id":"v2"}',)


def test_what_is_suspected_is_looked_into_and_nothing_else(spark: SparkSession) -> None:
    never = "SELECT raise_error('asked') FROM {batch}"
    many = "SELECT 1 FROM {batch} WHERE views > 9"
    checks = [
        Check("visits", "groundless", "None.", query=many, suspects="SELECT 1 FROM {batch}"),
        Check("visits", "unasked", "None.", query=never, suspects="SELECT 1 FROM {batch} WHERE false"),
        Check("visits", "right", "None.", query="SELECT visit_id FROM {batch}", suspects="SELECT 1"),
    ]
    outcomes = gate(visits(spark, {}, {}), *checks)
    assert failed(outcomes) == ["right"]
    assert outcomes["right"].observed == "2 rows"


def test_rows_of_one_hash_are_not_of_one_grain(spark: SparkSession) -> None:
    columns = (Column("a", "STRING", "One."), Column("b", "STRING", "Another."))
    table = Table("pairs", "Pairs.", ("a", "b"), columns)
    # A hash passes over nulls.
    frame = spark.createDataFrame([("x", None), (None, "x")], table.schema)
    (outcome,) = run_gate("pairs", {"pairs": frame}, {"pairs": table}, (), Settings())
    assert outcome.passed


def test_braces_of_a_regular_expression_in_a_query_stay(spark: SparkSession) -> None:
    query = "SELECT visit_id FROM {batch} WHERE NOT visit_id RLIKE '^v[0-9]{1}$'"
    check = Check("visits", "short_id", "An id has one digit.", query=query)
    outcomes = gate(visits(spark, {}, {"visit_id": "v22"}), check)
    assert outcomes["short_id"].examples == ('{"visit_id":"v22"}',)


def test_several_tables_are_judged_each_by_its_own_contract(spark: SparkSession) -> None:
    other = Table("others", "Others.", ("visit_id",), (Column("visit_id", "STRING", "Id.", True),))
    frames = {
        "visits": visits(spark, {"views": 0}),
        "others": spark.createDataFrame([(None,)], other.schema),
    }
    outcomes = run_gate("both", frames, {"visits": VISITS, "others": other}, (), Settings())
    assert {(o.table, o.check_name) for o in outcomes if not o.passed} == {
        ("visits", "views_range"),
        ("others", "visit_id_required"),
    }


def test_a_warning_is_told_and_does_not_hold(spark: SparkSession) -> None:
    strict = Check("visits", "strict", "Views are below 5.", "views < 5")
    mild = Check("visits", "mild", "Views are below 6.", "views < 6", severity="warn")
    outcomes = gate(visits(spark, {"views": 7}), strict, mild)
    assert failed(outcomes) == ["mild", "strict"]
    assert failures(list(outcomes.values())) == [
        'visits.strict: Views are below 5. (observed 1 row, expected 0 rows, such as {"visit_id":"v1"})'
    ]


def test_examples_are_as_many_as_the_settings_say_the_least_first(spark: SparkSession) -> None:
    frame = visits(spark, *[{"views": 0}] * 4)
    assert gate(frame, examples=2)["views_range"].examples == ('{"visit_id":"v1"}', '{"visit_id":"v2"}')
    assert gate(frame, examples=0)["views_range"].examples == ()


def test_examples_hold_keys_and_no_other_column(spark: SparkSession) -> None:
    query = "SELECT visit_id, kind FROM {batch} WHERE kind = 'plain'"
    checks = [
        Check("visits", "by_condition", "No plain ones.", "kind <> 'plain'"),
        Check("visits", "by_query", "No plain ones.", query=query),
        Check(
            "visits", "without_key", "No plain ones.", query="SELECT kind FROM {batch} WHERE kind = 'plain'"
        ),
    ]
    outcomes = gate(visits(spark, {}), *checks)
    assert outcomes["by_condition"].examples == outcomes["by_query"].examples == ('{"visit_id":"v1"}',)
    assert outcomes["without_key"].offending == 1
    assert outcomes["without_key"].examples == ()


def test_a_finding_about_a_session_names_the_session(spark: SparkSession) -> None:
    query = "SELECT concat('s-', visit_id) AS session_id, kind FROM {batch}"
    outcomes = gate(visits(spark, {}), Check("visits", "by_session", "None.", query=query))
    assert outcomes["by_session"].examples == ('{"session_id":"s-v1"}',)


def test_a_key_of_any_length_is_cut(spark: SparkSession) -> None:
    outcomes = gate(visits(spark, {"visit_id": "x" * 5000, "views": 0}))
    (example,) = outcomes["views_range"].examples
    assert json.loads(example) == {"visit_id": "x" * 200}


def test_no_value_of_a_row_reaches_the_docs_or_the_log(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    markup = "<script>alert(1)</script>"
    check = Check("visits", "no_markup", "No more than <1> kind.", "kind = 'plain'")
    with caplog.at_level(logging.DEBUG, logger="great_expectations"):
        outcomes = gate(visits(spark, {"visit_id": markup, "kind": markup, "views": 0}), check)
        index = write_docs(list(outcomes.values()), tmp_path / "docs")
    assert failed(outcomes) == ["kind_values", "no_markup", "views_range"]

    pages = {page: page.read_text(encoding="utf-8") for page in index.parent.rglob("*.html")}
    (verdicts,) = [text for page, text in pages.items() if "validations" in page.parts]
    (suite,) = [text for page, text in pages.items() if "expectations" in page.parts]
    assert "no_markup" in verdicts
    assert "No more than &lt;1&gt; kind." in suite
    out, err = capfd.readouterr()
    for text in (*pages.values(), caplog.text, out, err):
        assert "alert(1)" not in text
    assert "Calculating Metrics" not in out + err


def test_the_docs_of_a_run_replace_those_of_the_run_before(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("first_run", "second_run"):
        outcome = Outcome(name, "some_check", "error", "A sentence.", passed=True)
        index = write_docs([outcome], tmp_path)
    assert "second_run" in index.read_text(encoding="utf-8")
    assert list(tmp_path.rglob("*first_run*")) == []
    assert "first_run" not in index.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "check, told",
    [
        (Check("visits", "wrong", "S.", "no_such_column > 1"), "no_such_column"),
        (Check("visits", "wrong", "S.", "views >"), "PARSE_SYNTAX_ERROR"),
        (Check("visits", "wrong", "S.", "views + 1"), "is int, not boolean"),
        (Check("visits", "wrong", "S.", query="SELECT nothing FROM {batch}"), "nothing"),
        (
            Check("visits", "wrong", "S.", query="SELECT 1 FROM {elsewhere}"),
            "{elsewhere}, which is not staged",
        ),
        (Check("visits", "wrong", "S.", "cast(kind AS INT) > 1"), "CAST_INVALID_INPUT"),
    ],
)
def test_a_wrong_check_is_an_error_that_names_it(spark: SparkSession, check: Check, told: str) -> None:
    fine = Check("visits", "fine", "S.", "views > 0")
    with pytest.raises(ContractError) as caught:
        gate(visits(spark, {"kind": "plain"}), fine, check)
    assert "visits.wrong" in str(caught.value)
    assert told in str(caught.value)
    # What fails on a row would quote its value.
    assert "plain" not in str(caught.value)


def names_twice() -> Sequence[Check]:
    return [Check("visits", "one", "S.", "views > 0"), Check("visits", "one", "S.", "views > 1")]


@pytest.mark.parametrize(
    "checks, told",
    [
        (names_twice(), "declared twice ['visits.one']"),
        ([Check("elsewhere", "one", "S.", "views > 0")], "not staged ['elsewhere.one']"),
    ],
)
def test_checks_that_fit_no_gate_are_refused(spark: SparkSession, checks: Sequence[Check], told: str) -> None:
    with pytest.raises(ContractError) as caught:
        gate(visits(spark), *checks)
    assert told in str(caught.value)


def test_a_gate_leaves_no_view_and_nothing_persisted_behind(spark: SparkSession) -> None:
    def left() -> tuple[int, list[str]]:
        persisted = spark.sparkContext._jsc.getPersistentRDDs().size()
        return persisted, sorted(table.name for table in spark.catalog.listTables())

    before = left()
    gate(visits(spark, {"views": 0}))
    assert left() == before


def test_the_verdict_is_that_of_great_expectations(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    import great_expectations as gx

    def lenient(**given: Any) -> Any:
        return gx.expectations.ExpectColumnMinToBeBetween(column=given["column"], min_value=0)

    monkeypatch.setattr("great_expectations.expectations.ExpectColumnMaxToBeBetween", lenient)
    assert failed(gate(visits(spark, {"views": 0}))) == []


def test_an_expectation_that_could_not_be_evaluated_keeps_the_gate_shut(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.setattr("trailhouse.gates.runner._frame", lambda counts: pd.DataFrame({"other": [0]}))
    with pytest.raises(ContractError, match=r"could not judge.* visits\.views_range"):
        gate(visits(spark, {}))
