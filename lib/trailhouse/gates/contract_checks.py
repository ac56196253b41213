"""The checks that follow from a contract: required, ranges, values, and the grain told once."""

from __future__ import annotations

from collections.abc import Iterator

from trailhouse.contract import Column, Table
from trailhouse.sql import literal, quoted
from trailhouse.stage import Check

GRAIN = "grain_is_unique"
"""Name of the check that no two rows have the same grain."""


def checks_of(table: Table) -> tuple[Check, ...]:
    """What the contract of a table promises, as checks; all of severity `error`."""
    return (_grain(table), *(check for column in table.columns for check in _of_column(table, column)))


def _grain(table: Table) -> Check:
    # GROUP BY takes two nulls for equal, so a grain with a null in it is held to as well.
    columns = ", ".join(quoted(name) for name in table.grain)
    query = "SELECT {0} FROM {{batch}} GROUP BY {0} HAVING count(*) > 1"
    return Check(
        table.name,
        GRAIN,
        f"No two rows have the same {', '.join(table.grain)}.",
        query=query.format(columns),
        # Where texts and the like are told apart by their hash already, they need not be compared.
        suspects=query.format(f"xxhash64({columns})"),
    )


def _of_column(table: Table, column: Column) -> Iterator[Check]:
    name = quoted(column.name)
    if column.required:
        yield Check(
            table.name, f"{column.name}_required", f"{column.name} is never null.", f"{name} IS NOT NULL"
        )
    bounds = [
        *([f"{name} >= {column.low}"] if column.low is not None else []),
        *([f"{name} <= {column.high}"] if column.high is not None else []),
    ]
    if bounds:
        yield Check(table.name, f"{column.name}_range", _range_sentence(column), " AND ".join(bounds))
    # `values` on an array speaks of its elements, which no row rule of ours looks at.
    if column.values and column.type.strip().upper() == "STRING":
        allowed = ", ".join(column.values)
        condition = f"{name} IN ({', '.join(map(literal, column.values))})"
        yield Check(table.name, f"{column.name}_values", f"{column.name} is one of {allowed}.", condition)


def _range_sentence(column: Column) -> str:
    if column.low is None:
        return f"{column.name} is at most {column.high}."
    if column.high is None:
        return f"{column.name} is at least {column.low}."
    return f"{column.name} lies between {column.low} and {column.high}."
