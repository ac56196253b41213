"""Columns of Segment's and RudderStack's warehouse tables, as data: which part of a message each was."""

from __future__ import annotations

from trailhouse.sources import segment_names

TABLES = {
    "tracks": "track",
    "pages": "page",
    "screens": "screen",
    "identifies": "identify",
    "aliases": "alias",
    "groups": "group",
}
"""Table -> type of the message."""

TABLE_IN_PATH = rf"(?i).*[/._=-]({'|'.join(TABLES)})(?=[/._\d-]|$)"
"""The last word of a file's path that is the name of a table."""

SLUGS = {name.lower().replace(" ", "_"): name for name in segment_names.NAMES}
"""`event`, the name of an event's table -> the event's name."""

CHANNELS = ("web", "mobile", "server", "sources")
"""RudderStack's; any other word is a property of that name."""

DELIVERY = ("uuid", "uuid_ts", "loaded_at")
"""Facts of loading, which say nothing of the event."""
COMMON = (
    "id", "anonymous_id", "user_id", "original_timestamp", "timestamp", "_timestamp", "sent_at",
    "received_at", *DELIVERY,
)  # fmt: skip
"""Columns of every table; `_timestamp` is RudderStack's name where the other is a reserved word."""

CONTEXT = "context_"
OBJECTS = {
    "page": {
        "url": "context_page_url",
        "title": "context_page_title",
        "referrer": "context_page_referrer",
        "viewId": "context_page_view_id",
        "navigationType": "context_page_navigation_type",
    },
    "viewport": {key: f"context_viewport_{key}" for key in ("width", "height")},
    "document": {key: f"context_document_{key}" for key in ("width", "height")},
    "campaign": {key: f"context_campaign_{key}" for key in ("source", "medium", "name", "term", "content")},
    "app": {key: f"context_app_{key}" for key in ("name", "version")},
    "library": {"name": "context_library_name"},
    "consent": {"status": "context_consent_status"},
    "traits": {key: f"context_traits_{key}" for key in ("email", "phone")},
}
"""Objects of a message's context: what is read of each, and the column that it is in."""
OF_OBJECTS = f"^{CONTEXT}(?:{'|'.join(OBJECTS)})_"
"""Columns of these objects; what is not read of them is left out, as it is of a message."""

SCALARS = {
    "externalIds": "context_external_ids",
    "userAgent": "context_user_agent",
    "locale": "context_locale",
    "ip": "context_ip",
    "sessionId": "context_session_id",
    "tabId": "context_tab_id",
    "groupId": "context_group_id",
    "channel": "context_channel",
    "sequence": "context_sequence",
}
"""Other keys of the context, and the column that each is in."""

BOX = {key: f"box_{key}" for key in ("x", "y", "width", "height")}
"""An element's box, which a warehouse has in four columns."""

COLUMNS = (
    *COMMON, "event", "event_text", "type", "channel", "previous_id", "group_id", "name", "view_id",
    *BOX.values(), *SCALARS.values(), *[column for each in OBJECTS.values() for column in each.values()],
)  # fmt: skip
"""Every column that a part of a message is made of under a name of its own."""
