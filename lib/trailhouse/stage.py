"""A stage: what it reads, what it writes, how rows become rows. A frozen value without I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from pyspark.sql import DataFrame

from trailhouse.scope import Scope
from trailhouse.settings import Settings

Frames = Mapping[str, DataFrame]


@dataclass(frozen=True)
class Context:
    """What a transform may know besides its inputs.

    `scratch` is a folder URL that an engine (components, fits) may write to; run_stage removes it
    afterwards. Transforms without an engine never touch it. `run` and `at` name the run and its begin:
    for tables that say when the suite learned what, never for a rule. `whole` says why all of the
    inputs are given; None: they are cut to what is touched. `versions` are those of the stage's own
    published tables that it remembers: the last that changed rows, -1 where there is none.
    """

    settings: Settings
    scratch: str
    run: str = ""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    whole: str | None = "first run"
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What a stage may look at to say which part of its tables is touched.

    `inputs` at the versions to be read, `before` at those that the published tables were made from,
    `published` what these tables hold. `days` are, by input, the days (values of its partition column)
    whose rows may differ between the two versions; None where that is not known. `changes` are, by
    input with a change feed, the rows that came and went between the two. `rows` tells, by input, how
    many rows each of its days has.
    """

    inputs: Frames
    before: Frames
    published: Frames
    days: Mapping[str, Sequence[date] | None]
    changes: Frames = field(default_factory=dict)
    rows: Mapping[str, Mapping[date, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Inputs cut to a closed part, and by table the published rows that stand for that part.

    The transform of these inputs gives the rows of the part as the transform of all inputs would.
    Scopes None: the part is the whole; none at all: nothing is touched.
    """

    inputs: Frames
    scopes: Mapping[str, Scope] | None = None
    days: int = 0
    """How many days it touches, for the ledger."""

    @property
    def untouched(self) -> bool:
        """Whether there is nothing to do."""
        return self.scopes is not None and not self.scopes

    def scope(self, table: str) -> Scope | None:
        """The published rows of a table that the part replaces; None: all."""
        return None if self.scopes is None else self.scopes[table]


@dataclass(frozen=True)
class Check:
    """One rule of a gate, over the staged rows of one table, told in a sentence.

    `condition` is a Spark SQL boolean that holds for a good row (null counts as good), so a check
    is data; an aggregate rule names its own `having` frame instead: a SQL query over `{batch}` that
    returns the offending rows. Exactly one of the two is given. `suspects` is a cheaper query that
    returns rows whenever `query` does, and perhaps where it does not: it is asked first.
    """

    table: str
    name: str
    sentence: str
    condition: str | None = None
    query: str | None = None
    suspects: str | None = None
    severity: Literal["error", "warn"] = "error"

    def __post_init__(self) -> None:
        if (self.condition is None) == (self.query is None):
            raise ValueError(f"check {self.name} needs a condition or a query, and not both")


def always(settings: Settings) -> bool:
    """What most stages say to whether they are wanted."""
    return True


@dataclass(frozen=True)
class Stage:
    """`transform(inputs, context)` gives a frame for each table in `writes`.

    `reads` are table names, and `optional` those of them that may be missing: no rows then. `pins` maps
    an input to the table whose consumed version of that input is to be read, so that a diamond of
    stages sees one version (incremental.md). `settings` names the sections, or single settings, that the
    result depends on: when one of them changes, the stage runs again though its inputs did not change.
    So it does when `reference`, the hash of lists that come with the package, is another. `wanted` says
    whether the settings ask for it: if not, it runs only to empty tables that an earlier run left. No
    later stage begins before a `barrier` has ended.

    `narrow` tells the part of the tables that changed inputs touch, or why the whole. `remembers` are
    those of `writes` whose published rows the transform is given as well, as `published NAME` once they
    are there: for tables that say what changed. `tells` gives, by table, numbers for the ledger (columns of
    it) from the published rows that are replaced and those that take their place.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    transform: Callable[[Frames, Context], Frames]
    checks: tuple[Check, ...] = ()
    settings: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    reference: Callable[[], str] | None = None
    wanted: Callable[[Settings], bool] = always
    barrier: bool = False
    narrow: Callable[[Look, Context], Part | str] | None = None
    remembers: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    tells: Mapping[str, Callable[[DataFrame, DataFrame], Mapping[str, int]]] = field(default_factory=dict)
