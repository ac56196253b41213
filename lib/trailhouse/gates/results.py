"""The verdict on one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """One check of one run.

    `observed` and `expected` speak of offending rows and are null when the check passed, as nothing
    was found then. `examples` are JSON texts of the grain columns of a few of these rows, and of no
    other column. `offending` is the number of these rows.
    """

    table: str
    check_name: str
    severity: Literal["error", "warn"]
    sentence: str
    passed: bool
    observed: str | None = None
    expected: str | None = None
    examples: tuple[str, ...] = ()
    offending: int = 0

    @property
    def name(self) -> str:
        """The check with its table, such as `events.quarantine_share`."""
        return f"{self.table}.{self.check_name}"

    @property
    def holds(self) -> bool:
        """Whether it holds the publish: a failed check of severity `error`."""
        return not self.passed and self.severity == "error"


def failures(outcomes: list[Outcome]) -> list[str]:
    """One sentence for each failed check of severity `error`: the check, what it says, what was found."""
    return [_sentence(outcome) for outcome in outcomes if outcome.holds]


def _sentence(outcome: Outcome) -> str:
    found = f"observed {outcome.observed}, expected {outcome.expected}"
    if outcome.examples:
        found += f", such as {', '.join(outcome.examples)}"
    return f"{outcome.name}: {outcome.sentence} ({found})"
