"""What PostHog's names mean here, as data: events, the properties that columns take, libraries."""

from __future__ import annotations

from trailhouse.enrich.campaigns import CLICK_IDS, UTM

NAMES = {
    "$pageview": "page_view",
    "$screen": "screen_view",
    "$pageleave": "visibility",
    "$identify": "identify",
    "$set": "identify",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
    "$groupidentify": "group",
    "$exception": "error",
    "$web_vitals": "web_vital",
    "$snapshot": "replay_chunk",
    "$feature_flag_called": "experiment_exposure",
    "survey shown": "survey_shown",
    "survey sent": "survey_response",
    "survey dismissed": "survey_dismissed",
}
"""`event` -> canonical name; other names stay as they come."""

ACTIONS = {"click": "click", "touch": "click", "change": "form_change", "submit": "form_submit"}
"""`$event_type` of an `$autocapture` -> canonical name."""

SURVEY = ("survey_shown", "survey_response", "survey_dismissed")

SURVEY_KINDS = {
    "nps": r"(?i)\bnps\b|net promoter",
    "csat": r"(?i)\bcsat\b|customer satisfaction",
    "ces": r"(?i)\bces\b|customer effort",
}
"""What a survey's name says of its kind, which no event tells otherwise."""

NAVIGATIONS = {"pushState": "link", "popstate": "back_forward"}
"""`navigation_type` of a `$pageview` within one document -> how the page was reached."""

VALUES = (
    "uuid", "event", "timestamp", "created_at", "inserted_at", "_inserted_at", "distinct_id", "properties",
    "elements_chain", "ip", "site_url", "team_id", "person_id", "person_properties", "set", "set_once",
)  # fmt: skip
"""Keys of a record that are read."""

DELIVERY = ("created_at", "inserted_at", "_inserted_at", "person_id", "person_properties")
"""What PostHog puts beside the event when it arrives: another delivery or export differs in these alone."""

TEXTS = (
    "$current_url", "$title", "$screen_name", "$referrer", "$pageview_id", "$prev_pageview_id", "$session_id",
    "$window_id", "$raw_user_agent", "$ip", "$geoip_country_code", "$geoip_subdivision_1_name",
    "$geoip_city_name", "$browser_language", "$locale", "$app_version", "$lib", "$os", "$os_name",
    "$device_id", "$event_type", "$el_text", "$feature_flag", "$feature_flag_response", "$survey_id",
    "$survey_name", "$group_type", "$group_key", *UTM.values(),
)  # fmt: skip
"""Properties that columns take as text, whichever event has them."""

GEO = {
    "country": "$geoip_country_code",
    "region": "$geoip_subdivision_1_name",
    "city": "$geoip_city_name",
}

OWN_TEXTS = ("token", "title", "navigation_type", "currency", "$currency", *CLICK_IDS)
"""Properties taken as text whose names a custom event may use for something else."""

IDENTIFIERS = ("$user_id", "$anon_distinct_id", "alias")

OTHERS = (
    "distinct_id", "$is_identified", "$process_person_profile", "$viewport_width", "$viewport_height",
    "$prev_pageview_max_scroll", "$prev_pageview_max_content", "$prev_pageview_max_content_percentage",
    "$revenue", "revenue", "$groups", "$set", "$set_once", "$group_set", "$survey_completed",
    "$survey_response", "$survey_response_1", "$survey_questions",
)  # fmt: skip

READ = (*TEXTS, *OWN_TEXTS, *OTHERS)
PROPERTIES = f"STRUCT<{', '.join(f'`{key}`: STRING' for key in (*READ, *IDENTIFIERS))}>"
"""What is read of `properties`; all comes as text, so that a wrong type is seen where it is cast."""

TAKEN = (
    "$current_url", "$title", "$referrer", "$session_id", "$window_id", "$raw_user_agent", "$ip",
    "$geoip_country_code", "$geoip_subdivision_1_name", "$geoip_city_name", "$browser_language",
    "$app_version", *UTM.values(),
)  # fmt: skip
"""Properties that go to a column of their own in every event."""

TAKEN_BY: dict[str, tuple[str, ...]] = {
    "identify": ("$set",),
    "alias": ("alias",),
    "group": ("$group_key", "$group_set"),
    "experiment_exposure": ("$feature_flag",),
    **dict.fromkeys(SURVEY, ("$survey_id",)),
}
"""The same for events of one name."""

ACCOUNTS = ("company", "organization", "account")
"""Types of groups that stand for a company account, the first that an event names."""

WEB = ("web", "js", "posthog-js", "posthog-js-lite")
IOS = ("posthog-ios",)
ANDROID = ("posthog-android",)
MOBILE = ("posthog-react-native", "posthog-flutter", "posthog-kmp", "posthog-unity")
SERVER = (
    "posthog-node", "posthog-python", "posthog-php", "posthog-ruby", "posthog-go", "posthog-java",
    "posthog-server", "posthog-dotnet", "posthog-elixir", "posthog-rs", "posthog-rust", "posthog-edge",
)  # fmt: skip
"""`$lib` by the platform it runs on; on MOBILE the system tells which."""

CLICKABLE = ("a", "button", "input", "select", "textarea", "label", "option", "summary")
"""Tags that are made for clicking, on the element or around it."""
