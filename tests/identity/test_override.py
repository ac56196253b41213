"""`python -m trailhouse override`: decisions are recorded that the next run can apply, and no others."""

from __future__ import annotations

import io
import shutil
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console
from typer.testing import CliRunner

from tests.factories import rows
from trailhouse import __main__ as terminal
from trailhouse.commands import opening
from trailhouse.errors import IdentityError, SettingsError
from trailhouse.override import decide, listed, recorded
from trailhouse.progress import Progress
from trailhouse.run import Run
from trailhouse.settings import Settings
from trailhouse.storage import NONE, Lake
from trailhouse.tables import TABLES

SEEN = ("user_id:u1", "user_id:u2", "email:ann@x.org", "anonymous_id:a1", "anonymous_id:[red]<script>")
DECIDED = (
    ("never_join", "user_id:u1", "user_id:u2"),
    ("always_join", "email:ann@x.org", "user_id:u1"),
    ("ignore_identifier", "anonymous_id:a1", None),
)


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which identifiers were seen and decisions stand; each test has a copy, or leaves it alone."""
    folder = tmp_path_factory.mktemp("override") / "lake"
    lake = Lake(spark, str(folder))
    seen = [dict(zip(("id_type", "id_value"), one.split(":"), strict=True)) for one in SEEN]
    seen.append({"id_type": "user_id", "id_value": "null", "blocked": True})
    decided = [
        {"at": f"2026-03-0{number} 10:00:00", "action": action}
        | dict(zip(("type_a", "value_a"), a.split(":"), strict=True))
        | (dict(zip(("type_b", "value_b"), b.split(":"), strict=True)) if b else {})
        for number, (action, a, b) in enumerate(DECIDED, start=1)
    ]
    for name, given in (("identity_sightings", seen), ("identity_overrides", decided)):
        lake.publish(TABLES[name], rows(spark, name, given))
    return folder


def run_on(spark: SparkSession, folder: Path) -> Run:
    settings = Settings(lake={"root": str(folder)})
    console = Console(file=io.StringIO(), soft_wrap=True)
    return Run(Lake(spark, str(folder)), settings, Progress(console))


def said(run: Run) -> str:
    file = run.progress.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


WRONG = [
    (
        "always-join",
        ["user_id:u1", "user_id:u2"],
        r"never_join\(user_id:u1, user_id:u2\) and always_join\(user_id:u1, user_id:u2\) are both said",
    ),
    (
        "always-join",
        ["email: Ann@X.org", "user_id:u2"],
        r"never_join\(user_id:u1, user_id:u2\) contradicts always_join along user_id:u1, email",
    ),
    ("ignore", ["user_id:u1"], r"ignore_identifier\(user_id:u1\) contradicts always_join of user_id:u1"),
    ("never-join", ["user_id:u1", "user_id: u1 "], "names one identifier twice"),
    ("never-join", ["user_id:u1", "user_id:u3"], "no event shows user_id:u3"),
    ("ignore", ["user_id:NULL"], "user_id:NULL is blocked: it names nobody"),
    ("ignore", ["u1"], "'u1' is no identifier: write TYPE:VALUE"),
    ("revoke", ["user_id:u1"], "there is nothing to revoke about user_id:u1"),
    ("revoke", ["user_id:u2", "email:ann@x.org"], "nothing to revoke about email:ann@x.org and user_id:u2"),
]


@pytest.mark.parametrize(("action", "named", "sentence"), WRONG)
def test_a_wrong_decision_is_one_sentence_and_changes_nothing(
    spark: SparkSession, folder: Path, action: str, named: list[str], sentence: str
) -> None:
    run = run_on(spark, folder)
    with pytest.raises(IdentityError, match=sentence) as told:
        decide(run, action, named)
    assert told.value.exit_code == 2
    assert (run.lake.version("identity_overrides"), run.records.ledger) == (0, [])


def test_a_decision_that_stands_is_told_and_not_recorded_again(spark: SparkSession, folder: Path) -> None:
    run = run_on(spark, folder)
    decide(run, "never-join", ["user_id:u2", "user_id:u1"])
    assert said(run) == (
        "  never_join(user_id:u1, user_id:u2) stands since 2026-03-01 10:00:00: nothing was recorded\n"
    )
    assert run.lake.version("identity_overrides") == 0


def test_a_decision_stands_until_it_is_revoked(
    spark: SparkSession, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "lake"))
    settings = Settings(lake={"root": str(copy)})
    monkeypatch.setattr(opening, "session", lambda *_: nullcontext((spark, settings)))

    def override(*arguments: str) -> str:
        done = CliRunner().invoke(terminal.app, ["override", *arguments], terminal_width=1_000)
        if done.exception:
            raise done.exception
        return " ".join(done.stdout.split())

    odd = "anonymous_id:[red]<script>"
    told = override("never-join", odd, "email:ann@x.org", "--note", "a [b]kiosk[/b]")
    assert told == f"never_join({odd}, email:ann@x.org) is recorded, the next run applies it"
    told = override("revoke", "user_id:u2", "user_id:u1")
    assert told == "revoke(user_id:u1, user_id:u2) is recorded, the next run applies it"

    lake = Lake(spark, str(copy))
    first, second = (row for row in recorded(lake, settings) if row.at > datetime(2026, 4, 1, tzinfo=UTC))
    assert [row.stands for row in recorded(lake, settings)] == [False, True, True, True, False]
    assert (first.note, second.note, first.at < second.at) == ("a [b]kiosk[/b]", None, True)
    assert override("list") == (
        f"2026-03-02 10:00:00 always_join(email:ann@x.org, user_id:u1) stands "
        f"2026-03-03 10:00:00 ignore_identifier(anonymous_id:a1) stands "
        f"{first.at:%Y-%m-%d %H:%M:%S} never_join({odd}, email:ann@x.org) stands: a [b]kiosk[/b]"
    )
    notes = [row.note for row in lake.read("ledger").orderBy("at").collect()]
    assert notes == [f"never_join({odd}, email:ann@x.org)", "revoke(user_id:u1, user_id:u2)"]


def test_a_decision_waits_until_persons_were_made_with_it(
    spark: SparkSession, folder: Path, tmp_path: Path
) -> None:
    run = run_on(spark, Path(shutil.copytree(folder, tmp_path / "lake")))
    lake, table = run.lake, TABLES["identities"]
    lake.create(table)
    waiting = []
    for version in (NONE, 0):
        lake.mark("identities", {"inputs": {"identity_overrides": version}}, 0)
        waiting.append([row.waits for row in recorded(lake, run.settings)])
    assert waiting == [[True] * 3, [False] * 3]
    assert list(listed(lake, run.settings))[0] == (
        "2026-03-01 10:00:00 never_join(user_id:u1, user_id:u2) stands"
    )


def test_a_revoke_comes_after_what_it_revokes_whatever_the_clock_says(
    spark: SparkSession, folder: Path, tmp_path: Path
) -> None:
    run = run_on(spark, Path(shutil.copytree(folder, tmp_path / "lake")))
    ahead = {"at": "2126-01-01 00:00:00", "action": "ignore_identifier", "type_a": "user_id", "value_a": "u2"}
    run.lake.append(TABLES["identity_overrides"], rows(spark, "identity_overrides", [ahead]))
    decide(run, "revoke", ["user_id:u2"])
    assert [row.stands for row in recorded(run.lake, run.settings)] == [True, True, True, False, False]


@pytest.mark.parametrize(
    "arguments",
    [["never-join", "user_id:u1"], ["ignore"], ["ignore", "a:1", "b:2"], ["revoke"], ["list", "user_id:u1"]],
)
def test_a_wrong_number_of_identifiers_is_told_before_spark_starts(arguments: list[str]) -> None:
    done = CliRunner().invoke(terminal.app, ["override", *arguments])
    assert isinstance(done.exception, SettingsError)
    assert f"override {arguments[0]} takes" in str(done.exception)
