"""`tasks`: who gets a declared task done, and how long that takes."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="tasks",
    sentence="Attempts at each declared task, how many were completed, and the time on task.",
    grain=("task", "breakdown", "value", "period"),
    optional=True,
    columns=(
        Column("task", "STRING", "Name of the task.", True),
        Column("definition", "STRING", "What it is, as declared.", True),
        Column(
            "breakdown",
            "STRING",
            "What the attempts are broken down by.",
            True,
            values=("all", "device_type", "channel", "release", "segment"),
        ),
        Column(
            "value",
            "STRING",
            "Value of that at the start; 'all' for every attempt. An attempt can be in several segments.",
            True,
        ),
        Column("period", "STRING", "First day of the start's week as YYYY-MM-DD; 'all' for all.", True),
        Column("attempts", "BIGINT", "Attempts that are over.", True, low=1),
        Column("persons", "BIGINT", "People who made them.", True, low=1),
        Column("attempts_per_person", "DECIMAL(18,4)", "attempts / persons.", True, low=1),
        Column("completed", "BIGINT", "Attempts that came to the end.", True, low=0),
        *share("completion_rate", "completed / attempts.", required=True),
        Column("median_us", "BIGINT", "Median time on task of the completed, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that, microseconds.", low=0),
        Column(
            "steps",
            "ARRAY<STRUCT<name: STRING, attempts: BIGINT>>",
            "The declared steps, and the attempts that did each and those before it, in order.",
            True,
        ),
    ),
)
