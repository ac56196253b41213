"""`key_elements`: whether people notice what a page wants them to."""

from trailhouse.contract import Column, Table

_SPLIT = {
    **{"views": True, "judged": True, "reached": False, "seen": False},
    **{"focused": True, "clicked": True, "ignored": False},
}
"""What is split by outcome, and whether it is ever null."""
_BY_TASK = {
    "done": "on pages of a completed attempt at a task, while it was under way; null: no task is watched",
    "failed": "on pages of a failed attempt, before it was given up; null: no task is watched",
}

TABLE = Table(
    name="key_elements",
    sentence="Declared key elements of pages: reached, seen, focused, clicked, ignored; and in which order.",
    grain=("page_group", "device_type", "day", "element"),
    partition_by=("day",),
    optional=True,
    columns=(
        Column("page_group", "STRING", "Page template.", True),
        Column("device_type", "STRING", "Device class.", True),
        Column("day", "DATE", "Day in the project's zone on which the view began.", True),
        Column("element", "STRING", "Name of the element, as declared.", True),
        Column("views", "BIGINT", "Views of the page.", True, low=1),
        Column("persons", "BIGINT", "Persons who viewed the page.", True, low=1),
        Column(
            "judged",
            "BIGINT",
            "Of these, those whose scrolling is collected, where the element's box is known.",
            True,
            low=0,
        ),
        Column("reached", "BIGINT", "Judged views scrolled down to it; null: none is judged.", low=0),
        Column("seen", "BIGINT", "Judged views with half of it in sight long enough.", low=0),
        Column("focused", "BIGINT", "Views that hovered it long enough, or clicked it.", True, low=0),
        Column("clicked", "BIGINT", "Views that clicked it.", True, low=0),
        Column("ignored", "BIGINT", "Views that saw it and did not focus it.", low=0),
        Column("persons_reached", "BIGINT", "Persons who reached it.", low=0),
        Column("persons_seen", "BIGINT", "Persons who saw it.", low=0),
        Column("persons_focused", "BIGINT", "Persons who focused it.", True, low=0),
        Column("persons_clicked", "BIGINT", "Persons who clicked it.", True, low=0),
        Column("persons_ignored", "BIGINT", "Persons who saw it and focused it in no view.", low=0),
        Column("first_focused", "BIGINT", "Views in which it was focused before all others.", True, low=0),
        Column(
            "order_sum",
            "BIGINT",
            "Over views that focused it: its place in their order of focus.",
            True,
            low=0,
        ),
        Column(
            "pairs_as_intended",
            "BIGINT",
            "Over views: other elements focused in the intended order with it.",
            True,
            low=0,
        ),
        Column("pairs_against", "BIGINT", "Over views: those focused the other way round.", True, low=0),
        Column("instead", "STRING", "What most of the views that ignored it focused first."),
        Column("instead_views", "BIGINT", "In how many of these views.", low=1),
        Column("below_fold", "BIGINT", "Judged views whose first screen ended above it.", low=0),
        Column("y_sum", "BIGINT", "Over judged views: its distance from the page's top, in px."),
        Column("fold_sum", "BIGINT", "Over judged views: the first screen's height, in px.", low=0),
        *(
            Column(
                f"{name}_{how}",
                "BIGINT",
                f"Of {name}, those {ending}.",
                always and how not in _BY_TASK,
                low=0,
            )
            for name, always in _SPLIT.items()
            for how, ending in (
                ("left", "after which people left"),
                ("converted", "of sessions that converted"),
                *_BY_TASK.items(),
            )
        ),
    ),
)
