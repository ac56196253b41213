"""`accounts`: what is known of a company account as of a day."""

from trailhouse.contract import Column, Table
from trailhouse.profiles.measures import ACCOUNT_MEASURES, WINDOWS
from trailhouse.tables import _shapes as shapes

TABLE = Table(
    name="accounts",
    sentence="One row a company account that an event names, as of the last complete day.",
    grain=("account_id",),
    partition_by=("cohort_month",),
    columns=(
        Column("account_id", "STRING", "The account.", True),
        Column("as_of", "DATE", "The last complete project day: nothing later is in the row.", True),
        Column("cohort_month", "DATE", "First day of the month of first_seen.", True),
        Column("first_seen", "TIMESTAMP", "First event.", True),
        Column("last_seen", "TIMESTAMP", "Last event.", True),
        Column("plan", "STRING", "The latest trait that settings.profiles.plan names."),
        Column("traits", "STRING", "Latest traits of its group events, last write wins by trait, JSON."),
        *(column for one in ACCOUNT_MEASURES for column in one.columns()),
        Column("value", shapes.MONEY, "Value of conversions by currency, sorted.", True),
        *(
            Column(
                f"value_{days}", shapes.MONEY, f"Of the last {days} days." if days > 1 else "Of the last day."
            )
            for days in WINDOWS
        ),
    ),
)
