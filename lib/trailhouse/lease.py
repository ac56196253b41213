"""One run a lake: a lease that a second run finds, and that a run which died leaves behind for the next.

Delta on object storage has no safe concurrent writers, and two runs would read the same raw files at
once. The lease is one small object below the lake's root, made only where there is none.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError

from trailhouse.errors import StorageError
from trailhouse.files import Files, reason

FOLDER = "_lease"
SECONDS = 60.0
"""A lease that was not renewed for so long has ended: its run is dead or cut off."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. `token` is his alone; `renewed` is in seconds since 1970, by his clock."""

    run: str
    host: str
    pid: int
    since: str
    token: str
    renewed: float


class Lease:
    """The right to write a lake, renewed in the background until it is released.

    `seconds` is how long it lasts without renewal.
    """

    def __init__(self, files: Files, root: str, run: str, seconds: float = SECONDS) -> None:
        self._files, self._root, self._seconds = files, root, seconds
        self._path = f"{root}/{FOLDER}/current"
        now = datetime.now(UTC)
        self._own = Holder(
            run, machine(), os.getpid(), f"{now:%Y-%m-%d %H:%M:%S} UTC", secrets.token_hex(8), now.timestamp()
        )
        self.lost: str | None = None
        self._renewed = time.time()
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease. StorageError, naming who has it, when a living run does."""
        try:
            for _ in range(3):
                made = self._files.create_text(self._path, self._text())
                holder = None if made else self._holder()
                # A store that lost its first answer finds its own lease.
                if made or (holder is not None and holder.token == self._own.token):
                    self._renewed = time.time()
                    self._renewer.start()
                    return
                if holder is not None:
                    self._require_dead(holder)
                    self._set_aside(holder)
        except (Py4JJavaError, OSError) as error:
            raise StorageError(f"lake {self._root} cannot be written: {reason(error)}") from None
        raise StorageError(f"lake {self._root} is being taken by another run just now: run again later")

    def require(self) -> None:
        """StorageError when another run has taken the lake over, since this one was cut off for too long."""
        silent = time.time() - self._renewed
        if not self.lost and silent > self._seconds:
            self.lost = (
                f"lake {self._root} may be another run's: the lease was not renewed for {silent:.0f} s"
            )
        if self.lost:
            raise StorageError(f"{self.lost}; run again")

    def release(self) -> None:
        """Give the lease back; one that is not held any more stays as it is."""
        self._ended.set()
        if self._renewer.is_alive():
            self._renewer.join(self._seconds)
        holder = self._holder()
        if holder is not None and holder.token == self._own.token:
            self._files.remove(self._path)

    def _text(self) -> str:
        return json.dumps(asdict(self._own) | {"renewed": time.time()})

    def _holder(self) -> Holder | None:
        """Who holds it; None when nobody does. Of a text that is cut the file's own time counts."""
        text = self._files.read_text(self._path)
        if text is None:
            return None
        try:
            told: dict[str, Any] = json.loads(text)
            return Holder(**told)
        except (ValueError, TypeError):
            changed = self._files.modified(self._path)
            if changed is None:
                return None
            return Holder("unknown", "a machine unknown", 0, "unknown", f"cut-{changed:.0f}", changed)

    def _require_dead(self, holder: Holder) -> None:
        gone = holder.host == machine() and not _alive(holder.pid)
        if gone or time.time() - holder.renewed > self._seconds:
            return
        raise StorageError(
            f"lake {self._root} is being written by run {holder.run} (process {holder.pid} on "
            f"{holder.host.split('/')[0]}, since {holder.since}): wait until it has ended; "
            f"if it died on another machine, its lease ends {self._seconds:.0f} s after its last sign of life"
        )

    def _set_aside(self, holder: Holder) -> None:
        """Move a dead run's lease away; of several that try, one does it, as its new name is taken once."""
        ended = f"{self._root}/{FOLDER}/ended-{holder.token}"
        if not self._files.move(self._path, ended) and self._holder() == holder:
            # Somebody died between the two names that a moved file has for a moment.
            time.sleep(1)
            if self._holder() == holder:
                self._files.remove(ended)

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 4):
            try:
                holder = self._holder()
                if holder is None or holder.token != self._own.token:
                    now = f"run {holder.run} has taken it over" if holder else "its lease is gone"
                    self.lost = f"lake {self._root} is not this run's any more: {now}"
                    return
                self._files.write_text(self._path, self._text())
                self._renewed = time.time()
            except Exception:  # a store that fails now may answer at the next beat; else the lease ends
                continue


def machine() -> str:
    """This machine since its start, and its space of process ids: there a pid means one process."""
    try:
        space = os.readlink("/proc/self/ns/pid") + Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        space = "-"
    return f"{socket.gethostname()}/{space}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
