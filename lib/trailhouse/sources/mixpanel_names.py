"""What Mixpanel's names mean here, as data: events, and the properties that columns take."""

from __future__ import annotations

from trailhouse.enrich import campaigns

IDENTIFY = "$identify"
CREATE_ALIAS = "$create_alias"
MERGE = "$merge"

NAMES = {
    "$mp_web_page_view": "page_view",
    "$mp_click": "click",
    "$mp_scroll": "scroll",
    "$mp_input_change": "form_change",
    "$mp_submit": "form_submit",
    IDENTIFY: "identify",
    CREATE_ALIAS: "alias",
    MERGE: "alias",
    "$experiment_started": "experiment_exposure",
}
"""`event` -> canonical name; other names stay as they come."""

ELEMENT = ("click", "form_change", "form_submit", "$mp_rage_click", "$mp_dead_click")

URL_PARTS = (
    "current_domain", "current_url_path", "current_url_protocol", "current_url_search", "$host", "$pathname",
)  # fmt: skip
"""Parts of `$current_url`."""
RELEASE = ("$app_version_string", "$app_version")
ADDRESS = ("$ip", "ip")
VIEWPORT = ("$innerWidth", "$innerHeight")
UTM = tuple(campaigns.UTM.values())
GEO = {"country": "mp_country_code", "region": "$region", "city": "$city"}
ANONYMOUS = ("$anon_distinct_id", "$anon_id")
"""What an identify call names as the anonymous side."""
TIMES = {
    "client_time": "time",
    "api_time": "mp_api_timestamp_ms",
    "processing_time": "mp_processing_time_ms",
}

IDENTIFIERS = (
    "distinct_id", "$distinct_id_before_identity", "$user_id", "$device_id", "$insert_id", "$identified_id",
    *ANONYMOUS, "alias",
)  # fmt: skip

TEXTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("$current_url", "current_page_title", "$referrer", "$user_agent", "$email", "$phone", "token"), ()
    ),
    **dict.fromkeys(URL_PARTS, ()),
    **dict.fromkeys((*RELEASE, *ADDRESS, *GEO.values(), *UTM), ()),
    **dict.fromkeys(("$el_id", "$el_text", "$el_tag_name", "$el_attr__href"), ELEMENT),
    **dict.fromkeys(("Experiment name", "Variant name"), ("experiment_exposure",)),
}
"""Properties taken as text, and by the events of which names; by all where none is given."""

INTEGERS = {"$pageX": ELEMENT, "$pageY": ELEMENT, "$scroll_top": ("scroll",)}
NUMBERS: dict[str, tuple[str, ...]] = {**INTEGERS, **dict.fromkeys(VIEWPORT, ())}
"""The same for properties taken as numbers."""

WORDS = (*IDENTIFIERS, *TEXTS, "mp_lib", "$os", "$browser")
"""Properties that columns take as text."""
GIVEN = (
    *TIMES.values(), *INTEGERS, *VIEWPORT, "$distinct_ids", "$distinct_id_before_identity", "distinct_id",
    "$el_classes",
)  # fmt: skip
"""Properties that columns are made of in another way."""

TAKEN = (
    "time", "mp_api_timestamp_ms", "$insert_id", "$current_url",
    "current_page_title", "$referrer", "$user_agent", "$email", "$phone", "token", *GEO.values(),
)  # fmt: skip
"""Properties that always go to a column of their own."""

DELIVERY = ("mp_api_timestamp_ms", "mp_processing_time_ms", "$mp_api_endpoint", "$mp_api_timestamp_ms")
"""Delivery facts: another delivery of one event differs in them alone."""
RESOLVED = ("distinct_id", "$distinct_id_before_identity")
"""Of these two the one that was sent counts; the other is Mixpanel's, and changes with each merge."""

WEB = ("web", "js")
IOS = ("swift", "iphone", "ios", "objective-c")
ANDROID = ("android", "kotlin", "java-android")
SERVER = (
    "python",
    "node",
    "ruby",
    "php",
    "java",
    "go",
    "golang",
    "jdk",
    "dotnet",
    "elixir",
    "mixpanel-import",
)
"""Values of `mp_lib`, in lower case."""
