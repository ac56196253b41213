"""What the finder found as a table on the terminal, as CSV, and as the rows of a page."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from trailhouse.csv_cells import safe_cell
from trailhouse.identity.spelling import plain
from trailhouse.journey.lines import MARKS
from trailhouse.journey.shapes import Clock
from trailhouse.journey.timeline import outcome
from trailhouse.journey.words import plain_name
from trailhouse.report import text

COMMAND = "python -m trailhouse journey"
COLUMNS = (
    "session_id",
    "person_id",
    "start",
    "duration_seconds",
    "pages",
    "signals",
    "outcome",
    "channel",
    "device",
    "country",
    "entry_page",
    "exit_page",
    "command",
)
"""Columns of the CSV."""


def table(rows: Sequence[Mapping[str, Any]], timezone: str, options: str = "") -> list[dict[str, Any]]:
    """A row a session: all of COLUMNS as they are shown, and `duration` in words.

    `options` are what the command must be given besides, such as `--lake PATH`.
    """
    clock = Clock.of(timezone)
    return [
        {
            "session_id": row["session_id"],
            "person_id": row["person_id"],
            "start": f"{clock.at(row['start_us']):%Y-%m-%d %H:%M:%S}",
            "duration_seconds": f"{row['duration_us'] / 1_000_000:.3f}",
            "duration": text.duration(row["duration_us"]),
            "pages": row["views"],
            "signals": ", ".join(
                f"{one['number']} × {MARKS.get(one['kind'], plain_name(one['kind']))}"
                for one in row["signals"] or ()
            ),
            "outcome": outcome(row)[0],
            "tone": outcome(row)[1],
            "channel": row["channel"],
            "device": row["device"] or "",
            "country": row["country"] or "",
            "entry_page": row["entry_page"] or "",
            "exit_page": row["exit_page"] or "",
            "command": f"{COMMAND} --session {shlex.quote(row['session_id'])}{options}",
            "file": None,
        }
        for row in rows
    ]


def on_terminal(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """A table for rich; foreign text is neither markup nor an order to the terminal."""
    made = Table(title=Text(title), title_justify="left", show_lines=True)
    for name in ("start", "duration", "pages", "signals", "outcome", "channel, device", "open with"):
        fixed = name in ("start", "duration", "pages")
        made.add_column(name, no_wrap=fixed, justify="right" if name in ("duration", "pages") else "left")
    for row in rows:
        where = ", ".join(filter(None, (row["channel"], row["device"], row["country"])))
        whose = f"journey --session {row['session_id']}\nperson {row['person_id']}"
        cells = [row["start"], row["duration"], str(row["pages"]), row["signals"], row["outcome"], where]
        made.add_row(*(Text(plain(cell)) for cell in cells), Text("\n".join(map(plain, whose.splitlines()))))
    return made


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV with a head."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(row[name]) for name in COLUMNS] for row in rows)
    return out.getvalue()
