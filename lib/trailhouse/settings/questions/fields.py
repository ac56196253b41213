"""The names by which questions speak of what an event, its session and its person are like.

- a field of the event, such as `page_group` or `device_type`;
- `session.channel`: a column of the event's session;
- `profile.country`: a column of the person's profile; `trait.plan`: one of the person's traits, computed by
  a declared rule or else told; of a question about accounts a column, or trait, of the account's profile;
- `properties.plan`: a property of the event, at the top level of its JSON.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, WithJsonSchema

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
_LAST_DAYS = ("_1", "_7", "_28", "_90")
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
    *(f"{name}{days}" for name in _COUNTED for days in ("", *_LAST_DAYS)),
    *(f"last_{name}_day" for name in _DATED),
    "last_interest_day",
    "frustration_rate",
    "latest_nps",
    "latest_csat",
    "lifecycle",
)
_COUNTED_OF_ACCOUNTS = ("active_days", "persons", "sessions", "events", "conversions", "orders")
ACCOUNT_FIELDS = (
    "cohort_month",
    "first_seen",
    "last_seen",
    "account_id",
    "plan",
    *(f"{name}{days}" for name in _COUNTED_OF_ACCOUNTS for days in ("", *_LAST_DAYS)),
    "last_conversion_day",
    "last_order_day",
)
"""What `profile.NAME` can be of a question about accounts: columns of `accounts`."""
_PREFIXES = {"session": SESSION_FIELDS, "profile": tuple(dict.fromkeys((*PROFILE_FIELDS, *ACCOUNT_FIELDS)))}
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


def not_of_unit(name: str, unit: str) -> str | None:
    """Why a question about this unit cannot ask for the field, with what it can ask for; None: it can."""
    prefix, _, rest = name.partition(".")
    whose, own = ("accounts", ACCOUNT_FIELDS) if unit == "account" else ("persons", PROFILE_FIELDS)
    if prefix != "profile" or rest in own:
        return None
    near = difflib.get_close_matches(rest, own, n=1, cutoff=0.5)
    hint = f"did you mean profile.{near[0]}? " if near else ""
    other = "persons" if unit == "account" else "accounts"
    return f"profiles of {whose} have no {rest}, those of {other} have; {hint}there are {_in_short(own)}"


def _in_short(names: tuple[str, ...]) -> str:
    """The names of profile fields, those over the last days once."""
    short = [name for name in names if not name.endswith(_LAST_DAYS)]
    counted = [name for name in short if f"{name}_1" in names]
    rest = ", ".join(name for name in short if name not in counted)
    return f"{rest}, and ever or over the last days ({', '.join(_LAST_DAYS)}) {', '.join(counted)}"


def fields_in(model: BaseModel, at: str = "") -> Iterator[tuple[str, str]]:
    """Each field that a part of the settings names, with its key, such as `where.0.field`."""
    for key, info in type(model).model_fields.items():
        place, value = f"{at}{info.alias or key}", getattr(model, key)
        if _names_fields([*info.metadata, info.annotation]):
            yield from _texts(value, place)
        else:
            yield from _inside(value, place)


def _inside(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        yield from fields_in(value, f"{place}.")
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _inside(one, f"{place}.{number}")


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _texts(one, f"{place}.{number}")


def _names_fields(annotations: Any) -> bool:
    """Whether what is annotated so are names of `known_field`, however deep that is told."""
    return any(
        (isinstance(one, AfterValidator) and one.func is known_field)
        or _names_fields([*getattr(one, "__metadata__", ()), *get_args(one)])
        for one in annotations
    )


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
    "description": "a field of the event, its session or its person; of its account where the unit is one",
}
FieldName = Annotated[str, AfterValidator(known_field), WithJsonSchema(_SCHEMA, mode="validation")]
"""A name of `known_field`."""
