"""Parquet files: each row as the line of JSON that it would have been; docs/sources/files.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DataType, MapType, StringType, StructField, StructType

from trailhouse.errors import SourceError, UnreadableFileError
from trailhouse.files import java, reason
from trailhouse.sources import cast
from trailhouse.sources.paths import literal

_JSON = {
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}
# Dates as they are written: a file of an old writer is refused otherwise.
_REBASE = {"datetimeRebaseMode": "CORRECTED", "int96RebaseMode": "CORRECTED"}
_OBJECT = r"^\s*(\{|\[\s*[\{\]])"


class _Shape(NamedTuple):
    """What tells whether two files can be read as one: their schema, and which columns count nanoseconds."""

    schema: str
    nanoseconds: tuple[str, ...]


def read_rows(spark: SparkSession, paths: Sequence[str]) -> list[DataFrame]:
    """A frame for each schema, one row a row: `raw` BINARY, `file` STRING.

    `raw` is the row as a JSON object without its nulls. Times are ISO 8601 in UTC, dates ISO, bytes their
    text or (no UTF-8) base64. A column of text that holds a JSON object, or an array of objects, is that
    object. Files may differ in their columns. Raises SourceError for a file that is no whole Parquet
    file, or has columns that Spark does not read.
    """
    groups: dict[_Shape, list[str]] = {}
    with ThreadPoolExecutor(8) as pool:
        for path, shape in zip(paths, pool.map(lambda path: _shape(spark, path), paths), strict=True):
            groups.setdefault(shape, []).append(path)
    return [_read_group(spark, files, shape) for shape, files in sorted(groups.items())]


def _shape(spark: SparkSession, path: str) -> _Shape:
    """The shape by the file's footer."""
    hadoop = spark._jsc.hadoopConfiguration()
    try:
        location = java(spark, "org.apache.hadoop.fs.Path")(path)
        file = java(spark, "org.apache.parquet.hadoop.util.HadoopInputFile").fromPath(location, hadoop)
        reader = java(spark, "org.apache.parquet.hadoop.ParquetFileReader").open(file)
        try:
            schema = reader.getFooter().getFileMetaData().getSchema()
            return _Shape(str(schema.toString()), _nanoseconds(schema))
        finally:
            reader.close()
    except Py4JJavaError as error:
        raise UnreadableFileError(
            f"{path} cannot be read as Parquet ({reason(error)}): replace it, or take it out of the folder"
        ) from None


def _nanoseconds(schema: Any) -> tuple[str, ...]:
    """Columns that count nanoseconds since 1970, which Spark has no type for."""
    logical = {field.getName(): field.getLogicalTypeAnnotation() for field in schema.getFields()}
    return tuple(
        str(name) for name, kind in logical.items() if kind and kind.toString().startswith("TIMESTAMP(NANOS")
    )


def _read_group(spark: SparkSession, files: list[str], shape: _Shape) -> DataFrame:
    try:
        frame = spark.read.options(**_REBASE).parquet(*[literal(file) for file in files])
    except PySparkException as error:
        raise SourceError(f"{files[0]} has columns that cannot be read: {reason(error)}") from None
    columns = {field.name: _shown(field, shape) for field in frame.schema.fields}
    texts = {
        field.name for field in frame.schema.fields if isinstance(field.dataType, StringType | BinaryType)
    }
    source = frame.metadataColumn("_metadata")["file_path"]
    return frame.select(_as_object(columns, texts).cast("binary").alias("raw"), source.alias("file"))


def _shown(field: StructField, shape: _Shape) -> Column:
    value = F.col("`" + field.name.replace("`", "``") + "`")
    if field.name in shape.nanoseconds:
        return F.timestamp_micros(F.call_function("div", value, F.lit(1000)))
    return _readable(value, field.dataType)


def _readable(value: Column, kind: DataType) -> Column:
    """The value with bytes, at any depth, as their text or else base64."""
    if not _has_bytes(kind):
        return value
    match kind:
        case StructType():
            parts = [_readable(value[part.name], part.dataType).alias(part.name) for part in kind.fields]
            return F.when(value.isNotNull(), F.struct(*parts))
        case ArrayType():
            return F.transform(value, lambda item: _readable(item, kind.elementType))
        case MapType():
            return F.transform_values(value, lambda _, item: _readable(item, kind.valueType))
    text = value.cast("string")
    return F.when(F.is_valid_utf8(text), text).otherwise(F.base64(value))


def _has_bytes(kind: DataType) -> bool:
    match kind:
        case StructType():
            return any(_has_bytes(part.dataType) for part in kind.fields)
        case ArrayType():
            return _has_bytes(kind.elementType)
        case MapType():
            return _has_bytes(kind.valueType)
    return isinstance(kind, BinaryType)


def _as_object(columns: Mapping[str, Column], texts: Set[str]) -> Column:
    """JSON object of the columns; those of `texts` that hold JSON stand in it as they are, to the letter."""
    opens = {
        name: columns[name].rlike(_OBJECT) & F.try_parse_json(columns[name]).isNotNull() for name in texts
    }
    closed = [
        (F.when(~opens[name], value) if name in texts else value).alias(name)
        for name, value in columns.items()
    ]
    members = [
        F.when(opens[name], F.concat(F.lit(f"{{{json.dumps(name, ensure_ascii=False)}:"), value, F.lit("}")))
        for name, value in columns.items()
        if name in texts
    ]
    return F.coalesce(cast.joined([F.to_json(F.struct(*closed), _JSON), *members]), F.lit("{}"))
