"""The files: the same bytes for the same seed, by day of receipt, and a ledger that adds up."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.simulation.conftest import DAYS, PEOPLE, ROOT, SEED, Case, simulate
from tests.simulation.reading import event_time, instant, read


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*.*z*")
    }


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(
    tmp_path: Path, case: Case
) -> None:
    again = digests(simulate(tmp_path / "again") / "raw")
    assert again == digests(case.folder / "raw"), f"seed {SEED}"
    assert again != digests(simulate(tmp_path / "other", seed=SEED + 1) / "raw")


def test_files_carry_no_time_of_writing(case: Case) -> None:
    for path in (case.folder / "raw").rglob("*.gz"):
        assert path.read_bytes()[4:8] == bytes(4), path


def test_every_record_lies_in_the_folder_of_the_day_it_was_received(case: Case) -> None:
    days = {instant(m["receivedAt"]).date().isoformat() for c in case.raw.messages.values() for m in c}
    assert {file.split("/")[0] for file in case.raw.files} == {f"dt={day}" for day in days}
    for file, lines in case.raw.files.items():
        day = file.split("/")[0].removeprefix("dt=")
        received = {line.partition('"receivedAt":"')[2][:10] for line in lines if '"receivedAt":"20' in line}
        assert received == {day}, file


def test_lines_are_kept_or_duplicate_or_quarantined(case: Case) -> None:
    counts = case.summary["counts"]
    kept, quarantined = len(case.raw.messages), sum(map(len, case.raw.quarantined.values()))
    duplicates = sum(len(copies) - 1 for copies in case.raw.messages.values())
    assert case.raw.lines == kept + duplicates + quarantined
    assert (counts["lines"], counts["kept"]) == (case.raw.lines, kept)
    assert counts["duplicates"]["total"] == duplicates
    assert counts["quarantined"]["total"] == quarantined


def test_each_kind_of_damage_is_found_as_often_as_planted_and_no_two_lines_are_equal(case: Case) -> None:
    planted = {k: n for k, n in case.summary["counts"]["quarantined"].items() if k != "total"}
    assert {kind: len(lines) for kind, lines in case.raw.quarantined.items()} == planted
    assert min(planted.values()) >= 2
    lines = [line for lines in case.raw.quarantined.values() for line in lines]
    assert len(set(lines)) == len(lines)


def test_duplicates_are_equal_but_for_receipt_and_conflicting_ones_are_not(case: Case) -> None:
    seen: Counter[str] = Counter()
    for first, *others in case.raw.messages.values():
        for other in others:
            same_file = other["receivedAt"] == first["receivedAt"]
            if {**first, **_times(other)} != other:
                seen["conflicting"] += 1
                assert other["receivedAt"] > first["receivedAt"]
            elif first == other:
                seen["equal"] += 1
            else:
                assert not same_file
                seen["sent_again"] += 1
                assert event_time(other) == event_time(first)
    planted = case.summary["counts"]["duplicates"]
    assert seen["conflicting"] == planted["conflicting"]
    assert seen["equal"] == planted["same_file"] + planted["other_file"]
    assert seen["sent_again"] == planted["sent_again"]


def _times(message: dict[str, str]) -> dict[str, str]:
    return {k: message[k] for k in ("receivedAt", "sentAt")}


def test_equal_lines_lie_in_one_file_or_in_two_as_planted(case: Case) -> None:
    places: dict[str, list[str]] = {}
    for file, lines in case.raw.files.items():
        for line in lines:
            places.setdefault(line, []).append(file)
    twice = [files for files in places.values() if len(files) == 2]
    planted = case.summary["counts"]["duplicates"]
    assert sum(a == b for a, b in twice) == planted["same_file"]
    assert sum(a != b for a, b in twice) == planted["other_file"]


def test_the_corrected_time_is_the_true_time_to_the_millisecond_even_with_wrong_clocks(case: Case) -> None:
    true = {row["event_id"]: row["event_time"] for row in case.truth("events")}
    assert true == {m["messageId"]: event_time(m) for m in case.raw.winners()}
    wrong = sum(instant(m["sentAt"]) != instant(m["receivedAt"]) for m in case.raw.winners())
    assert wrong == case.summary["counts"]["skewed"]["events"] > 0
    assert all(instant(m["timestamp"]) == event_time(m) for m in case.raw.winners())


def test_some_events_arrive_days_later_and_some_lines_out_of_order(case: Case) -> None:
    late = [instant(m["receivedAt"]) - event_time(m) for m in case.raw.winners()]
    assert sum(d >= dt.timedelta(hours=2) for d in late) == case.summary["counts"]["late"]["events"] > 0
    assert dt.timedelta(days=2) < max(late) < dt.timedelta(days=6)
    assert min(late) >= dt.timedelta(0)
    assert case.summary["counts"]["files"]["out_of_order"] > 0


def test_split_deliveries_hold_the_same_lines(tmp_path: Path, case: Case) -> None:
    folder = simulate(tmp_path, "--split", "3") / "raw"
    assert sorted(p.name for p in folder.iterdir()) == ["delivery-00", "delivery-01", "delivery-02"]
    split, whole = read(folder), case.raw
    assert Counter(x for lines in split.files.values() for x in lines) == Counter(
        x for lines in whole.files.values() for x in lines
    )
    shares = Counter(file.split("/")[0] for file, lines in split.files.items() for _ in lines)
    assert min(shares.values()) > split.lines / 10


def test_a_size_in_events_is_met_within_a_tenth(tmp_path: Path) -> None:
    folder = simulate(tmp_path, "--events", "20000", days=DAYS)
    kept = json.loads((folder / "truth" / "truth.json").read_text())["counts"]["kept"]
    assert abs(kept - 20_000) < 2_000


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    command = [sys.executable, str(ROOT / "scripts" / "simulate.py"), "--people", str(PEOPLE), "--days", "1"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--truth", str(tmp_path / "truth")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "thesis.txt" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_lines_are_plain_utf8_json_of_segments_messages(case: Case) -> None:
    types = Counter(m["type"] for m in case.raw.winners())
    assert set(types) == {"track", "page", "screen", "identify", "alias", "group"}
    path = next((case.folder / "raw").rglob("*.gz"))
    assert b"\r" not in gzip.decompress(path.read_bytes())
    wanted = {"messageId", "type", "originalTimestamp", "sentAt", "receivedAt", "timestamp", "context"}
    assert all(wanted <= m.keys() for m in case.raw.winners())
