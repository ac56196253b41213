"""Which tracker wrote a file, told by its first lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LINES = 20
"""How many lines are looked at: the first may be a broken one."""

Recogniser = Callable[[Sequence[str]], bool]


def json_lines(mark: Callable[[Mapping[str, Any]], bool]) -> Recogniser:
    """Recognises lines of JSON of which most that are objects bear the mark, and at least one does."""

    def recognises(lines: Sequence[str]) -> bool:
        objects = [found for line in lines if isinstance(found := _read(line), dict)]
        marked = sum(mark(found) for found in objects)
        return marked > 0 and 2 * marked > len(objects)

    return recognises


def csv_header(*columns: str) -> Recogniser:
    """Recognises a first line of column names, in any case, with these among them."""

    def recognises(lines: Sequence[str]) -> bool:
        try:
            names = next(csv.reader(lines[:1]), [])
        except csv.Error:  # such as a cell too long for any header
            return False
        return set(columns) <= {name.strip().lower() for name in names}

    return recognises


def _read(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
