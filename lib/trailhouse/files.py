"""Small files and folders of any Hadoop file system: local, HDFS, object stores."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from trailhouse.errors import PackageError, StorageError

_TAKEN_OR_GONE = (
    "FileAlreadyExistsException",
    "FileNotFoundException",
    # HDFS, while another client has the file open for writing.
    "AlreadyBeingCreatedException",
    # S3's 412: the condition of the write does not hold.
    "RemoteFileChangedException",
)
_READS = 3
_CONDITION = "fs.option.create.conditional.overwrite"
_STORE_FAILED = re.compile(
    r"\b(org\.apache\.hadoop\.fs\.s3a\.\w+|software\.amazon\.awssdk\.[\w.]+|org\.apache\.http\.[\w.]+|"
    # A name that Hadoop takes for no path is no failure of a store.
    r"java\.net\.(?!URISyntax)\w+|org\.apache\.hadoop\.net\.\w+|java\.nio\.file\.AccessDenied)Exception\b"
)


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

    def make_private_folder(self, path: str) -> None:
        """Make a folder that its owner alone may open, on file systems that know owners."""
        permission = java(self._spark, "org.apache.hadoop.fs.permission.FsPermission")("700")
        self._system(path).mkdirs(self._path(path))
        # By itself, as a mask may be taken off what mkdirs is given.
        self._system(path).setPermission(self._path(path), permission)

    def reachable(self, path: str) -> bool:
        """Whether a file or folder is there, or a pattern with `*` matches any."""
        try:
            if self._system(path).exists(self._path(path)):
                return True
            return bool("*" in path and len(self._system(path).globStatus(self._path(path)) or ()))
        except Py4JJavaError as error:
            raise StorageError(f"{path} cannot be reached: {reason(error)}") from None

    def some_files(self, path: str, most: int) -> list[str]:
        """Files at or below a path (or pattern) that hold bytes and are not hidden: the first ones found."""
        files: list[str] = []
        for status in self._system(path).globStatus(self._path(path)) or ():
            found = self._system(path).listFiles(status.getPath(), True)
            while found.hasNext():
                file = found.next()
                if file.getLen() > 0 and not file.getPath().getName().startswith(("_", ".")):
                    files.append(str(file.getPath().toString()))
                    if len(files) == most:
                        return files
        return files

    def local_matches(self, path: str) -> list[str]:
        """What of this machine's disk a path (or pattern) means, as paths; none of another file system."""
        if self.local(path) is None:
            return []
        found = self._system(path).globStatus(self._path(path)) or ()
        return [str(status.getPath().toUri().getPath()) for status in found]

    def read_text(self, path: str) -> str | None:
        """A small text file, or None when it is not there."""
        for _ in range(_READS):
            try:
                return self._read(path)
            except Py4JJavaError as error:
                # S3: it was replaced between the look at it and its bytes.
                if not java_class(error).endswith("RemoteFileChangedException"):
                    raise
        return self._read(path)

    def _read(self, path: str) -> str | None:
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

    def tag(self, path: str) -> str | None:
        """What names this very state of an object in a store that can replace by it, else None.

        None too for a file that is not there, and for file systems other than S3.
        """
        if not path.startswith("s3a:"):
            return None
        try:
            return str(self._system(path).getFileStatus(self._path(path)).getEtag())
        except Py4JJavaError as error:
            if java_class(error).endswith("FileNotFoundException"):
                return None
            raise

    def replace_text(self, path: str, text: str, tag: str) -> bool:
        """Replace an object that still is as when it had `tag`: of several at once that try, one succeeds.

        Only on S3 (a write with If-Match); a store that lost its first answer may say False of its own.
        """
        return self._create(path, text, overwrite=True, option=f"{_CONDITION}.etag", value=tag)

    def write_text(self, path: str, text: str) -> None:
        """A text file written whole, replacing one that is there."""
        local = self.local(path)
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
        local = self.local(path)
        if local is not None:
            with _beside(local, text) as part:
                return _named(part, local, text)
        if path.startswith("s3a:"):
            return self._create(path, text, overwrite=False, option=_CONDITION, value="true")
        return self._create(path, text, overwrite=False)

    def _create(self, path: str, text: str, *, overwrite: bool, option: str = "", value: str = "") -> bool:
        builder = self._system(path).createFile(self._path(path)).overwrite(overwrite).recursive()
        if option:
            builder = builder.must(option, value)
        try:
            self._write(builder.build(), text)
        except Py4JJavaError as error:
            if taken(error):
                return False
            raise
        return True

    def move(self, path: str, target: str) -> bool:
        """Give a file another name that is free; False when it is taken, or the file is gone."""
        local, wanted = self.local(path), self.local(target)
        if local is not None and wanted is not None:
            moved = _named(local, wanted)
            if moved:
                with suppress(FileNotFoundError):
                    os.unlink(local)
            return moved
        try:
            return bool(self._system(path).rename(self._path(path), self._path(target)))
        except Py4JJavaError as error:
            if taken(error):
                return False
            raise

    def remove(self, path: str) -> None:
        """A file or folder with all that is in it; nothing when it is not there."""
        self._system(path).delete(self._path(path), True)

    def local(self, path: str) -> str | None:
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
        # Hadoop takes a bucket without a path for its user's home in it.
        whole = f"{path}/" if re.fullmatch(r"[\w+.-]+://[^/]+", path) else path
        return java(self._spark, "org.apache.hadoop.fs.Path")(whole)

    def _system(self, path: str) -> Any:
        try:
            return self._path(path).getFileSystem(self._spark._jsc.hadoopConfiguration())
        except Py4JJavaError as error:
            if path.startswith("s3a:") and "S3AFileSystem not found" in reason(error):
                raise PackageError(
                    f"{path} needs the Spark package s3, which this session does not have: "
                    "run scripts/setup, and give its jars to spark-submit (README)"
                ) from None
            raise


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

    Where the disk has no second names, `text` is written under the name instead; without a text the
    file is renamed, after a look whether the name is free.
    """
    try:
        os.link(local, wanted)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError:
        if text is None:
            return _renamed(local, wanted)
        try:
            with open(wanted, "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
    return True


def _renamed(local: str, wanted: str) -> bool:
    if os.path.lexists(wanted):
        return False
    try:
        os.rename(local, wanted)
    except FileNotFoundError:
        return False
    return True


def java(spark: SparkSession, name: str) -> Any:
    """A Java class by its full name: asked for in one step, not package by package."""
    return getattr(spark._jvm, name)


def taken(error: Py4JJavaError) -> bool:
    """Whether a write failed because another's came first, or because the file went away."""
    if java_class(error).endswith(_TAKEN_OR_GONE):
        return True
    # S3's answer to a write while another one of the same object is under way.
    cause = error.java_exception
    return java_class(error).endswith("AWSBadRequestException") and int(cause.statusCode()) == 409


def store_failure(error: BaseException) -> str | None:
    """What a store that is down, slow or closed to us said, when that is why Spark failed; else None."""
    origin = getattr(error, "_origin", None)
    cause = error.java_exception if isinstance(error, Py4JJavaError) else origin
    told = [str(error)]
    while cause is not None:
        told.append(str(cause.toString()))
        cause = cause.getCause()
    # The innermost that names the store: an error of a task is only a text in the one of its job.
    for text in reversed(told):
        if _STORE_FAILED.search(text):
            return _sentence(text)
    return None


def _sentence(text: str) -> str:
    """What the first error of a store in the text says, with its class's name where that is a word alone."""
    found = _STORE_FAILED.search(text)
    told = text[found.start() if found else 0 :].splitlines()[0]
    name, _, rest = told.rpartition("Exception: ")
    return rest if " " in rest else f"{name.rpartition('.')[2]}Exception: {rest}"


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
        if " " not in text:  # as of an unknown host, whose message is its name
            text = f"{cause.getClass().getSimpleName()}: {text}"
    else:
        text = str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
