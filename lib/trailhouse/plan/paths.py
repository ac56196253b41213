"""How a place inside of an event's properties is written: `products[].price`.

Steps into objects are joined by a dot, a step into an array is `[]`. A dot, a bracket or a backslash
of a name is written behind a backslash, an empty name as `\\e`, so that no two places are written
alike; a name longer than LONGEST is cut and ends in a hash of the whole. `child` and `named` say the
same in Python and in Spark.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

ELEMENT = "[]"
REST = "\\*"
"""In place of a path: all that a limit leaves no rows for. No path is written like it."""
LONGEST = 200
_KEPT = 160
_STEP = re.compile(r"\[\]|\.?((?:\\.|[^.\[\\])+)", re.DOTALL)


def child(path: str, name: str) -> str:
    """The place of a member of the object at `path`; the event's own properties are at ''."""
    # What UTF-8 can not hold (half a surrogate pair) is a question mark to Java, too.
    name = name.encode("utf-8", "replace").decode()
    if len(name) > LONGEST:
        name = f"{name[:_KEPT]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    step = re.sub(r"([\\.\[])", r"\\\1", name) or "\\e"
    return f"{path}.{step}" if path else step


def named(path: Column, name: Column) -> Column:
    """`child` as a column."""
    digest = F.substring(F.sha2(name, 256), 1, 16)
    cut = F.when(
        F.length(name) > LONGEST, F.concat(F.substring(name, 1, _KEPT), F.lit("…"), digest)
    ).otherwise(name)
    for special in ("\\", ".", "["):  # the backslash first, or those that it brings would be doubled
        cut = F.replace(cut, F.lit(special), F.lit(f"\\{special}"))
    step = F.when(name == "", F.lit("\\e")).otherwise(cut)
    return F.when(path == "", step).otherwise(F.concat(path, F.lit("."), step))


def place(steps: Iterable[str | int]) -> str:
    """The place that names and indices lead to."""
    path = ""
    for step in steps:
        path = path + ELEMENT if isinstance(step, int) else child(path, step)
    return path


def steps(path: str) -> tuple[str, ...]:
    """The names on the way to a place, in their own spelling, ELEMENT for a step into an array."""
    found = []
    for match in _STEP.finditer(path):
        if match[0] == ELEMENT:
            found.append(ELEMENT)
        else:
            # A name `[]` is no element: its bracket stands behind a backslash.
            found.append("" if match[1] == "\\e" else re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
    return tuple(found)


def is_cut(name: str) -> bool:
    """Whether a name may be one that was cut, so that its own spelling is not known."""
    return len(name) == _KEPT + 17 and name[_KEPT] == "…"
