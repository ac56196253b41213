"""What a kind of question is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from trailhouse.questions.asked import Asked
from trailhouse.settings import Question
from trailhouse.stage import Check


@dataclass(frozen=True)
class Kind:
    """A kind of question.

    `section` is its key in the settings of questions; `table` the table of its answers; `reads` the
    tables that it needs, `optional` those of them that may be missing. `answer` gives the rows of the
    table for one question, a pure function of frames. `checks` are its laws, over the table.
    """

    section: str
    model: type[Question]
    table: str
    reads: tuple[str, ...]
    answer: Callable[[Any, Asked], DataFrame]
    checks: tuple[Check, ...] = ()
    optional: tuple[str, ...] = ()
    version: int = 1
