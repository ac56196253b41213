"""Names and texts for Spark SQL: what is in them stays data."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name in backticks, whatever characters it has."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string literal, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
