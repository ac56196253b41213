"""PostHog's exported events: a golden case a rule, and records that are none."""

from __future__ import annotations

import json
from typing import Any

from tests.sources.reading import line

DEVICE = "0190a1b2-0000-7000-8000-00000000000d"
OTHER = "0190a1b2-0000-7000-8000-00000000000e"
OLD = "17a1b2c3d4e5f6-0a1b2c3d4e5f60-1a2b3c4-1fa400-17a1b2c3d4e6a7"
URL = "https://shop.example/product/12?utm_source=mail"
BROWSER = {
    "$lib": "web",
    "$device_id": DEVICE,
    "distinct_id": DEVICE,
    "$is_identified": False,
    "$process_person_profile": False,
}


def event(uuid: str | None, name: Any, properties: Any = None, /, **fields: Any) -> dict[str, Any]:
    """A good event of an unknown browser; a field given as None is left out."""
    whole = {
        "uuid": uuid,
        "event": name,
        "timestamp": "2026-03-02T10:00:00.250000+00:00",
        "created_at": "2026-03-02T10:00:05.000000+00:00",
        "distinct_id": DEVICE,
        "properties": {**BROWSER, **properties} if isinstance(properties, dict) else properties or BROWSER,
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


def server(uuid: str, name: str, distinct_id: str, /, **properties: Any) -> dict[str, Any]:
    """An event of a server's library, which marks nobody."""
    own = {"$lib": "posthog-python", "$lib_version": "6.7.0", **properties}
    return event(uuid, name, json.dumps(own), distinct_id=distinct_id)


CHAIN = (
    'span.label:nth-child="2"nth-of-type="1"text="Buy \\"now\\"; it:s here";'
    'a.btn.md:flex:attr__class="btn md:flex"attr__href="/cart?a=1;b"href="/cart?a=1;b"nth-child="3"'
    'nth-of-type="1";'
    'div:attr__id="shelf"attr_id="shelf"nth-child="1"nth-of-type="1";'
    'body:nth-child="2"nth-of-type="1"'
)
FIELD = (
    'input.wide:attr__id="mail"attr__name="email"attr_id="mail"nth-child="1"nth-of-type="1";'
    'form:attr__id="signup"attr_id="signup"nth-child="2"nth-of-type="1"'
)
LONG = "div:attr__style=" + '"' + "a" * 3000 + '\\"' * 500 + '"' + 'nth-child="1"text="deep"'
LEAVE = {
    "$pageview_id": "v-2",
    "$prev_pageview_id": "v-1",
    "$prev_pageview_pathname": "/product/12",
    "$prev_pageview_duration": 12.5,
    "$prev_pageview_max_scroll": 600,
    "$prev_pageview_max_content": 1400,
    "$prev_pageview_max_content_percentage": 0.7,
}
PERSON = {"email": "Ann@Shop.example", "$os": "Mac OS X", "visits": 3}

GOOD: list[dict[str, Any]] = [
    event("plain", "onboarding step", {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}),
    event(
        "page",
        "$pageview",
        {
            "$current_url": URL,
            "$host": "shop.example",
            "$pathname": "/product/12",
            "title": "A cup",
            "$referrer": "https://a.example/",
            "$referring_domain": "a.example",
            "$pageview_id": "v-1",
            "$session_id": "s-1",
            "$window_id": "w-1",
            "$viewport_width": 390,
            "$viewport_height": 844.5,
            "$screen_width": 390,
            "$raw_user_agent": "Mozilla/5.0",
            "$browser_language": "de-DE",
            "$app_version": "1.2",
            "$ip": "203.0.113.7",
            "$geoip_country_code": "DE",
            "$geoip_country_name": "Germany",
            "$geoip_subdivision_1_name": "Berlin",
            "$geoip_city_name": "Berlin",
            "utm_source": "mail",
            "utm_campaign": "spring",
            "gclid": "g-1",
            "token": "phc_key",
            "$sent_at": "2026-03-02T09:00:00Z",
            "navigation_type": "popstate",
            "$groups": {"company": "acme", "team": "red"},
        },
        elements_chain="",
        person_id="p-1",
        person_properties=PERSON,
        _inserted_at="2026-03-02T10:00:09.000000+00:00",
    ),
    event(
        "encoded",
        "$pageview",
        json.dumps({**BROWSER, "$current_url": URL, "$referrer": "$direct", "extra": 1}),
        team_id=7,
    ),
    event(
        "screen",
        "$screen",
        {"$lib": "posthog-ios", "$screen_name": "Basket", "$locale": "en-GB"},
    ),
    event("leave", "$pageleave", LEAVE),
    event("click", "$autocapture", {"$event_type": "click", "$ce_version": 1}, elements_chain=CHAIN),
    event(
        "touch", "$autocapture", {"$event_type": "touch", "$lib": "posthog-react-native", "$os_name": "iOS"}
    ),
    event("change", "$autocapture", {"$event_type": "change"}, elements_chain=FIELD),
    event("submit", "$autocapture", {"$event_type": "submit"}, elements_chain=FIELD.split(";")[1]),
    event("drag", "$autocapture", {"$event_type": "drag"}),
    event("long", "$autocapture", {"$event_type": "click"}, elements_chain=LONG),
    event("bare", "$autocapture", {"$event_type": "click", "$el_text": "Go"}, elements_chain="canvas;div:"),
    event("rage", "$rageclick", {"$event_type": "click"}, elements_chain=CHAIN),
    event(
        "identify",
        "$identify",
        {
            "distinct_id": "u-1",
            "$user_id": "u-1",
            "$is_identified": True,
            "$anon_distinct_id": DEVICE,
            "$set": {"email": "A@b.example", "plan": "pro"},
            "$set_once": {"first": "x", "phone": "1"},
        },
        distinct_id="u-1",
    ),
    event("set", "$set", {"$set": {"plan": "free"}}),
    event("set-column", "$set", BROWSER, set='{"plan": "free"}', set_once='{"a": 1}'),
    event("alias-js", "$create_alias", {"alias": "u-1"}),
    server("alias-user", "$create_alias", "u-1", alias=OTHER),
    server("alias-swapped", "$create_alias", OTHER, alias="u-1"),
    server("merge", "$merge_dangerously", OTHER, alias="old"),
    server(
        "group",
        "$groupidentify",
        "$company_acme",
        **{
            "$group_type": "company",
            "$group_key": "acme",
            "$group_set": {"seats": 3},
        },
    ),
    event("exception", "$exception", {"$exception_list": [{"type": "TypeError", "value": "x"}]}),
    event("vital", "$web_vitals", {"$web_vitals_LCP_value": 812.5}),
    event("flag", "$feature_flag_called", {"$feature_flag": "new-cart", "$feature_flag_response": True}),
    event("flag-nameless", "$feature_flag_called", {"$feature_flag_response": "b"}),
    event("shown", "survey shown", {"$survey_id": "s-9", "$survey_name": "Net Promoter Score (NPS)"}),
    event(
        "answered",
        "survey sent",
        {
            "$survey_id": "s-9",
            "$survey_name": "Our NPS",
            "$survey_questions": [{"id": "q-1", "question": "?"}, {"id": "q-2", "question": "Why?"}],
            "$survey_response_q-1": 9,
            "$survey_response_q-2": "fast",
            "$survey_completed": True,
        },
    ),
    event("answered-old", "survey sent", {"$survey_id": "s-8", "$survey_response": "good"}),
    event("answered-part", "survey sent", {"$survey_id": "s-9", "$survey_completed": False}),
    event("dismissed", "survey dismissed", {"$survey_id": "s-9", "$survey_name": "nothing"}),
    event("heatmap", "$$heatmap", {"$heatmap_data": {URL: [{"x": 1, "y": 2, "type": "mousemove"}]}}),
    event("opt-in", "$opt_in"),
    event("paid", "order placed", {"revenue": 19.99, "currency": "eur", "$revenue": 25, "sku": "c-1"}),
    event("known", "x", {"$user_id": "u-1", "$is_identified": True, "distinct_id": "u-1"}, distinct_id="u-1"),
    event("identified", "x", {"$is_identified": True}, distinct_id=OTHER),
    event("after-reset", "x", {"distinct_id": OTHER}, distinct_id=OTHER),
    event("two-ids", "x", {"$user_id": "u-1"}),
    event("cookieless", "x", '{"$lib": "web"}', distinct_id="cookieless_ab12"),
    server("server", "x", OTHER),
    server("personless", "x", OTHER, **{"$process_person_profile": False}),
    event("unmarked-uuid", "x", '{"a": 1}', distinct_id=OTHER),
    event("unmarked-old", "x", '{"a": 1}', distinct_id=OLD),
    event("unmarked-name", "x", '{"a": 1}', distinct_id="ann@shop.example"),
    event("number-id", "x", '{"a": 1}', distinct_id=42),
    event("android", "x", {"$lib": "posthog-android"}),
    event("flutter", "x", {"$lib": "posthog-flutter", "$os": "Android"}),
    event("unknown-lib", "x", {"$lib": "own"}),
    event("inserted", "x", created_at=None, inserted_at="2026-03-02 10:00:07.5"),
    event("future", "x", timestamp="2026-03-02T10:20:05.000001+00:00"),
    event("epoch", "x", timestamp=1772445600500),
    event(
        "wrong",
        "$pageview",
        {
            "$current_url": {"a": 1},
            "$viewport_width": "wide",
            "$viewport_height": 844,
            "title": ["a"],
            "$session_id": "[object Object]",
        },
    ),
    event("wrong-leave", "$pageleave", {"$prev_pageview_max_scroll": "far"}),
    event("pulled", "$pageleave", {"$prev_pageview_max_scroll": -3}),
    event("wrong-money", "order placed", {"revenue": "a lot", "currency": "EUR"}),
    event("wrong-title", "x", {"title": ["a"]}),
    event("wrong-set", "$set", {"$set": "none"}),
    event("properties-text", "x", "none"),
    event("foreign", "x", {}, extra={"a": 1}, site_url="https://eu.posthog.example"),
    event("unicode", "x", {"naïve": "日本"}, distinct_id="Zoë 🦊"),
    event("again", "x", {"a": 1}),
    event("again", "x", {"a": 1}, created_at="2026-03-03T00:00:00+00:00", person_properties=PERSON),
    event("again", "x", {"a": 2}, created_at="2026-03-04T00:00:00+00:00"),
    event("again", "x", {"a": 1}, created_at="2026-03-05T00:00:00+00:00", extra=1),
]

BAD: dict[str, tuple[Any, list[str]]] = {
    "text": ("hello", ["not a JSON object"]),
    "array": ("[1]", ["not a JSON object"]),
    "cut": (line(event("cut", "x"))[:-9], ["not a JSON object"]),
    "rest": (line(event("rest", "x")) + b" x", ["not a JSON object"]),
    "two": (line(event("a", "x")) + line(event("b", "x")), ["not a JSON object"]),
    "two with comma": (line(event("a", "x")) + b"," + line(event("b", "x")), ["not a JSON object"]),
    "single quotes": ("{'uuid': 'q'}", ["not a JSON object"]),
    "not utf-8": (line(event("latin", "x"))[:-1] + b',"a":"\xe9"}', ["not UTF-8"]),
    "large": (event("large", "x", {"a": "x" * 9000}), ["record larger than 9000 bytes"]),
    "no time": (event("no-time", "x", timestamp=None), ["no time"]),
    "bad time": (event("bad-time", "x", timestamp="yesterday"), ["time not readable: timestamp"]),
    "bad created": (event("bad-created", "x", created_at="soon"), ["time not readable: created_at"]),
    "bad inserted": (event("bad-in", "x", _inserted_at={}), ["time not readable: _inserted_at"]),
    "too early": (event("early", "x", timestamp="1989-12-31T23:59:59Z"), ["time out of bounds"]),
    "no name": (event("no-name", None), ["no name"]),
    "blank name": (event("blank-name", " "), ["no name"]),
    "name object": (event("name-object", {"a": 1}), ["name of a wrong type"]),
    "nobody": (event("nobody", "x", '{"a": 1}', distinct_id=None), ["no identifier"]),
    "blank nobody": (event("blank", "x", '{"a": 1}', distinct_id="  "), ["no identifier"]),
    "id object": (event("o", "x", distinct_id={"a": 1}), ["identifier of a wrong type: distinct_id"]),
    "uuid array": (event(None, "x", uuid=[1]), ["identifier of a wrong type: uuid"]),
    "user object": (event("u", "x", {"$user_id": {}}), ["identifier of a wrong type: $user_id"]),
    "two users": (
        line(event("u2", "x", {"$user_id": "u"})).replace(b'"u"', b'"u", "$user_id": "v"'),
        ["identifier of a wrong type: $user_id"],
    ),
    "alias object": (event("al", "$create_alias", {"alias": {}}), ["identifier of a wrong type: alias"]),
    "all": ({"uuid": "x"}, ["no time", "no name", "no identifier"]),
}
