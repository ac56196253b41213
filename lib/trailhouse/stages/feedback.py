"""The stage `feedback`: what people say, survey scores, who answers, tickets, themes."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from trailhouse.questions.feedback import scores
from trailhouse.questions.respondents import respondents, tickets
from trailhouse.questions.themes import METHOD, discovered
from trailhouse.questions.voices import (
    answers,
    of_people,
    voices,
    with_display,
    with_page_before,
    with_person,
    with_rage,
)
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import (
    feedback,
    feedback_answers,
    feedback_respondents,
    feedback_themes,
    feedback_tickets,
)


def transform(inputs: Frames, context: Context) -> Frames:
    """Answers with their context, and what they come to by week, breakdown, person and page."""
    rules, project = context.settings.feedback, context.settings.project
    sessions, views = inputs["sessions"], inputs["page_views"]
    said = voices(inputs["activity"], sessions)
    people = of_people(said)
    known = with_person(said, inputs["person_days"], inputs["segment_members"], project)
    shown = with_display(with_rage(known, inputs["signals"]))
    given = answers(with_page_before(shown, views, rules.ticket_pages), rules)
    scored = scores(of_people(shown), project, rules)
    ticketed = with_page_before(people, views, rules.ticket_pages)
    tables = {
        feedback.TABLE: scored,
        feedback_answers.TABLE: given,
        feedback_respondents.TABLE: respondents(people, sessions),
        feedback_tickets.TABLE: tickets(ticketed, views, sessions),
        feedback_themes.TABLE: discovered(people, rules),
    }
    return {table.name: table.select(frame) for table, frame in tables.items()}


def reference() -> str:
    """A hash of what judges texts: methods, and the libraries that hold word lists."""
    libraries = [f"{name} {version(name)}" for name in ("vaderSentiment", "scikit-learn", "regex")]
    return hashlib.sha256("; ".join([METHOD, *libraries]).encode()).hexdigest()[:16]


STAGE = Stage(
    name="feedback",
    reads=("activity", "sessions", "signals", "page_views", "person_days", "segment_members"),
    optional=("segment_members",),
    writes=(
        "feedback",
        "feedback_answers",
        "feedback_respondents",
        "feedback_tickets",
        "feedback_themes",
    ),
    transform=transform,
    version=3,
    settings=("project", "feedback"),
    reference=reference,
    pins={"activity": "sessions", "signals": "sessions", "page_views": "sessions"},
    checks=(
        Check(
            "feedback",
            "interval_holds_score",
            "A score lies in its interval, as a response rate does.",
            "(low <= score AND score <= high) IS NOT FALSE AND "
            "(response_low <= response_rate AND response_rate <= response_high) IS NOT FALSE",
        ),
        Check(
            "feedback",
            "score_on_its_scale",
            "NPS lies within -100 and 100, shares within 0 and 100, CES within 1 and 7.",
            "CASE kind WHEN 'nps' THEN score BETWEEN -100 AND 100 WHEN 'ces' THEN score BETWEEN 1 AND 7 "
            "WHEN 'rating' THEN TRUE ELSE score BETWEEN 0 AND 100 END",
        ),
        Check(
            "feedback", "parts_of_answers", "Top and bottom answers are answers.", "top + bottom <= answers"
        ),
        Check(
            "feedback",
            "parts_of_displays",
            "A display is answered, or dismissed, or neither.",
            "answered + coalesce(dismissed, 0) <= shown",
        ),
        Check(
            "feedback",
            "weeks_add_up",
            "The weeks' answers add up to those of all weeks.",
            query=(
                "SELECT survey_id, kind, 'all' AS week, breakdown, breakdown_value FROM {batch} "
                "GROUP BY survey_id, kind, breakdown, breakdown_value "
                "HAVING sum(if(week = 'all', answers, -answers)) <> 0"
            ),
        ),
        Check(
            "feedback",
            "breakdowns_add_up",
            "The values of a breakdown add up to everyone's answers; those of a segment are among them.",
            query=(
                "SELECT survey_id, kind, week, breakdown, 'all' AS breakdown_value FROM (SELECT *, "
                "max(if(breakdown = 'all', answers, NULL)) OVER "
                "(PARTITION BY survey_id, kind, week) AS whole "
                "FROM {batch}) GROUP BY survey_id, kind, week, breakdown, whole "
                "HAVING if(breakdown = 'segment', max(answers) <= whole, sum(answers) = whole) IS NOT TRUE"
            ),
        ),
        Check(
            "feedback_answers",
            "shown_before_answered",
            "A survey is shown before it is answered.",
            "shown_at <= answer_time",
        ),
        Check(
            "feedback_answers",
            "sentiment_has_score",
            "A sentiment comes with its score.",
            "(sentiment IS NULL) = (sentiment_score IS NULL)",
        ),
        Check(
            "feedback_respondents",
            "parts_of_persons",
            "Persons who converted or struggled are among the persons.",
            "greatest(converted_persons, friction_persons) <= persons",
        ),
        Check(
            "feedback_tickets",
            "writers_saw_the_page",
            "Those who wrote after a page are among those who saw it, and wrote a ticket at least.",
            "ticket_persons <= tickets AND ticket_persons <= coalesce(persons, tickets)",
        ),
        Check(
            "feedback_themes",
            "themes_within_texts",
            "The themes of a survey hold no more texts than it has.",
            query=(
                "SELECT survey_id, max(theme) AS theme FROM {batch} GROUP BY survey_id "
                "HAVING sum(answers) > max(texts)"
            ),
        ),
    ),
)
