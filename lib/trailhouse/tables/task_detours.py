"""`task_detours`: where people go while a task is under way."""

from trailhouse.contract import Column, Table
from trailhouse.tables._shares import share

TABLE = Table(
    name="task_detours",
    sentence="Attempts that leave a task's own pages: how many, where to, who returns, what it takes.",
    grain=("task", "breakdown", "value", "what", "place"),
    optional=True,
    columns=(
        Column("task", "STRING", "Name of the task.", True),
        Column(
            "breakdown",
            "STRING",
            "What the attempts are broken down by.",
            True,
            values=("all", "device_type", "release"),
        ),
        Column("value", "STRING", "Value of that at the start; 'all' for every attempt.", True),
        Column(
            "what",
            "STRING",
            "Whether a row is of every detour, or of those that first went to one page or feature.",
            True,
            values=("all", "page", "feature"),
        ),
        Column("place", "STRING", "Page template or feature; 'all' for every detour.", True),
        Column(
            "rank",
            "INT",
            "Its place by detours, from 1, at most ten; 0 for every detour.",
            True,
            low=0,
            high=10,
        ),
        Column("attempts", "BIGINT", "Attempts that are over, with a detour or without.", True, low=1),
        Column("detours", "BIGINT", "Those with a detour (that first went there).", True, low=0),
        *share("share", "detours / attempts.", "share"),
        Column("returned", "BIGINT", "Of the detours, those that came back from the first one.", True, low=0),
        *share("returned_share", "returned / detours.", "returned_share"),
        Column("median_us", "BIGINT", "Median time lost of the returned, microseconds.", low=0),
        Column("p90_us", "BIGINT", "90th percentile of that, microseconds.", low=0),
        Column("total_us", "BIGINT", "Sum of that, microseconds.", low=0),
        Column("completed", "BIGINT", "Of the detours, attempts that were completed.", True, low=0),
        Column("completion_rate", "DECIMAL(9,6)", "completed / detours.", low=0, high=1),
        Column("without", "BIGINT", "Attempts without any detour.", True, low=0),
        Column("completed_without", "BIGINT", "Of these, the completed.", True, low=0),
        Column("completion_rate_without", "DECIMAL(9,6)", "completed_without / without.", low=0, high=1),
        Column(
            "difference",
            "DECIMAL(9,6)",
            "completion_rate less completion_rate_without: an association, for who makes a detour differs.",
            low=-1,
            high=1,
        ),
        Column(
            "difference_low", "DECIMAL(9,6)", "Lower end of its 95 % interval (Newcombe).", low=-1, high=1
        ),
        Column("difference_high", "DECIMAL(9,6)", "Upper end of it.", low=-1, high=1),
        Column("p", "DECIMAL(9,8)", "Of no difference (Fisher's exact test).", low=0, high=1),
        Column("q", "DECIMAL(9,8)", "p adjusted for all rows (Benjamini and Hochberg).", low=0, high=1),
        Column("too_few", "BOOLEAN", "Whether attempts are too few to tell.", True),
    ),
)
