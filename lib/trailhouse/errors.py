"""The suite's exceptions: each is one clear sentence for the person at the terminal."""

from collections.abc import Sequence


class TrailhouseError(Exception):
    """Something the user can mend; the message says what was found and what to do."""

    exit_code = 2


class SettingsError(TrailhouseError):
    """A setting is unknown, of a wrong type or out of range, or its file is missing."""


class PlanError(TrailhouseError):
    """The tracking plan's folder or files are not as they must be; `problems` has a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - 1
        rest = f"; and {more} more: python -m trailhouse plan --check tells all" if more else ""
        super().__init__(self.problems[0] + rest)


class StorageError(TrailhouseError):
    """A path, lake or table cannot be read or written."""


class SourceError(TrailhouseError):
    """Raw input is missing or of a format that no source reads."""


class UnreadableFileError(SourceError):
    """One raw file cannot be read to its end: it is left out, and tried again."""


class PackageError(TrailhouseError):
    """A Spark package (jar) or Java itself is missing."""


class ContractError(TrailhouseError):
    """A frame differs from the contract of the table that it is meant for."""


class IdentityError(TrailhouseError):
    """A component engine gave a result that breaks its post-conditions."""


class UsabilityError(TrailhouseError):
    """A file of usability tests is not as it must be; `problems` has a sentence for each of the first."""

    def __init__(self, problems: Sequence[str], found: int = 0) -> None:
        self.problems = tuple(problems)
        more = found - len(self.problems)
        rest = (f"and {more} more",) if more > 0 else ()
        super().__init__("; ".join([*self.problems, *rest, "nothing was imported"]))


class GateFailed(TrailhouseError):
    """A check of severity `error` failed; nothing of the stage was published.

    `failures` holds one sentence a failed check, with what was observed and expected; `checks` their
    names, such as `events.quarantine_share`.
    """

    exit_code = 3

    def __init__(self, stage: str, failures: Sequence[str], checks: Sequence[str] = ()) -> None:
        self.stage = stage
        self.failures = tuple(failures)
        self.checks = tuple(checks)
        super().__init__(f"gate of {stage} held the publish: " + "; ".join(self.failures))
