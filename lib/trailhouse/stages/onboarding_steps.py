"""The stage `onboarding_steps`: where people leave onboarding, and what completing it goes with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from trailhouse.from_counts import Row, from_counts
from trailhouse.questions.asked import Asked
from trailhouse.questions.map_views import views_of_people
from trailhouse.questions.rows import no_rows
from trailhouse.settings import Onboarding, Settings
from trailhouse.settings.onboarding import asked_of
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES
from trailhouse.why.fold import fold_rows, seen_places
from trailhouse.why.onboarding import conversion_rows, entered, of_trials, step_rows, walked


def transform(inputs: Frames, context: Context) -> Frames:
    """No row where no onboarding is declared."""
    made = {name: [no_rows(TABLES[name], inputs["activity"])] for name in STAGE.writes}
    for one in context.settings.onboarding:
        for name, frame in _answers(one, inputs, context.settings).items():
            made[name].append(frame)
    return {name: TABLES[name].select(reduce(DataFrame.unionByName, each)) for name, each in made.items()}


def _answers(one: Onboarding, inputs: Frames, settings: Settings) -> dict[str, DataFrame]:
    funnel, trials = asked_of(one, settings.questions)
    asked = Asked(inputs, settings.project, settings.profiles)
    names = [step.label for step in funnel.steps]
    told = {"onboarding": one.name, "unit": funnel.unit}
    units = walked(funnel, asked)
    counts = entered(units, funnel, settings.project.timezone)
    found = {}
    if one.places:
        views = views_of_people(inputs["page_views"], inputs["sessions"], settings.project)
        places = seen_places(
            inputs["activity"], views, one, {name: n for n, name in enumerate(names, start=1)}
        )
        counts = counts.unionByName(places, allowMissingColumns=True)
        named = {"onboarding": one.name}
        found["onboarding_fold"] = _rows(
            "onboarding_fold",
            places,
            lambda rows: ({**row, **named, "step_name": names[row["step"] - 1]} for row in fold_rows(rows)),
        )
    else:
        counts = counts.withColumn("views", F.lit(None).cast("BIGINT"))
    found["onboarding_steps"] = _rows(
        "onboarding_steps", counts, lambda rows: ({**row, **told} for row in step_rows(rows, names))
    )
    if trials is not None:
        found["onboarding_conversion"] = _rows(
            "onboarding_conversion",
            of_trials(units, trials, asked),
            lambda rows: ({**row, **told} for row in conversion_rows(rows)),
        )
    return found


def _rows(
    table: str, counts: DataFrame, judge: Callable[[list[Row]], Iterable[Mapping[str, Any]]]
) -> DataFrame:
    return from_counts(counts, TABLES[table].columns, judge)


def declared(settings: Settings) -> bool:
    """Whether there is any onboarding."""
    return bool(settings.onboarding)


STAGE = Stage(
    name="onboarding_steps",
    reads=("activity", "page_views", "sessions", "watermark", "profiles", "accounts", "segment_members"),
    optional=("profiles", "accounts", "segment_members"),
    writes=("onboarding_steps", "onboarding_fold", "onboarding_conversion"),
    transform=transform,
    settings=("onboarding", "project", "profiles.traits", "questions.funnels", "questions.trials"),
    pins={"activity": "sessions", "page_views": "sessions"},
    wanted=declared,
    checks=(
        Check(
            "onboarding_steps",
            "parts_of_units",
            "Drop-offs are among those who came, and among all drop-offs.",
            "dropped <= entered AND dropped <= all_dropped AND judged <= views "
            "AND rate BETWEEN rate_low AND rate_high",
        ),
        Check(
            "onboarding_steps",
            "drop_offs_add_up",
            "The drop-offs of the steps are all drop-offs.",
            query=(
                "SELECT onboarding, 0 AS step, device_type FROM {batch} GROUP BY onboarding, device_type "
                "HAVING sum(dropped) <> max(all_dropped)"
            ),
        ),
        Check(
            "onboarding_steps",
            "sides_add_up",
            "Those who came before the day of a change and after are all who came.",
            "entered_before + entered_after = entered AND dropped_before + dropped_after = dropped",
        ),
        Check(
            "onboarding_fold",
            "parts_of_views",
            "Judged views are views, and those below the fold and reached are judged.",
            "greatest(clicked, judged) <= views AND coalesce(below_fold, 0) <= judged "
            "AND coalesce(reached, 0) <= scrolled AND scrolled <= judged",
        ),
        Check(
            "onboarding_conversion",
            "parts_of_trials",
            "Who completed and who converted is among the trials.",
            "completed_converted <= least(completed, converted) AND greatest(completed, converted) <= trials "
            "AND completed + converted - completed_converted <= trials",
        ),
    ),
)
