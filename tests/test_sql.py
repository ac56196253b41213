"""What stands in SQL as a name or a text stays one."""

from __future__ import annotations

from trailhouse.sql import literal, quoted


def test_names_and_texts_are_quoted() -> None:
    assert quoted("a`b") == "`a``b`"
    assert literal("it's \\ here") == "'it\\'s \\\\ here'"
