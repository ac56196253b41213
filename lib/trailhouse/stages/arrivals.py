"""The stage `arrivals`: what people do after log-in, unexpected ways, sections that hold people."""

from __future__ import annotations

from trailhouse.questions.map_views import views_of_people
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.arrivals import arrived, first_actions, ranked
from trailhouse.why.page_sections import held
from trailhouse.why.searches import looked_for
from trailhouse.why.unexpected import unexpected


def transform(inputs: Frames, context: Context) -> Frames:
    """No row where no log-in is declared."""
    settings, activity, sessions = context.settings, inputs["activity"], inputs["sessions"]
    asked, project = settings.arrivals, settings.project
    if asked.login is None:
        return {name: no_rows(TABLES[name], activity) for name in STAGE.writes}
    events = arrived(activity, sessions, asked)
    page_views = inputs["page_views"]
    cap = settings.sessions.gap_cap_seconds * 1_000_000
    views = views_of_people(page_views, sessions, project)
    made = {
        "arrivals": ranked(first_actions(events)),
        "arrival_searches": looked_for(events, sessions, asked, settings.feedback.themes, project),
        "unexpected_actions": unexpected(page_views, activity, inputs["signals"], sessions, asked),
        "page_sections": held(activity, views, asked, project, cap),
    }
    return {name: TABLES[name].select(frame) for name, frame in made.items()}


def declared(settings: Settings) -> bool:
    """Whether a log-in is."""
    return settings.arrivals.login is not None


STAGE = Stage(
    name="arrivals",
    reads=("activity", "page_views", "sessions", "signals"),
    writes=("arrivals", "arrival_searches", "unexpected_actions", "page_sections"),
    transform=transform,
    settings=("arrivals", "project", "feedback.themes", "sessions.gap_cap_seconds"),
    pins=dict.fromkeys(("activity", "page_views", "signals"), "sessions"),
    wanted=declared,
    checks=(
        Check(
            "arrivals",
            "parts_of_arrivals",
            "Persons are among arrivals, these among all, and a share lies in its interval.",
            "persons <= logins AND logins <= all_logins AND share BETWEEN low AND high",
        ),
        Check(
            "arrivals",
            "one_action_a_place",
            "The actions of a place are no more than all arrivals.",
            query=(
                "SELECT what, position, 'all' AS kind, 'all' AS action FROM {batch} "
                "GROUP BY what, position HAVING sum(logins) > max(all_logins)"
            ),
        ),
        Check(
            "arrival_searches",
            "parts_of_searches",
            "What came of searches is among the searches, and who made them among their arrivals.",
            "persons <= arrivals AND arrivals <= least(times, logins) AND coalesce(first, 0) <= arrivals "
            "AND first_known <= known AND known <= times AND coalesce(empty, 0) <= known "
            "AND coalesce(first_empty, 0) <= first_known "
            "AND greatest(coalesce(again, 0), coalesce(opened, 0), coalesce(found, 0)) <= times",
        ),
        Check(
            "arrival_searches",
            "breakdowns_add_up",
            "The values of a breakdown add up to everyone's.",
            query=(
                "SELECT what, term, 'all' AS breakdown, 'all' AS value FROM (SELECT what, term, breakdown, "
                "sum(times) AS times FROM {batch} GROUP BY what, term, breakdown) "
                "GROUP BY what, term HAVING min(times) <> max(times)"
            ),
        ),
        Check(
            "unexpected_actions",
            "parts_of_ways",
            "A way is gone no oftener than all from its page, and back no oftener than there.",
            "greatest(persons, sessions, returned) <= times AND times <= all_times "
            "AND sessions <= all_sessions",
        ),
        Check(
            "page_sections",
            "parts_of_views",
            "A section holds no more views than the page has, for its mean.",
            "held_views <= views AND pairs <= held_views AND (seconds BETWEEN low AND high) IS NOT FALSE",
        ),
        Check(
            "page_sections",
            "breakdowns_add_up",
            "The time of a section in weeks adds up to that in all of them.",
            query=(
                "SELECT page_group, device_type, 'all' AS period, from_px, section FROM {batch} "
                "GROUP BY page_group, device_type, from_px, section "
                "HAVING sum(if(period = 'all', total_ms, -total_ms)) <> 0"
            ),
        ),
    ),
)
