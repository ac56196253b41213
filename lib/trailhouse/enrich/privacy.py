"""What privacy settings take away, before anything is written."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from trailhouse.enrich import addresses
from trailhouse.errors import SettingsError
from trailhouse.settings import Settings

KEY_VARIABLE = "TRAILHOUSE_HMAC_KEY"
_PERSONAL = ("email", "phone", "$record")


def address(ip: Column, settings: Settings) -> Column:
    """The address as `privacy.ip` lets it through; `hash` is done by `hashed` with the identifiers."""
    match settings.privacy.ip:
        case "drop":
            return F.lit(None).cast("string")
        case "truncate":
            return addresses.truncated(ip)
        case _:
            return ip


def hash_key() -> bytes:
    """The key of the HMAC, from the environment; SettingsError when it is absent or short."""
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key) < 16:
        raise SettingsError(
            f"privacy.hash_identifiers and privacy.ip=hash need a secret of at least 16 characters in the"
            f" environment variable {KEY_VARIABLE}; found {len(key)}"
        )
    return key.encode()


def hashed(values: Column) -> Column:
    """HMAC-SHA-256 in hexadecimal of each text of an ARRAY<STRING>; null stays null.

    In Arrow batches instead of SQL functions: a key among a plan's literals would show in explain,
    the web page and the event log.
    """
    return _hmac(hash_key())(values)


def digest(text: str) -> str:
    """What `hashed` makes of one text; SettingsError as of `hash_key`."""
    return _digest(hash_key(), text)


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _hmac(key: bytes) -> Callable[[Column], Column]:
    def each(texts: Sequence[str | None]) -> list[str | None]:
        return [None if text is None else _digest(key, text) for text in texts]

    def hashes(rows: pd.Series) -> pd.Series:
        return rows.map(lambda texts: None if texts is None else each(texts))

    return cast("Callable[[Column], Column]", cast("Any", pandas_udf)(hashes, "array<string>"))


def without_properties(document: Column, dropped: Sequence[str]) -> Column:
    """The JSON object without the named members of its top level; null when none is left."""
    if not dropped:
        return document
    members = F.from_json(document, "MAP<STRING, VARIANT>")
    left = F.to_json(F.map_filter(members, lambda key, _: ~key.isin(list(dropped))))
    # What is no map of variants (a member named twice below) cannot be cut, and so goes.
    return F.nullif(left, F.lit("{}"))


def dropped(settings: Settings) -> tuple[str, ...]:
    """Members of properties and traits that must go: `privacy.drop_properties`, and where identifiers
    are hashed, plain ones, with what no column took of the record's own top level."""
    return settings.privacy.drop_properties + (_PERSONAL if settings.privacy.hash_identifiers else ())
