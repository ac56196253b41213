"""The page struct with host, path and group; dynamic URLs fold into one group."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError
from trailhouse.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Columns of a frame that hold a URL's parts, so that each is taken from it once."""

    host: Column
    path: Column


_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_NUMBER = r"\d+"
# At least one digit, so that a word such as "facade" or "defaced" is none.
_HEX = r"(?=[a-fA-F]*\d)[0-9a-fA-F]{10,}"
# A code with three digits, such as sku-10234, order123 or 20240102; "step-2" and "top10" are pages.
_CODE = r"(?:[^/\d]*\d){3}[^/]*"
_SLUG = r"[^/]*[-_][^/]*[-_][^/]+"

_DYNAMIC = f"^(?:{_NUMBER}|{_UUID}|{_HEX}|{_CODE})$"
_DYNAMIC_BELOW = f"^(?:{_NUMBER}|{_UUID}|{_HEX}|{_CODE}|{_SLUG})$"
_PERHAPS = r"\d|[-_][^/]*[-_]"


def page(given: Column, parts: Parts, event_name: Column, settings: Settings) -> Column:
    """The PAGE struct from `url`, `title`, `referrer` and `view_id`, null when all are.

    A screen without a URL has its title as path and group. `parts` are those of `given["url"]`.
    """
    path = F.when(_is_screen(given, event_name), given["title"]).otherwise(parts.path)
    whole = F.struct(
        given["url"].alias("url"),
        parts.host.alias("host"),
        path.alias("path"),
        given["title"].alias("title"),
        given["referrer"].alias("referrer"),
        given["view_id"].alias("view_id"),
        group(given, parts.path, event_name, settings).alias("group"),
    )
    return F.when(
        F.coalesce(*[given[key] for key in ("url", "title", "referrer", "view_id")]).isNotNull(), whole
    )


def group(given: Column, path: Column, event_name: Column, settings: Settings) -> Column:
    """The group of a page struct's page; `path` is that of its URL."""
    return F.when(_is_screen(given, event_name), given["title"]).otherwise(page_group(path, settings))


def _is_screen(given: Column, event_name: Column) -> Column:
    return F.coalesce((event_name == "screen_view") & given["url"].isNull(), F.lit(False))


def page_group(path: Column, settings: Settings) -> Column:
    """The path with its dynamic parts as `*`.

    Dynamic are, each seen alone: whole numbers, UUIDs, hexadecimal of ten or more, codes with three or
    more digits, and below the first folder also slugs (two or more hyphens or underscores).
    `events.page_groups` comes first: the first regular expression found in the path names the group.
    """
    segments = F.split(path, "/")
    folded = F.transform(
        segments,
        lambda segment, i: F.when(
            F.when(i > 1, segment.rlike(_DYNAMIC_BELOW)).otherwise(segment.rlike(_DYNAMIC)), F.lit("*")
        ).otherwise(segment),
    )
    group = F.when(path.rlike(_PERHAPS), F.concat_ws("/", folded)).otherwise(path)
    chosen: Column | None = None
    for pattern, label in settings.events.page_groups.items():
        _readable(pattern)
        found = path.rlike(pattern)
        chosen = F.when(found, F.lit(label)) if chosen is None else chosen.when(found, F.lit(label))
    return group if chosen is None else chosen.otherwise(group)


def _readable(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"events.page_groups: {pattern!r} is no regular expression: {error}") from None
