"""Bring the Spark packages of conf/spark-packages.yaml into the cache, each with its checksum verified.

A whole cache needs neither Java nor network. What is missing comes through Spark's own resolver (Ivy with
its default chain, and before it the repository in TRAILHOUSE_MAVEN_REPOSITORY if that is set), each jar on
its own: in one resolution, a single coordinate that cannot be had would fail all others.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trailhouse.errors import PackageError
from trailhouse.packages import Group, Jar, by_hand, cache_dir, load_groups, sha256_of

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY_VARIABLE = "TRAILHOUSE_MAVEN_REPOSITORY"

# Gives the path of a coordinate's jar, or raises PackageError.
Resolver = Callable[[str], Path]
Say = Callable[[str], None]


class SparkResolver:
    """Resolves coordinates by the MavenUtils of Spark, in one JVM that starts with the first use."""

    def __init__(self, scratch: Path, log: Path) -> None:
        self._scratch = scratch
        self._log = log
        self._gateway: Any = None
        self._settings: Any = None

    def __call__(self, coordinate: str) -> Path:
        from py4j.protocol import Py4JJavaError

        if self._gateway is None:
            self._start()
        jvm = self._gateway.jvm
        nothing = jvm.scala.jdk.javaapi.CollectionConverters.asScala(jvm.java.util.ArrayList()).toSeq()
        utils = self._utils()
        try:
            found = utils.resolveMavenCoordinates(
                coordinate, self._settings, jvm.scala.Option.empty(), False, nothing, False, self._out
            )
        except Py4JJavaError as error:
            raise PackageError(f"{coordinate} could not be resolved (details in {self._log})") from error
        if found.isEmpty():
            raise PackageError(f"{coordinate} resolved to no file (details in {self._log})")
        return Path(found.head().removeprefix("file:"))

    def close(self) -> None:
        """End the JVM, if one was started."""
        if self._gateway is not None:
            process = self._gateway.proc
            self._gateway.shutdown()
            process.stdin.close()  # the JVM ends with the end of its input
            process.wait(timeout=30)
            self._gateway = None

    def _start(self) -> None:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.java_gateway import launch_gateway

        self._log.parent.mkdir(parents=True, exist_ok=True)
        # Whatever the user's own shells pass to Spark has no place here.
        os.environ.pop("PYSPARK_SUBMIT_ARGS", None)
        try:
            with self._log.open("ab") as log:
                self._gateway = launch_gateway(popen_kwargs={"stdout": log, "stderr": log})
        except (PySparkRuntimeError, OSError) as error:
            raise PackageError(
                f"Java could not be started to resolve the Spark packages (details in {self._log})"
            ) from error
        jvm = self._gateway.jvm
        self._out = jvm.java.io.PrintStream(jvm.java.io.FileOutputStream(str(self._log), True), True)
        repository = os.environ.get(REPOSITORY_VARIABLE) or None
        self._settings = self._utils().buildIvySettings(
            jvm.scala.Option.apply(repository), jvm.scala.Option.apply(str(self._scratch)), True, self._out
        )

    def _utils(self) -> Any:
        # A Scala object; its methods take the implicit stream as their last argument.
        return getattr(getattr(self._gateway.jvm.org.apache.spark.util, "MavenUtils$"), "MODULE$")


def place(jar: Jar, source: Path, cache: Path) -> None:
    """Copy a resolved jar into the cache, whole or not at all; PackageError if its checksum is wrong."""
    part = cache / f".{jar.file_name}.{os.getpid()}.part"
    try:
        shutil.copyfile(source, part)
        fault = jar.fault(part)
        if fault:
            raise PackageError(f"the file that came for {jar.coordinate} {fault}, and was deleted")
        part.replace(cache / jar.file_name)
    finally:
        part.unlink(missing_ok=True)


def drop_wrong(group: Group, cache: Path, say: Say) -> None:
    """Delete the files of `group` in the cache whose checksum is wrong, and say so."""
    for alternative in group.alternatives:
        for jar in alternative:
            path = cache / jar.file_name
            if path.is_file() and (fault := jar.fault(path)):
                path.unlink()
                say(f"{path} {fault}: deleted.")


def fetch_group(group: Group, cache: Path, resolve: Resolver, say: Say) -> None:
    """Make one group whole in `cache`.

    Raises PackageError if the group is required and no alternative can be had; of an optional one it
    says in a sentence what is impossible without it.
    """
    drop_wrong(group, cache, say)
    if group.present(cache):
        return
    faults: list[str] = []
    for alternative in group.alternatives:
        failed = 0
        for jar in alternative:
            try:
                if not (cache / jar.file_name).is_file():
                    place(jar, resolve(jar.coordinate), cache)
                    if jar.sha256 is None:
                        digest = sha256_of(cache / jar.file_name)
                        say(f"{jar.file_name} has no recorded checksum; its SHA-256 is {digest}.")
            except PackageError as error:
                # The others are fetched all the same, so that only what cannot be had is asked for by hand.
                failed += 1
                if failed == 1:
                    faults.append(str(error))
        if not failed:
            return
    message = f"{'; '.join(faults)}: put {by_hand(group, cache)} into {cache} by hand"
    if group.required:
        raise PackageError(f"the Spark package {group.name} is needed, and {message}.")
    say(f"Without the Spark package {group.name}, {group.without}; {message} if you want them.")


def fetch(groups: Sequence[Group], cache: Path, resolve: Resolver, say: Say) -> None:
    """Make all groups whole in `cache`, which is created; see fetch_group for the errors."""
    cache.mkdir(parents=True, exist_ok=True)
    for group in groups:
        fetch_group(group, cache, resolve, say)


@contextmanager
def spark_resolver(log: Path) -> Iterator[Resolver]:
    """A SparkResolver with a scratch folder of its own, both gone at the end."""
    with tempfile.TemporaryDirectory(prefix="trailhouse-ivy-") as scratch:
        resolver = SparkResolver(Path(scratch), log)
        try:
            yield resolver
        finally:
            resolver.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch what is missing; 0, or 2 after one sentence on the error stream."""
    parser = argparse.ArgumentParser(description="Fetch the Spark packages into the local cache.")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the checkout"
    )
    root = parser.parse_args(arguments).root
    try:
        with spark_resolver(root / "var" / "logs" / "packages.log") as resolve:
            fetch(load_groups(root), cache_dir(root), resolve, lambda sentence: print(sentence, flush=True))
    except PackageError as error:
        print(f"trailhouse: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
