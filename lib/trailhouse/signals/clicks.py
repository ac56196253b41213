"""Kinds of clicks: rage, dead, inert and error clicks."""

from __future__ import annotations

from trailhouse.signals.kind import Burst, Example, Happening, Kind, Wait, click, happens

INERT = ("click", "heartbeat", "mouse_move", "media_progress", "web_vital", "replay_chunk")
"""What comes by itself, or from the hand, and so is no answer to a click."""
TEXT_FIELDS = ("input", "textarea", "select")
SELECTS_TEXT = ("text_selected", "$copy_autocapture")
"""Events which tell that text was selected: a third click selects a paragraph; by touch, a long press."""
SELECTED_MS = 1000
"""How long after a click the event that tells of the selection may come."""


def _clicks(*times: int) -> tuple[Happening, ...]:
    return tuple(click(ms) for ms in times)


RAGE_CLICK = Kind(
    "rage_click",
    "Rage clicks",
    "rage_clicks",
    "The same place clicked again and again: one signal for a burst, with the burst's final length.",
    (
        Burst(
            name="posthog",
            sentence="3 clicks, each within 30 px and 1 s of the one before.",
            count=3,
            ms=1000,
            on="place",
            px=30,
            example=Example(
                "The third click comes a second after the second, 15 + 15 px away; the fourth too late.",
                (click(0), click(999, 10, 0), click(1999, 25, 15), click(3000, 25, 15)),
                ((0, 3),),
            ),
        ),
        Burst(
            name="datadog",
            sentence="3 clicks on one element in a sliding second.",
            count=3,
            ms=1000,
            mode="window",
            on="element",
            example=Example(
                "Three clicks in a second wherever they fall on the element, then three in 1001 ms.",
                (*_clicks(0, 400), click(1000, 300), *_clicks(5000, 5500, 6001)),
                ((0, 3),),
            ),
        ),
        Burst(
            name="openreplay",
            sentence="3 clicks on one label, less than 300 ms between them.",
            count=3,
            ms=300,
            on="label",
            below=True,
            example=Example(
                "Gaps of 299 ms count, one of 300 ms ends the burst.",
                _clicks(0, 299, 598, 898),
                ((0, 3),),
            ),
        ),
        Burst(
            name="splunk",
            sentence="4 clicks on one element in a sliding second.",
            count=4,
            ms=1000,
            mode="window",
            on="element",
            example=Example(
                "Four clicks in exactly a second, then three.",
                _clicks(0, 300, 600, 1000, 9000, 9100, 9200),
                ((0, 4),),
            ),
        ),
        Burst(
            name="mixpanel",
            sentence="4 clicks, each within 30 px and 1 s of the one before.",
            count=4,
            ms=1000,
            on="place",
            px=30,
            example=Example(
                "A burst of four; three are none.",
                _clicks(0, 900, 1800, 2700, 9000, 9100, 9200),
                ((0, 4),),
            ),
        ),
        Burst(
            name="highlight",
            sentence="5 clicks in 2 s, all within 30 px of each other.",
            count=5,
            ms=2000,
            mode="window",
            on="place",
            px=30,
            example=Example(
                "28 px from first to last; clicks that drift 32 px are none.",
                tuple(
                    click(begin + 500 * n, step * n) for begin, step in ((0, 7), (9000, 8)) for n in range(5)
                ),
                ((0, 5),),
            ),
        ),
        Burst(
            name="same_element",
            sentence="3 clicks on one element, each within 1 s of the one before, whatever the coordinates.",
            count=3,
            ms=1000,
            on="element",
            example=Example(
                "No coordinates are needed.",
                tuple(click(ms, None, None) for ms in (0, 500, 1000)),
                ((0, 3),),
            ),
        ),
    ),
    "Clicks on elements made for quick clicking (`signals.allowed_selectors`, parts of the selector in any "
    "case) belong to no burst, and part the clicks around them. Neither do bursts count that selected text: "
    "an event of the view that tells of it (`text_selected`, PostHog's `$copy_autocapture`) comes within a "
    "second of a click that is no touch. Where no such event is sent, a triple click that selects a "
    "paragraph is taken for rage.",
    version=2,
    struggle=True,
)


def _unanswered(ms: int, interactive: bool) -> Example:
    return Example(
        f"The first click is answered after exactly {ms} ms, the second a millisecond later.",
        (
            click(0, interactive=interactive),
            happens(ms, "mutation"),
            click(20_000, interactive=interactive),
            happens(20_000 + ms + 1, "mutation"),
        ),
        ((20_000, 1),),
    )


def _waits(interactive: bool) -> tuple[Wait, ...]:
    return tuple(
        Wait(
            name=name,
            sentence=f"Nothing happens within {seconds} s of the click.",
            ms=ms,
            example=_unanswered(ms, interactive),
        )
        for name, seconds, ms in (
            ("posthog", "2.75", 2750),
            ("openreplay", "1.234", 1234),
            ("sentry", "7", 7000),
        )
    )


_NOT_JUDGED = (
    "Text fields, and links off the site (another host, mailto: and the like), whose answer no tracker of "
    "the site can see. An answer is any event on the view but further clicks, heartbeats, mouse moves, media "
    "progress and web vitals, or a view that opens on the device in whichever tab."
)

DEAD_CLICK = Kind(
    "dead_click",
    "Dead clicks",
    "dead_clicks",
    "A click after which nothing happens.",
    _waits(True),
    f"{_NOT_JUDGED} What declares itself not interactive has a kind of its own, `inert_click`.",
    ("mutations",),
    version=2,
    struggle=True,
)
INERT_CLICK = Kind(
    "inert_click",
    "Clicks on what only looks clickable",
    "inert_clicks",
    "A click on what declares itself not interactive, after which nothing happens.",
    _waits(False),
    _NOT_JUDGED,
    ("mutations",),
)
ERROR_CLICK = Kind(
    "error_click",
    "Error clicks",
    "error_clicks",
    "A click after which an error comes at once, on the same view.",
    (
        Wait(
            name="default",
            sentence="An error within 1 s of the click.",
            ms=1000,
            example=Example(
                "An error exactly a second after the first click; the second click's comes too late.",
                (click(0), happens(1000, "error"), click(5000), happens(6001, "error")),
                ((0, 1),),
            ),
        ),
        Wait(
            name="mobile_tap",
            sentence="An error within 100 ms of the tap.",
            ms=100,
            example=Example(
                "An error after 100 ms, and one after 101 ms.",
                (
                    click(0, pointer="touch"),
                    happens(100, "error"),
                    click(5000, pointer="touch"),
                    happens(5101, "error"),
                ),
                ((0, 1),),
            ),
        ),
    ),
    "Nothing: of several clicks within the time before one error, each is one.",
    ("errors",),
    struggle=True,
)
