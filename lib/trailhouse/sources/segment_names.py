"""What Segment's names mean here, as data: names of events, and the properties that columns take."""

from __future__ import annotations

from itertools import chain

TYPES = {
    "page": "page_view",
    "screen": "screen_view",
    "identify": "identify",
    "alias": "alias",
    "group": "group",
}
"""Message types besides `track` and their event names."""

NAMES = {
    "Element Clicked": "click",
    "Page Scrolled": "scroll",
    "Mouse Moved": "mouse_move",
    "Heartbeat": "heartbeat",
    "DOM Mutated": "mutation",
    "Visibility Changed": "visibility",
    "Replay Chunk": "replay_chunk",
    "Form Started": "form_start",
    "Form Changed": "form_change",
    "Form Submitted": "form_submit",
    "Form Abandoned": "form_abandon",
    "Video Playback Started": "media_play",
    "Video Playback Resumed": "media_play",
    "Video Playback Paused": "media_pause",
    "Video Content Playing": "media_progress",
    "Video Playback Completed": "media_complete",
    "Products Searched": "search",
    "Product Viewed": "product_view",
    "Product Added": "cart_add",
    "Product Removed": "cart_remove",
    "Checkout Started": "checkout",
    "Order Completed": "order",
    "Order Refunded": "refund",
    "Signed In": "login",
    "Logged In": "login",
    "Signed Out": "logout",
    "Logged Out": "logout",
    "Experiment Viewed": "experiment_exposure",
    "Error Occurred": "error",
    "Survey Shown": "survey_shown",
    "Survey Answered": "survey_response",
    "Survey Dismissed": "survey_dismissed",
    "Feedback Given": "feedback",
    "Support Ticket Created": "support_ticket",
    "Trial Started": "trial_start",
    "Trial Ended": "trial_end",
    "Subscription Started": "subscription_start",
    "Subscription Changed": "subscription_change",
    "Subscription Cancelled": "subscription_cancel",
}
"""`event` of a track call -> canonical name; other names stay as they come."""

ELEMENT = ("click", "mouse_move")
FORM = ("form_start", "form_change", "form_submit", "form_abandon")
MEDIA = ("media_play", "media_pause", "media_progress", "media_complete")
SURVEY = ("survey_shown", "survey_response", "survey_dismissed")
PINNED = ("selector", "tag", "x", "y", "box")
"""Properties that pin feedback to an element of the page."""
PRODUCT = ("product_view", "cart_add", "cart_remove")

TAKEN: dict[tuple[str, ...], tuple[str, ...]] = {
    ELEMENT: ("selector", "text", "tag", "href", "interactive", "x", "y", "box"),
    ("scroll",): ("offset",),
    FORM: ("form_id", "field"),
    MEDIA: ("asset_id", "title", "position", "total_length"),
    ("search",): ("query", "results", "rank"),
    SURVEY: ("survey_id", "kind", "score", "answer"),
    ("feedback",): ("survey_id", "rating", "text", *PINNED),
    ("page_view", "screen_view"): ("url", "title", "referrer", "viewId", "path", "search"),
}
"""Properties that go to a column of their own, by event name; `pointer` does in every event."""

SERVER_LIBRARIES = (
    "analytics-node",
    "analytics-python",
    "analytics-ruby",
    "analytics-go",
    "analytics-java",
    "analytics-php",
    "analytics-rust",
    "analytics.net",
    "http api",
)
"""Beginnings of `context.library.name` of server SDKs, in lower case."""

VALUES = (
    "type", "event", "messageId", "originalTimestamp", "timestamp", "sentAt", "receivedAt", "writeKey",
    "channel", "anonymousId", "userId", "previousId", "groupId", "name", "properties", "traits", "context",
)  # fmt: skip
"""Keys of a message that columns are made of."""

UNREAD = ("integrations", "version", "_metadata")
"""Keys of a message that speak of delivery alone."""

CONTEXT = """STRUCT<
    page: STRUCT<url: STRING, title: STRING, referrer: STRING, viewId: STRING,
        navigationType: STRING>,
    viewport: STRUCT<width: STRING, height: STRING>,
    document: STRUCT<width: STRING, height: STRING>,
    campaign: STRUCT<source: STRING, medium: STRING, name: STRING, term: STRING, content: STRING>,
    app: STRUCT<name: STRING, version: STRING>,
    library: STRUCT<name: STRING>,
    consent: STRUCT<status: STRING>,
    traits: STRUCT<email: STRING, phone: STRING>,
    externalIds: ARRAY<STRUCT<id: STRING, type: STRING>>,
    userAgent: STRING, locale: STRING, ip: STRING, sessionId: STRING, tabId: STRING,
    groupId: STRING, channel: STRING, sequence: STRING, bad: STRING>"""
"""What is read of `context`; scalars come as text, so that a wrong type is seen where it is cast."""

CONTEXT_OBJECTS = ("page", "viewport", "document", "campaign", "app", "library", "consent", "traits")
CONTEXT_KEYS = (
    *CONTEXT_OBJECTS, "externalIds", "userAgent", "locale", "ip", "sessionId", "tabId", "groupId", "channel",
    "sequence",
)  # fmt: skip

TRAITS = "STRUCT<email: STRING, phone: STRING>"
"""What is read of `traits`, there and in the context."""

PROPERTIES = """STRUCT<
    url: STRING, title: STRING, referrer: STRING, viewId: STRING, pointer: STRING,
    selector: STRING, text: STRING, tag: STRING, href: STRING, interactive: STRING, x: STRING, y: STRING,
    box: STRUCT<x: STRING, y: STRING, width: STRING, height: STRING>, offset: STRING,
    form_id: STRING, field: STRING, asset_id: STRING, position: STRING, total_length: STRING,
    query: STRING, results: STRING, rank: STRING,
    price: STRING, quantity: STRING, revenue: STRING, total: STRING, value: STRING, currency: STRING,
    experiment_id: STRING, experiment_name: STRING, variation_id: STRING, variation_name: STRING,
    survey_id: STRING, kind: STRING, score: STRING, answer: STRING, rating: STRING, bad: STRING>"""
"""What is read of `properties`."""

TEXTS = (
    "selector", "text", "tag", "href", "form_id", "field", "asset_id", "query", "survey_id", "kind", "answer",
    "url", "title", "referrer", "viewId",
)  # fmt: skip
"""Properties by how they are cast."""
EXPERIMENT = ("experiment_id", "experiment_name", "variation_id", "variation_name")
INTEGERS = ("x", "y", "results", "rank", "score", "rating")
SIZES = ("offset",)
NUMBERS = ("position", "total_length")
MONEY = ("price", "quantity", "revenue", "total", "value")
SUBSCRIPTION = (
    "trial_start", "trial_end", "subscription_start", "subscription_change", "subscription_cancel",
)  # fmt: skip
"""Events of money that goes on, in canonical names."""
READ = (*chain.from_iterable(TAKEN.values()), *EXPERIMENT, *MONEY, "currency", "pointer")
"""Properties that columns take, in events of some name."""
