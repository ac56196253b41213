"""What Amplitude's names mean here, as data: events, their properties, and the fields of a record."""

from __future__ import annotations

from trailhouse.enrich import campaigns

RAGE_CLICK = "[Amplitude] Rage Click"
INTERACTED = "[Amplitude] Element Interacted"
REVENUE = "revenue_amount"
VERIFIED = ("verified_revenue", "unverified_revenue")
"""Amplitude's own events beside a revenue event: the same money a second time."""

NAMES = {
    "[Amplitude] Page Viewed": "page_view",
    "[Amplitude] Screen Viewed": "screen_view",
    "[Amplitude] Element Clicked": "click",
    "[Amplitude] Element Changed": "form_change",
    "[Amplitude] Form Started": "form_start",
    "[Amplitude] Form Submitted": "form_submit",
    "[Amplitude] Viewport Content Updated": "scroll",
    "[Amplitude] Web Vitals": "web_vital",
    "[Experiment] Exposure": "experiment_exposure",
    "$exposure": "experiment_exposure",
    "$identify": "identify",
    "$groupidentify": "group",
    REVENUE: "order",
}
"""`event_type` -> canonical name; other names stay as they come."""

ELEMENT = ("click", "form_change", RAGE_CLICK, "[Amplitude] Dead Click", "[Amplitude] Error Click")
FORM = ("form_start", "form_submit")

URL = ("[Amplitude] Page Location", "[Amplitude] Page URL")
"""The page's address, with its query and without."""
URL_PARTS = ("[Amplitude] Page Path", "[Amplitude] Page Domain")
TITLE = ("[Amplitude] Page Title", "[Amplitude] Screen Name")
VIEW_ID = "[Amplitude] Page View ID"
SELECTOR = ("[Amplitude] Element Selector", "[Amplitude] Element Path")
TEXT = ("[Amplitude] Element Text", "[Amplitude] Target Text")
TAG = "[Amplitude] Element Tag"
HREF = "[Amplitude] Element Href"
ELEMENT_ID = "[Amplitude] Element ID"
FORM_ID = ("[Amplitude] Form ID", "[Amplitude] Form Name")
VIEWPORT = ("[Amplitude] Viewport Width", "[Amplitude] Viewport Height")
MAX_Y = "[Amplitude] Max Page Y"
ACTION = "[Amplitude] Action"
CLICKS = "[Amplitude] Clicks"
FLAG = ("flag_key", "key", "[Experiment] Flag Key")
UTM = tuple(campaigns.UTM.values())

PROPERTIES = (
    *URL, *URL_PARTS, *TITLE, VIEW_ID, *SELECTOR, *TEXT, TAG, HREF, ELEMENT_ID, *FORM_ID, *VIEWPORT, MAX_Y,
    ACTION, CLICKS, *FLAG, "variant", "referrer", *UTM, "$revenue", "$price", "$quantity",
    "$currency",
)  # fmt: skip
"""Keys of `event_properties` that columns are made of."""

TEXTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*URL, *URL_PARTS, *TITLE, VIEW_ID, *UTM, "$currency"), ()),
    **dict.fromkeys((*SELECTOR, *TEXT, TAG, HREF), ELEMENT),
    **dict.fromkeys(FORM_ID, FORM),
    **dict.fromkeys((*FLAG, "variant"), ("experiment_exposure",)),
    "referrer": ("page_view",),
}
"""Properties taken as text, and by the events of which names; by all where none is given."""

NUMBERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("$revenue", "$price", "$quantity", *VIEWPORT), ()),
    MAX_Y: ("scroll",),
}
"""The same for properties taken as numbers."""

TIMES = (
    "client_event_time",
    "event_time",
    "client_upload_time",
    "server_received_time",
    "server_upload_time",
)
IDENTIFIERS = ("user_id", "device_id", "$insert_id", "uuid")

TAKEN = (
    "$insert_id", "event_type", "client_event_time", "user_id", "device_id", "session_id", "event_id",
    "version_name", "language", "country", "region", "city", "ip_address", "user_agent", "app",
    "event_properties",
)  # fmt: skip
"""Fields of a record that always go to a column of their own."""
FIELDS = (
    "session_id",
    "version_name",
    "language",
    "country",
    "region",
    "city",
    "ip_address",
    "user_agent",
    "app",
    "platform",
)
"""Those of them that are text, and not required."""
TEXT_FIELDS = (*IDENTIFIERS, "event_type", *FIELDS)
"""All fields of the record that are taken as text."""

DELIVERY = (
    "client_upload_time",
    "server_received_time",
    "server_upload_time",
    "processed_time",
    "event_time",
)
"""Delivery facts, and what Amplitude reckons from them."""
ASSIGNED = ("uuid", "amplitude_id")
"""What Amplitude gives an event on arrival, and a person at each merge."""

OBJECTS = ("user_properties", "group_properties", "groups", "data")

OWN = (
    *TAKEN, *OBJECTS, "platform", "library", "os_name", "os_version", "device_brand", "device_carrier",
    "device_family", "device_manufacturer", "device_model", "device_type", "dma", "location_lat",
    "location_lng", "idfa", "adid", "amplitude_event_type", "amplitude_attribution_ids",
    "is_attribution_event", "paying", "start_version", "user_creation_time", "sample_rate", "$schema",
    "partner_id", "source_id", "data_type", "global_user_properties",
)  # fmt: skip
VALUES = (*OWN, *DELIVERY, *ASSIGNED)
"""Fields of an exported record that are known by name."""

PLATFORMS = ("web", "ios", "android")
SERVER_LIBRARIES = (
    "http/", "amplitude-node", "amplitude-python", "amplitude-java", "amplitude-go", "amplitude-experiment",
)  # fmt: skip
"""Beginnings of `library` of server SDKs, in lower case."""
