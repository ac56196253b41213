"""`profiles`: what is known of a person as of a day."""

from trailhouse.contract import Column, Table
from trailhouse.tables import _shapes as shapes

TABLE = Table(
    name="profiles",
    sentence="One row a person, as of the last complete day.",
    grain=("person_id",),
    partition_by=("cohort_month",),
    columns=(
        Column("person_id", "STRING", "The person.", True),
        Column("as_of", "DATE", "The last complete project day: nothing later is in the row.", True),
        Column("cohort_month", "DATE", "First day of the month of first_seen.", True),
        Column("first_seen", "TIMESTAMP", "First event.", True),
        Column("last_seen", "TIMESTAMP", "Last event.", True),
        Column("user_id", "STRING", "Main account: the one with most events, then the least."),
        Column("identifiers", "ARRAY<STRUCT<type: STRING, value: STRING>>", "All identifiers, sorted.", True),
        Column("traits", "STRING", "Latest traits, last write wins by trait, JSON."),
        Column("first_channel", "STRING", "Channel of the first session."),
        Column("last_channel", "STRING", "Channel of the last session."),
        Column("first_campaign", "STRING", "Campaign name of the first session."),
        Column("first_page", "STRING", "Entry page of the first session."),
        Column("device_type", "STRING", "Device type of the last session that tells."),
        Column("country", "STRING", "Country of the last session that tells."),
        Column("devices", "BIGINT", "Distinct device ids in sessions.", True, low=0),
        Column("active_days", "BIGINT", "Days with an event.", True, low=1),
        Column("active_days_7", "BIGINT", "Of the last 7 days.", True, low=0, high=7),
        Column("active_days_28", "BIGINT", "Of the last 28 days.", True, low=0, high=28),
        Column("sessions", "BIGINT", "Sessions.", True, low=0),
        Column("views", "BIGINT", "Views.", True, low=0),
        Column("events", "BIGINT", "Events.", True, low=1),
        Column("engaged_us", "BIGINT", "Engaged time, microseconds.", True, low=0),
        Column("conversions", "BIGINT", "Conversion events.", True, low=0),
        Column("orders", "BIGINT", "Orders.", True, low=0),
        Column("last_order_day", "DATE", "Day of the last order."),
        Column("value", shapes.MONEY, "Value by currency, sorted.", True),
        Column("rage_clicks", "BIGINT", "Rage-click signals.", True, low=0),
        Column("latest_nps", "INT", "Latest NPS score.", low=0, high=10),
        Column(
            "lifecycle",
            "STRING",
            "State in the week of as_of.",
            True,
            values=("new", "returning", "resurrecting", "dormant"),
        ),
    ),
)
