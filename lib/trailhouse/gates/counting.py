"""How many rows break each check, in one Spark query for all tables of a stage.

Counts leave this module, and the keys of a few offending rows; no other value of a row does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from uuid import uuid4

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, StringType

from trailhouse.contract import Table
from trailhouse.errors import ContractError
from trailhouse.sql import quoted
from trailhouse.stage import Check

OWN_KEYS = ("person_id", "session_id", "view_id")
"""Ids that the suite makes itself: they name the finding of a query that does not return the grain."""
LONGEST_KEY = 200


def count_offending(frames: Mapping[str, DataFrame], checks: Sequence[Check]) -> list[int]:
    """The number of rows that break each check, in their order.

    Raises ContractError, naming the check, for a condition that is no boolean over its table, a
    query that can not be run, or a computation that fails on a row.
    """
    asked = {
        number: replace(check, query=check.suspects, suspects=None) if check.suspects else check
        for number, check in enumerate(checks)
    }
    with _views(frames) as views:
        found = _found(frames, asked, views)
        # Most often there is no suspicion, and nothing more to be asked.
        found |= _found(frames, {n: c for n, c in enumerate(checks) if c.suspects and found[n]}, views)
    return [found[number] for number in range(len(checks))]


def _found(
    frames: Mapping[str, DataFrame], checks: Mapping[int, Check], views: Mapping[str, str]
) -> dict[int, int]:
    """The number of rows that break each check, by its key."""
    if not checks:
        return {}
    counted = reduce(DataFrame.unionAll, _counts(frames, checks, views))
    try:
        return {int(row["rule"]): int(row["rows"]) for row in counted.collect()}
    except PySparkException as error:
        raise ContractError(_at_run_time(frames, list(checks.values()), views, error)) from None


def example_keys(frames: Mapping[str, DataFrame], table: Table, check: Check, limit: int) -> tuple[str, ...]:
    """JSON texts of the grain columns of at most `limit` offending rows, the least first."""
    if limit == 0:
        return ()
    with _views(frames) as views:
        offending = _offending(frames, check, views)
        keys = [name for name in table.grain if name in offending.columns]
        keys = keys or [name for name in OWN_KEYS if name in offending.columns]
        if not keys:
            return ()
        texts = offending.select(
            F.to_json(F.struct(*[_short(offending, name) for name in keys])).alias("key")
        )
        return tuple(row["key"] for row in texts.distinct().orderBy("key").limit(limit).collect())


def _counts(
    frames: Mapping[str, DataFrame], checks: Mapping[int, Check], views: Mapping[str, str]
) -> list[DataFrame]:
    """Frames of (rule, rows): one a table for all its conditions, so one scan; one a query."""
    parts = []
    for table in dict.fromkeys(check.table for check in checks.values()):
        conditions = [
            (number, check.condition)
            for number, check in checks.items()
            if check.table == table and check.condition is not None
        ]
        if conditions:
            _require_booleans(frames[table], [checks[number] for number, _ in conditions])
            # One text for the parser: an expression apiece takes a second for forty of them. A condition
            # that is null is neither true nor false, and count_if leaves it out: good.
            counts = ", ".join(
                f"struct({number} AS rule, count_if(NOT ({text})) AS rows)" for number, text in conditions
            )
            parts.append(frames[table].agg(F.expr(f"array({counts})").alias("all")).select(F.inline("all")))
    for number, check in checks.items():
        if check.query is not None:
            found = _offending(frames, check, views)
            parts.append(found.agg(F.lit(number).alias("rule"), F.count("*").alias("rows")))
    return parts


def _offending(frames: Mapping[str, DataFrame], check: Check, views: Mapping[str, str]) -> DataFrame:
    """The rows that break a check: of its table, or what its query returns."""
    frame = frames[check.table]
    try:
        if check.condition is not None:
            return frame.where(F.expr(f"NOT ({check.condition})"))
        return frame.sparkSession.sql(_resolved(check, views))
    except PySparkException as error:
        raise ContractError(f"check {check.table}.{check.name} can not be run: {_reason(error)}") from None


def _resolved(check: Check, views: Mapping[str, str]) -> str:
    """The query with `{batch}` and `{table}` put in; other braces, as in a regular expression, stay."""
    known = {**views, "batch": views[check.table]}

    def view(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise ContractError(
                f"check {check.table}.{check.name} names {match[0]}, which is not staged;"
                f" there are {', '.join(sorted(known))}"
            )
        return known[match[1]]

    return re.sub(r"\{([A-Za-z_]\w*)\}", view, check.query or "")


def _require_booleans(frame: DataFrame, checks: Sequence[Check]) -> None:
    """Raises ContractError for the first condition that is not a boolean over this frame."""
    conditions = [f"({check.condition})" for check in checks]
    try:
        types = [field.dataType for field in frame.selectExpr(*conditions).schema.fields]
    except PySparkException:
        # Spark does not say which one it could not read.
        for check in checks:
            _offending({check.table: frame}, check, {})
        raise
    for check, found in zip(checks, types, strict=True):
        if not isinstance(found, BooleanType):
            raise ContractError(
                f"check {check.table}.{check.name}: its condition is {found.simpleString()}, not boolean"
            )


def _at_run_time(
    frames: Mapping[str, DataFrame],
    checks: Sequence[Check],
    views: Mapping[str, str],
    error: PySparkException,
) -> str:
    """Which check fails on a row: found one by one, as it happens only to a wrong check."""
    for check in checks:
        try:
            _offending(frames, check, views).agg(F.count("*")).collect()
        except PySparkException as own:
            return f"check {check.table}.{check.name} can not be run: {_reason(own)}"
    return f"the checks of {', '.join(sorted(frames))} can not be run: {_reason(error)}"


def _reason(error: PySparkException) -> str:
    """Spark's words on a query. What fails on a row may quote its values: then the condition's name alone."""
    if isinstance(error, AnalysisException):
        return str(error).strip().splitlines()[0].split("; line")[0].split(" SQLSTATE")[0]
    return str(error.getCondition() or type(error).__name__)


def _short(frame: DataFrame, name: str) -> SparkColumn:
    """A key column, cut when it is a long text: an id of a tracker may have any length."""
    column = F.col(quoted(name))
    if isinstance(frame.schema[name].dataType, StringType):
        column = F.substring(column, 1, LONGEST_KEY)
    return column.alias(name)


@contextmanager
def _views(frames: Mapping[str, DataFrame]) -> Iterator[dict[str, str]]:
    """Each frame under a temporary name that no other gate of the session has."""
    run = uuid4().hex[:12]
    names = {table: f"gate_{run}_{number}" for number, table in enumerate(frames)}
    try:
        for table, frame in frames.items():
            frame.createOrReplaceTempView(names[table])
        yield names
    finally:
        for table, frame in frames.items():
            frame.sparkSession.catalog.dropTempView(names[table])
