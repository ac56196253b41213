"""`task_failures`: what came last in attempts at a task that failed."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="task_failures",
    sentence="The most frequent last pages, signals and elements of failed attempts, at most ten of each.",
    grain=("task", "what", "value"),
    optional=True,
    columns=(
        Column("task", "STRING", "Name of the task.", True),
        Column("what", "STRING", "What came last.", True, values=("page_group", "signal", "element")),
        Column("rank", "INT", "Its place by failures, from 1.", True, low=1, high=10),
        Column("value", "STRING", "Which page template, kind of signal, or selector.", True),
        Column("failures", "BIGINT", "Failed attempts whose last it was.", True, low=1),
        Column("share", "DECIMAL(9,6)", "failures / all failed attempts.", True, low=0, high=1),
        Column("completions", "BIGINT", "Completed attempts whose last it was.", True, low=0),
        Column(
            "share_of_completed",
            "DECIMAL(9,6)",
            "completions / all completed attempts; null where there is none.",
            low=0,
            high=1,
        ),
        Column("failures_with", "BIGINT", "Failed attempts that have it at all.", True, low=1),
        Column("completions_with", "BIGINT", "Completed attempts that have it at all.", True, low=0),
        Column(
            "lift",
            "DECIMAL(18,4)",
            "failures_with / all failed attempts, as a multiple of completions_with / all completed ones.",
            low=0,
        ),
        Column("low", "DECIMAL(18,4)", "Lower end of its 95 % interval (Katz).", low=0),
        Column("high", "DECIMAL(18,4)", "Upper end of it.", low=0),
        Column("p", "DECIMAL(9,8)", "Of no difference (Fisher's exact test).", low=0, high=1),
        Column(
            "q",
            "DECIMAL(9,8)",
            "p adjusted for the fifty most frequent of each task and kind (Benjamini and Hochberg).",
            low=0,
            high=1,
        ),
        Column("too_few", "BOOLEAN", "Whether attempts are too few to tell.", True),
    ),
)
