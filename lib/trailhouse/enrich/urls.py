"""Parts of a URL by its punctuation (RFC 3986, appendix B), so that no URL is too broken to be read."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

_AUTHORITY = r"(?:[^:/?#]*:)?//"
_HOST = rf"^{_AUTHORITY}(?:[^/?#]*@)?(?:\[([^\]/?#]*)\]|([^:/?#]*))"
_PATH = rf"^(?:{_AUTHORITY}[^/?#]*)?([^?#]*)"
_QUERY = r"^[^?#]*\?([^#]+)"


def host(url: Column) -> Column:
    """Host in lower case without user and port; null where the URL names none."""
    six = F.regexp_extract(url, _HOST, 1)
    return F.nullif(F.lower(F.concat(six, F.regexp_extract(url, _HOST, 2))), F.lit(""))


def path(url: Column) -> Column:
    """Path with its leading `/`, and without a trailing one; `/` for a bare host."""
    # Slashes are trimmed and not matched: an expression for them is quadratic in their number.
    return F.concat(F.lit("/"), F.trim(F.regexp_extract(url, _PATH, 1), F.lit("/")))


def query(url: Column) -> Column:
    """What follows `?`, up to `#`; empty without one, null for null."""
    return F.regexp_extract(url, _QUERY, 1)


def parameter(text: Column, name: str) -> Column:
    """The first value of a query parameter, decoded; null when absent or empty.

    A value that is not decodable is given as it stands.
    """
    raw = F.regexp_extract(text, rf"(?i)(?:^|&){name}=([^&]+)", 1)
    return F.when(raw != "", F.coalesce(F.try_url_decode(raw), raw))


def keep_parameters(url: Column, allowed: Sequence[str]) -> Column:
    """The URL with the named query parameters alone, in their order.

    A fragment goes with them when it holds a `=`, since single-page apps put parameters there.
    """
    base = F.substring_index(url, "#", 1)
    pairs = F.filter(
        F.split(query(url), "&"),
        lambda pair: F.lower(F.substring_index(pair, "=", 1)).isin([name.lower() for name in allowed]),
    )
    kept = F.concat_ws("&", pairs)
    head = F.substring_index(base, "?", 1)
    clean = F.when(kept == "", head).otherwise(F.concat(head, F.lit("?"), kept))
    fragment = F.substring(url, F.length(base) + 1, F.length(url))
    return F.when(fragment.contains("="), clean).otherwise(F.concat(clean, fragment))
