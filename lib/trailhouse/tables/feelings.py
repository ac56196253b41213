"""`feelings`: what came after an answer or a month, by band of its score."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED, BREAKDOWN

VERDICTS = ("association", "gone when matched", "none shown", "too few")
_SHARE = "DECIMAL(9,6)"
_NUMBER = "DECIMAL(24,6)"
_P = "DECIMAL(9,8)"

TABLE = Table(
    name="feelings",
    sentence="Retention, conversion, revenue or churn after an answer, by band of its score.",
    grain=("question", "breakdown_by", "breakdown", "period", "band"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("score", "STRING", "What the bands are of.", True,
               values=("nps", "csat", "ces", "frustration")),
        Column("outcome", "STRING", "What may come.", True,
               values=("retention", "conversion", "revenue", "churn")),
        Column("currency", "STRING", "Currency of revenue."),
        *BREAKDOWN,
        Column("period", "STRING", "'all', each unit once; of frustration also each month, YYYY-MM.", True),
        Column("band", "STRING", "The band, as in docs/questions/feelings.md.", True),
        Column("verdict", "STRING", "What can be said of the band against all others of its breakdown.", True,
               values=VERDICTS),
        Column("asked", "BIGINT", "Units of the band.", True, low=0),
        Column("units", "BIGINT", "Of these, those whose horizon is over: figures are theirs.", True, low=0),
        Column("hits", "BIGINT", "Of these, those with the outcome; null for revenue.", low=0),
        Column("mean", _NUMBER, "Share with the outcome, or mean value of a unit."),
        Column("low", _NUMBER, "Lower end of its 95 % interval: Wilson, of value Student."),
        Column("high", _NUMBER, "Upper end of it."),
        Column("other_units", "BIGINT", "Units of all other bands.", True, low=0),
        Column("other_mean", _NUMBER, "Share, or mean value, of these."),
        Column("difference", _NUMBER, "mean - other_mean: an association."),
        Column("difference_low", _NUMBER, "Lower end of its 95 % interval: Newcombe, of value Welch."),
        Column("difference_high", _NUMBER, "Upper end of it."),
        Column("p_value", _P, "Fisher's exact test, of value Welch's.", low=0, high=1),
        Column("q_value", _P, "p_value adjusted for all bands of the question and field.", low=0, high=1),
        Column("matched_units", "BIGINT", "Units of the band with alike units in others.", True, low=0),
        Column("left_out", "BIGINT", "Those without.", True, low=0),
        Column("matched_difference", _NUMBER, "Against units alike in activity, tenure and device."),
        Column("matched_low", _NUMBER, "Lower end of its 95 % interval."),
        Column("matched_high", _NUMBER, "Upper end of it."),
        Column("matched_p_value", _P, "Two-sided.", low=0, high=1),
        Column("matched_q_value", _P, "It adjusted for all bands of the question and field.", low=0, high=1),
    ),
)  # fmt: skip
