"""One file a stage: the stage's own work, and a peer's that a user would otherwise pick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Row:
    """One comparison: two functions that do the same work and give how many rows came of it."""

    stage: str
    ours: Callable[[], int]
    peer_name: str
    peer: Callable[[], int]
    peer_in_jvm: bool = False


def must_agree(stage: str, ours: Path, peer: Path, columns: str, where: str = "true") -> None:
    """RuntimeError where two results, a folder and a file of Parquet, do not hold the same rows.

    `columns` are expressions over either; `where` chooses what both look for. A row counts as often as it is
    there. Called when a row's times are taken, so that no side pays for it.
    """
    rows = f"SELECT {columns} FROM read_parquet('{{}}') WHERE {where}"
    one, other = rows.format(f"{ours}/*.parquet"), rows.format(peer)
    for side, left, right in (("trailhouse", one, other), ("the peer", other, one)):
        (alone,) = duckdb.sql(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchall()
        if alone[0]:
            raise RuntimeError(f"{stage}: {alone[0]} rows of {side} are not the other's")
