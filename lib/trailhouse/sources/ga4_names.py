"""What GA4's names mean here, as data: events, their parameters, and the fields of an exported row."""

from __future__ import annotations

IN_APP_PURCHASE = "in_app_purchase"

NAMES = {
    "click": "click",
    "page_view": "page_view",
    "screen_view": "screen_view",
    "scroll": "scroll",
    "view_search_results": "search",
    "search": "search",
    "video_start": "media_play",
    "video_progress": "media_progress",
    "video_complete": "media_complete",
    "form_start": "form_start",
    "form_submit": "form_submit",
    "view_item": "product_view",
    "add_to_cart": "cart_add",
    "remove_from_cart": "cart_remove",
    "begin_checkout": "checkout",
    "purchase": "order",
    "ecommerce_purchase": "order",
    IN_APP_PURCHASE: "order",
    "refund": "refund",
    "purchase_refund": "refund",
    "app_store_refund": "refund",
    "app_store_subscription_cancel": "subscription_cancel",
    "login": "login",
    "app_exception": "error",
    "exception": "error",
}
"""`event_name` -> canonical name; other names stay as they come."""

ELEMENT = ("click", "file_download")
MEDIA = ("media_play", "media_progress", "media_complete")
FORM = ("form_start", "form_submit")
SEARCH = ("search",)
MONEY = (
    "order", "refund", "cart_add", "cart_remove", "checkout", "product_view", "add_payment_info",
    "add_shipping_info", "add_to_wishlist", "view_cart", "generate_lead",
)  # fmt: skip
"""Events whose `value` is money without a word of the currency."""

URL = "page_location"
REFERRER = "page_referrer"
TITLE = ("page_title", "firebase_screen", "screen_name", "firebase_screen_class")
SESSION = "ga_session_id"
FORM_ID = ("form_id", "form_name")
MEDIA_TEXTS = {"id": "video_url", "title": "video_title"}
MEDIA_NUMBERS = {"position": "video_current_time", "length": "video_duration"}
CAMPAIGN_PARAMS = {
    "source": "source",
    "medium": "medium",
    "name": "campaign",
    "term": "term",
    "content": "content",
    "click_id": "gclid",
}
"""Where a campaign stood before rows had `collected_traffic_source`."""

PARAMS = (
    URL, REFERRER, *TITLE, SESSION, "link_url", "link_text", "link_id", "link_classes", *FORM_ID,
    *MEDIA_TEXTS.values(), *MEDIA_NUMBERS.values(), "search_term", "value", "currency",
    *CAMPAIGN_PARAMS.values(), "batch_ordering_id", "batch_event_index",
)  # fmt: skip
"""Keys of `event_params` that columns are made of."""
KINDS = ("string_value", "int_value", "float_value", "double_value")
"""Under which of these a parameter's value stands."""

CAMPAIGN = {
    "source": ("manual_source",),
    "medium": ("manual_medium",),
    "name": ("manual_campaign_name",),
    "term": ("manual_term",),
    "content": ("manual_content",),
    "click_id": ("gclid", "dclid"),
}
"""Where a campaign stands in `collected_traffic_source`."""
OBJECTS: dict[str, tuple[str, ...]] = {
    "privacy_info": ("analytics_storage",),
    "device": ("language",),
    "geo": ("country", "region", "city"),
    "app_info": ("version",),
    "collected_traffic_source": tuple(key for keys in CAMPAIGN.values() for key in keys),
    "ecommerce": ("purchase_revenue", "refund_value"),
}
"""Records within a row, and what columns are made of in them."""

IDENTIFIERS = ("user_id", "user_pseudo_id")
FIELDS = ("stream_id", "platform")
TEXT_FIELDS = ("event_name", *IDENTIFIERS, *FIELDS)
BATCH = ("batch_ordering_id", "batch_event_index")

TAKEN = ("event_timestamp", "event_name", *IDENTIFIERS, "stream_id")
"""Fields of a row that always go to a column of their own."""
NESTED = (
    "event_params", *OBJECTS, "user_properties", "user_ltv", "traffic_source", "event_dimensions", "items",
    "session_traffic_source_last_click", "publisher",
)  # fmt: skip
VALUES = (
    *TAKEN, "platform", *NESTED, *BATCH, "batch_page_id", "event_date", "event_previous_timestamp",
    "event_value_in_usd", "event_bundle_sequence_id", "event_server_timestamp_offset",
    "user_first_touch_timestamp", "is_active_user",
)  # fmt: skip
"""Fields of an exported row that are known by name."""

PLATFORMS = ("web", "ios", "android")
