"""The page itself: templates, style, scripts, and what the browser may do with them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import vl_convert
from jinja2 import Environment, FunctionLoader, StrictUndefined
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
from trailhouse.report.maps import Screenshots, maps
from trailhouse.report.people import people
from trailhouse.settings import Settings


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
    scripts = (_vega(), _resource("report.js") + _resource("maps.js"))
    totals, marks = text.rows_of(frames, "totals"), text.rows_of(frames, "watermark")
    runs = [row for row in text.rows_of(frames, "tables") if row["at"] is not None]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            settings=settings,
            generated=generated,
            policy=_policy(scripts),
            style=Markup(_resource("report.css")),
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


def embedded_json(value: Any) -> Markup:
    """JSON for a `<script type="application/json">`: nothing in it can end the element or begin a
    comment, and its line separators are harmless in old readers too."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for found, safe in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        written = written.replace(found, safe)
    return Markup(written)


@cache
def _environment() -> Environment:
    environment = Environment(
        # Reads through the package, so that it works from a zip too.
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=text.number,
        percent=text.percent,
        duration=text.duration,
        money=text.money,
        amount=text.amount,
        signed=text.signed,
        day=text.day,
        moment=text.moment,
        embedded=embedded_json,
    )
    environment.globals.update(nothing=text.NOTHING, not_collected=text.NOT_COLLECTED)
    return environment


def _resource(name: str) -> str:
    return files("trailhouse.report").joinpath("templates").joinpath(name).read_text(encoding="utf-8")


def _vega() -> str:
    """Vega, Vega-Lite and their embedder as one script, from the package that carries them."""
    # Its stub calls for a snippet; without one it gives the whole bundle.
    bundle = str(vl_convert.javascript_bundle())  # type: ignore[call-arg]
    # In a string of a script, <\/ is </ that no HTML parser takes for an end.
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: tuple[str, ...]) -> str:
    """Nothing may be loaded, and only scripts of these hashes run, were an escape ever to fail.

    Vega compiles its expressions, which needs 'unsafe-eval'; they come from our charts alone.
    """
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
