"""`trends`: figures by period, a row a question, series, breakdown value and period."""

from __future__ import annotations

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

MEASURES = ("count", "units", "sessions", "per_unit", "sum", "avg", "min", "max", "percentile", "formula")

TABLE = Table(
    name="trends",
    sentence="Figures of declared series by hour, day, week or month, with formulas of them.",
    grain=("question", "series", "breakdown_by", "breakdown", "currency", "start"),
    partition_by=("question",),
    columns=(
        *ASKED,
        Column("series", "STRING", "Name of the series or formula.", True),
        Column("measure", "STRING", "What it tells.", True, values=MEASURES),
        Column("breakdown_by", "STRING", "Field that it is broken down by, or 'all'.", True),
        Column("breakdown", "STRING", "Its value, 'other' beyond the limit of that period; or 'all'.", True),
        Column("currency", "STRING", "Of money; null else."),
        Column("date", "DATE", "First day of the period, in the project's zone.", True),
        Column("start", "TIMESTAMP", "The instant at which the period begins.", True),
        Column("value", "DECIMAL(38,9)", "The figure; null where there is nothing to tell it from."),
        Column("units", "BIGINT", "Distinct units with such an event; null for a formula.", low=0),
        Column("previous", "DECIMAL(38,9)", "The value of the period that it is compared with."),
        Column("complete", "BOOLEAN", "The watermark has passed the period's end.", True),
    ),
)
