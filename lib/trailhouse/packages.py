"""The Spark packages: which jars a session needs, and where they lie on this machine.

conf/spark-packages.yaml names them; scripts/fetch_jars.py brings them into the cache; a session and
spark-submit take them from there as plain files, so that a run needs no network.
`python -m trailhouse.packages` prints the list for spark-submit's --jars.
"""

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trailhouse.errors import PackageError

CATALOGUE = Path("conf/spark-packages.yaml")
CACHE = Path(".cache/spark-jars")
CACHE_VARIABLE = "TRAILHOUSE_JARS"


class Jar(BaseModel):
    """One jar: its Maven coordinate `group:artifact:version` and its SHA-256 (None: not recorded)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    coordinate: str
    sha256: str | None

    @field_validator("coordinate")
    @classmethod
    def _three_parts(cls, value: str) -> str:
        if not re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+", value):
            raise ValueError(f"{value!r} is not of the form group:artifact:version")
        return value

    @field_validator("sha256")
    @classmethod
    def _hexadecimal(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[0-9a-f]{64}", value):
            raise ValueError(f"{value!r} is not a SHA-256 in lower case")
        return value

    @property
    def file_name(self) -> str:
        """The jar's name in the cache, e.g. delta-storage-4.4.0.jar."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def fault(self, path: Path) -> str | None:
        """None if the file at `path` is this jar, else what is wrong with it."""
        if not path.is_file():
            return "is not there"
        found = sha256_of(path)
        # A jar without a recorded checksum is taken as it is; conf/spark-packages.yaml says why.
        if self.sha256 is not None and found != self.sha256:
            return f"has the SHA-256 {found} instead of {self.sha256}"
        return None


class Group(BaseModel):
    """Jars that serve one purpose; the first of `alternatives` that is whole is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    required: bool
    without: str = ""
    alternatives: tuple[tuple[Jar, ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_what_is_lost(self) -> Self:
        if not self.required and not self.without:
            raise ValueError(f"the optional group {self.name} does not say what is impossible without it")
        return self

    def present(self, cache: Path) -> tuple[Jar, ...] | None:
        """The first alternative whose files are all in `cache` (by name), or None."""
        for alternative in self.alternatives:
            if all((cache / jar.file_name).is_file() for jar in alternative):
                return alternative
        return None


class Catalogue(BaseModel):
    """All of conf/spark-packages.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[Group, ...]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_groups(root: Path) -> tuple[Group, ...]:
    """The groups of `root`/conf/spark-packages.yaml; PackageError if that file is missing or wrong."""
    path = root / CATALOGUE
    try:
        return Catalogue.model_validate(yaml.safe_load(path.read_text("utf-8"))).groups
    except OSError as error:
        raise PackageError(f"the list of Spark packages {path} cannot be read: {error.strerror}") from error
    except (ValidationError, yaml.YAMLError) as error:
        raise PackageError(f"the list of Spark packages {path} is wrong: {error}") from error


def cache_dir(root: Path) -> Path:
    """The folder of the jars: TRAILHOUSE_JARS if set, else .cache/spark-jars in the checkout `root`."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override).absolute() if override else (root / CACHE).absolute()


def jar_paths(root: Path) -> list[Path]:
    """The absolute paths of the jars for a session of the checkout at `root`, in a fixed order.

    Optional groups that are not in the cache are left out. Raises PackageError, naming the files and their
    folder, if a required group is not whole. Checksums are set-up's business and not looked at again.
    """
    cache = cache_dir(root)
    paths: list[Path] = []
    for group in load_groups(root):
        present = group.present(cache)
        if present is not None:
            paths += [cache / jar.file_name for jar in present]
        elif group.required:
            raise PackageError(
                f"the Spark package {group.name} is not in {cache}: run scripts/setup, "
                f"or put {by_hand(group, cache)} there by hand"
            )
    return paths


def has_group(root: Path, name: str) -> bool:
    """Whether the group `name` (e.g. "s3") is in the cache whole."""
    cache = cache_dir(root)
    return any(group.name == name and group.present(cache) is not None for group in load_groups(root))


def by_hand(group: Group, cache: Path) -> str:
    """What to put into `cache` by hand to make `group` whole: missing files with their coordinates."""
    ways = [
        ", ".join(
            f"{jar.file_name} ({jar.coordinate})"
            for jar in alternative
            if not (cache / jar.file_name).is_file()
        )
        for alternative in group.alternatives
    ]
    return " or ".join(ways)


def main() -> int:
    """Print the jars of the checkout in the working directory, or in the first argument, comma-separated."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    try:
        print(",".join(str(path) for path in jar_paths(root)))
    except PackageError as error:
        print(f"trailhouse: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
