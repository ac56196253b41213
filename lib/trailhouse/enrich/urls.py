"""Parts of a URL by its punctuation, so that no URL is too broken to be read."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F


def without_query(url: Column) -> Column:
    """The URL before its `?` and `#`."""
    return F.substring_index(F.substring_index(url, "#", 1), "?", 1)


def host(url: Column) -> Column:
    """Host in lower case without user and port; null where the URL names none."""
    authority = F.substring_index(_after_scheme(without_query(url)), "/", 1)
    named = F.substring_index(authority, "@", -1)
    bare = F.when(named.startswith("["), F.substring_index(named, "]", 1)).otherwise(
        F.substring_index(named, ":", 1)
    )
    return F.nullif(F.lower(F.ltrim(bare, F.lit("["))), F.lit(""))


def path(url: Column) -> Column:
    """Path with its leading `/`, and without a trailing one; `/` for a bare host."""
    base = without_query(url)
    rest = _after_scheme(base)
    behind = F.when(rest.isNull(), base).otherwise(
        F.substring(rest, F.length(F.substring_index(rest, "/", 1)) + 1, F.length(rest))
    )
    trimmed = F.rtrim(behind, F.lit("/"))
    return F.when(trimmed.startswith("/"), trimmed).otherwise(F.concat(F.lit("/"), trimmed))


def query(url: Column) -> Column:
    """What follows `?`, up to `#`; null without one."""
    whole = F.substring_index(url, "#", 1)
    start = F.instr(whole, "?")
    return F.when(start > 0, F.substring(whole, start + 1, F.length(whole)))


def parameter(text: Column, name: str) -> Column:
    """The first value of a query parameter, decoded; null when absent or empty.

    A value that is not decodable is given as it stands.
    """
    raw = F.regexp_extract(text, rf"(?i)(?:^|&){name}=([^&]+)", 1)
    return F.nullif(F.coalesce(F.try_url_decode(raw), raw), F.lit(""))


def keep_parameters(url: Column, allowed: Sequence[str]) -> Column:
    """The URL with the named query parameters alone, in their order.

    A fragment goes with them when it holds a `=`, since single-page apps put parameters there.
    """
    base = F.substring_index(url, "#", 1)
    start = F.instr(base, "?")
    pairs = F.filter(
        F.split(F.substring(base, start + 1, F.length(base)), "&"),
        lambda pair: F.lower(F.substring_index(pair, "=", 1)).isin([name.lower() for name in allowed]),
    )
    kept = F.concat_ws("&", pairs)
    head = F.substring_index(base, "?", 1)
    clean = F.when(start == 0, base).when(kept == "", head).otherwise(F.concat(head, F.lit("?"), kept))
    fragment = F.substring(url, F.length(base) + 1, F.length(url))
    return F.when(fragment.contains("="), clean).otherwise(F.concat(clean, fragment))


def _after_scheme(base: Column) -> Column:
    """What follows `//`; null without it."""
    start = F.instr(base, "//")
    before = F.left(base, start - 1)
    marked = (start > 0) & ((before == "") | before.endswith(":"))
    return F.when(marked, F.substring(base, start + 2, F.length(base)))
