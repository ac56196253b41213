"""`form_fields`: what happens at each field of a form."""

from trailhouse.contract import Column, Table
from trailhouse.tables.forms import OF_FORM

TABLE = Table(
    name="form_fields",
    sentence="Order, time, corrections and leaving by field of a form.",
    grain=("form_id", "page_group", "device_type", "period", "field"),
    columns=(
        *OF_FORM,
        Column("field", "STRING", "The field.", True),
        Column("views", "BIGINT", "Views in which it was touched.", True, low=0),
        Column("persons", "BIGINT", "People who touched it.", True, low=0),
        Column(
            "mean_position", "DECIMAL(18,4)", "Mean rank of its first touch among the fields, from 1.", low=1
        ),
        Column("usual_position", "INT", "Its most frequent rank, of equal ones the first.", low=1),
        Column(
            "median_us",
            "BIGINT",
            "Median time in it a view, microseconds; null where nothing came after it.",
            low=0,
        ),
        Column("changes", "BIGINT", "Changes of it.", True, low=0),
        Column("corrections", "BIGINT", "Of these, those of a field that was done already.", True, low=0),
        Column("corrected_views", "BIGINT", "Views with a correction of it.", True, low=0),
        Column("correction_rate", "DECIMAL(9,6)", "corrected_views / views.", low=0, high=1),
        Column("left_last", "BIGINT", "Abandoned views in which it was the last field.", True, low=0),
        Column(
            "left_last_share", "DECIMAL(9,6)", "left_last / all abandoned views of the form.", low=0, high=1
        ),
    ),
)
