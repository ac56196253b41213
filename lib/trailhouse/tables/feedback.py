"""`feedback`: what people say in surveys, by week and breakdown."""

from trailhouse.contract import Column, Table

KINDS = ("nps", "csat", "ces", "rating", "choice", "text", "unknown")
BREAKDOWNS = ("all", "page_group", "device_type", "channel", "cohort", "segment", "rage_before", "choice")

TABLE = Table(
    name="feedback",
    sentence="Survey scores and response rates with 95 % intervals, by week and over all, by breakdown.",
    grain=("survey_id", "kind", "week", "breakdown", "breakdown_value"),
    columns=(
        Column("survey_id", "STRING", "The survey; 'all' where it has no id.", True),
        Column(
            "kind", "STRING", "What was asked; unknown: of a survey that nobody answered.", True, values=KINDS
        ),
        Column("week", "STRING", "First day of the week as YYYY-MM-DD; 'all' for all weeks.", True),
        Column("breakdown", "STRING", "What the value is of; 'all' for everyone.", True, values=BREAKDOWNS),
        Column("breakdown_value", "STRING", "Its value; 'all', and 'unknown' where it is not known.", True),
        Column(
            "answers", "BIGINT", "Answers on the scale, or in words; of a choice, those with it.", True, low=0
        ),
        Column("top", "BIGINT", "Promoters (9-10), satisfied (4-5), or an easy task (5-7).", low=0),
        Column("bottom", "BIGINT", "Detractors (0-6), dissatisfied (1-2), or a hard task (1-3).", low=0),
        Column(
            "score",
            "DECIMAL(9,4)",
            "NPS -100..100; CSAT 0..100; mean of CES 1..7 and of ratings; share of a choice 0..100.",
        ),
        Column("low", "DECIMAL(9,4)", "Lower end of its interval; null for one CES answer or rating."),
        Column("high", "DECIMAL(9,4)", "Upper end of its interval."),
        Column("shown", "BIGINT", "Times shown; null where displays are not collected.", low=0),
        Column("answered", "BIGINT", "Of these, those answered before the next display.", low=0),
        Column("dismissed", "BIGINT", "Those dismissed instead; null where that is not collected.", low=0),
        Column("response_rate", "DECIMAL(9,6)", "answered / shown.", low=0, high=1),
        Column("response_low", "DECIMAL(9,6)", "Lower end of its interval.", low=0, high=1),
        Column("response_high", "DECIMAL(9,6)", "Upper end of its interval.", low=0, high=1),
    ),
)
