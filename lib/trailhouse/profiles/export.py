"""Profiles of a day as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from trailhouse.profiles.build import profiles_as_of
from trailhouse.table_file import write

if TYPE_CHECKING:
    from trailhouse.run import Run

_READ = ("person_days", "sessions", "activity", "identities")


def export(run: Run, day: date, out: Path) -> int:
    """Write the profiles of a lake as they were when `day` ended, sorted by person; how many.

    StorageError when the lake lacks a table, or the file cannot be written.
    """
    frames = {name: run.lake.read(name) for name in _READ}
    return write(profiles_as_of(frames, day, run.settings).orderBy("person_id"), out)
