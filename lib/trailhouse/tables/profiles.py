"""`profiles`: what is known of a person as of a day."""

from trailhouse.contract import Column, Table
from trailhouse.profiles.measures import WINDOWS
from trailhouse.profiles.measures import columns as measured
from trailhouse.tables import _shapes as shapes

COMPUTED_TRAITS = "ARRAY<STRUCT<name: STRING, number: DECIMAL(28,4), text: STRING, list: ARRAY<STRING>>>"
INTERESTS = "ARRAY<STRUCT<name: STRING, weight: DECIMAL(18,6), share: DECIMAL(9,6)>>"

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
        Column("user_id", "STRING", "Main user: the one with most events, then the least."),
        Column("account_id", "STRING", "Main company account: the one with most events, then the least."),
        Column("identifiers", "ARRAY<STRUCT<type: STRING, value: STRING>>", "All identifiers, sorted.", True),
        Column("traits", "STRING", "Latest traits, last write wins by trait, JSON."),
        Column(
            "computed_traits",
            COMPUTED_TRAITS,
            "Traits by the rules of settings.profiles that have an event, by name: number of a count or sum, "
            "list of a unique_list, else text.",
            True,
        ),
        Column("first_channel", "STRING", "Channel of the first session that has ended."),
        Column("last_channel", "STRING", "Channel of the last session that has ended."),
        Column("first_campaign", "STRING", "Campaign name of the first session that has ended."),
        Column("first_page", "STRING", "Entry page of the first session that has ended."),
        Column("device_type", "STRING", "Device type of the last session that tells."),
        Column("device_types", "ARRAY<STRING>", "All device types, sorted.", True),
        Column("country", "STRING", "Country of the last session that tells."),
        Column("devices", "BIGINT", "Distinct device ids in sessions.", True, low=0),
        Column("favourite_pages", "ARRAY<STRING>", "Page groups with most views, then the least name.", True),
        Column(
            "favourite_hours",
            "ARRAY<INT>",
            "Hours of the project's day in which most sessions began, then the earliest.",
            True,
        ),
        *measured(),
        Column(
            "interest_categories",
            INTERESTS,
            "Categories of items by the faded weight of interactions with them, as of last_interest_day; "
            "share: of all categories.",
            True,
        ),
        Column("interest_items", INTERESTS, "Items by the same; share: of all items.", True),
        Column("last_interest_day", "DATE", "Last day with an interaction with an item."),
        Column("value", shapes.MONEY, "Value of conversions by currency, sorted.", True),
        *(
            Column(
                f"value_{days}", shapes.MONEY, f"Of the last {days} days." if days > 1 else "Of the last day."
            )
            for days in WINDOWS
        ),
        Column(
            "frustration_rate",
            "DECIMAL(9,6)",
            "Share of ended sessions with a signal of struggle.",
            low=0,
            high=1,
        ),
        Column("latest_nps", "INT", "Latest NPS score.", low=0, high=10),
        Column("latest_csat", "INT", "Latest CSAT score.", low=1, high=5),
        Column(
            "lifecycle",
            "STRING",
            "State in the week of as_of.",
            True,
            values=("new", "returning", "resurrecting", "dormant"),
        ),
    ),
)
