"""A lake that begins with another's tables: Delta's shallow clones, which name the other's files."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from trailhouse.errors import StorageError
from trailhouse.progress import Progress
from trailhouse.sql import quoted
from trailhouse.storage import NONE, Lake
from trailhouse.tables import TABLES

_AT_ONCE = 4
"""Tables cloned side by side: most of the work is waiting for small jobs."""


def branch(source: Lake, target: Lake, progress: Progress) -> list[str]:
    """Clone the tables of `source` into `target`, which must have none; their names.

    What a table was made of is carried over, so that a run over the branch finds it up to date as a run
    over the source would. The tables that speak of runs (ledger, gate results, raw files) stay behind.
    StorageError when the target holds a table.
    """
    taken = [name for name in TABLES if target.exists(name)]
    if taken:
        raise StorageError(f"lake {target.root} has tables already ({', '.join(taken)}): name an empty one")
    names = [name for name in TABLES if TABLES[name].lawful and source.exists(name)]
    if not names:
        raise StorageError(f"lake {source.root} has no tables to begin from: run jobs/run_all.py first")
    target.check()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        versions = dict(zip(names, pool.map(partial(_clone, source, target), names), strict=True))
        list(pool.map(partial(_mark, source, target, versions), names))
    progress.note(f"{len(names)} tables of {source.root} in {target.root}, which needs their files to stay")
    return names


def _clone(source: Lake, target: Lake, name: str) -> tuple[int, int]:
    """Clone a table; the version of its rows in the source, and the clone's."""
    target.spark.sql(
        f"CREATE TABLE delta.{quoted(target.path(name))} SHALLOW CLONE delta.{quoted(source.path(name))}"
    )
    return source.state(name).data_version, target.version(name)


def _mark(source: Lake, target: Lake, versions: Mapping[str, tuple[int, int]], name: str) -> None:
    """Say in versions of the clones what the table was made of."""
    consumed = source.consumed(name)
    if consumed:
        # A clone counts its versions anew. An input that went on since, or is not there, is of no version.
        inputs = {}
        for table, version in consumed["inputs"].items():
            there, here = versions.get(table, (NONE, NONE))
            inputs[table] = here if there == version else NONE
        consumed = {**consumed, "inputs": inputs}
    target.mark(name, consumed, versions[name][1])
