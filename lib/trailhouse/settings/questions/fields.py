"""The names by which questions speak of what an event, its session and its person are like.

- a field of the event, such as `page_group` or `device_type`;
- `session.channel`: a column of the event's session;
- `profile.country`: a column of the person's profile; `trait.plan`: one of the person's latest traits;
- `properties.plan`: a property of the event, at the top level of its JSON.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

EVENT_FIELDS: Mapping[str, str] = {
    "event_name": "event_name",
    "page_group": "page_group",
    "page_path": "page_path",
    "page_url": "page_url",
    "page_title": "page_title",
    "referrer": "referrer",
    "navigation_type": "navigation_type",
    "platform": "platform",
    "app_id": "app_id",
    "release": "release",
    "user_id": "user_id",
    "account_id": "account_id",
    "language": "language",
    "pointer": "pointer",
    "device_type": "device.type",
    "browser": "device.browser",
    "os": "device.os",
    "country": "geo.country",
    "region": "geo.region",
    "city": "geo.city",
    "campaign": "campaign.name",
    "campaign_source": "campaign.source",
    "campaign_medium": "campaign.medium",
    "selector": "element.selector",
    "element_text": "element.text",
    "href": "element.href",
    "form_id": "form.id",
    "form_field": "form.field",
    "search_term": "search.term",
    "search_results": "search.results",
    "survey_id": "survey.id",
    "survey_kind": "survey.kind",
    "survey_score": "survey.score",
    "media_id": "media.id",
    "value": "value",
    "currency": "currency",
}
"""Field -> column of `activity`."""
SESSION_FIELDS = (
    "channel",
    "last_channel",
    "entry_page",
    "exit_page",
    "entry_page_group",
    "exit_page_group",
    "is_bounce",
    "is_engaged",
    "converted",
    "views",
)
_COUNTED = (
    "active_days",
    "events",
    "views",
    "clicks",
    "searches",
    "cart_adds",
    "form_submits",
    "media_plays",
    "conversions",
    "orders",
    "sessions",
    "engaged_us",
    "rage_clicks",
    "signals",
    "friction_sessions",
)
_DATED = (
    "view",
    "click",
    "search",
    "cart_add",
    "form_submit",
    "media_play",
    "conversion",
    "order",
    "session",
    "signal",
)
PROFILE_FIELDS = (
    "cohort_month",
    "first_seen",
    "last_seen",
    "user_id",
    "account_id",
    "first_channel",
    "last_channel",
    "first_campaign",
    "first_page",
    "device_type",
    "country",
    "devices",
    *(f"{name}{days}" for name in _COUNTED for days in ("", "_1", "_7", "_28", "_90")),
    *(f"last_{name}_day" for name in _DATED),
    "frustration_rate",
    "latest_nps",
    "latest_csat",
    "lifecycle",
)
_PREFIXES = {"session": SESSION_FIELDS, "profile": PROFILE_FIELDS}
_OPEN = ("properties", "trait")
_SHORT = {"device": "device_type"}


def known_field(name: str) -> str:
    """`name`, if it is one; ValueError with the nearest right spelling otherwise.

    The short `channel` stands for `session.channel`, and `device` for `device_type`.
    """
    if name in EVENT_FIELDS:
        return name
    prefix, dot, rest = name.partition(".")
    if dot and rest and (prefix in _OPEN or rest in _PREFIXES.get(prefix, ())):
        return name
    if name in SESSION_FIELDS:
        return f"session.{name}"
    if name in _SHORT:
        return _SHORT[name]
    every = [*EVENT_FIELDS, *(f"{one}.{field}" for one, fields in _PREFIXES.items() for field in fields)]
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "properties.NAME, trait.NAME, session.NAME, profile.NAME"
    raise ValueError(f"no field of events, sessions or profiles; {hint}")


_SCHEMA = {
    "anyOf": [
        {
            "enum": [
                *EVENT_FIELDS,
                *(f"{prefix}.{name}" for prefix, names in _PREFIXES.items() for name in names),
                *SESSION_FIELDS,
                *_SHORT,
            ]
        },
        {"type": "string", "pattern": rf"^({'|'.join(_OPEN)})\..+$"},
    ],
    "description": "a field of the event, its session or its person",
}
FieldName = Annotated[str, AfterValidator(known_field), WithJsonSchema(_SCHEMA, mode="validation")]
"""A name of `known_field`."""
