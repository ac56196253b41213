"""`activations`: early actions against what comes later, a row a candidate."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

VERDICTS = ("best", "stable", "not confirmed", "not checked", "none shown", "too few")
"""From a claim that held on later starts to none at all."""
_SHARE = "DECIMAL(9,6)"
_RATIO = "DECIMAL(18,6)"
_P = "DECIMAL(9,8)"

TABLE = Table(
    name="activations",
    sentence="Actions done so often on the first days, and the outcome with and without them.",
    grain=("question", "action", "times", "days", "cohort"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("outcome", "STRING", "What may come.", True, values=("retention", "conversion", "churn")),
        Column("action", "STRING", "The action: an event's name, or a declared step's.", True),
        Column("times", "INT", "Done at least so often.", True, low=1),
        Column("days", "INT", "On so many first days.", True, low=1),
        Column("cohort", "STRING", "'all'; of the best one also the month of the start, YYYY-MM.", True),
        Column("verdict", "STRING", "What can be said: docs/questions/activation.md.", True, values=VERDICTS),
        Column("sentence", "STRING", "The best candidate in words."),
        Column("entered", "BIGINT", "Starts whose first `days` days are over.", True, low=0),
        Column("reached", "BIGINT", "Of these, those that did the action so often.", True, low=0),
        Column("share_reached", _SHARE, "reached / entered.", low=0, high=1),
        Column("median_us", "BIGINT", "Median time from the start to it, microseconds, to 1 %.", low=0),
        Column("p90_us", "BIGINT", "Nine of ten were there by then.", low=0),
        Column("units", "BIGINT", "Starts whose outcome days are over: the figures from here on are theirs.",
               True, low=0),
        Column("with_units", "BIGINT", "Of these, those that did the action so often.", True, low=0),
        Column("outcomes_with", "BIGINT", "Of these, those with the outcome.", True, low=0),
        Column("outcomes_without", "BIGINT", "Outcomes among the others.", True, low=0),
        Column("share_with", _SHARE, "Outcomes of those who did it: the precision.", low=0, high=1),
        Column("share_without", _SHARE, "Outcomes of the others.", low=0, high=1),
        Column("lift", _RATIO, "share_with / share_without."),
        Column("lift_low", _RATIO, "Lower end of its 95 % interval (Katz)."),
        Column("lift_high", _RATIO, "Upper end of it."),
        Column("p_value", _P, "Fisher's exact test.", low=0, high=1),
        Column("recall", _SHARE, "Share of the outcomes that had done it.", low=0, high=1),
        Column("f1", _SHARE, "Harmonic mean of precision and recall.", low=0, high=1),
        Column("mcc", _SHARE, "Matthews correlation of action and outcome.", low=-1, high=1),
        Column("odds_ratio", _RATIO, "Adjusted for active days, month and the fields of `adjust`."),
        Column("odds_low", _RATIO, "Lower end of its 95 % interval."),
        Column("odds_high", _RATIO, "Upper end of it."),
        Column("odds_by", "STRING", "How it was adjusted.", values=("logistic", "mantel-haenszel")),
        Column("split_day", "DATE", "Learned from starts before it, checked on starts from it on."),
        Column("learned_with", "BIGINT", "Earlier starts that did it.", low=0),
        Column("learned_share_with", _SHARE, "Outcomes of these.", low=0, high=1),
        Column("learned_share_without", _SHARE, "Outcomes of the other earlier ones.", low=0, high=1),
        Column("learned_lift", _RATIO, "Lift among earlier starts."),
        Column("q_value", _P, "Their p, adjusted for all candidates of the question.", low=0, high=1),
        Column("later_with", "BIGINT", "Later starts that did it.", low=0),
        Column("later_share_with", _SHARE, "Outcomes of these.", low=0, high=1),
        Column("later_share_without", _SHARE, "Outcomes of the other later ones.", low=0, high=1),
        Column("later_lift", _RATIO, "Lift among later starts."),
        Column("later_low", _RATIO, "Lower end of its 95 % interval."),
        Column("later_high", _RATIO, "Upper end of it."),
        Column("later_p_value", _P, "Fisher's exact test among later starts.", low=0, high=1),
    ),
)  # fmt: skip
