"""The page of a journey: templates, style, and what the browser may do with them, which is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from trailhouse.journey.shapes import Person, Visit
from trailhouse.report.environment import environment, policy, resource

OPEN = 3
"""Visits that are open when the page is; the others open by a click or a key."""
_PACKAGE = "trailhouse.journey"


def build_journey(
    visits: Sequence[Visit],
    person: Person | None,
    *,
    timezone: str,
    title: str,
    alone: bool = False,
    generated: str | None = None,
    options: str = "",
) -> str:
    """The journey as the text of one HTML file that needs no network and runs no script.

    `person` may be left out; `alone`: one visit was asked for, not the person. `options` are what a
    command for more must be given besides, such as `--lake PATH`. Every value is escaped, and no foreign
    address becomes a link.
    """
    return _rendered(
        "journey.html.j2",
        visits=visits,
        person=person,
        longest=max((visit.depth for visit in visits), default=0),
        timezone=timezone,
        title=title,
        generated=generated,
        options=options,
        alone=alone,
        open_first=OPEN,
    )


def build_list(
    rows: Sequence[Mapping[str, Any]],
    asked: str,
    total: int,
    timezone: str,
    title: str,
    generated: str | None = None,
) -> str:
    """The sessions that a filter found as one HTML file.

    `rows` are those of `listing.table`, one with a `file` being a link to that file beside the page;
    `asked` is the filter in words, `total` how many sessions fit it.
    """
    return _rendered(
        "journeys.html.j2",
        rows=rows,
        asked=asked,
        total=total,
        timezone=timezone,
        title=title,
        generated=generated,
    )


def _rendered(template: str, **values: Any) -> str:
    style = Markup(resource("trailhouse.report", "report.css") + resource(_PACKAGE, "journey.css"))
    return environment(_PACKAGE).get_template(template).render(policy=policy(), style=style, **values)
