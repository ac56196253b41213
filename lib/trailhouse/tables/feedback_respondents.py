"""`feedback_respondents`: those who answer a survey against those who were shown it and do not."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="feedback_respondents",
    sentence="What persons do who were shown a survey, those who answered it apart.",
    grain=("survey_id", "answered"),
    columns=(
        Column("survey_id", "STRING", "The survey; 'all' where it has no id.", True),
        Column("answered", "BOOLEAN", "Whether they answered it, then or later.", True),
        Column("persons", "BIGINT", "Persons it was shown to.", True, low=1),
        Column("sessions", "BIGINT", "Their sessions.", True, low=0),
        Column("engaged_us", "BIGINT", "Engaged time of these, microseconds.", True, low=0),
        Column("sessions_per_person", "DECIMAL(18,4)", "sessions / persons.", True, low=0),
        Column("engaged_us_per_person", "BIGINT", "engaged_us / persons.", True, low=0),
        Column("converted_persons", "BIGINT", "Persons with a conversion.", True, low=0),
        Column("conversion", "DECIMAL(9,6)", "converted_persons / persons.", True, low=0, high=1),
        Column("conversion_low", "DECIMAL(9,6)", "Lower end of its interval.", True, low=0, high=1),
        Column("conversion_high", "DECIMAL(9,6)", "Upper end.", True, low=0, high=1),
        Column("friction_persons", "BIGINT", "Persons who struggled (docs/signals.md).", True, low=0),
        Column("friction", "DECIMAL(9,6)", "friction_persons / persons.", True, low=0, high=1),
        Column("friction_low", "DECIMAL(9,6)", "Lower end of its interval.", True, low=0, high=1),
        Column("friction_high", "DECIMAL(9,6)", "Upper end.", True, low=0, high=1),
    ),
)
