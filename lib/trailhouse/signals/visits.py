"""Kinds of visits to a page: U-turns, quick backs, refreshes, forms left, scrolling to and fro."""

from __future__ import annotations

from trailhouse.signals.kind import Burst, Example, Excess, Fact, Kind, Return, click, happens, view

U_TURN = Kind(
    "u_turn",
    "U-turns",
    "u_turns",
    "Back to the page before, in the same tab, almost at once: by the browser's history where the tracker "
    "says how pages are reached, else by the order of paths. It stands at the page that was left again.",
    (
        Return(
            name="default",
            sentence="Back within 7 s (`signals.u_turn_seconds`).",
            ms=None,
            example=Example(
                "Away from /b after exactly 7 s; /c is left for another page.",
                (
                    view(0, "/a"),
                    view(10_000, "/b"),
                    view(17_000, "/a"),
                    view(20_000, "/c"),
                    view(22_000, "/d"),
                ),
                ((10_000, 2),),
            ),
        ),
        Return(
            name="strict",
            sentence="Back within 5 s, with no click, input or scroll beyond the fold there.",
            ms=5000,
            still=True,
            example=Example(
                "Nothing is done on /b; on the second visit there is a click, on the third it is scrolled.",
                (
                    view(0, "/a"),
                    view(10_000, "/b"),
                    happens(11_000, "scroll", scroll=0),
                    view(15_000, "/a"),
                    view(25_000, "/b"),
                    click(26_000),
                    view(27_000, "/a"),
                    view(40_000, "/b"),
                    happens(41_000, "scroll", scroll=1),
                    view(42_000, "/a"),
                ),
                ((10_000, 2),),
            ),
        ),
    ),
    "A page that is left by a link, where the tracker says how pages are reached; reloads.",
    struggle=True,
)
QUICK_BACK = Kind(
    "quick_back",
    "Quick backs",
    "quick_backs",
    "A page that a link led to, left at once by the browser's back or forward, by the tracker's word for "
    "both. Unlike a U-turn it does not look at paths: back may lead elsewhere than to the page before (a "
    "redirect, another site's page in between). Without the tracker's word there is none.",
    (
        Return(
            name="default",
            sentence="Away by the browser's back within 5 s.",
            ms=5000,
            example=Example(
                "Back from /b after 5 s; /c is left by a link, /d not in time.",
                (
                    view(0, "/a", "link"),
                    view(10_000, "/b", "link"),
                    view(15_000, "/a", "back_forward"),
                    view(20_000, "/c", "link"),
                    view(21_000, "/d", "link"),
                    view(26_001, "/c", "back_forward"),
                ),
                ((10_000, 2),),
            ),
        ),
    ),
    "Pages that were reached otherwise than by a link.",
    ("navigation_types",),
)
RAPID_REFRESH = Kind(
    "rapid_refresh",
    "Rapid refreshes",
    "rapid_refreshes",
    "The same page reloaded again and again: one signal for a burst, at its first reload.",
    (
        Burst(
            name="default",
            sentence="3 reloads of one page in 10 s.",
            count=3,
            ms=10_000,
            mode="window",
            example=Example(
                "Three reloads in exactly 10 s; two of another page are none.",
                (
                    view(0, "/a"),
                    *(view(ms, "/a", "reload") for ms in (1000, 6000, 11_000)),
                    view(20_000, "/b", "link"),
                    *(view(ms, "/b", "reload") for ms in (21_000, 22_000)),
                ),
                ((1000, 3),),
            ),
        ),
    ),
    "Reloads that keep the id of the view they are on: they are no view of their own.",
    ("navigation_types",),
    struggle=True,
)
FORM_ABANDONMENT = Kind(
    "form_abandonment",
    "Forms left unsent",
    "form_abandonments",
    "A view on which a form was begun and none sent: the tracker says that it was left (`form_abandon`), or "
    "nothing was submitted as long as the view lasted. From the first event of a form there to the last one "
    "of the view; the selector is that form's id. While the view goes on, what comes may take it back.",
    (
        Fact(
            name="default",
            sentence="Begun and not sent on its view.",
            example=Example(
                "Left with a word, left without one, and sent.",
                (
                    view(0, "/a"),
                    happens(1000, "form_start", form="f"),
                    happens(2000, "form_abandon", form="f"),
                    view(10_000, "/b"),
                    happens(11_000, "form_change", form="g"),
                    view(20_000, "/c"),
                    happens(21_000, "form_start", form="h"),
                    happens(22_000, "form_submit", form="h"),
                ),
                ((1000, 1), (11_000, 1)),
            ),
        ),
    ),
    "Without the tracker's word: where it sends neither submits nor abandonments that day.",
    ("form_events",),
)
EXCESSIVE_SCROLLING = Kind(
    "excessive_scrolling",
    "Excessive scrolling",
    "excessive_scrolls",
    "More turns of the scrolling than usual on that page group in that calendar week (of the project's "
    "zone); the size is their number. Decided over `page_views` alone, so that it names no event.",
    (
        Excess(
            name="default",
            sentence="More than the mean and 3 standard deviations of at least 30 views.",
            deviations=3,
            views=30,
            example=Example(
                "Forty views of a page with one turn each, and one with twelve.",
                tuple(
                    one
                    for number in range(41)
                    for one in (
                        view(60_000 * number, "/a", view=f"view {number}"),
                        *(
                            happens(60_000 * number + 100 * turn, "scroll", scroll=500 * (turn % 2 + 1))
                            for turn in range(1, 15 if number == 20 else 4)
                        ),
                    )
                ),
                ((1_200_000, 12),),
            ),
        ),
    ),
    "Views whose scroll depth is not collected; bots and own staff make no baseline.",
    ("scroll",),
)
