"""A thousand malformed lines of sixty kinds, and files as bad, in one run: each is accounted for by name."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pyspark.sql import SparkSession

from tests.ingest import malformed
from tests.ingest.malformed import KEPT, REFUSED, event, good, lines, ndjson, verdict
from tests.ingest.raw import World
from trailhouse.ingest import folder

PARTS = 5
KEPT_BYTES = 64 * 1024
"""What quarantine keeps of a record."""


@dataclass
class Account:
    """What a run is to make of the folder; files by their paths below it."""

    events: set[str] = field(default_factory=set)
    quarantined: dict[tuple[str, int], tuple[bytes, str]] = field(default_factory=dict)
    """File and line -> record and reasons."""
    refused: int = 0
    duplicate: int = 0
    read: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)
    """File -> a part of the reason."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Path -> reason."""


def write(raw: Path, name: str, content: bytes) -> None:
    (raw / name).parent.mkdir(parents=True, exist_ok=True)
    (raw / name).write_bytes(content)


def with_lines(raw: Path, account: Account) -> None:
    """The malformed lines in some files, each between good ones and blank ones."""
    every = lines()
    for part in range(PARTS):
        name, written = f"lines-{part}.json", []
        for kind, n, bad in every[part::PARTS]:
            written += [good(n, messageId=f"good-{n}"), bad, (b"", b"  ", b"\r")[n % 3]]
            account.events.add(f"good-{n}")
            told = verdict(kind, n)
            if told == KEPT:
                account.events.add(f"{n}")
            elif told == REFUSED:
                account.refused += 1
            else:
                account.quarantined[name, len(written) - 1] = (bad, told)
        written.append(event("good-1"))
        account.duplicate += 1
        write(raw, name, ndjson(*written))
        account.read.add(name)


def with_files(raw: Path, account: Account) -> None:
    """Files that are odd, damaged or empty."""
    for name, (content, ids) in malformed.WHOLE.items():
        write(raw, name, content)
        account.events |= ids
        account.read.add(name)
    for n, name in enumerate(malformed.BY_NAME):
        write(raw, name, ndjson(event(f"named-{n}"), b"{broken %d" % n))
        account.events.add(f"named-{n}")
        account.quarantined[name, 2] = (b"{broken %d" % n, malformed.NO_OBJECT)
        account.read.add(name)
    for name, (content, records) in malformed.BAD_LINES.items():
        write(raw, name, content)
        account.read.add(name)
        for number, (record, told) in enumerate(records.items(), start=1):
            account.quarantined[name, number] = (record, told)
    for name, (content, why) in malformed.UNREADABLE.items():
        write(raw, name, content)
        account.unreadable[name] = why
    for name in malformed.EMPTY:
        write(raw, name, b"")
    if os.geteuid() != 0:  # to whom nothing is closed
        write(raw, "closed.json", ndjson(event("closed")))
        (raw / "closed.json").chmod(0)
        account.unreadable["closed.json"] = "Permission denied"


def with_links(raw: Path, account: Account) -> None:
    """Links within the folder, out of it, back to itself and to nowhere; a name that is no text."""
    outside = raw.with_name("outside")
    write(outside, "far.json", ndjson(event("far")))
    write(outside, "x/further.json", ndjson(event("further")))
    (raw / "file link.json").symlink_to(outside / "far.json")
    (raw / "folder link").symlink_to(outside / "x")
    account.unreadable |= dict.fromkeys(("file link.json", "folder link/further.json"), folder.OUTSIDE)
    (raw / "inner link.json").symlink_to(raw / "mark.json")
    account.read.add("inner link.json")
    account.duplicate += 1
    write(raw, "ring/once.json", ndjson(event("once")))
    (raw / "ring" / "again").symlink_to(raw / "ring")
    account.events.add("once")
    account.read.add("ring/once.json")
    (raw / "dangling.json").symlink_to(raw / "nowhere.json")
    Path(os.fsdecode(os.fsencode(raw) + b"/latin \xe9.json")).write_bytes(ndjson(event("latin")))
    account.unseen = {
        f"{raw}/dangling.json": folder.NOWHERE,
        f"{raw}/latin \\xe9.json": "a name that Java cannot read as UTF-8",
    }


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Account, str]:
    """The folder, read by one run; what is expected of it; what the terminal showed."""
    root = tmp_path_factory.mktemp("malformed")
    world, account = World(spark, root / "raw", root / "lake", ("privacy.consent_denied=drop",)), Account()
    for fill in (with_lines, with_files, with_links):
        fill(world.raw, account)
    return world, account, world.run()


def below(world: World, file: str) -> str:
    """The path below the folder of a file as tables name it."""
    return str(Path(unquote(file).removeprefix("file:")).relative_to(world.raw))


def test_every_line_is_kept_or_a_duplicate_or_quarantined_with_its_place_or_refused(
    read: tuple[World, Account, str],
) -> None:
    world, account, _ = read
    assert {one for (one,) in world.rows("events", "event_id")} == account.events
    quarantine = world.lake.read("events_quarantine").collect()
    found: dict[tuple[str, int], Any] = {
        (below(world, row.file), row.line): (bytes(row.raw), "; ".join(row.reasons), row.length)
        for row in quarantine
    }
    assert len(found) == len(quarantine)
    assert found == {
        place: (record[:KEPT_BYTES], told, len(record))
        for place, (record, told) in account.quarantined.items()
    }
    [told] = world.lake.read("ledger").where("kept IS NOT NULL").collect()
    assert (told.kept, told.duplicate, told.quarantined, told.refused) == (
        len(account.events),
        account.duplicate,
        len(account.quarantined),
        account.refused,
    )


def test_every_bad_file_is_told_by_its_name(read: tuple[World, Account, str]) -> None:
    world, account, shown = read
    rows = world.lake.read("raw_files").collect()
    assert {below(world, row.file) for row in rows if row.state == "read"} == account.read
    unreadable = {below(world, row.file): row.reason for row in rows if row.state == "unreadable"}
    ring = {name for name in unreadable if name.startswith("ring/again/")}
    assert ring
    assert {unreadable[name] for name in ring} == {folder.ABOVE}
    assert unreadable.keys() - ring == account.unreadable.keys()
    for name, why in account.unreadable.items():
        assert why in unreadable[name]
    assert f"{len(unreadable)} raw files of {len(rows)} cannot be read and are left out" in shown
    for path, why in account.unseen.items():
        assert f"{path} ({why})" in shown


def test_names_that_java_cannot_open_are_told(tmp_path: Path) -> None:
    for name in ("plain.json", "zwölf.json", "_zwölf.json", ".zwölf.json", "é/in.json"):
        write(tmp_path, name, b"")
    assert list(folder.names_unseen(str(tmp_path), "UTF-8")) == []
    why = "a name that Java cannot read as ANSI_X3.4-1968"
    assert dict(folder.names_unseen(str(tmp_path), "ANSI_X3.4-1968")) == {
        f"{tmp_path}/zwölf.json": why,
        f"{tmp_path}/é": why,
    }
