"""`person_days`: what a person did on a day."""

from trailhouse.contract import Column, Table
from trailhouse.tables import _shapes as shapes

TABLE = Table(
    name="person_days",
    sentence="One row a person and project day, without bots and internal traffic.",
    grain=("person_id", "day"),
    partition_by=("day",),
    columns=(
        Column("person_id", "STRING", "The person.", True),
        Column("day", "DATE", "Day in the project's zone.", True),
        Column("first_time", "TIMESTAMP", "First event of the day.", True),
        Column("last_time", "TIMESTAMP", "Last event of the day.", True),
        Column("events", "BIGINT", "Events.", True, low=1),
        Column("sessions", "BIGINT", "Sessions that began that day.", True, low=0),
        Column("bounces", "BIGINT", "Of these, bounces.", True, low=0),
        Column("views", "BIGINT", "Views that began that day.", True, low=0),
        Column("clicks", "BIGINT", "Clicks.", True, low=0),
        Column("searches", "BIGINT", "Searches.", True, low=0),
        Column("cart_adds", "BIGINT", "Products put into the cart.", True, low=0),
        Column("form_submits", "BIGINT", "Forms submitted.", True, low=0),
        Column("media_plays", "BIGINT", "Videos started.", True, low=0),
        Column(
            "engaged_us",
            "BIGINT",
            "Engaged time of the sessions that began that day, microseconds.",
            True,
            low=0,
        ),
        Column("conversions", "BIGINT", "Conversion events.", True, low=0),
        Column("orders", "BIGINT", "Orders.", True, low=0),
        Column("value", shapes.MONEY, "Value of conversions by currency, sorted.", True),
        Column("rage_clicks", "BIGINT", "Rage-click signals.", True, low=0),
        Column("signals", "BIGINT", "Signals of struggle, of the first preset of each kind.", True, low=0),
    ),
)
