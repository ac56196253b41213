"""Amplitude's exported events: a golden case a rule, and records that are none."""

from __future__ import annotations

from typing import Any

from tests.sources.reading import line

PAGE = {
    "[Amplitude] Page Domain": "shop.example",
    "[Amplitude] Page Location": "https://shop.example/product/12?utm_source=mail&x=1",
    "[Amplitude] Page Path": "/product/12",
    "[Amplitude] Page Title": "A cup",
    "[Amplitude] Page URL": "https://shop.example/product/12",
}
BUTTON = {
    "[Amplitude] Element Hierarchy": [{"tag": "button", "id": "buy", "index": 0}, {"tag": "body"}],
    "[Amplitude] Element ID": "buy",
    "[Amplitude] Element Class": "primary wide",
    "[Amplitude] Element Tag": "button",
    "[Amplitude] Element Text": "Buy",
    "[Amplitude] Element Position Left": 20,
    "[Amplitude] Page URL": "https://shop.example/product/12",
    "[Amplitude] Page Title": "A cup",
    "[Amplitude] Viewport Height": 844,
    "[Amplitude] Viewport Width": 390,
}
CLICKS = [{"X": 101.5, "Y": 1200, "Time": 1772445600000}, {"X": 102, "Y": 1200, "Time": 1772445600200}]


def event(insert_id: Any, event_type: Any, properties: Any = None, **fields: Any) -> dict[str, Any]:
    """An exported event of ten o'clock with all that an export names, most of it null."""
    return {
        "$insert_id": insert_id,
        "$insert_key": None,
        "$schema": 13,
        "adid": None,
        "amplitude_event_type": None,
        "amplitude_id": 901122334455,
        "app": 301234,
        "city": "Berlin",
        "client_event_time": "2026-03-02 09:59:59.500000",
        "client_upload_time": "2026-03-02 10:00:00.000000",
        "country": "Germany",
        "data": {},
        "device_id": "device-1",
        "device_type": None,
        "event_id": 7,
        "event_properties": properties if properties is not None else {},
        "event_time": "2026-03-02 10:00:00.500000",
        "event_type": event_type,
        "group_properties": {},
        "groups": {},
        "ip_address": "203.0.113.9",
        "language": "German",
        "library": "amplitude-ts/2.11.1",
        "os_name": "Chrome",
        "os_version": "133",
        "paying": None,
        "platform": "Web",
        "processed_time": "2026-03-02 10:00:03.100000",
        "region": "Land Berlin",
        "server_received_time": "2026-03-02 10:00:01.000000",
        "server_upload_time": "2026-03-02 10:00:01.250000",
        "session_id": 1772445500000,
        "user_id": None,
        "user_properties": {},
        "uuid": f"uuid-{insert_id}",
        "version_name": None,
    } | fields


STEP = {"step": 2, "nested": {"b": 1.5, "a": [True, None]}, "none": None}

# What an export tells of every event above and no column takes.
RECORD = {
    "$schema": 13,
    "amplitude_id": 901122334455,
    "event_time": "2026-03-02 10:00:00.500000",
    "library": "amplitude-ts/2.11.1",
    "os_name": "Chrome",
    "os_version": "133",
    "processed_time": "2026-03-02 10:00:03.100000",
    "server_upload_time": "2026-03-02 10:00:01.250000",
}

GOOD: list[dict[str, Any]] = [
    event(
        "page",
        "[Amplitude] Page Viewed",
        {**PAGE, "referrer": "https://a.example/", "[Amplitude] Page Counter": 2},
    ),
    event(
        "click", "[Amplitude] Element Clicked", {**BUTTON, "[Amplitude] Element Selector": "main > button"}
    ),
    event("path", "[Amplitude] Element Clicked", {**BUTTON, "[Amplitude] Element Path": "div > button"}),
    event(
        "link",
        "[Amplitude] Element Clicked",
        {"[Amplitude] Element Tag": "a", "[Amplitude] Element Href": "https://o.example/"},
    ),
    event("changed", "[Amplitude] Element Changed", {**BUTTON, "[Amplitude] Element ID": "colour"}),
    event(
        "started", "[Amplitude] Form Started", {"[Amplitude] Form ID": "signup", "[Amplitude] Form Name": "n"}
    ),
    event(
        "submitted",
        "[Amplitude] Form Submitted",
        {"[Amplitude] Form Name": "n", "[Amplitude] Form Destination": "/go"},
    ),
    event(
        "rage",
        "[Amplitude] Rage Click",
        {**BUTTON, "[Amplitude] Clicks": CLICKS, "[Amplitude] Click Count": 2},
    ),
    event("dead", "[Amplitude] Dead Click", {**BUTTON, "X": 12, "Y": 34}),
    event("file", "[Amplitude] File Downloaded", {"[Amplitude] Link URL": "https://shop.example/a.pdf"}),
    event(
        "scroll",
        "[Amplitude] Viewport Content Updated",
        {
            "[Amplitude] Max Page Y": 1044,
            "[Amplitude] Viewport Height": 844,
            "[Amplitude] Viewport Width": 390,
            "[Amplitude] Page View ID": "view-1",
        },
    ),
    event("screen", "[Amplitude] Screen Viewed", {"[Amplitude] Screen Name": "Basket"}, platform="iOS"),
    event(
        "touch",
        "[Amplitude] Element Interacted",
        {
            "[Amplitude] Action": "touch",
            "[Amplitude] Target Text": "Pay",
            "[Amplitude] Screen Name": "Basket",
        },
        platform="Android",
    ),
    event("typed", "[Amplitude] Element Interacted", {"[Amplitude] Action": "didEndEditing"}, platform="iOS"),
    event(
        "identify",
        "$identify",
        user_id="u-1",
        user_properties={"email": "A@b.example", "plan": "pro", "age": 3},
    ),
    event(
        "operation",
        "$identify",
        user_id="u-1",
        user_properties={"$set": {"plan": "pro"}, "$unset": {"a": "-"}},
    ),
    event("group", "$groupidentify", groups={"company": ["acme"]}, group_properties={"seats": 3}),
    event("two-groups", "Opened", groups={"company": ["acme", "other"]}),
    event("started-session", "session_start"),
    event(
        "paid",
        "revenue_amount",
        {"$revenue": 19.99, "$price": 10, "$quantity": 2, "$currency": "eur", "$productId": "c"},
    ),
    event("price", "Bought", {"$price": 2.5, "$quantity": 3}),
    event("back", "revenue_amount", {"$revenue": -5, "$currency": "EUR"}),
    event("verified", "verified_revenue", {"$revenue": 19.99}),
    event("exposure", "$exposure", {"flag_key": "new-cart", "variant": "b", "experiment_key": "exp-1"}),
    event("custom", "Onboarding Step Completed", STEP),
    event("no-session", "Opened", session_id=-1),
    event("server", "Opened", platform=None, library="http/2.0"),
    event("television", "Opened", platform="Roku"),
    event(
        "campaign", "[Amplitude] Page Viewed", {"utm_source": "news", "utm_campaign": "spring", "utm_id": "5"}
    ),
    event("agent", "Opened", user_agent="Mozilla/5.0 (X11; Linux x86_64)", version_name="1.2"),
    event(
        "wrong",
        "[Amplitude] Element Clicked",
        {
            **BUTTON,
            "[Amplitude] Element Text": {"a": 1},
            "[Amplitude] Viewport Width": "wide",
            "$revenue": "a lot",
        },
    ),
    event("wrong-fields", "Opened", "none", event_id="first", ip_address={"a": 1}, groups=5),
    event("unicode", "Geöffnet 🦊", {"naïve": "日本"}, user_id="Zoë"),
    event("blank-user", "Opened", user_id=" "),
    event("foreign", "Opened", {}, future_field={"a": 1}),
    event(None, "Opened", uuid="only-uuid"),
    event("own-refund", "refund", {"$revenue": 5, "$currency": {"code": "EUR"}}),
    event("nameless", "$exposure", {"variant": "b"}),
    event("two-addresses", "Opened", {**PAGE, "[Amplitude] Page URL": "https://other.example/"}),
    event("unopened", "Opened", "{oops"),
]

TIMES: dict[str, tuple[dict[str, Any], str]] = {
    "drift": ({}, "2026-03-02 10:00:00.5"),
    "no-upload": ({"client_upload_time": None}, "2026-03-02 09:59:59.5"),
    "no-received": ({"server_received_time": None}, "2026-03-02 10:00:00.75"),
    "no-server": ({"server_received_time": None, "server_upload_time": None}, "2026-03-02 09:59:59.5"),
    # Amplitude's reckoning stands for the client's, and is not corrected a second time.
    "no-client": (
        {"client_event_time": None, "event_time": "2026-03-02 10:00:00.25"},
        "2026-03-02 10:00:00.25",
    ),
}

BAD: dict[str, tuple[Any, list[str]]] = {
    "text": ("hello", ["not a JSON object"]),
    "number": ("5", ["not a JSON object"]),
    "array": ("[1]", ["not a JSON object"]),
    "array and object": ('[1],{"a":1}', ["not a JSON object"]),
    "cut": (line(event("cut", "Opened"))[:-9], ["not a JSON object"]),
    "rest": (line(event("rest", "Opened")) + b" x", ["not a JSON object"]),
    "two": (line(event("a", "Opened")) + line(event("b", "Opened")), ["not a JSON object"]),
    "two with comma": (line(event("a", "O")) + b"," + line(event("b", "O")), ["not a JSON object"]),
    "single quotes": ("{'event_type': 'q'}", ["not a JSON object"]),
    "not a number": ('{"event_type": "nan", "x": NaN}', ["not a JSON object"]),
    "not utf-8": (line(event("latin", "Opened"))[:-1] + b',"a":"\xe9"}', ["not UTF-8"]),
    "large": (event("large", "Opened", {"a": "x" * 5000}), ["record larger than 5000 bytes"]),
    "no time": (event("no-time", "Opened", client_event_time=None, event_time=None), ["no time"]),
    "bad time": (
        event("bad-time", "Opened", client_event_time="soon"),
        ["time not readable: client_event_time"],
    ),
    "bad received": (
        event("bad-received", "Opened", server_received_time={}),
        ["time not readable: server_received_time"],
    ),
    "too early": (event("early", "Opened", client_event_time="1989-12-31 00:00:00"), ["time out of bounds"]),
    "no name": (event("no-name", None), ["no name"]),
    "name object": (event("name-object", {"a": 1}), ["name of a wrong type"]),
    "nobody": (event("nobody", "Opened", device_id=None), ["no identifier"]),
    "id object": (
        event("id-object", "Opened", device_id={"a": 1}),
        ["identifier of a wrong type: device_id"],
    ),
    "insert id": (event({"a": 1}, "Opened"), ["identifier of a wrong type: $insert_id"]),
    "empty": ("{}", ["no time", "no name", "no identifier"]),
}

AGAIN = {
    "server_received_time": "2026-03-02 11:00:00.000000",
    "client_upload_time": "2026-03-02 10:59:59.000000",
    "server_upload_time": "2026-03-02 11:00:00.250000",
    "event_time": "2026-03-02 10:00:00.500000",
    "processed_time": "2026-03-02 11:00:03",
    "uuid": "another",
    "amplitude_id": 5,
}


def backwards(value: Any) -> Any:
    """The object with its members, and theirs, in the opposite order."""
    return {k: backwards(v) for k, v in reversed(value.items())} if isinstance(value, dict) else value
