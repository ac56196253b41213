"""`onboarding_fold`: where the element of an onboarding step lies against the fold, by day."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="onboarding_fold",
    sentence="Views of a step's page with its element below the fold, by device class and day.",
    grain=("onboarding", "step", "device_type", "day"),
    optional=True,
    columns=(
        Column("onboarding", "STRING", "Name of the onboarding.", True),
        Column("step", "INT", "Number of the step in its funnel.", True, low=1),
        Column("step_name", "STRING", "Its name.", True),
        Column("device_type", "STRING", "desktop, mobile, tablet, ...; 'all'.", True),
        Column("day", "DATE", "Day of the view in the project's zone.", True),
        Column("views", "BIGINT", "Views of the page.", True, low=1),
        Column("clicked", "BIGINT", "Views with a click on the element.", True, low=0),
        Column(
            "judged", "BIGINT", "Views of which the element's place and the viewport are known.", True, low=0
        ),
        Column("median_y", "INT", "Where the element begins, page px (median of judged).", low=0),
        Column("median_fold", "INT", "Where the first screen ends, page px.", low=0),
        Column("below_fold", "BIGINT", "Judged views where it begins there or lower.", low=0),
        Column("below_share", "DECIMAL(9,6)", "below_fold / judged.", low=0, high=1),
        Column("scrolled", "BIGINT", "Judged views whose scrolling is collected.", True, low=0),
        Column("reached", "BIGINT", "Of these, those that saw all of it, or clicked it.", low=0),
        Column("reached_share", "DECIMAL(9,6)", "reached / scrolled.", low=0, high=1),
    ),
)
