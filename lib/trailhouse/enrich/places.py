"""Country, region and city of an address, by an MMDB file that the user supplies."""

from __future__ import annotations

import atexit
import hashlib
import ipaddress
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import pandas as pd
from py4j.protocol import Py4JJavaError
from pyspark import SparkFiles
from pyspark.sql import Column, SparkSession
from pyspark.sql.pandas.functions import pandas_udf

from trailhouse.errors import SettingsError
from trailhouse.files import java, reason
from trailhouse.tables._shapes import GEO

Place = tuple[str | None, str | None, str | None]

_NOWHERE: Place = (None, None, None)


@dataclass(frozen=True)
class Database:
    """A file of places that every executor can open: `file` is its name among Spark's files."""

    file: str
    sha256: str
    kind: str
    built: date


def shared(spark: SparkSession, path: str) -> Database | None:
    """The file at this path or URL, handed to the executors; None for an empty path.

    SettingsError when it cannot be read or is no MMDB file.
    """
    if not path:
        return None
    folder = Path(tempfile.mkdtemp(prefix="trailhouse-"))
    # Executors may ask for it as long as the session lives.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = _copied(spark, path, folder / "copy.mmdb")
    kind, built = _judged(path, copy)
    with copy.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    # Named by its content: Spark hands out one file of a name, whatever becomes of it later.
    name = f"geo-{sha256[:32]}.mmdb"
    if (Path(SparkFiles.getRootDirectory()) / name).exists():
        shutil.rmtree(folder)
    else:
        spark.sparkContext.addFile(str(copy.rename(folder / name)))
    return Database(name, sha256, kind, built)


def _copied(spark: SparkSession, path: str, target: Path) -> Path:
    """The file on the driver's disk, from wherever Spark can read."""
    try:
        source = java(spark, "org.apache.hadoop.fs.Path")(path)
        system = source.getFileSystem(spark._jsc.hadoopConfiguration())
        if not system.exists(source) or system.getFileStatus(source).isDirectory():
            raise SettingsError(f"events.geo_database: there is no file {path}: name an MMDB file, or none")
        system.copyToLocalFile(False, source, java(spark, "org.apache.hadoop.fs.Path")(target.as_uri()), True)
    except Py4JJavaError as error:
        raise SettingsError(f"events.geo_database: {path} cannot be read: {reason(error)}") from None
    return target


def _judged(path: str, copy: Path) -> tuple[str, date]:
    import maxminddb

    try:
        with maxminddb.open_database(copy) as reader:
            told = reader.metadata()
            return str(told.database_type), datetime.fromtimestamp(told.build_epoch, UTC).date()
    except (maxminddb.InvalidDatabaseError, OSError, ValueError, OverflowError):
        raise SettingsError(
            f"events.geo_database: {path} is no MMDB file, or a damaged one: name another, or none"
        ) from None


def place(address: Column, database: Database) -> Column:
    """STRUCT<country, region, city> of an address; null where the file does not know it.

    Each distinct address of an Arrow batch is looked up once.
    """
    return _places(database.file)(address)


def _places(file: str) -> Callable[[Column], Column]:
    def places(addresses: pd.Series) -> pd.DataFrame:
        path = SparkFiles.get(file)
        codes, distinct = pd.factorize(addresses)
        found = [look_up(path, text) for text in distinct]
        table = pd.DataFrame([*found, _NOWHERE], columns=["country", "region", "city"], dtype=object)
        return table.take(codes).reset_index(drop=True)

    # Made when it is called: at import there may be no session.
    return cast("Callable[[Column], Column]", cast("Any", pandas_udf)(places, GEO))


@lru_cache(maxsize=2)
def _reader(path: str) -> Any:
    import maxminddb

    return maxminddb.open_database(path)


@lru_cache(maxsize=100_000)
def look_up(path: str, address: str) -> Place:
    """ISO code of the country, and English names of region and city; None for what the file does not tell.

    Read are the members of MaxMind's and DB-IP's files, and of IPinfo's, whose values are plain text.
    """
    try:
        parsed = ipaddress.ip_address(address.strip())
        mapped = parsed.ipv4_mapped if parsed.version == 6 else None
        found = _reader(path).get(str(mapped or parsed))
    except ValueError:  # no address, or one of IPv6 in a file of IPv4
        return _NOWHERE
    if not isinstance(found, Mapping):
        return _NOWHERE
    country = found.get("country_code") or found.get("country")
    regions = found.get("subdivisions")
    region = regions[0] if isinstance(regions, list) and regions else found.get("region")
    return _text(country, "iso_code"), _text(region), _text(found.get("city"))


def _text(value: Any, key: str = "names") -> str | None:
    if isinstance(value, Mapping):
        value = value.get(key)
    if isinstance(value, Mapping):
        value = value.get("en")
    return value if isinstance(value, str) and value else None
