"""Results of usability tests from a CSV file: `python -m trailhouse import-usability`.

A file is taken whole or not at all. A row of a participant and task is there once in a study: the same
row again adds nothing, another content is refused.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from trailhouse.errors import UsabilityError
from trailhouse.ledger import frame
from trailhouse.questions.usability import summary, told
from trailhouse.run import Run
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

ITEMS = tuple(f"sus_{number}" for number in range(1, 11))
"""The ten items of the System Usability Scale, each answered by 1 to 5."""
REQUIRED = ("participant", "task", "success", "time_seconds")
COLUMNS = (*REQUIRED, "errors", "sus", *ITEMS)
SUCCESS = {"1": "success", "0": "failure", "partial": "partial"}
_LONGEST = 200
_LONGEST_TIME = Decimal(7 * 86_400)
_TABLE = TABLES["usability_tests"]
_TOLD = 20
"""Problems of a file that are told; the rest is counted."""

Cells = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A participant and task, and the line of the file that it ends in."""

    line: int
    participant: str
    task: str
    success: str
    time_us: int | None
    errors: int | None
    sus: Decimal | None

    @property
    def key(self) -> tuple[str, str]:
        """What is there once in a study."""
        return self.participant, self.task

    def digest(self, study: str) -> str:
        """The hash of what it says, whatever the file and line."""
        sus = None if self.sus is None else f"{self.sus:.2f}"
        said = [study, self.participant, self.task, self.success, self.time_us, self.errors, sus]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


class _Problem(Exception):
    """What is wrong with a field: its name, and the rest of the sentence."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(told)
        self.field, self.told = field, told


def read_rows(file: Path) -> list[Row]:
    """The rows of a CSV file in UTF-8 with a header of `COLUMNS`; UsabilityError tells all that is wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return _rows(file, csv.reader(lines, strict=True))
    except OSError as error:
        raise UsabilityError([f"{file}: {error.strerror or error}: name a CSV file"]) from None
    except UnicodeDecodeError:
        raise UsabilityError([f"{file} is not UTF-8: save it as CSV in UTF-8"]) from None


def _rows(file: Path, reader: Any) -> list[Row]:
    problems: list[str] = []
    rows: list[Row] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        problems += [f"{file}, line 1: {told}" for told in _wrong_header(header)]
        if not problems:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                where = f"{file}, line {reader.line_num}"
                if len(cells) != len(header):
                    told = f"found {len(cells)} fields where the header has {len(header)}"
                    problems.append(f"{where}: {told}: put texts with commas in quotes")
                    continue
                named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
                try:
                    rows.append(_row(reader.line_num, named))
                except _Problem as wrong:
                    problems.append(f"{where}, field {wrong.field}: {wrong.told}")
    except csv.Error as error:
        problems.append(f"{file}, line {reader.line_num}: {error}: mend the quotes")
    if not problems and not rows:
        problems.append(f"{file} holds no row: give one a participant and task")
    problems += [f"{file}, {told}" for told in _contradictions(rows)]
    if problems:
        raise UsabilityError(problems[:_TOLD], len(problems))
    return rows


def _wrong_header(header: Sequence[str]) -> Iterator[str]:
    if len(header) == 1 and ";" in header[0]:
        yield "the fields are parted by semicolons: save the file with commas"
        return
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield f"the column {name!r} is there twice: leave one of them out"
    for name in header:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"columns are {', '.join(COLUMNS)}"
            yield f"unknown column {name!r}: {hint}"
    if missing := [name for name in REQUIRED if name not in header]:
        yield f"missing column {', '.join(missing)}: add it, empty where nothing was measured"
    items = [name for name in ITEMS if name in header]
    if items and len(items) < len(ITEMS):
        yield f"found {len(items)} of the ten columns sus_1 to sus_10: give all, or the score as sus"


def _row(line: int, cells: Cells) -> Row:
    time = _number(cells, "time_seconds", Decimal(0), _LONGEST_TIME)
    if time == 0:
        raise _Problem("time_seconds", "found 0: give the seconds on the task, or leave it empty")
    errors = _number(cells, "errors", Decimal(0), Decimal(1_000_000), whole=True)
    success = cells["success"].lower()
    if success not in SUCCESS:
        raise _Problem("success", f"found {cells['success']!r}: write 1, 0 or partial")
    return Row(
        line,
        _name(cells, "participant"),
        _name(cells, "task"),
        SUCCESS[success],
        None if time is None else round(time * 1_000_000) or 1,
        None if errors is None else int(errors),
        _sus(cells),
    )


def _name(cells: Cells, field: str) -> str:
    if not cells[field]:
        raise _Problem(field, "it is empty: name the " + field)
    if len(cells[field]) > _LONGEST:
        raise _Problem(field, f"found {len(cells[field])} characters: at most {_LONGEST}")
    return cells[field]


def _number(cells: Cells, field: str, least: Decimal, most: Decimal, whole: bool = False) -> Decimal | None:
    given = cells.get(field, "")
    if not given:
        return None
    kind = "a whole number" if whole else "a number"
    try:
        number = Decimal(given)
    except InvalidOperation:
        raise _Problem(
            field, f"found {given!r}: write {kind} with digits, such as {'3' if whole else '42.5'}"
        ) from None
    if not number.is_finite() or not least <= number <= most or (whole and number != int(number)):
        raise _Problem(field, f"found {given!r}: write {kind} from {least} to {most}")
    return number


def _sus(cells: Cells) -> Decimal | None:
    """The score as given, or of the ten items: odd ones count from 1 up, even ones from 5 down, times 2.5.

    J. Brooke (1996), SUS: a quick and dirty usability scale.
    """
    score = _number(cells, "sus", Decimal(0), Decimal(100))
    if score is not None and score % Decimal("2.5"):
        raise _Problem("sus", f"found {cells['sus']!r}: one person's score is a multiple of 2.5")
    items = [_number(cells, name, Decimal(1), Decimal(5), whole=True) for name in ITEMS]
    given = [item for item in items if item is not None]
    if not given:
        return score
    if len(given) < len(ITEMS):
        missing = ITEMS[items.index(None)]
        raise _Problem(missing, "it is empty, but others of the ten are not: give all ten or none")
    parts = [item - 1 if place % 2 == 0 else 5 - item for place, item in enumerate(given)]
    found = sum(parts, Decimal(0)) * Decimal("2.5")
    if score is not None and score != found:
        raise _Problem(
            "sus", f"found {cells['sus']!r}, but the ten items make {found}: leave one of them out"
        )
    return found


def _contradictions(rows: Sequence[Row]) -> Iterator[str]:
    first: dict[tuple[str, str], Row] = {}
    scores: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(row.key, row)
        if before is not row:
            yield (
                f"line {row.line}: participant {row.participant!r} has task {row.task!r} in line "
                f"{before.line}, too: leave one of them out"
            )
        if row.sus is not None:
            told = scores.setdefault(row.participant, row)
            if told.sus != row.sus:
                yield (
                    f"line {row.line}, field sus: participant {row.participant!r} has {row.sus} here and "
                    f"{told.sus} in line {told.line}: the scale is answered once"
                )


def import_rows(run: Run, file: Path, study: str, rows: Sequence[Row]) -> int:
    """Add the rows of a file that a study does not have yet; how many these are.

    One append adds all of them. UsabilityError, and nothing added, where the study has another content
    of a participant and task, or another score of a participant.
    """
    lake = run.lake
    there: dict[tuple[str, str], Any] = {}
    scores: dict[str, Decimal] = {}
    if lake.exists(_TABLE.name):
        for old in lake.read(_TABLE.name).where(F.col("study") == study).collect():
            there[old.participant, old.task] = old
            if old.sus is not None:
                scores[old.participant] = old.sus
    problems = []
    for row in rows:
        where, before = f"{file}, line {row.line}", there.get(row.key)
        if before is not None and before.row_hash != row.digest(study):
            problems.append(
                f"{where}: participant {row.participant!r} and task {row.task!r} came with other values from "
                f"{before.file!r} before: name another study with --study"
            )
        elif row.sus is not None and scores.get(row.participant, row.sus) != row.sus:
            problems.append(
                f"{where}, field sus: participant {row.participant!r} has {row.sus} here and "
                f"{scores[row.participant]} in this study already: the scale is answered once"
            )
    if problems:
        raise UsabilityError(problems[:_TOLD], len(problems))
    new = [row for row in rows if row.key not in there]
    if not new:
        run.progress.note(f"study {study} has all {len(rows)} rows already: nothing was imported")
        return 0
    at = datetime.now(UTC)
    lake.append(_TABLE, frame(lake.spark, _TABLE, [_cells(row, study, file, at) for row in new]))
    note = f"study {study}: {len(new)} of {len(rows)} rows of {file.name}"
    run.records.stage(
        "import-usability",
        _TABLE.name,
        "published",
        version=lake.version(_TABLE.name),
        rows=len(new),
        note=note,
    )
    run.progress.note(f"{note} are imported")
    return len(new)


def imported(lake: Lake, study: str) -> Iterator[str]:
    """What a study comes to by now, in lines."""
    rows = lake.read(_TABLE.name).where(F.col("study") == study).collect()
    yield from told(summary([row.asDict() for row in rows]))


def _cells(row: Row, study: str, file: Path, at: datetime) -> dict[str, object]:
    return {
        "study": study,
        "participant": row.participant,
        "task": row.task,
        "success": row.success,
        "time_us": row.time_us,
        "errors": row.errors,
        "sus": row.sus,
        "row_hash": row.digest(study),
        "imported_at": at,
        "file": file.name,
    }
