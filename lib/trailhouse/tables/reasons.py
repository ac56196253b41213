"""`reasons`: what goes with stopping, behind each number that is asked for."""

from trailhouse.contract import Column, Table

KINDS = ("funnel step", "task")
VERDICTS = ("association", "no clear difference", "too few")

TABLE = Table(
    name="reasons",
    sentence="Ranked reasons behind funnel steps and tasks: what those who stopped had more often.",
    grain=("question", "step", "rank"),
    optional=True,
    columns=(
        Column("question", "STRING", "Name of the funnel or task.", True),
        Column("asked", "STRING", "What kind of number it is.", True, values=KINDS),
        Column("step", "INT", "Of a funnel, the step that some did not go on to; null: a task.", low=2),
        Column("number", "STRING", "What those who stopped did not do, in words.", True),
        Column("rank", "INT", "Place of the reason: what is surely more frequent first.", True, low=1),
        Column("kind", "STRING", "Kind of reason (docs/questions/why.md).", True),
        Column("value", "STRING", "Which one of its kind.", True),
        Column("page_group", "STRING", "Page template where it was."),
        Column("element", "STRING", "Selector of its element."),
        Column("release", "STRING", "Of an error: the release in which nearly all had it."),
        Column("with_it", "BIGINT", "Units with it among those who stopped.", True, low=0),
        Column("units", "BIGINT", "Units that stopped, and could have it.", True, low=0),
        Column("share", "DECIMAL(9,6)", "with_it / units.", low=0, high=1),
        Column("others_with_it", "BIGINT", "Units with it among those who went on.", True, low=0),
        Column("others", "BIGINT", "Units that went on, and could have it.", True, low=0),
        Column("share_others", "DECIMAL(9,6)", "others_with_it / others.", low=0, high=1),
        Column("excess", "DECIMAL(18,1)", "with_it less what it were with the share of the others.", True),
        Column("lift", "DECIMAL(18,4)", "share / share_others, counts of 0 as a half.", low=0),
        Column("low", "DECIMAL(18,4)", "Lower end of its 95 % interval.", low=0),
        Column("high", "DECIMAL(18,4)", "Upper end of it.", low=0),
        Column("p", "DECIMAL(9,8)", "p of no difference (Fisher's exact test).", low=0, high=1),
        Column("q", "DECIMAL(9,8)", "p adjusted for all reasons compared.", low=0, high=1),
        Column("compared", "INT", "Reasons that were compared.", True, low=1),
        Column("too_few", "BOOLEAN", "Whether the counts are too small to tell.", True),
        Column("verdict", "STRING", "What may be said of it.", True, values=VERDICTS),
        Column("what", "STRING", "The reason in words.", True),
        Column("sentence", "STRING", "The same with its counts, and what may be said of it.", True),
        Column(
            "comments",
            "ARRAY<STRING>",
            "Words of units that stopped with it, up to three; on a claimed theme, if any are.",
            True,
        ),
        Column(
            "sessions",
            "ARRAY<STRUCT<session_id: STRING, recorded: BOOLEAN>>",
            "Sessions of such units, up to five; recorded: a replay is kept.",
            True,
        ),
    ),
)
