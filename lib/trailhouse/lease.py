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
from contextlib import suppress
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
        # S3 has no rename, but replaces an object only if it is as it was read.
        self._swaps = root.startswith("s3a:")
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
                at = time.time()
                if self._files.create_text(self._path, self._text(at)) or self._taken_over():
                    self._require_conditions()
                    self._renewed = at
                    self._renewer.start()
                    return
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

    def stop(self) -> None:
        """Renew no more, without a word to the store: the lease ends by its age, or by this process's end."""
        self._ended.set()

    def release(self) -> None:
        """Give the lease back; one that is not held any more stays as it is."""
        self._ended.set()
        if self._renewer.is_alive():
            self._renewer.join(self._seconds)
        if self._swaps:
            # A removal knows no condition: what is left is a lease that ended long ago.
            self._swap(0.0)
            return
        holder = self._holder()
        if holder is not None and holder.token == self._own.token:
            self._files.remove(self._path)

    def _text(self, renewed: float) -> str:
        return json.dumps(asdict(self._own) | {"renewed": renewed})

    def _swap(self, renewed: float) -> bool:
        """On S3, write our own lease anew, only over our own; whether it was done."""
        tag = self._files.tag(self._path)  # before the text, so that what is replaced is not newer than it
        holder = self._holder()
        if tag is None or holder is None or holder.token != self._own.token:
            return False
        return self._files.replace_text(self._path, self._text(renewed), tag)

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

    def _taken_over(self) -> bool:
        """Whether the lease that is there is ours now, since its run is dead."""
        tag = self._files.tag(self._path) if self._swaps else None
        holder = self._holder()
        if holder is None:
            return False
        if holder.token == self._own.token:
            return True  # a store that lost its first answer finds its own lease
        self._require_dead(holder)
        if not self._swaps:
            self._set_aside(holder)
            return False
        return tag is not None and self._files.replace_text(self._path, self._text(time.time()), tag)

    def _require_conditions(self) -> None:
        """StorageError when the store does not look at the conditions that the lease stands on."""
        nobodys = "0" * 32
        if self._swaps and self._files.replace_text(self._path, self._text(0.0), nobodys):
            raise StorageError(
                f"lake {self._root} is in a store that ignores conditional writes (If-Match), so that "
                "two runs at once could not be kept apart: put the lake into a store that knows them"
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
        while not (self._ended.wait(self._seconds / 4) or self.lost):
            # A store that fails now may answer at the next beat; else the lease ends.
            with suppress(Exception):
                self._renew_once()

    def _renew_once(self) -> None:
        at = time.time()
        holder = self._holder()
        if holder is None or holder.token != self._own.token:
            now = f"run {holder.run} has taken it over" if holder else "its lease is gone"
            self.lost = f"lake {self._root} is not this run's any more: {now}"
        elif not self._swaps:
            self._files.write_text(self._path, self._text(at))
            self._renewed = at
        elif self._swap(at):
            self._renewed = at


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
