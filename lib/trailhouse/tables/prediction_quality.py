"""`prediction_quality`: how well predictions held on days that their model had not seen."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

SHARE = "DECIMAL(9,6)"
TABLE = Table(
    name="prediction_quality",
    optional=True,
    sentence="One row a question: the model judged on a later time than it was fitted to.",
    grain=("question",),
    partition_by=("question",),
    columns=(
        *ASKED,
        Column(
            "verdict",
            "STRING",
            "good: better than recency with 95 % confidence; no better; or why there is no model.",
            True,
            values=("good", "no better than recency", "too little history", "too few"),
        ),
        Column("trained_as_of", "DATE", "Day of the features that the model was fitted to."),
        Column("judged_as_of", "DATE", "Day of the features that it was judged by."),
        Column("trained_persons", "BIGINT", "Persons it was fitted to.", low=0),
        Column("trained_outcomes", "BIGINT", "Of these, with the outcome.", low=0),
        Column("judged_persons", "BIGINT", "Persons it was judged by.", low=0),
        Column("judged_outcomes", "BIGINT", "Of these, with the outcome.", low=0),
        Column("auc", SHARE, "Area under the ROC curve; 0.5 is chance.", low=0, high=1),
        Column("auc_low", SHARE, "Low end of its 95 % interval (DeLong).", low=0, high=1),
        Column("auc_high", SHARE, "High end of it.", low=0, high=1),
        Column("recency_auc", SHARE, "The same of ranking by the last event's day alone.", low=0, high=1),
        Column("gain_low", "DECIMAL(9,6)", "Low end of the 95 % interval of auc - recency_auc (DeLong)."),
        Column("brier", SHARE, "Mean square of score less outcome.", low=0, high=1),
        Column("base_brier", SHARE, "The same of giving everyone the share of outcomes.", low=0, high=1),
        Column(
            "calibration",
            "ARRAY<STRUCT<persons: BIGINT, predicted: DECIMAL(9,6), observed: DECIMAL(9,6), "
            "low: DECIMAL(9,6), high: DECIMAL(9,6)>>",
            "By tenths of the score, lowest first: predicted and observed shares, Wilson's 95 % interval.",
        ),
        Column(
            "features",
            "ARRAY<STRUCT<feature: STRING, weight: DECIMAL(9,4)>>",
            "What the model learned: log odds for a standard deviation, or for a value; strongest first.",
        ),
    ),
)
