"""Why: from a number to its reasons, its people and its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from trailhouse.settings import Settings
    from trailhouse.storage import Lake


def case(name: str, lake: str | Lake, settings: Settings | str | None = None) -> DataFrame:
    """The estimates of a declared case, as rows of the table `impact` (why/case_answer.py)."""
    from trailhouse.why import case_answer  # late: what stages import of this package must stay light

    return case_answer.case(name, lake, settings)
