"""`task_changes`: why the time on a task changed, in parts that sum to the change."""

from trailhouse.contract import Column, Table

PARTS = ("all", "step", "detours", "release", "device_type", "first_attempt")

TABLE = Table(
    name="task_changes",
    sentence="The change in mean time on task from one period or release to the next, and its parts.",
    grain=("task", "period_kind", "period", "rank"),
    optional=True,
    columns=(
        Column("task", "STRING", "Name of the task.", True),
        Column(
            "period_kind",
            "STRING",
            "What follows each other: weeks, months, or releases by their first attempt.",
            True,
            values=("week", "month", "release"),
        ),
        Column("period", "STRING", "First day of it as YYYY-MM-DD; of releases the version.", True),
        Column(
            "before", "STRING", "The one that it is held against: the last before it that has a time.", True
        ),
        Column("complete", "BOOLEAN", "Whether it is over; null for releases."),
        Column("attempts_before", "BIGINT", "Completed attempts of the one before.", True, low=1),
        Column("attempts", "BIGINT", "Completed attempts of it.", True, low=1),
        Column("mean_before_us", "BIGINT", "Mean time on task before, microseconds.", True, low=0),
        Column("mean_us", "BIGINT", "Mean time on task in it, microseconds.", True, low=0),
        Column("rank", "INT", "The row's place: 0 for the whole change, its parts from 1.", True, low=0),
        Column(
            "part",
            "STRING",
            "The whole change (all); of alike attempts the time to a step or the end (step), what detours "
            "took; other shares of releases, of devices, of first attempts.",
            True,
            values=PARTS,
        ),
        Column("name", "STRING", "Which step; of other parts null."),
        Column("us", "BIGINT", "Microseconds that it adds to the mean; the parts sum to the whole.", True),
        Column("low_us", "BIGINT", "Lower end of its 95 % interval; null for parts that are shares."),
        Column("high_us", "BIGINT", "Upper end of it."),
        Column("p", "DECIMAL(9,8)", "Of no change.", low=0, high=1),
        Column("q", "DECIMAL(9,8)", "p adjusted for all rows of the period's kind.", low=0, high=1),
        Column("too_few", "BOOLEAN", "Whether completed attempts are too few to tell.", True),
    ),
)
