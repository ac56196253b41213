"""The stage `feature_usage`: features in use, what keeps people from them, what is missing, who stays."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame

from trailhouse.identity.settle import settled
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Feature, Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.feature_blockers import blockers, where_offered
from trailhouse.why.feature_gaps import asked_for, searches, wandered
from trailhouse.why.feature_impact import impact
from trailhouse.why.feature_usage import usage, with_values
from trailhouse.why.feature_use import MEMBERS, among, exposed_persons, marked, offered

_WHERE_THERE = ("profiles", "segment_members", "feedback_answers", "task_attempts")
_ADD_UP = ("exposed", "tried", "adopted", "uses", "person_weeks")


def transform(inputs: Frames, context: Context) -> Frames:
    """Uses and offers are written to the scratch folder first: three of the tables are counted from them."""
    settings = context.settings
    rules, project, features = settings.features, settings.project, settings.features.declared
    if not features:
        return {name: no_rows(TABLES[name], inputs["activity"]) for name in STAGE.writes}
    activity, sessions, days = inputs["activity"], inputs["sessions"], inputs["person_days"]
    looked_for = dict(features)
    if rules.among is not None:
        looked_for[MEMBERS] = Feature(use=(rules.among,))
    marks = settled(marked(activity, sessions, looked_for, project), context.scratch, "marks")
    members = None if rules.among is None else among(marks)
    every = offered(marks, inputs["page_views"], sessions, days, features, project)
    if members is not None:
        every = every.join(members, on="person_id", how="left_semi")
    offers = settled(every, context.scratch, "offers")
    persons = with_values(
        exposed_persons(offers),
        sessions,
        inputs["profiles"],
        inputs["segment_members"],
        rules,
        settings.profiles,
    )
    people = settled(where_offered(persons, inputs, project), context.scratch, "people")
    gaps = reduce(
        DataFrame.unionByName,
        [
            searches(activity, sessions, project),
            asked_for(inputs["feedback_answers"], rules, project),
            wandered(inputs["task_attempts"], project),
        ],
    )
    made = {
        "feature_usage": usage(offers, people, days, inputs["watermark"], features, project),
        "feature_blockers": blockers(people, marks, inputs),
        "feature_gaps": gaps,
        "feature_impact": impact(offers, days, sessions, inputs["watermark"], rules.weeks, project, members),
    }
    return {name: TABLES[name].select(frame) for name, frame in made.items()}


def declared(settings: Settings) -> bool:
    """Whether there is any feature."""
    return bool(settings.features.declared)


STAGE = Stage(
    name="feature_usage",
    reads=("activity", "sessions", "page_views", "person_days", "signals", "watermark", *_WHERE_THERE),
    writes=("feature_usage", "feature_blockers", "feature_gaps", "feature_impact"),
    transform=transform,
    settings=("features", "project", "profiles.traits"),
    optional=_WHERE_THERE,
    pins={
        "activity": "person_days",
        "sessions": "person_days",
        "page_views": "person_days",
        "signals": "sessions",
    },
    wanted=declared,
    checks=(
        Check(
            "feature_usage",
            "each_narrower_than_the_last",
            "Who adopted a feature tried it, and who tried it was offered it.",
            "adopted <= tried AND tried <= exposed AND first_tried <= tried AND used_sessions <= sessions",
        ),
        Check(
            "feature_usage",
            "breakdowns_add_up",
            "The values of device and channel add up to all, in every period.",
            query=(
                "SELECT feature, 'all' AS breakdown, 'all' AS value, period FROM {batch} "
                "WHERE breakdown IN ('all', 'device_type', 'channel') GROUP BY feature, period HAVING "
                + " OR ".join(f"sum(if(breakdown = 'all', 2 * {n}, -{n})) <> 0" for n in _ADD_UP)
            ),
        ),
        Check(
            "feature_blockers",
            "parts_of_sides",
            "Those with it are some of all, and a lift lies in its interval.",
            "not_tried <= of_not_tried AND tried <= of_tried AND (low <= lift AND lift <= high) IS NOT FALSE",
        ),
        Check(
            "feature_gaps",
            "shares_in_intervals",
            "A share lies in its interval, and who searched again with a result searched again.",
            "share BETWEEN low AND high AND (found_again <= again) IS NOT FALSE "
            "AND (again_rate BETWEEN again_low AND again_high) IS NOT FALSE",
        ),
        Check(
            "feature_impact",
            "parts_of_groups",
            "Those who came back are some of all, and differences lie in their intervals.",
            "users_back <= users AND others_back <= others AND matched_users + left_out = users "
            "AND (difference BETWEEN low AND high) IS NOT FALSE "
            "AND (matched_difference BETWEEN matched_low AND matched_high) IS NOT FALSE",
        ),
    ),
)
