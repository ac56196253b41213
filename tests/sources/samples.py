"""One good page view in the wire shape of each source: what the template's tests start from."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.sources.reading import message
from trailhouse.sources.snowplow_names import FIELDS

DELIVERED: dict[str, dict[str, Any]] = {
    "segment": message(
        "m-1", type="page", event=None, anonymousId="d-1", properties={"url": "https://s.example/a"}
    ),
    "posthog": {
        "uuid": "01890000-0000-7000-8000-000000000001",
        "event": "$pageview",
        "team_id": 7,
        "distinct_id": "d-1",
        "timestamp": "2026-03-02 10:00:00.000000",
        "created_at": "2026-03-02 10:00:02.000000",
        "properties": {"$current_url": "https://s.example/a", "$device_id": "d-1", "$lib": "web"},
    },
    "amplitude": {
        "$insert_id": "i-1",
        "uuid": "01890000-0000-11ee-8000-000000000001",
        "event_type": "[Amplitude] Page Viewed",
        "event_time": "2026-03-02 10:00:00.000000",
        "client_event_time": "2026-03-02 10:00:00.000000",
        "client_upload_time": "2026-03-02 10:00:01.000000",
        "server_received_time": "2026-03-02 10:00:01.500000",
        "amplitude_id": 1234567890,
        "device_id": "d-1",
        "user_id": None,
        "platform": "Web",
        "event_properties": {"[Amplitude] Page URL": "https://s.example/a"},
    },
    "mixpanel": {
        "event": "$mp_web_page_view",
        "properties": {
            "time": 1772445600,
            "distinct_id": "$device:d-1",
            "$device_id": "d-1",
            "$insert_id": "i-1",
            "$current_url": "https://s.example/a",
            "mp_lib": "web",
            "mp_processing_time_ms": 1772445602000,
        },
    },
    "ga4": {
        "event_date": "20260302",
        "event_timestamp": "1772445600000000",
        "event_name": "page_view",
        "event_params": [
            {"key": "page_location", "value": {"string_value": "https://s.example/a"}},
            {"key": "ga_session_id", "value": {"int_value": "1772445600"}},
        ],
        "event_bundle_sequence_id": "1",
        "user_pseudo_id": "d-1",
        "privacy_info": {"analytics_storage": "Yes", "ads_storage": "Yes"},
        "stream_id": "77",
        "platform": "WEB",
        "items": [],
    },
    "segment_warehouse": {
        "id": "m-1",
        "type": "page",
        "anonymous_id": "d-1",
        "original_timestamp": "2026-03-02T10:00:00.000Z",
        "sent_at": "2026-03-02T10:00:01.000Z",
        "received_at": "2026-03-02T10:00:01.000Z",
        "uuid_ts": "2026-03-02T10:05:00.000Z",
        "url": "https://s.example/a",
    },
    "trailhouse": {
        "event_id": "e-1",
        "event_name": "page_view",
        "client_time": "2026-03-02T10:00:00Z",
        "sent_time": "2026-03-02T10:00:01.000Z",
        "received_time": "2026-03-02T10:00:01.500Z",
        "anonymous_id": "d-1",
        "platform": "web",
        "page": {"url": "https://s.example/a"},
    },
    "snowplow": {
        "event_id": "e-1",
        "event": "page_view",
        "platform": "web",
        "dvce_created_tstamp": "2026-03-02 10:00:00.000",
        "dvce_sent_tstamp": "2026-03-02 10:00:01.000",
        "collector_tstamp": "2026-03-02 10:00:01.500",
        "domain_userid": "d-1",
        "page_url": "https://s.example/a",
    },
}
"""A page view of the page /a at ten o'clock by the device d-1, as each tracker's files tell it."""

IDS = {
    "segment": "m-1",
    "posthog": "01890000-0000-7000-8000-000000000001",
    "amplitude": "i-1",
    "mixpanel": "i-1",
}
"""The id of each sample whose records are lines and have one."""

RECEIVED: dict[str, str | None] = {
    "segment": "receivedAt",
    "posthog": "created_at",
    "amplitude": "server_received_time",
    "mixpanel": "properties.mp_processing_time_ms",
    "ga4": None,
    "segment_warehouse": "received_at",
    "trailhouse": "received_time",
    "snowplow": "collector_tstamp",
}
"""Where the time of arrival stands, which another delivery changes; None where no record has one."""


TSV = "snowplow TSV"
SHAPES = {**{name: name for name in DELIVERED}, TSV: "snowplow"}
"""Shapes of files, and the source that reads them; most sources have one, of JSON lines."""
LINES = [shape for shape in SHAPES if shape != "snowplow"]
"""Those of which a record is a line."""


def line(shape: str, record: dict[str, Any]) -> bytes:
    """A record as a line of that shape, without the line's end."""
    if shape == TSV:
        return "\t".join(record.get(field) or "" for field in FIELDS).encode()
    return json.dumps(record).encode()


def written(shape: str, *records: dict[str, Any]) -> bytes:
    """A file of these records."""
    if shape in LINES:
        return b"".join(line(shape, record) + b"\n" for record in records)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def delivered_again(source: str) -> dict[str, Any]:
    """The same record as it arrives a second later."""
    record: dict[str, Any] = json.loads(json.dumps(DELIVERED[source]))
    place = RECEIVED[source]
    if place is None:
        return record
    *path, last = place.split(".")
    part = record
    for key in path:
        part = part[key]
    arrived = part[last]
    later = (
        arrived + 1000
        if isinstance(arrived, int)
        else arrived.replace(":02.", ":03.").replace(":01.", ":02.")
    )
    assert later != arrived
    part[last] = later
    return record
