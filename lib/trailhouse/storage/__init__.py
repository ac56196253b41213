"""The lake: Delta tables below one root, read at a version and published by difference."""

from __future__ import annotations

from trailhouse.storage.lake import Lake, Published
from trailhouse.storage.reading import NONE

__all__ = ["NONE", "Lake", "Published"]
