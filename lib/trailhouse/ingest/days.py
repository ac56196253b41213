"""The day that a raw file is of, as its folders or its name tell it."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings import Raw

_YEAR = "(?:19|20)[0-9]{2}"
_MONTH = "0[1-9]|1[0-2]"
_DAY = "0[1-9]|[12][0-9]|3[01]"
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PARTED = rf"(?<![0-9])({_YEAR})([-_.])({_MONTH})\2({_DAY})(?![0-9])"
# Hours, minutes and seconds may follow.
_SOLID = rf"(?<![0-9])({_YEAR})({_MONTH})({_DAY})(?=(?:[0-9]{{2}}){{0,3}}(?![0-9]))"
_FOLDERS = (
    rf"/(?:(?:year|yyyy|y)=)?({_YEAR})"
    r"/(?:(?:month|mm|m)=)?(0?[1-9]|1[0-2])"
    r"/(?:(?:day|dd|d)=)?(0?[1-9]|[12][0-9]|3[01])(?=[/.]|$)"
)
# Greedy in front: of several days the last one.
_LAST = f"(?i)^.*(?:{_PARTED}|{_SOLID}|{_FOLDERS})"
_YEARS, _MONTHS, _DAYS = (1, 5, 8), (3, 6, 9), (4, 7, 10)
"""The groups of the three ways to write a day; the second is what parts the first way's numbers."""


def day(path: Column) -> Column:
    """The last day that a path names, DATE; null when it names none.

    `2026-03-02` (also with `_` or `.`), `20260302` with or without a time of day behind it, the folders
    `2026/03/02` and `year=2026/month=03/day=02`; anywhere in the path, so that `dt=...`, hours below
    and names of files are no cases of their own. The folder next to the file knows best: the last one
    counts. Ids (UUID) are passed over, whose digits may look like a day.
    """
    text = F.regexp_replace(path, _UUID, "-")

    def part(groups: tuple[int, ...]) -> Column:
        # A group that did not match is an empty text.
        return F.concat(*[F.regexp_extract(text, _LAST, group) for group in groups])

    written = F.concat_ws("-", part(_YEARS), F.lpad(part(_MONTHS), 2, "0"), F.lpad(part(_DAYS), 2, "0"))
    # A day that no calendar has, such as 2026-02-31, is none.
    return F.try_to_date(written, "yyyy-MM-dd")


def wanted(raw: Raw, of: Column) -> Column:
    """Whether files of the day `of` are in the settings' range; those without a day are."""
    condition = F.lit(True)
    if raw.from_day:
        condition &= of >= F.lit(raw.from_day)
    if raw.to_day:
        condition &= of <= F.lit(raw.to_day)
    return of.isNull() | condition
