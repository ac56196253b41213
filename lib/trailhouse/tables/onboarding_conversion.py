"""`onboarding_conversion`: completed onboarding against trials that became subscriptions."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="onboarding_conversion",
    sentence="Conversion of ended trials, onboarding completed before or not; an association.",
    grain=("onboarding", "device_type"),
    optional=True,
    columns=(
        Column("onboarding", "STRING", "Name of the onboarding.", True),
        Column("unit", "STRING", "What is counted.", True, values=("person", "account", "device")),
        Column("device_type", "STRING", "Device class of the last step done; 'all'.", True),
        Column("trials", "BIGINT", "Units that began onboarding, with a trial that has ended.", True, low=0),
        Column("running", "BIGINT", "Units whose trial has not ended: in no other number.", True, low=0),
        Column(
            "completed",
            "BIGINT",
            "Of trials, those that completed onboarding before any conversion.",
            True,
            low=0,
        ),
        Column("converted", "BIGINT", "Of trials, those that converted.", True, low=0),
        Column("completed_converted", "BIGINT", "Both.", True, low=0),
        *share("completed_share", "completed / trials.", "completed"),
        *share("converted_share", "converted / trials.", "converted"),
        *share("of_completers_share", "completed_converted / completed.", "of_completers"),
        *share("of_others_share", "Conversion of those who did not complete.", "of_others"),
        *share(
            "completed_of_converters_share", "completed_converted / converted.", "completed_of_converters"
        ),
        Column(
            "lift", "DECIMAL(18,4)", "Conversion of completers as a multiple of that of the others.", low=0
        ),
        Column("lift_low", "DECIMAL(18,4)", "Lower end of its 95 % interval (Katz).", low=0),
        Column("lift_high", "DECIMAL(18,4)", "Upper end of it.", low=0),
        Column(
            "difference",
            "DECIMAL(9,6)",
            "Conversion of completers less that of the others: the points of conversion that a point of "
            "completion goes with, and is worth at most, if it is the cause.",
            low=-1,
            high=1,
        ),
        Column(
            "difference_low", "DECIMAL(9,6)", "Lower end of its 95 % interval (Newcombe).", low=-1, high=1
        ),
        Column("difference_high", "DECIMAL(9,6)", "Upper end of it.", low=-1, high=1),
        Column("p", "DECIMAL(9,8)", "p of no difference (Fisher).", low=0, high=1),
        Column("q", "DECIMAL(9,8)", "p adjusted for all device classes.", low=0, high=1),
        Column("too_few", "BOOLEAN", "Too few trials for a claim.", True),
    ),
)
