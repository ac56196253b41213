"""A lake that begins with another's tables: Delta's shallow clones, which name the other's files."""

from __future__ import annotations

from trailhouse.errors import StorageError
from trailhouse.progress import Progress
from trailhouse.sql import quoted
from trailhouse.storage import NONE, Lake
from trailhouse.tables import TABLES


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
    for name in names:
        target.spark.sql(
            f"CREATE TABLE delta.{quoted(target.path(name))} SHALLOW CLONE delta.{quoted(source.path(name))}"
        )
    versions = {name: (source.state(name).data_version, target.version(name)) for name in names}
    for name in names:
        consumed = source.consumed(name)
        if consumed:
            # A clone counts its versions anew. An input that went on since is of no version there.
            inputs = {
                table: versions[table][1] if versions.get(table, (NONE,))[0] == version else NONE
                for table, version in consumed["inputs"].items()
            }
            consumed = {**consumed, "inputs": inputs}
        target.mark(name, consumed, versions[name][1])
    progress.note(f"{len(names)} tables of {source.root} in {target.root}, which needs their files to stay")
    return names
