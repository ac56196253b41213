"""The folder of raw files where it lies on a local disk: links, and names that Spark passes over.

Spark lists a folder through Java, which follows every symbolic link, and leaves out without a word what
it cannot open by its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache

from trailhouse.files import java
from trailhouse.ingest.commits import RawFile
from trailhouse.run import Run

OUTSIDE = "a symbolic link leads to it out of the folder of raw files"
ABOVE = "a symbolic link leads to it back to a folder above"
NOWHERE = "a symbolic link that leads nowhere"
CLOSED = "a folder that may not be read"


def refused(run: Run, files: Iterable[RawFile]) -> dict[str, str]:
    """Why files are not read that only symbolic links lead to, by name.

    Links within the folder are followed: their files' records count once, as any that come twice.
    """
    roots = run.lake.files.local_matches(run.settings.raw.path)
    real_roots = [os.path.realpath(root) for root in roots]

    @cache
    def loops(folder: str) -> bool:
        if not any(_within(folder, root) and folder != root for root in roots):
            return False
        parent = os.path.dirname(folder)
        if os.path.islink(folder) and _within(os.path.realpath(parent), os.path.realpath(folder)):
            return True
        return loops(parent)

    found = {}
    for file in files:
        if not roots or not file.path.startswith("file:"):
            continue
        path = "/" + file.path.removeprefix("file:").lstrip("/")
        if not any(_within(os.path.realpath(path), root) for root in real_roots):
            found[file.name] = OUTSIDE
        elif loops(os.path.dirname(path)):
            found[file.name] = ABOVE
    return found


def unseen(run: Run) -> dict[str, str]:
    """Why Spark does not see what lies in the folder, by path; what begins with `_` or `.` is left out."""
    # Of another locale than UTF-8 Java opens no name beyond ASCII.
    system = java(run.lake.spark, "java.lang.System")
    encoding = str(system.getProperty("sun.jnu.encoding") or "UTF-8")
    roots = run.lake.files.local_matches(run.settings.raw.path)
    return dict(found for root in roots for found in names_unseen(root, encoding))


def names_unseen(root: str, encoding: str) -> Iterator[tuple[str, str]]:
    """Paths below a local folder that Java does not open under this encoding of names, and why."""
    folders = [root] if os.path.isdir(root) else []
    while folders:
        try:
            entries = sorted(os.scandir(folders.pop()), key=lambda entry: entry.name)
        except PermissionError as error:
            yield str(error.filename), CLOSED
            continue
        for entry in entries:
            if entry.name.startswith(".") or (entry.name.startswith("_") and "=" not in entry.name):
                continue
            path = os.fsencode(entry.path).decode(errors="backslashreplace")
            if not _encodable(entry.name, encoding):
                yield path, f"a name that Java cannot read as {encoding}"
            elif entry.is_symlink():
                if not os.path.exists(entry.path):
                    yield path, NOWHERE
            elif entry.is_dir():
                folders.append(entry.path)


def _within(path: str, root: str) -> bool:
    return os.path.commonpath([path, root]) == root


def _encodable(name: str, encoding: str) -> bool:
    try:
        name.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
