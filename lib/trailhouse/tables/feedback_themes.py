"""`feedback_themes`: themes found in texts, without a codebook."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="feedback_themes",
    sentence="Themes that a fitted model finds in the texts of a survey, and in all texts.",
    grain=("survey_id", "theme"),
    lawful=False,
    columns=(
        Column("model_version", "STRING", "Hash of the method, its settings and the texts.", True),
        Column("survey_id", "STRING", "The survey whose texts they are; 'all' for every text.", True),
        Column("theme", "INT", "Its number, from 1; the largest first.", True, low=1),
        Column("words", "ARRAY<STRING>", "Its weightiest words, the weightiest first.", True),
        Column("answers", "BIGINT", "Texts that tell of it more than of another.", True, low=1),
        Column("texts", "BIGINT", "Texts that the model was fitted to.", True, low=1),
        Column("share", "DECIMAL(9,6)", "answers / texts.", True, low=0, high=1),
        Column(
            "examples",
            "ARRAY<STRUCT<event_id: STRING, text: STRING>>",
            "The texts that tell of it most.",
            True,
        ),
    ),
)
