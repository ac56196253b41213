"""What the report reads of feedback: a bounded number of rows and texts, each text cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.questions.voices import of_people
from trailhouse.tables.feedback import BREAKDOWNS

Frames = Mapping[str, DataFrame]

VALUES = 8
"""Values of a breakdown that are shown: those with most answers."""
TEXTS, LENGTH = 40, 400
PLACES = (0, 1, 2, 3, 5, 10)
"""Views seen before: counted one by one, then the beginnings of ranges."""


def feedback(frames: Frames) -> DataFrame:
    everyone = frames["feedback"].where("breakdown = 'all'")
    return everyone.orderBy("kind", "survey_id", F.desc("week"))


def feedback_parts(frames: Frames) -> DataFrame:
    parts = frames["feedback"].where("breakdown <> 'all' AND week = 'all' AND kind <> 'unknown'")
    of = Window.partitionBy("survey_id", "kind", "breakdown").orderBy(F.desc("answers"), "breakdown_value")
    place = F.array_position(F.array(*map(F.lit, BREAKDOWNS)), F.col("breakdown"))
    return (
        parts.withColumn("rank", F.row_number().over(of))
        .where(F.col("rank") <= VALUES)
        .orderBy("kind", "survey_id", place, "rank")
    )


def _texts(frames: Frames) -> DataFrame:
    return of_people(frames["feedback_answers"]).where("text IS NOT NULL")


def _cut(text: str) -> Column:
    return F.substring(text, 1, LENGTH)


def feedback_texts(frames: Frames) -> DataFrame:
    newest = _texts(frames).where("kind <> 'choice'").orderBy(F.desc("answer_time"), "event_id")
    return newest.withColumn("text", _cut("text"))


def feedback_codebook(frames: Frames) -> DataFrame:
    themes = F.concat(F.array(F.lit("all")), F.col("themes"))
    texts = _texts(frames).where("kind <> 'choice'")
    told = texts.select("text", "sentiment", "answer_time", "event_id", F.explode(themes).alias("theme"))
    counts = {name: F.count_if(F.col("sentiment") == name) for name in ("positive", "neutral", "negative")}
    return (
        told.groupBy("theme")
        .agg(
            F.count("*").alias("texts"),
            *[count.alias(name) for name, count in counts.items()],
            F.max_by(_cut("text"), F.struct("answer_time", "event_id")).alias("example"),
        )
        .orderBy(F.desc(F.col("theme") == "all"), F.desc("texts"), "theme")
    )


def feedback_found(frames: Frames) -> DataFrame:
    everything = frames["feedback_themes"].where("survey_id = 'all'")
    texts = F.transform("examples", lambda one: F.substring(one["text"], 1, LENGTH))
    return everything.withColumn("examples", texts).orderBy("theme")


def feedback_pinned(frames: Frames) -> DataFrame:
    pinned = of_people(frames["feedback_answers"]).where("selector IS NOT NULL")
    rated = (F.col("kind") == "rating") & F.col("on_scale")
    newest = F.when(F.col("text").isNotNull(), F.struct("answer_time", "event_id"))
    return (
        pinned.groupBy("page_group", "selector")
        .agg(
            F.count("*").alias("notes"),
            F.count_if(rated).alias("ratings"),
            F.sum(F.when(rated, F.col("score"))).alias("stars"),
            F.max_by(_cut("text"), newest).alias("text"),
        )
        .orderBy(F.desc("notes"), "page_group", "selector")
    )


def feedback_places(frames: Frames) -> DataFrame:
    least = F.greatest(*[F.when(F.col("views_before") >= place, place) for place in PLACES])
    return (
        of_people(frames["feedback_answers"])
        .where("views_before IS NOT NULL")
        .groupBy("survey_id", "kind", least.alias("views_before"))
        .agg(F.count("*").alias("answers"), F.percentile("since_start_us", 0.5).alias("median_us"))
        .orderBy("kind", "survey_id", "views_before")
    )


def feedback_respondents(frames: Frames) -> DataFrame:
    return frames["feedback_respondents"].orderBy("survey_id", F.desc("answered"))


def feedback_tickets(frames: Frames) -> DataFrame:
    return frames["feedback_tickets"].orderBy(
        F.desc_nulls_last("per_thousand"), F.desc("tickets"), "page_group"
    )


def usability_tests(frames: Frames) -> DataFrame:
    return frames["usability_tests"].orderBy("study", "task", "participant")


_SCORES = (
    "answers top bottom score low high shown answered dismissed response_rate response_low response_high"
)
QUERIES: tuple[tuple[str, str, str, str, Callable[[Frames], DataFrame], int], ...] = (
    ("feedback", "Survey scores of everyone.", "feedback", f"survey_id kind week {_SCORES}", feedback, 600),
    (
        "feedback_parts",
        "Survey scores by page, device and so on, over all weeks.",
        "feedback",
        f"survey_id kind breakdown breakdown_value {_SCORES}",
        feedback_parts,
        600,
    ),
    (
        "feedback_texts",
        "The newest texts.",
        "feedback_answers",
        "answer_time survey_id kind score text page_group themes sentiment rage_before",
        feedback_texts,
        TEXTS,
    ),
    (
        "feedback_codebook",
        "Texts by theme of the codebook.",
        "feedback_answers",
        "theme texts positive neutral negative example",
        feedback_codebook,
        40,
    ),
    (
        "feedback_found",
        "Themes that a model found.",
        "feedback_themes",
        "model_version theme words answers texts share examples",
        feedback_found,
        50,
    ),
    (
        "feedback_pinned",
        "Feedback by element.",
        "feedback_answers",
        "page_group selector notes ratings stars text",
        feedback_pinned,
        30,
    ),
    (
        "feedback_places",
        "Answers by how far into a session.",
        "feedback_answers",
        "survey_id kind views_before answers median_us",
        feedback_places,
        40 * len(PLACES),
    ),
    (
        "feedback_respondents",
        "Who answers.",
        "feedback_respondents",
        "survey_id answered persons sessions_per_person engaged_us_per_person conversion conversion_low"
        " conversion_high friction friction_low friction_high",
        feedback_respondents,
        60,
    ),
    (
        "feedback_tickets",
        "Tickets by the page before.",
        "feedback_tickets",
        "page_group tickets ticket_persons persons per_thousand low high",
        feedback_tickets,
        25,
    ),
    (
        "usability_tests",
        "Results of usability tests.",
        "usability_tests",
        "study participant task success time_us errors sus",
        usability_tests,
        5_000,
    ),
)
"""Name, sentence, tables, columns, rows, limit of each, as of `ReportQuery`."""
