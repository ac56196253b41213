"""`feature_usage`: who is offered a declared feature, tries it, and goes on using it."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="feature_usage",
    sentence="Each declared feature: exposed, tried, adopted, how often and how soon it is used.",
    grain=("feature", "breakdown", "value", "period"),
    optional=True,
    columns=(
        Column("feature", "STRING", "Name of the feature.", True),
        Column("definition", "STRING", "What is its use, and where it is offered.", True),
        Column(
            "breakdown",
            "STRING",
            "What people are broken down by: all, device_type or channel of the first offer, segment, "
            "or a field of features.breakdowns.",
            True,
        ),
        Column("value", "STRING", "Value of that; 'all' for everybody.", True),
        Column("period", "STRING", "First day of the week as YYYY-MM-DD; 'all' for all.", True),
        Column("exposed", "BIGINT", "People who were offered it.", True, low=0),
        Column("tried", "BIGINT", "Of these, who used it.", True, low=0),
        *share("tried_rate", "tried / exposed; null where nobody was exposed.", "tried"),
        Column("first_tried", "BIGINT", "Of these, whose first use it was.", True, low=0),
        Column(
            "adopted",
            "BIGINT",
            "Who used it in two weeks; of a week: in it and in an earlier one.",
            True,
            low=0,
        ),
        *share("adopted_rate", "adopted / tried.", "adopted"),
        Column("uses", "BIGINT", "Uses.", True, low=0),
        Column(
            "person_weeks",
            "BIGINT",
            "Weeks in which people who had tried it were active, from that of the first use on.",
            True,
            low=0,
        ),
        Column("frequency", "DECIMAL(18,4)", "uses / person_weeks.", low=0),
        Column("sessions", "BIGINT", "Sessions that offered it.", True, low=0),
        Column("used_sessions", "BIGINT", "Of these, in which it was used.", True, low=0),
        *share("session_rate", "used_sessions / sessions.", "session"),
        Column("median_us", "BIGINT", "Median time from first offer to first use, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that.", low=0),
        Column("seen_median_us", "BIGINT", "Median time from first event to first use, microseconds.", low=0),
        Column("seen_p90_us", "BIGINT", "90th percentile of that.", low=0),
    ),
)
