"""Why: from a number to its reasons, its people and its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trailhouse.why.answer import why as why


def __getattr__(name: str) -> Any:
    """`from trailhouse.why import why` without loading Spark for everything else of the package."""
    if name == "why":
        from trailhouse.why.answer import why

        return why
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
