"""`feature_impact`: who uses a feature in the first week, and who stays."""

from trailhouse.contract import Column, Table

_FIGURE, _P = "DECIMAL(18,6)", "DECIMAL(9,8)"

TABLE = Table(
    name="feature_impact",
    sentence="Retention of those who used a feature in their first week against the others: an association.",
    grain=("feature", "week"),
    optional=True,
    columns=(
        Column("feature", "STRING", "Name of the feature.", True),
        Column("week", "INT", "The how-manieth seven days after a person's first seven.", True, low=1),
        Column("users", "BIGINT", "People who used it in their first seven days.", True, low=0),
        Column("users_back", "BIGINT", "Of these, with an event in that week.", True, low=0),
        Column("others", "BIGINT", "People who did not.", True, low=0),
        Column("others_back", "BIGINT", "Of these, with an event in that week.", True, low=0),
        Column("user_rate", _FIGURE, "users_back / users.", low=0, high=1),
        Column("other_rate", _FIGURE, "others_back / others.", low=0, high=1),
        Column("difference", _FIGURE, "The first less the second.", low=-1, high=1),
        Column("low", _FIGURE, "Lower end of its 95 % interval (Newcombe).", low=-1, high=1),
        Column("high", _FIGURE, "Upper end of it.", low=-1, high=1),
        Column("p_value", _P, "Fisher's exact test.", low=0, high=1),
        Column(
            "matched_difference",
            _FIGURE,
            "The same among people alike in device, channel, month and days active in the first week.",
            low=-1,
            high=1,
        ),
        Column("matched_low", _FIGURE, "Lower end of its 95 % interval.", low=-1, high=1),
        Column("matched_high", _FIGURE, "Upper end of it.", low=-1, high=1),
        Column("matched_p_value", _P, "Of the matched difference.", low=0, high=1),
        Column("q_value", _P, "That adjusted for all rows (Benjamini and Hochberg).", low=0, high=1),
        Column("matched_users", "BIGINT", "Users with somebody like them among the others.", True, low=0),
        Column("left_out", "BIGINT", "Users without.", True, low=0),
        Column(
            "finding",
            "STRING",
            "By q of 0.05. People choose what they use: an association, not an effect.",
            True,
            values=("association", "no association shown", "too few"),
        ),
    ),
)
