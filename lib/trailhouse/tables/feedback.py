"""`feedback`: what people say in surveys, by week."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="feedback",
    sentence="Survey scores with 95 % intervals, a row a survey and week, and one over all weeks.",
    grain=("survey_id", "kind", "week"),
    columns=(
        Column("survey_id", "STRING", "The survey; 'all' where it has no id.", True),
        Column("kind", "STRING", "nps or csat.", True, values=("nps", "csat")),
        Column("week", "STRING", "First day of the week as YYYY-MM-DD; 'all' for all weeks.", True),
        Column("shown", "BIGINT", "Times shown; null where displays are not collected.", low=0),
        Column("answers", "BIGINT", "Answers with a score in range.", True, low=1),
        Column("top", "BIGINT", "Promoters (9-10), or satisfied (4-5).", True, low=0),
        Column("bottom", "BIGINT", "Detractors (0-6), or dissatisfied (1-2).", True, low=0),
        Column("score", "DECIMAL(9,4)", "NPS -100..100, or CSAT 0..100.", True, low=-100, high=100),
        Column("low", "DECIMAL(9,4)", "Lower end of the interval.", True, low=-100, high=100),
        Column("high", "DECIMAL(9,4)", "Upper end of the interval.", True, low=-100, high=100),
    ),
)
