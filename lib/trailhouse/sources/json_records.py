"""Lines of one JSON object each: judging the line, its values by their keys, and the hash of its content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast

SUFFIXES = tuple(
    f"{name}{packed}" for name in (".json", ".ndjson", ".jsonl") for packed in ("", ".gz", ".bz2")
)

_LINE = "ARRAY<MAP<STRING, STRING>>"


def opened(frame: DataFrame, keys: Iterable[str], limit: int) -> DataFrame:
    """`raw`, `file`, `unread` (why the bytes are not looked into), `map`, and an `r_KEY` for each key.

    `map` has all values by their keys, as text; it is null where the line is anything but one JSON
    object. The `r_` columns are its values under `keys`, trimmed. `limit` is in bytes.
    """
    text = F.col("raw").cast("string")
    too_large = F.octet_length("raw") > limit
    not_utf8 = ~F.is_valid_utf8(text)
    # In an array, what follows the object is an error instead of being passed over.
    ends = F.rtrim(text).endswith("}")
    objects = F.from_json(F.concat(F.lit("["), text, F.lit("]")), _LINE, cast.JSON)
    judged = frame.select(
        "raw",
        "file",
        F.when(too_large, F.lit(f"record larger than {limit} bytes"))
        .when(not_utf8, F.lit("not UTF-8"))
        .alias("unread"),
        F.when(~too_large & ~not_utf8 & ends, objects).alias("records"),
    )
    one = F.when(F.size("records") == 1, F.get("records", F.lit(0)))
    single = judged.select("raw", "file", "unread", one.alias("map"))
    # A look into a map walks its keys, and the optimizer would repeat it wherever the value is used; trimmed,
    # it is looked up once.
    values = [F.trim(F.col("map")[key]).alias(f"r_{key}") for key in keys]
    return single.select("raw", "file", "unread", "map", *values)


def further(known: Sequence[str]) -> Column:
    """ARRAY of the record's keys that are not known."""
    return F.array_except(F.map_keys("map"), F.array(*map(F.lit, known)))


def reasons(found: Iterable[Column]) -> Column:
    """Why the record is no event: what the line itself tells, else these texts."""
    return (
        F.when(F.col("unread").isNotNull(), F.array("unread"))
        .when(F.col("map").isNull(), F.array(F.lit("not a JSON object")))
        .otherwise(cast.texts(found))
    )


def content_hash(own: Iterable[Column], known: Sequence[str]) -> Column:
    """SHA-256 of `own` values in their order, then of those of any further keys; null without a record.

    Needs the columns `map` and `further`; `known` are the keys that are not further ones.
    """
    values = [F.coalesce(value, F.lit("\0")) for value in own]
    others = F.map_filter("map", lambda key, _: ~key.isin(*known))
    some = F.size("further") > 0
    rest = F.when(some, F.to_json(F.sort_array(F.map_entries(others)))).otherwise(F.lit(""))
    return F.when(F.col("map").isNotNull(), F.sha2(F.concat_ws("\x1f", *values, rest), 256))
