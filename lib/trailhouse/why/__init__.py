"""Why: from a number to its reasons, its people and its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from trailhouse.settings import Settings
    from trailhouse.storage import Lake
    from trailhouse.why.answer import why as why


def case(name: str, lake: str | Lake, settings: Settings | str | None = None) -> DataFrame:
    """The estimates of a declared case, as rows of the table `impact` (why/case_answer.py)."""
    from trailhouse.why import case_answer  # late: what stages import of this package must stay light

    return case_answer.case(name, lake, settings)


def __getattr__(name: str) -> Any:
    """`why` of why/answer.py, without loading it for everything else of the package."""
    if name == "why":
        from trailhouse.why.answer import why

        return why
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
