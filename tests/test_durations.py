"""Lengths of time, written and told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from trailhouse.durations import Duration, as_text


@pytest.mark.parametrize("text", ["7d", "36h", "90m", "61s", "1500ms", "0.25ms", "0ms"])
def test_a_length_is_told_as_it_may_be_written(text: str) -> None:
    length = TypeAdapter(Duration).validate_python(text)
    assert as_text(length) == text


def test_the_largest_whole_unit_is_told() -> None:
    assert as_text(timedelta(hours=48)) == "2d"
    assert as_text(timedelta(minutes=60)) == "1h"
