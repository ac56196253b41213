"""`feedback_answers`: what people say, one row an answer, a piece of feedback or a ticket."""

from trailhouse.contract import Column, Table
from trailhouse.tables import _shapes as shapes

KINDS = ("nps", "csat", "ces", "rating", "choice", "text", "ticket")

TABLE = Table(
    name="feedback_answers",
    sentence="Answers, feedback and support tickets: where they were given, what they tell.",
    grain=("event_id",),
    partition_by=("answer_date",),
    columns=(
        Column("event_id", "STRING", "The event.", True),
        Column("answer_date", "DATE", "UTC day of answer_time.", True),
        Column("answer_time", "TIMESTAMP", "When it was given.", True),
        Column("survey_id", "STRING", "The survey; 'all' where it has no id.", True),
        Column("kind", "STRING", "What was asked.", True, values=KINDS),
        Column("score", "INT", "Score or rating as sent."),
        Column("on_scale", "BOOLEAN", "Whether it lies on the scale of its kind; null: no score."),
        Column("text", "STRING", "The answer in words, the choice, or the ticket's text."),
        Column("trigger", "STRING", "What brought the question up, as sent."),
        Column("person_id", "STRING", "Who said it."),
        Column("session_id", "STRING", "In which session."),
        Column("view_id", "STRING", "On which view."),
        Column("page_group", "STRING", "Page template where it was said."),
        Column("page_path", "STRING", "Path where it was said."),
        Column("page_before", "STRING", "Of a ticket: the page seen last before it, within a day."),
        Column("event_number", "INT", "Its number in the session.", low=1),
        Column("view_number", "INT", "The number of its view in the session.", low=1),
        Column("views_before", "INT", "Views of the session before its own.", low=0),
        Column("since_start_us", "BIGINT", "Time since the session's start, microseconds."),
        Column("shown_at", "TIMESTAMP", "Last time that the survey was shown to the person before."),
        Column("rage_before", "INT", "Rage clicks earlier in the session; null outside of sessions.", low=0),
        Column("selector", "STRING", "The element it is pinned to."),
        Column("element_text", "STRING", "Text of that element."),
        Column("box", shapes.BOX, "Its place on the page, px."),
        Column("x", "INT", "Where on the page it is pinned, px from the left."),
        Column("y", "INT", "The same, px from the top."),
        Column("device_type", "STRING", "desktop, mobile, tablet, ..."),
        Column("viewport", shapes.SIZE, "Visible area in CSS px."),
        Column("channel", "STRING", "Channel of the session."),
        Column("cohort", "STRING", "Month of the person's first day as YYYY-MM; null: not known."),
        Column(
            "segments", "ARRAY<STRING>", "Segments that the person was in on that project day, sorted.", True
        ),
        Column("language", "STRING", "Language tag."),
        Column("experiments", shapes.EXPERIMENTS, "Experiments and variants."),
        Column("themes", "ARRAY<STRING>", "Themes of the codebook that its text tells of, sorted.", True),
        Column(
            "sentiment",
            "STRING",
            "Of an English text; null: not judged.",
            values=("positive", "neutral", "negative"),
        ),
        Column(
            "sentiment_score", "DECIMAL(5,4)", "VADER's compound score; null: not judged.", low=-1, high=1
        ),
        Column("is_bot", "BOOLEAN", "Left out of metrics.", True),
        Column("internal", "BOOLEAN", "Own staff; left out of metrics.", True),
    ),
)
