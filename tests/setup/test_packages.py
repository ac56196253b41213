"""Which jars a session gets, and how they come into the cache; nothing here uses the network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scripts import fetch_jars
from trailhouse import packages
from trailhouse.errors import PackageError
from trailhouse.packages import Group, Jar

ROOT = Path(__file__).resolve().parents[2]
GOOD = b"a jar"
GOOD_SHA = hashlib.sha256(GOOD).hexdigest()
BAD_SHA = "0" * 64


def jar(artifact: str, sha256: str | None = GOOD_SHA) -> Jar:
    return Jar(coordinate=f"org.example:{artifact}:1.0", sha256=sha256)


def group(*alternatives: tuple[Jar, ...], required: bool = True) -> Group:
    return Group(name="thing", required=required, without="nothing works", alternatives=alternatives)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(packages.CACHE_VARIABLE, raising=False)
    monkeypatch.delenv(fetch_jars.REPOSITORY_VARIABLE, raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkout whose list of packages holds the groups given."""

    def make(*groups: Group) -> Path:
        path = tmp_path / packages.CATALOGUE
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump({"groups": [each.model_dump(mode="json") for each in groups]}))
        return tmp_path

    return make


class Repository:
    """Stands for the resolver: has the artifacts named, all with the content GOOD; keeps what was asked."""

    def __init__(self, folder: Path, *artifacts: str) -> None:
        self.asked: list[str] = []
        self._folder = folder
        self._artifacts = artifacts

    def __call__(self, coordinate: str) -> Path:
        artifact = coordinate.split(":")[1]
        self.asked.append(artifact)
        if artifact not in self._artifacts:
            raise PackageError(f"{coordinate} could not be resolved")
        path = self._folder / artifact
        path.write_bytes(GOOD)
        return path


def fetch(each: Group, cache: Path, repository: Repository) -> list[str]:
    said: list[str] = []
    fetch_jars.fetch([each], cache, repository, said.append)
    return said


def test_a_missing_jar_is_fetched_under_its_plain_name(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"

    assert fetch(group((jar("a"),)), cache, Repository(tmp_path, "a")) == []

    assert [path.name for path in cache.iterdir()] == ["a-1.0.jar"]
    assert (cache / "a-1.0.jar").read_bytes() == GOOD


def test_a_whole_cache_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "a-1.0.jar").write_bytes(GOOD)
    repository = Repository(tmp_path)

    fetch(group((jar("a"),)), tmp_path, repository)

    assert repository.asked == []


def test_the_second_alternative_is_taken_when_the_first_does_not_resolve(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    fetch(group((jar("own"),), (jar("carrier"),)), cache, Repository(tmp_path, "carrier"))

    assert [path.name for path in cache.iterdir()] == ["carrier-1.0.jar"]


def test_a_required_jar_that_cannot_be_had_is_named_with_its_file_and_folder(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    with pytest.raises(PackageError) as caught:
        fetch(group((jar("a"), jar("b"), jar("c"))), cache, Repository(tmp_path, "a", "c"))

    assert str(caught.value) == (
        "the Spark package thing is needed, and org.example:b:1.0 could not be resolved: "
        f"put b-1.0.jar (org.example:b:1.0) into {cache} by hand."
    )


def test_an_optional_group_that_cannot_be_had_is_one_sentence_about_what_is_lost(tmp_path: Path) -> None:
    said = fetch(group((jar("a"),), required=False), tmp_path, Repository(tmp_path))

    assert len(said) == 1
    assert said[0].startswith("Without the Spark package thing, nothing works; ")


def test_a_jar_that_comes_with_a_wrong_checksum_is_not_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    with pytest.raises(
        PackageError, match=f"has the SHA-256 {GOOD_SHA} instead of {BAD_SHA}, and was deleted"
    ):
        fetch(group((jar("a", BAD_SHA),)), cache, Repository(tmp_path, "a"))

    assert list(cache.iterdir()) == []


def test_a_wrong_file_in_the_cache_is_deleted_told_and_fetched_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "a-1.0.jar").write_bytes(b"half a jar")

    said = fetch(group((jar("a"),)), cache, Repository(tmp_path, "a"))

    assert len(said) == 1
    assert said[0].endswith(f"instead of {GOOD_SHA}: deleted.")
    assert (cache / "a-1.0.jar").read_bytes() == GOOD


def test_a_jar_without_recorded_checksum_is_kept_and_its_checksum_told(tmp_path: Path) -> None:
    said = fetch(group((jar("a", None),)), tmp_path / "cache", Repository(tmp_path, "a"))

    assert said == [f"a-1.0.jar has no recorded checksum; its SHA-256 is {GOOD_SHA}."]


def test_the_command_ends_with_one_sentence_and_code_2(
    checkout: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(group((jar("a"),)))
    monkeypatch.setattr(fetch_jars, "SparkResolver", lambda scratch, log: Unreachable())

    assert fetch_jars.main(["--root", str(root)]) == 2

    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "a-1.0.jar (org.example:a:1.0)" in shown.err
    assert str(root / packages.CACHE) in shown.err


class Unreachable:
    """A resolver without network."""

    def __call__(self, coordinate: str) -> Path:
        raise PackageError(f"{coordinate} could not be resolved")

    def close(self) -> None:
        return None


def test_jar_paths_are_those_of_the_first_whole_alternative(checkout: Callable[..., Path]) -> None:
    root = checkout(group((jar("own"),), (jar("carrier"), jar("more"))), group((jar("s3"),), required=False))
    cache = root / packages.CACHE
    cache.mkdir(parents=True)
    for name in ("carrier-1.0.jar", "more-1.0.jar"):
        (cache / name).write_bytes(GOOD)

    assert packages.jar_paths(root) == [cache / "carrier-1.0.jar", cache / "more-1.0.jar"]


def test_a_missing_jar_of_a_session_is_an_error_that_says_what_to_do(checkout: Callable[..., Path]) -> None:
    root = checkout(group((jar("a"),)))

    with pytest.raises(PackageError) as caught:
        packages.jar_paths(root)

    assert str(caught.value) == (
        f"the Spark package thing is not in {root / packages.CACHE}: run scripts/setup, "
        "or put a-1.0.jar (org.example:a:1.0) there by hand"
    )


def test_the_cache_may_lie_elsewhere(
    checkout: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(group((jar("a"),)))
    monkeypatch.setenv(packages.CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a-1.0.jar").write_bytes(GOOD)

    assert packages.jar_paths(root) == [tmp_path / "elsewhere" / "a-1.0.jar"]


@pytest.mark.parametrize(
    "text, fault",
    [
        ("groups: [{name: a, required: true, alternatives: [], more: 1}]", "more"),
        (
            "groups: [{name: a, required: true, alternatives: [[{coordinate: a:b, sha256: null}]]}]",
            "group:artifact:version",
        ),
        (
            "groups: [{name: a, required: true, alternatives: [[{coordinate: 'a:b:c', sha256: ab}]]}]",
            "SHA-256",
        ),
        ("groups: [", "groups: ["),
    ],
)
def test_a_wrong_list_of_packages_is_an_error_that_names_the_fault(
    tmp_path: Path, text: str, fault: str
) -> None:
    path = tmp_path / packages.CATALOGUE
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(PackageError) as caught:
        packages.load_groups(tmp_path)

    assert str(path) in str(caught.value)
    assert fault in str(caught.value)


def test_the_jars_belong_to_the_locked_clients() -> None:
    lock = (ROOT / "requirements" / "run.lock").read_text()
    coordinates = [each.coordinate for g in packages.load_groups(ROOT) for a in g.alternatives for each in a]

    # delta-spark's jar is built for one minor version of Spark, and of one version with its client.
    assert "pyspark==4.1.4 " in lock
    for client, coordinate in {
        "delta-spark": "io.delta:delta-spark_4.1_2.13:",
        "graphframes-py": "io.graphframes:graphframes-spark4_2.13:",
    }.items():
        (version,) = (each.removeprefix(coordinate) for each in coordinates if each.startswith(coordinate))
        assert f"\n{client}=={version} " in lock
