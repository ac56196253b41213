"""Cells of CSV files that people open in a spreadsheet."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: a quote before text that begins like one."""
    written = "" if value is None else str(value)
    return f"'{written}" if isinstance(value, str) and written.startswith(_FORMULA) else written
