"""The page itself: what of the frames goes into its templates, with style and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import vl_convert
from markupsafe import Markup

from trailhouse.report import (
    activation,
    arrivals,
    behaviour,
    charts,
    credit,
    experiments,
    features,
    headline,
    items,
    money,
    onboarding,
    predictions,
    reasons,
    returns,
    sections,
    segments,
    task_ways,
    text,
    voices,
    ways,
)
from trailhouse.report.environment import environment, in_script, policy, resource
from trailhouse.report.maps import Screenshots, maps
from trailhouse.report.people import people
from trailhouse.settings import Settings

_PACKAGE = "trailhouse.report"


def build_report(
    frames: Mapping[str, pd.DataFrame],
    settings: Settings,
    generated: str | None = None,
    screenshots: Screenshots | None = None,
) -> str:
    """The report as the text of one HTML file that needs no network.

    `frames` are those of `collect`; one that is missing or empty leaves its section with a sentence
    that says so. `generated` is told in the header as it is (there is no clock in here). Maps are drawn over
    the `screenshots` of their pages.
    Every value is escaped, in markup and in embedded JSON; besides, the page's own policy lets the
    browser run only the two scripts embedded here and load nothing from anywhere.
    """
    known = headline.calendar(frames)
    scripts = (_vega(), resource(_PACKAGE, "report.js") + resource(_PACKAGE, "maps.js"))
    totals, marks = text.rows_of(frames, "totals"), text.rows_of(frames, "watermark")
    runs = [row for row in text.rows_of(frames, "tables") if row["at"] is not None]
    return (
        environment(_PACKAGE)
        .get_template("page.html.j2")
        .render(
            settings=settings,
            generated=generated,
            # Vega compiles its expressions; they come from our charts alone.
            policy=policy(scripts, evaluates=True),
            style=Markup(resource(_PACKAGE, "report.css")),
            scripts=[Markup(script) for script in scripts],
            totals=totals[0] if totals else None,
            watermark=marks[0]["watermark"] if marks else None,
            run=max(runs, key=lambda row: str(row["at"])) if runs else None,
            calendar=known,
            cards=headline.cards(frames, known),
            activity=_activity(known),
            funnels=sections.funnels(frames),
            triangles=sections.retention(frames),
            lifecycle=returns.lifecycle(frames),
            stickiness=returns.stickiness(frames),
            paths=ways.paths(frames),
            trends=ways.trends(frames),
            attribution=credit.attribution(frames),
            revenue=money.revenue(frames),
            churn=money.churn(frames),
            trials=money.trials(frames),
            experiments=experiments.experiments(frames),
            segments=segments.segments(frames),
            discovered=segments.discovered(frames),
            predictions=predictions.predictions(frames),
            items=items.next_items(frames),
            activations=activation.activations(frames),
            feelings=activation.feelings(frames),
            maps=maps(frames, screenshots),
            heat_spec=charts.heat(),
            depths_spec=charts.depths(),
            friction=sections.friction(frames),
            pages=behaviour.pages(frames),
            forms=behaviour.forms(frames),
            media=behaviour.media(frames),
            tasks=behaviour.tasks(frames),
            features=features.features(frames),
            reasons=reasons.reasons(frames),
            task_ways=task_ways.ways(frames),
            arrivals=arrivals.arrivals(frames),
            unexpected=arrivals.unexpected(frames),
            held=arrivals.held(frames),
            onboarding=onboarding.onboarding(frames),
            surveys=voices.surveys(frames),
            voices=voices.voices(frames),
            channels=sections.channels(frames),
            people=people(frames),
            quality=sections.quality(frames),
        )
    )


def _activity(known: headline.Calendar) -> dict[str, Any] | None:
    if not known.days:
        return None
    return {"reach": charts.reach(known.days), "sessions": charts.sessions(known.days)}


def _vega() -> str:
    """Vega, Vega-Lite and their embedder as one script, from the package that carries them."""
    # Its stub calls for a snippet; without one it gives the whole bundle.
    return in_script(str(vl_convert.javascript_bundle()))  # type: ignore[call-arg]
