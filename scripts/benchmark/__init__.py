"""One file a stage: the stage's own work, and a peer's that a user would otherwise pick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison: two functions that do the same work and give how many rows came of it."""

    stage: str
    ours: Callable[[], int]
    peer_name: str
    peer: Callable[[], int]
    peer_in_jvm: bool = False
