"""Kinds of the pointer's path: thrashed cursors."""

from __future__ import annotations

from trailhouse.signals.kind import Burst, Example, Kind, happens

THRASHED_CURSOR = Kind(
    "thrashed_cursor",
    "Thrashed cursors",
    "thrashed_cursors",
    "The pointer thrown to and fro: one signal for a burst of turns by more than 90 degrees, where each is "
    "the point at which two moves of the pointer meet. Standing still is no move.",
    (
        Burst(
            name="default",
            sentence="5 turns (`signals.thrashed_turns`) by more than 90 degrees within 2 s.",
            count=5,
            ms=2000,
            mode="window",
            example=Example(
                "Six moves to and fro have five turns in between; four turns are none.",
                (
                    *(happens(400 * n, "mouse_move", x=400 - 200 * (n % 2), y=0) for n in range(7)),
                    *(happens(60_000 + 400 * n, "mouse_move", x=400 + 200 * (n % 2), y=0) for n in range(6)),
                ),
                ((400, 5),),
            ),
        ),
    ),
    "Moves without coordinates. Where moves are sampled less than three times a second, none can be found.",
    ("moves",),
    struggle=True,
)
