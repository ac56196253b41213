"""Small files and folders of any Hadoop file system: local, HDFS, object stores."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from trailhouse.errors import StorageError

_TAKEN_OR_GONE = ("FileAlreadyExistsException", "FileNotFoundException", "RemoteFileChangedException")


class Files:
    """Files by path or URL, through Spark's own clients and their credentials."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def absolute(self, path: str) -> str:
        """A relative path from the default file system's working folder; others stay as they are."""
        if ":" in path or path.startswith("/"):
            return path
        qualified = self._system(path).makeQualified(self._path(path))
        return str(qualified.toString()).removeprefix("file:")

    def make_folder(self, path: str) -> bool:
        """Make a folder and those above it; whether it is there then."""
        return bool(self._system(path).mkdirs(self._path(path)))

    def reachable(self, path: str) -> bool:
        """Whether a file or folder is there, or a pattern with `*` matches any."""
        try:
            if self._system(path).exists(self._path(path)):
                return True
            return bool("*" in path and len(self._system(path).globStatus(self._path(path)) or ()))
        except Py4JJavaError as error:
            raise StorageError(f"{path} cannot be reached: {reason(error)}") from None

    def some_file(self, path: str) -> str | None:
        """A file at or below a path (or pattern) that holds bytes and is not hidden; None without any."""
        for status in self._system(path).globStatus(self._path(path)) or ():
            found = self._system(path).listFiles(status.getPath(), True)
            while found.hasNext():
                file = found.next()
                if file.getLen() > 0 and not file.getPath().getName().startswith(("_", ".")):
                    return str(file.getPath().toString())
        return None

    def read_text(self, path: str) -> str | None:
        """A small text file, or None when it is not there."""
        try:
            stream = self._system(path).open(self._path(path))
        except Py4JJavaError as error:
            if java_class(error).endswith("FileNotFoundException"):
                return None
            raise
        try:
            return str(java(self._spark, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8"))
        finally:
            stream.close()

    def modified(self, path: str) -> float | None:
        """When a file was written, in seconds since 1970; None when it is not there."""
        try:
            return float(self._system(path).getFileStatus(self._path(path)).getModificationTime()) / 1000
        except Py4JJavaError as error:
            if java_class(error).endswith("FileNotFoundException"):
                return None
            raise

    def measure(self, path: str) -> tuple[int, int]:
        """How many files lie at or below a path, and their bytes; none where it is not there."""
        try:
            found = self._system(path).getContentSummary(self._path(path))
        except Py4JJavaError as error:
            if java_class(error).endswith("FileNotFoundException"):
                return 0, 0
            raise
        return int(found.getFileCount()), int(found.getLength())

    def write_text(self, path: str, text: str) -> None:
        """A text file written whole, replacing one that is there."""
        local = self._local(path)
        if local is None:
            self._write(self._system(path).create(self._path(path), True), text)
            return
        with _beside(local, text) as part:
            os.replace(part, local)

    def create_text(self, path: str, text: str) -> bool:
        """A text file, unless one is there: of several at once that try, one succeeds.

        S3 is asked for a conditional write; local disks are written past Hadoop, whose look and make
        are two steps there.
        """
        local = self._local(path)
        if local is not None:
            with _beside(local, text) as part:
                return _named(part, local, text)
        builder = self._system(path).createFile(self._path(path)).overwrite(False).recursive()
        if path.startswith("s3a:"):
            builder = builder.must("fs.option.create.conditional.overwrite", "true")
        try:
            self._write(builder.build(), text)
        except Py4JJavaError as error:
            if java_class(error).endswith(_TAKEN_OR_GONE):
                return False
            raise
        return True

    def move(self, path: str, target: str) -> bool:
        """Give a file another name that is free; False when it is taken, or the file is gone."""
        local, wanted = self._local(path), self._local(target)
        if local is not None and wanted is not None:
            moved = _named(local, wanted)
            if moved:
                os.unlink(local)
            return moved
        try:
            return bool(self._system(path).rename(self._path(path), self._path(target)))
        except Py4JJavaError as error:
            if java_class(error).endswith(_TAKEN_OR_GONE):
                return False
            raise

    def remove(self, path: str) -> None:
        """A file or folder with all that is in it; nothing when it is not there."""
        self._system(path).delete(self._path(path), True)

    def _local(self, path: str) -> str | None:
        """The path on this machine's disk; None for another file system."""
        if self._system(path).getScheme() != "file":
            return None
        return str(self._system(path).makeQualified(self._path(path)).toUri().getPath())

    def _write(self, stream: Any, text: str) -> None:
        try:
            stream.write(bytearray(text.encode()))
        finally:
            stream.close()

    def _path(self, path: str) -> Any:
        return java(self._spark, "org.apache.hadoop.fs.Path")(path)

    def _system(self, path: str) -> Any:
        return self._path(path).getFileSystem(self._spark._jsc.hadoopConfiguration())


@contextmanager
def _beside(local: str, text: str) -> Iterator[str]:
    """The text in a file of another name, so that nobody sees it half-written."""
    os.makedirs(os.path.dirname(local), exist_ok=True)
    part = f"{os.path.dirname(local)}/.{os.path.basename(local)}.{secrets.token_hex(8)}"
    try:
        with open(part, "x", encoding="utf-8") as file:
            file.write(text)
        yield part
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def _named(local: str, wanted: str, text: str | None = None) -> bool:
    """Give a file a second name that is free: a rename would take the place of what is there.

    Where the disk has no second names, `text` is written under the name instead.
    """
    try:
        os.link(local, wanted)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError:
        if text is None:
            return False
        try:
            with open(wanted, "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
    return True


def java(spark: SparkSession, name: str) -> Any:
    """A Java class by its full name: asked for in one step, not package by package."""
    return getattr(spark._jvm, name)


def java_class(error: Py4JJavaError) -> str:
    """The class of Java's exception."""
    return str(error.java_exception.getClass().getName())


def reason(error: BaseException) -> str:
    """The first line of an error of Spark or Java, without its stack."""
    if isinstance(error, Py4JJavaError):
        cause = error.java_exception
        while cause.getCause() is not None:
            cause = cause.getCause()
        text = str(cause.getMessage() or cause.getClass().getName())
    else:
        text = str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
