"""A stage: what it reads, what it writes, how rows become rows. A frozen value without I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import DataFrame

from trailhouse.settings import Settings

Frames = Mapping[str, DataFrame]


@dataclass(frozen=True)
class Context:
    """What a transform may know besides its inputs.

    `scratch` is a folder URL that an engine (components, fits) may write to; run_stage removes it
    afterwards. Transforms without an engine never touch it.
    """

    settings: Settings
    scratch: str


@dataclass(frozen=True)
class Check:
    """One rule of a gate, over the staged rows of one table, told in a sentence.

    `condition` is a Spark SQL boolean that holds for a good row (null counts as good), so a check
    is data; an aggregate rule names its own `having` frame instead: a SQL query over `{batch}` that
    returns the offending rows. Exactly one of the two is given.
    """

    table: str
    name: str
    sentence: str
    condition: str | None = None
    query: str | None = None
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

    `reads` are table names; `pins` maps an input to the table whose consumed version of that input
    is to be read, so that a diamond of stages sees one version (incremental.md). `settings` names
    the sections of the settings that the result depends on: when one of them changes, the stage
    runs again though its inputs did not change. So it does when `reference`, the hash of lists that
    come with the package, is another. `wanted` says whether the settings ask for it: if not, it runs
    only to empty tables that an earlier run left. No later stage begins before a `barrier` has ended.
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
