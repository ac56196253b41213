"""Which part of a stage's tables a run makes anew: the whole, or what changed inputs touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any, TypeVar

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from trailhouse.errors import StorageError
from trailhouse.settings import Settings
from trailhouse.stage import Context, Frames, Look, Part, Stage
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

T = TypeVar("T")
UNKNOWN = "what changed is not known"
MOST = "most of its days are touched"
_GONE = (
    "FILE_NOT_EXIST",
    "FILE_NOT_FOUND",
    "DELTA_FILE_NOT_FOUND_DETAILED",
    "FileNotFoundException",
    "DELTA_MISSING_CHANGE_DATA",
)
"""How Spark says that a file of an older version was vacuumed, or that no changes were recorded."""


def part_of(
    lake: Lake,
    stage: Stage,
    inputs: Frames,
    consumed: Mapping[str, Any],
    context: Context,
    *,
    rebuild: bool,
) -> tuple[Part, Context]:
    """What a run transforms, and the context that says why when it is the whole.

    `inputs` are the tables that the stage reads, at the versions of `consumed`, from which the
    published tables are to be made.
    """
    published = {table: lake.read(table) for table in stage.remembers if lake.exists(table)}
    versions = {table: lake.last_change(table) for table in stage.remembers}
    context = replace(context, whole=None, versions=versions)
    whole, before = _why_whole(lake, stage, consumed, rebuild=rebuild)
    if whole is None and stage.narrow is not None:
        try:
            part = stage.narrow(_look(lake, inputs, published, before, consumed), context)
        except PySparkException as error:
            if not any(word in str(error) for word in _GONE):
                raise
            part = UNKNOWN
        except StorageError:  # a version that is no longer there
            part = UNKNOWN
        if isinstance(part, Part):
            return part, context
        whole = part
    given = {**inputs, **{f"published {table}": rows for table, rows in published.items()}}
    return Part(given), replace(context, whole=whole or "no parts")


def _why_whole(
    lake: Lake, stage: Stage, consumed: Mapping[str, Any], *, rebuild: bool
) -> tuple[str | None, dict[str, int]]:
    """Why the whole is to be made, or None and the oldest version of each input that a table is made of."""
    if stage.narrow is None:
        return "no parts", {}
    if rebuild:
        return "rebuild", {}
    before: dict[str, int] = {}
    for table in stage.writes:
        made = lake.consumed(table)
        if not made:
            return "first run", {}
        if not lake.state(table).marked:
            # Its rows may be made of later inputs than it says: a part of them cannot be told.
            return "the run before was cut off", {}
        if any(made.get(key) != consumed.get(key) for key in ("settings", "code", "reference")):
            return "another definition", {}
        if set(made["inputs"]) != set(consumed["inputs"]):
            return "other inputs", {}
        for name, version in made["inputs"].items():
            before[name] = min(int(version), before.get(name, int(version)))
    if any(version > consumed["inputs"][name] for name, version in before.items()):
        return "an input went back", {}
    return None, before


def _look(
    lake: Lake,
    inputs: Frames,
    published: Mapping[str, DataFrame],
    before: Mapping[str, int],
    consumed: Mapping[str, Any],
) -> Look:
    now = consumed["inputs"]
    return Look(
        inputs,
        _Asked(before, lambda name: lake.read_as_of(TABLES[name], before[name])),
        published,
        _Asked(before, lambda name: lake.changed_days(TABLES[name], before[name], now[name])),
        _Asked(before, lambda name: lake.changes(name, before[name], now[name])),
        _Asked(before, lambda name: lake.rows_by_day(TABLES[name])),
    )


def is_most(rows: Mapping[date, int], days: Iterable[date], settings: Settings) -> bool:
    """Whether so many of the rows lie on these days that making all of them anew costs less."""
    return sum(rows.get(day, 0) for day in {*days}) >= settings.incremental.whole_from * sum(rows.values())


class _Asked(Mapping[str, T]):
    """Values that are made when they are asked for, once."""

    def __init__(self, names: Iterable[str], make: Callable[[str], T]) -> None:
        self._names, self._make = list(names), cache(make)

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
