"""`python -m trailhouse import-usability`: a file is taken whole or not at all, and once."""

from __future__ import annotations

import io
import math
import random
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console
from scipy import stats
from typer.testing import CliRunner

from trailhouse import __main__ as terminal
from trailhouse.commands import files
from trailhouse.errors import UsabilityError
from trailhouse.progress import Progress
from trailhouse.questions.usability import summary, told
from trailhouse.run import Run
from trailhouse.settings import Settings
from trailhouse.storage import Lake
from trailhouse.usability import Row, import_rows, read_rows

HEADER = "participant,task,success,time_seconds,errors,sus\n"
ITEMS = ",".join(f"sus_{number}" for number in range(1, 11))


def written(folder: Path, text: str, name: str = "study.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def test_a_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '\ufeffTask,participant,success, time_seconds ,errors,sus\r\n"find, then buy",p1,1,42.5,0,72.5\r\n'
        '\r\n"=SUM(A1)\nline two",p1,Partial,,,\r\nfind,"<script>",0,0.0000001,3,\r\n',
    )
    assert read_rows(file) == [
        Row(2, "p1", "find, then buy", "success", 42_500_000, 0, Decimal("72.5")),
        Row(5, "p1", "=SUM(A1)\nline two", "partial", None, None, None),
        Row(6, "<script>", "find", "failure", 1, 3, None),
    ]


def test_ten_items_make_the_score(tmp_path: Path) -> None:
    rows = [
        ("best", "5,1,5,1,5,1,5,1,5,1", 100),
        ("worst", "1,5,1,5,1,5,1,5,1,5", 0),
        ("middle", "3,3,3,3,3,3,3,3,3,3", 50),
        ("some", "4,2,5,1,3,3,4,2,4,1", Decimal("77.5")),
    ]
    lines = "".join(f"{name},find,1,9,{items}\n" for name, items, _ in rows)
    file = written(tmp_path, f"participant,task,success,time_seconds,{ITEMS}\n{lines}")
    assert [(row.participant, row.sus) for row in read_rows(file)] == [(name, sus) for name, _, sus in rows]


WRONG: tuple[tuple[str, str], ...] = (
    ("", r"line 1: missing column participant, task, success, time_seconds"),
    (HEADER, r"holds no row"),
    (HEADER.replace(",", ";"), r"line 1: the fields are parted by semicolons: save the file with commas"),
    ("participant,task,succes,time_seconds\n", r"unknown column 'succes': did you mean success\?"),
    ("participant,task,success,time_seconds,task\n", r"the column 'task' is there twice"),
    ("participant,task,success,time_seconds,sus_1\n", r"found 1 of the ten columns sus_1 to sus_10"),
    (HEADER + "p,t,yes,1,,\n", r"line 2, field success: found 'yes': write 1, 0 or partial"),
    (HEADER + "p,t,1,\"1,5\",,\n", r"line 2, field time_seconds: found '1,5': write a number with digits"),
    (HEADER + "p,t,1,0,,\n", r"field time_seconds: found 0: give the seconds"),
    (HEADER + "p,t,1,nan,,\n", r"field time_seconds: found 'nan': write a number from 0 to 604800"),
    (HEADER + "p,t,1,-3,,\n", r"field time_seconds: found '-3'"),
    (HEADER + "p,t,1,3,1.5,\n", r"field errors: found '1.5': write a whole number"),
    (HEADER + "p,t,1,3,,101\n", r"field sus: found '101': write a number from 0 to 100"),
    (HEADER + "p,t,1,3,,71\n", r"field sus: found '71': one person's score is a multiple of 2.5"),
    (HEADER + " ,t,1,3,,\n", r"field participant: it is empty: name the participant"),
    (HEADER + f"p,{'t' * 201},1,3,,\n", r"field task: found 201 characters: at most 200"),
    (HEADER + "p,t,1,3\n", r"line 2: found 4 fields where the header has 6: put texts with commas in quotes"),
    (HEADER + 'p,"t"x,1,3,,\n', r"line 2: .*: mend the quotes"),
    (HEADER + "p,t,1,3,,\np,t,0,4,,\n", r"line 3: participant 'p' has task 't' in line 2, too"),
    (HEADER + "p,t,1,3,,50\np,u,0,4,,60\n", r"line 3, field sus: participant 'p' has 60 .* and 50 in line 2"),
    (f"participant,task,success,time_seconds,{ITEMS}\np,t,1,3,1,2,3,4,5,1,2,3,,5\n",
     r"line 2, field sus_9: it is empty, but others of the ten are not"),
    (f"participant,task,success,time_seconds,sus,{ITEMS}\np,t,1,3,10,5,1,5,1,5,1,5,1,5,1\n",
     r"field sus: found '10', but the ten items make 100"),
)  # fmt: skip


@pytest.mark.parametrize("text, expected", WRONG)
def test_what_is_wrong_is_told_with_file_line_and_field(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UsabilityError, match=r"study\.csv.*" + expected) as error:
        read_rows(written(tmp_path, text))
    assert str(error.value).endswith("nothing was imported")


def test_all_problems_are_counted_and_the_first_told(tmp_path: Path) -> None:
    with pytest.raises(UsabilityError, match="and 10 more") as error:
        read_rows(written(tmp_path, HEADER + "p,t,maybe,1,,\n" * 30))
    assert len(error.value.problems) == 20
    (tmp_path / "latin.csv").write_bytes((HEADER + "Zoë,t,1,1,,\n").encode("latin-1"))
    with pytest.raises(UsabilityError, match="is not UTF-8"):
        read_rows(tmp_path / "latin.csv")
    with pytest.raises(UsabilityError, match="gone.csv: No such file"):
        read_rows(tmp_path / "gone.csv")


def test_a_file_comes_in_once_and_whole(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(spark, str(tmp_path / "lake"))
    out = io.StringIO()
    settings = Settings(lake={"root": lake.root})
    run = Run(lake, settings, Progress(Console(file=out, soft_wrap=True)))
    monkeypatch.setattr(files, "writing", lambda *asked: nullcontext(run))
    first = written(tmp_path, HEADER + "p1,find,1,10,0,80\np2,find,0,,,60\n")
    result = CliRunner().invoke(terminal.app, ["import-usability", str(first), "--study", "spring"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "spring: 2 participants; SUS 70.0 (0.0 to 100.0) of 2",
        "  find: 1 of 2, 50% (9% to 91%), 10 s",
    ]
    version = lake.version("usability_tests")
    again = written(tmp_path, "task,participant,time_seconds,success,errors,sus\nfind,p2,,0,,60.0\n", "b.csv")
    assert import_rows(run, again, "spring", read_rows(again)) == 0
    assert lake.version("usability_tests") == version
    more = written(tmp_path, HEADER + "p2,find,0,,,60\np3,find,partial,20,1,\n", "c.csv")
    assert import_rows(run, more, "spring", read_rows(more)) == 1
    assert import_rows(run, more, "autumn", read_rows(more)) == 2
    for text, expected in (
        (
            "p4,find,1,9,,\np1,find,0,10,0,80\n",
            r"line 3: .*'p1' and task 'find' came with other values from 'study.csv'",
        ),
        (
            "p4,find,1,9,,\np1,pay,1,10,0,82.5\n",
            r"line 3, field sus: participant 'p1' has 82.5 here and 80.00",
        ),
    ):
        changed = written(tmp_path, HEADER + text, "d.csv")
        with pytest.raises(UsabilityError, match=expected):
            import_rows(run, changed, "spring", read_rows(changed))
    rows = lake.read("usability_tests").orderBy("study", "participant").collect()
    assert [(r.study, r.participant, r.file) for r in rows] == [
        ("autumn", "p2", "c.csv"), ("autumn", "p3", "c.csv"),
        ("spring", "p1", "study.csv"), ("spring", "p2", "study.csv"), ("spring", "p3", "c.csv"),
    ]  # fmt: skip
    assert [row["rows"] for row in run.records.ledger] == [2, 1, 2]
    assert "study spring has all 1 rows already: nothing was imported" in out.getvalue()


def test_figures_are_those_of_scipy_in_any_order_of_rows() -> None:
    draw = random.Random(3)
    rows = [
        {
            "study": "s",
            "participant": f"p{number}",
            "task": "find",
            "success": draw.choice(("success", "success", "partial", "failure")),
            "time_us": draw.choice((None, draw.randrange(5_000_000, 90_000_000))),
            "errors": draw.choice((None, 0, 1, 2)),
            "sus": draw.choice((None, Decimal(draw.randrange(41)) * Decimal("2.5"))),
        }
        for number in range(25)
    ]
    (study,) = summary(rows)
    (task,) = study["tasks"]
    done = [row for row in rows if row["success"] == "success"]
    times = [row["time_us"] / 1e6 for row in done if row["time_us"]]
    logs = [math.log(time) for time in times]
    ends = stats.t.interval(0.95, len(logs) - 1, loc=sum(logs) / len(logs), scale=stats.sem(logs))
    assert task["seconds"] == pytest.approx((stats.gmean(times), *map(math.exp, ends)))
    assert task["rate"][0] == len(done) / 25
    scores = [float(row["sus"]) for row in rows if row["sus"] is not None]
    middle = sum(scores) / len(scores)
    expected = stats.t.interval(0.95, len(scores) - 1, loc=middle, scale=stats.sem(scores))
    assert study["sus"]["mean"] == pytest.approx((middle, *expected))
    draw.shuffle(rows)
    assert summary(rows) == [study]
    assert summary([]) == []


def test_a_single_value_has_no_interval_and_a_terminal_is_not_obeyed() -> None:
    row = {"study": "\x1b[31ms", "participant": "p", "task": "t", "success": "success", "time_us": 2_000_000}
    (study,) = summary([{**row, "errors": None, "sus": Decimal(50)}])
    assert (study["sus"]["mean"], study["tasks"][0]["errors"]) == ((50, None, None), None)
    assert list(told([study])) == [
        "\\x1b[31ms: 1 participant; SUS 50.0 of 1",
        "  t: 1 of 1, 100% (21% to 100%), 2 s",
    ]
