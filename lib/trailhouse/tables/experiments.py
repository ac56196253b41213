"""`experiments`: how variants differ, a row a breakdown value, metric and variant."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

_NUMBER = "DECIMAL(24,6)"
_P = "DECIMAL(9,8)"

TABLE = Table(
    name="experiments",
    sentence="Metrics of an experiment's variants, and their difference from the control.",
    grain=("question", "breakdown_by", "breakdown", "metric", "variant"),
    partition_by=("question",),
    optional=True,
    columns=(
        *ASKED,
        Column("breakdown_by", "STRING", "'all' or the field.", True),
        Column("breakdown", "STRING", "'all' or the field's value at the exposure.", True),
        Column("metric", "STRING", "Name of the metric.", True),
        Column("measure", "STRING", "What is measured per unit.", True, values=("share", "count", "value")),
        Column("currency", "STRING", "Currency of a value."),
        Column("variant", "STRING", "The variant.", True),
        Column("is_control", "BOOLEAN", "What the others are compared with.", True),
        Column("exposed", "BIGINT", "Units exposed to this variant alone.", True, low=0),
        Column("excluded", "BIGINT", "Units of the breakdown's value in several variants: left out.", True,
               low=0),
        Column("units", "BIGINT", "Of the exposed, those whose window is over: all figures are theirs.", True,
               low=0),
        Column("total", "DECIMAL(28,4)", "Sum of the metric over units; null where too large."),
        Column("mean", _NUMBER, "total / units; null for no unit."),
        Column("low", _NUMBER, "Lower end of the mean's interval: Wilson for a share, else Student."),
        Column("high", _NUMBER, "Upper end of it."),
        Column("difference", _NUMBER, "mean less the control's; null in the control's row."),
        Column("difference_low", _NUMBER, "Lower end of its interval: Newcombe for a share, else Welch."),
        Column("difference_high", _NUMBER, "Upper end of it."),
        Column("lift", _NUMBER, "difference / the control's mean; null where that is 0."),
        Column("p_value", _P, "Two-sided: z for a share, else Welch.", low=0, high=1),
        Column("cuped_difference", _NUMBER, "The difference adjusted by the time before exposure."),
        Column("cuped_low", _NUMBER, "Lower end of its interval, Welch."),
        Column("cuped_high", _NUMBER, "Upper end of it."),
        Column("cuped_p_value", _P, "Two-sided, Welch.", low=0, high=1),
        Column("cuped_reduction", "DECIMAL(9,6)", "Share of the variance that the adjustment takes away."),
        Column("always_low", _NUMBER, "Lower end of the interval that holds at every look at the data."),
        Column("always_high", _NUMBER, "Upper end of it."),
        Column("always_p_value", _P, "P value that holds at every look.", low=0, high=1),
        Column("ratio_p_value", _P, "Chi-square of exposed units against the planned split.", low=0, high=1),
    ),
)  # fmt: skip
