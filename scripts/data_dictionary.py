#!/usr/bin/env python3
"""Writes docs/tables.md from the contracts: `python scripts/data_dictionary.py`.

With `--check` nothing is written; the exit code is 1 when the page is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lib"))

from trailhouse.contract import Column, Table  # noqa: E402
from trailhouse.tables import TABLES  # noqa: E402

PAGE = ROOT / "docs" / "tables.md"
HEAD = """# Tables

Generated from `lib/trailhouse/tables` by `scripts/data_dictionary.py`; change the contract, not this page.

The grain is what is unique in a table. A required column holds no null; nulls pass ranges and lists of
values. The gate of a stage holds its tables to all of these before a reader sees them. Times are UTC,
durations are whole microseconds, money is decimal.
"""


def page(tables: Iterable[Table]) -> str:
    """The whole page as Markdown: an index, then a section a table."""
    tables = list(tables)
    index = "\n".join(f"- [`{table.name}`](#{table.name}): {table.sentence}" for table in tables)
    return "\n".join([HEAD, index, "", *("\n".join(_section(table)) for table in tables)])


def _section(table: Table) -> list[str]:
    facts = [f"Grain: {_names(table.grain)}."]
    if table.partition_by:
        facts.append(f"Partitioned by {_names(table.partition_by)}.")
    if table.optional:
        facts.append("There only when the settings ask for it.")
    if not table.lawful:
        facts.append("It speaks of arrival: outside of the law that any batching gives the same rows.")
    return [
        f"## `{table.name}`",
        "",
        table.sentence,
        "",
        " ".join(facts),
        "",
        "| Column | Type | Holds | Promise |",
        "|---|---|---|---|",
        *map(_row, table.columns),
        "",
    ]


def _row(column: Column) -> str:
    # Backticks in a type quote a field that is a word of SQL; in a code span they need two around them.
    kind = f"`` {column.type} ``" if "`" in column.type else f"`{column.type}`"
    cells = (f"`{column.name}`", kind, column.sentence, _promise(column))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _promise(column: Column) -> str:
    parts = ["required"] if column.required else []
    if column.low is not None and column.high is not None:
        parts.append(f"{column.low} to {column.high}")
    elif column.low is not None:
        parts.append(f"at least {column.low}")
    elif column.high is not None:
        parts.append(f"at most {column.high}")
    if column.values:
        parts.append(f"one of {_names(column.values)}")
    return ", ".join(parts)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    """Writes the page, or checks it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when the page is out of date"
    )
    check = parser.parse_args().check
    text = page(TABLES.values())
    if check:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
