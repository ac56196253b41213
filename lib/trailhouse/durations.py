"""Lengths of time as people write them: `30m`, `1.5h`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def _duration(value: object) -> object:
    """`30m`, `1.5h`, `7d` as a timedelta; anything else is left to pydantic."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)\s*", value)
        if match:
            return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("a length of time can not be negative")
    return value


_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": rf"^\s*\d+(\.\d+)?\s*({'|'.join(_SECONDS)})\s*$"},
        {"type": "number", "minimum": 0},
    ],
    "description": "a length of time such as 30m, 24h or 7d, or seconds",
}
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_not_negative),
    WithJsonSchema(_SCHEMA, mode="validation"),
]
"""A length of time, written as `30m`, `24h`, `7d`, or as seconds."""

_TOLD = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}


def as_text(length: timedelta) -> str:
    """A length of time as settings write it, in the largest unit in which it is whole: `7d`, `36h`.

    What is no whole number of seconds is told in milliseconds.
    """
    for unit, one in _TOLD.items():
        if length % one == timedelta(0) and length >= one:
            return f"{length // one}{unit}"
    return f"{length / timedelta(milliseconds=1):g}ms"
