"""`onboarding_steps`: where people leave onboarding, and since when an element lies below the fold."""

from trailhouse.contract import Column, Table


def _interval(name: str, of: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{name}_low", "DECIMAL(9,6)", f"Lower end of the 95 % interval of {of} (Wilson).", low=0, high=1
        ),
        Column(f"{name}_high", "DECIMAL(9,6)", "Upper end of it.", low=0, high=1),
    )


TABLE = Table(
    name="onboarding_steps",
    sentence="Drop-offs of onboarding by step and device class, and the day an element fell below the fold.",
    grain=("onboarding", "step", "device_type"),
    optional=True,
    columns=(
        Column("onboarding", "STRING", "Name of the onboarding.", True),
        Column("unit", "STRING", "What is counted.", True, values=("person", "account", "device")),
        Column("step", "INT", "Number of the step in its funnel.", True, low=2),
        Column("step_name", "STRING", "Its name.", True),
        Column("device_type", "STRING", "Device class of the last step done; 'all'.", True),
        Column(
            "entered",
            "BIGINT",
            "Units that did the step before, and had the time to do this one.",
            True,
            low=1,
        ),
        Column("dropped", "BIGINT", "Of these, those that did not.", True, low=0),
        Column("all_dropped", "BIGINT", "Drop-offs at all steps.", True, low=0),
        Column(
            "share",
            "DECIMAL(9,6)",
            "dropped / all_dropped: the step's share of all drop-offs.",
            low=0,
            high=1,
        ),
        *_interval("share", "this share"),
        Column("rate", "DECIMAL(9,6)", "dropped / entered.", True, low=0, high=1),
        *_interval("rate", "this rate"),
        Column("views", "BIGINT", "Views of the step's page, where one is declared.", True, low=0),
        Column("judged", "BIGINT", "Of these, those of which the element's place is known.", True, low=0),
        Column(
            "below_share", "DECIMAL(9,6)", "Share of judged with the element below the fold.", low=0, high=1
        ),
        Column(
            "slipped",
            "BOOLEAN",
            "Its y moved past the usual fold of devices, or back: q below 0.05, not too few.",
            True,
        ),
        Column("last_before", "DATE", "Last day with views before the likeliest change."),
        Column("slipped_on", "DATE", "First day with views after it."),
        Column("below_before", "DECIMAL(9,6)", "Share below the fold before.", low=0, high=1),
        Column("below_after", "DECIMAL(9,6)", "Share from that day on.", low=0, high=1),
        Column("p", "DECIMAL(9,8)", "p of no change on any day (Fisher, times the days).", low=0, high=1),
        Column("q", "DECIMAL(9,8)", "p adjusted for all steps and device classes.", low=0, high=1),
        Column("slip_too_few", "BOOLEAN", "Too few views for a claim."),
        Column("entered_before", "BIGINT", "entered before that day.", low=0),
        Column("dropped_before", "BIGINT", "dropped of these.", low=0),
        Column("entered_after", "BIGINT", "entered from that day on.", low=0),
        Column("dropped_after", "BIGINT", "dropped of these.", low=0),
        Column("difference", "DECIMAL(9,6)", "Drop-off rate after, less that before.", low=-1, high=1),
        Column(
            "difference_low", "DECIMAL(9,6)", "Lower end of its 95 % interval (Newcombe).", low=-1, high=1
        ),
        Column("difference_high", "DECIMAL(9,6)", "Upper end of it.", low=-1, high=1),
        Column("difference_p", "DECIMAL(9,8)", "p of no difference (Fisher).", low=0, high=1),
        Column("difference_q", "DECIMAL(9,8)", "That p adjusted for all of them.", low=0, high=1),
        Column("difference_too_few", "BOOLEAN", "Too few units for a claim."),
    ),
)
