"""The shell scripts that a user starts, as far as they go before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
SHELL_SCRIPTS = ["setup", "run", "test"]


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command with the variables given beside those of this process."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def in_setup(commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`commands` in a shell that has sourced scripts/setup, as scripts/run does."""
    return run("sh", "-c", f'. "{SCRIPTS}/setup"\n{commands}', root=str(ROOT), **variables)


def command(folder: Path, name: str, body: str) -> Path:
    """An executable shell script `name` in `folder`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", SHELL_SCRIPTS)
def test_a_script_is_posix_shell_and_executable(name: str) -> None:
    path = SCRIPTS / name

    assert path.read_text().startswith("#!/bin/sh\n")
    assert os.access(path, os.X_OK)
    assert run("sh", "-n", path).stderr == ""


def test_help_of_run_tells_its_options_and_exit_codes() -> None:
    shown = run(SCRIPTS / "run", "--help")

    assert shown.returncode == 0
    for word in (
        "--raw",
        "--format",
        "--lake",
        "--set",
        "--rebuild",
        "--from",
        "--dry-run",
        "--fresh",
        "Exit codes",
    ):
        assert word in shown.stdout


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--rwa", "x"], "unknown option --rwa; scripts/run --help shows the options."),
        (["--raw"], "--raw needs a value; scripts/run --help shows the options."),
        (["--lake", ""], "--lake needs a value that is not empty."),
        (["--set", "lake.root"], "--set takes key=value, not lake.root."),
        (["--raw", "."], "--raw needs --lake beside it."),
        (["--format", "segment"], "--format needs --raw beside it."),
        (
            ["--raw", ".", "--format", "segment", "--lake", "x", "--fresh"],
            "--fresh is for simulated data, and does not go with --raw.",
        ),
        (["--from", ""], "--from needs a value that is not empty."),
        (["--fresh", "--dry-run"], "--fresh empties var/lake, and does not go with --dry-run."),
    ],
)
def test_wrong_arguments_of_run_are_one_sentence_and_code_2(arguments: list[str], sentence: str) -> None:
    done = run(SCRIPTS / "run", *arguments)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"trailhouse: {sentence}\n")


def test_raw_data_that_is_not_there_is_told_by_its_whole_path(tmp_path: Path) -> None:
    done = run(SCRIPTS / "run", "--raw", "none.csv", "--format", "snowplow", "--lake", "lake", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == f"trailhouse: the raw data {tmp_path}/none.csv does not exist.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is set up, with a blank in its path, and whose Spark only says what it was given."""
    root = tmp_path / "a checkout"
    shutil.copytree(SCRIPTS, root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "conf").mkdir()
    # set_up is replaced: Java, packages and jars are other tests' matter.
    spark = command(root / "bin", "spark-submit", 'printf "%s\\n" "$@"; echo said >&2; exit "${CODE:-0}"')
    simulate = 'while [ $# -gt 0 ]; do case $1 in --out | --truth) mkdir -p "$2" ;; esac; shift; done'
    python = command(root / "bin", "python", simulate)
    with (root / "scripts" / "setup").open("a") as script:
        script.write(
            f"set_up() {{ jars=a.jar,b.jar; PYSPARK_PYTHON='{python}'; SPARK_HOME='{spark.parents[1]}'; }}\n"
        )
    return root


def test_run_passes_data_settings_and_exit_code_through(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "my data").mkdir()
    mine = ["--raw", "my data", "--format", "snowplow", "--lake", "lake", "--rebuild", "--dry-run"]
    days = ["--from", "2026-03-01", "--to", "2026-03-31"]

    done = run(
        checkout / "scripts" / "run", *mine, "--set", "a.b=c d", *days, "--set", "e=f", cwd=tmp_path, CODE="3"
    )

    assert done.returncode == 3
    assert done.stderr == "said\n"
    words = done.stdout.splitlines()
    assert words[words.index("--jars") + 1] == "a.jar,b.jar"
    assert words[words.index("jobs/run_all.py") + 1 :] == [
        "--settings",
        "conf/local.yaml",
        *("--set", f"raw.path={tmp_path}/my data"),
        *("--set", "raw.format=snowplow"),
        *("--set", f"lake.root={tmp_path}/lake"),
        "--rebuild",
        "--dry-run",
        *("--set", "a.b=c d"),
        *days,
        *("--set", "e=f"),
    ]


def test_the_format_is_left_to_the_first_lines_unless_it_is_named(checkout: Path, tmp_path: Path) -> None:
    words = run(
        checkout / "scripts" / "run", "--raw", ".", "--lake", "lake", cwd=tmp_path
    ).stdout.splitlines()
    assert "raw.format=auto" in words


def test_urls_are_passed_as_they_are(checkout: Path) -> None:
    urls = ["--raw", "s3a://bucket/raw", "--format", "segment", "--lake", "s3a://bucket/lake"]

    words = run(checkout / "scripts" / "run", *urls).stdout.splitlines()

    assert "raw.path=s3a://bucket/raw" in words
    assert "lake.root=s3a://bucket/lake" in words


def test_without_raw_data_a_shop_is_simulated_once_and_anew_when_fresh(checkout: Path) -> None:
    raw, lake = checkout / "var" / "raw", checkout / "var" / "lake"

    first = run(checkout / "scripts" / "run")
    assert "Simulating" in first.stdout
    assert f"raw.path={raw}" in first.stdout.splitlines()
    assert raw.is_dir()
    assert (checkout / "var" / "truth").is_dir()

    (raw / "kept").touch()
    lake.mkdir()
    assert "Simulating" not in run(checkout / "scripts" / "run").stdout
    assert (raw / "kept").exists()

    assert "Simulating" in run(checkout / "scripts" / "run", "--fresh").stdout
    assert not (raw / "kept").exists()
    assert not lake.exists()


def test_the_notice_of_incubating_modules_is_left_out_of_the_error_stream(checkout: Path) -> None:
    command(
        checkout / "bin", "spark-submit", "echo 'WARNING: Using incubator modules: x' >&2; echo other >&2"
    )

    assert run(checkout / "scripts" / "run").stderr == "other\n"


@pytest.mark.parametrize(
    "version, fits",
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('openjdk version "11.0.22" 2024-01-16', False),
        # Java up to 8 calls itself 1.x.
        ('java version "1.8.0_392"', False),
        # What macOS has in place of Java.
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", False),
    ],
)
def test_java_17_or_newer_fits(tmp_path: Path, version: str, fits: bool) -> None:
    java = command(tmp_path, "java", f'echo "Picked up JAVA_TOOL_OPTIONS: x" >&2\ncat >&2 <<E\n{version}\nE')

    assert (in_setup(f'java_works "{java}"').returncode == 0) == fits


def test_a_java_home_that_is_too_old_is_not_used(tmp_path: Path) -> None:
    command(tmp_path / "old", "java", "echo 'openjdk version \"11.0.1\"' >&2").parent.rename(tmp_path / "bin")
    new = command(tmp_path / "new", "java", "echo 'openjdk version \"17.0.1\"' >&2")
    path = f"{new.parent}:/usr/bin:/bin"

    done = in_setup('find_java; echo "<${JAVA_HOME-unset}>"', JAVA_HOME=str(tmp_path), PATH=path)

    if not Path("/usr/libexec/java_home").exists():
        assert done.stdout == "<unset>\n"
    assert str(tmp_path) not in done.stdout


def test_an_absent_java_is_one_sentence_and_code_2() -> None:
    done = in_setup("find_java() { return 1; }; is_debian_root() { return 1; }; need_java; echo on")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trailhouse: Java 17 or newer is needed: install it ")
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_named_and_too_old_is_one_sentence_and_code_2(tmp_path: Path) -> None:
    old = command(tmp_path, "python2", "exit 1")

    # Nor is another Python installed: this one was asked for.
    apt = "is_debian_root() { return 0; }; apt_install() { echo apt; }"
    done = in_setup(f"{apt}; need_python; echo on", TRAILHOUSE_PYTHON=str(old))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"trailhouse: Python 3.11 or newer is needed, and {old} is none: "
        "install it, or name it in TRAILHOUSE_PYTHON.\n"
    )


def test_a_python_that_is_there_but_does_not_run_is_passed_over(tmp_path: Path) -> None:
    # A version manager's shim stands for versions that are not chosen, and fails.
    command(tmp_path, "python3.13", "exit 127")
    command(tmp_path, "python3.12", "exit 0")

    done = in_setup('find_python; echo "$python"', PATH=f"{tmp_path}:/usr/bin:/bin", TRAILHOUSE_PYTHON="")

    assert done.stdout == f"{tmp_path}/python3.12\n"


def test_debian_as_root_gets_what_is_missing_from_apt(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command(tmp_path / "bin", "apt-get", f'echo "$*" >>"{log}"')
    command(tmp_path / "bin", "apt-cache", "exit 0")

    done = in_setup(
        # What is missing is there after the second call of apt-get, the installation.
        f'root="{tmp_path}"; is_debian_root() {{ return 0; }}\n'
        f'find_java() {{ [ "$(wc -l <"{log}")" -ge 2 ]; }} 2>/dev/null\n'
        "need_java && echo on",
        PATH=f"{tmp_path}/bin:/usr/bin:/bin",
    )

    assert done.returncode == 0
    assert done.stdout.splitlines() == ["Installing openjdk-17-jre-headless with apt-get.", "on"]
    assert log.read_text().splitlines()[-1].endswith("--no-install-recommends openjdk-17-jre-headless")


def test_a_step_that_fails_shows_the_end_of_its_log_and_says_where_it_is(tmp_path: Path) -> None:
    done = in_setup(f'root="{tmp_path}"; quietly "step one" sh -c "echo cause; exit 5"; echo on')

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "cause",
        f"trailhouse: step one failed; all of its output is in {tmp_path}/var/logs/setup.log.",
    ]
