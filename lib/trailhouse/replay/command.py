"""`python -m trailhouse replay`: one session's page, written to a file of its owner's alone."""

from __future__ import annotations

import os
from pathlib import Path

from trailhouse.errors import StorageError
from trailhouse.progress import how_many
from trailhouse.replay.page import build_replay
from trailhouse.replay.session import Session, read_session
from trailhouse.settings import Settings
from trailhouse.storage import Lake


def write_replay(lake: Lake, settings: Settings, session: str, out: Path | None = None) -> str:
    """Write the page; gives a sentence of what it shows and where it lies.

    StorageError for a session that is not there and for a file that cannot be written.
    """
    found = read_session(lake, session)
    target = out or Path(f"replay-{found.session_id}.html")
    page = build_replay(found, settings.report.screenshots)
    try:
        # It may show what others are not to see, so it is made as a file of its owner's alone.
        with open(
            os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(page)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}") from None
    return f"{_shown(found)}: {target}"


def _shown(session: Session) -> str:
    signals = how_many(sum(mark.is_signal for mark in session.marks), "signal")
    playable = sum(window.playable for window in session.windows)
    if playable:
        return f"session {session.session_id}, {how_many(playable, 'recorded window')}, {signals}"
    drawn = how_many(len(session.steps), "event")
    return f"session {session.session_id}, not recorded, drawn from {drawn}, {signals}"
