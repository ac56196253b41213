"""`feature_blockers`: what may keep people who are offered a feature from trying it."""

from trailhouse.contract import Column, Table

_FIGURE, _P = "DECIMAL(18,6)", "DECIMAL(9,8)"

TABLE = Table(
    name="feature_blockers",
    sentence="What those who were offered a feature and did not try it met or were, against those who did.",
    grain=("feature", "kind", "value"),
    optional=True,
    columns=(
        Column("feature", "STRING", "Name of the feature.", True),
        Column(
            "kind",
            "STRING",
            "What it is: signal, error, clicked instead, below the fold, who.",
            True,
        ),
        Column("value", "STRING", "Which one.", True),
        Column("rank", "INT", "Its place among the feature's rows, from 1.", True, low=1),
        Column("not_tried", "BIGINT", "People with it who did not try the feature.", True, low=0),
        Column("of_not_tried", "BIGINT", "Of so many who did not.", True, low=0),
        Column("tried", "BIGINT", "People with it (before the first use) who tried it.", True, low=0),
        Column("of_tried", "BIGINT", "Of so many who did.", True, low=0),
        Column("share_not_tried", _FIGURE, "not_tried / of_not_tried.", low=0, high=1),
        Column("share_tried", _FIGURE, "tried / of_tried.", low=0, high=1),
        Column("lift", _FIGURE, "The first share as a multiple of the second; null: a side is empty.", low=0),
        Column("low", _FIGURE, "Lower end of its 95 % interval (Katz).", low=0),
        Column("high", _FIGURE, "Upper end of it.", low=0),
        Column("p_value", _P, "Fisher's exact test.", low=0, high=1),
        Column(
            "q_value", _P, "p adjusted for the feature's candidates (Benjamini and Hochberg).", low=0, high=1
        ),
        Column(
            "finding",
            "STRING",
            "Whether those who did not try had it more, or less, by q of 0.05: they go together, no more.",
            True,
            values=("more", "less", "no difference shown", "too few"),
        ),
        Column("examples", "ARRAY<STRING>", "Sessions of up to five who did not try it.", True),
    ),
)
