"""What Snowplow's names mean here, as data: events, the atomic columns that are read, and the others."""

from __future__ import annotations

EVENTS = {
    "page_view": "page_view",
    "page_ping": "heartbeat",
    "transaction": "order",
    "link_click": "click",
    "button_click": "click",
    "focus_form": "form_start",
    "change_form": "form_change",
    "submit_form": "form_submit",
    "screen_view": "screen_view",
    "application_error": "error",
    "web_vitals": "web_vital",
    "site_search": "search",
}
"""`event`, or `event_name` of an unstruct event -> canonical name; other names stay as they come."""

READ = (
    "app_id", "platform", "event", "event_name", "event_id", "user_id", "user_ipaddress", "domain_userid",
    "network_userid", "domain_sessionid", "collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp",
    "page_url", "page_title", "page_referrer", "mkt_medium", "mkt_source", "mkt_term", "mkt_content",
    "mkt_campaign", "mkt_clickid", "se_category", "se_action", "tr_total", "tr_currency", "ti_price",
    "ti_quantity", "ti_currency", "pp_yoffset_max", "useragent", "br_lang", "br_viewwidth", "br_viewheight",
    "doc_width", "doc_height", "geo_country", "geo_region", "geo_region_name", "geo_city", "os_name",
    "os_family",
)  # fmt: skip
"""Atomic columns that canonical ones are made of; a file that lacks one has it empty."""

TOLD = (
    "page_urlscheme", "page_urlhost", "page_urlport", "page_urlpath", "page_urlquery", "page_urlfragment",
    "refr_urlscheme", "refr_urlhost", "refr_urlport", "refr_urlpath", "refr_urlquery", "refr_urlfragment",
)  # fmt: skip
"""Parts of a URL that is kept whole, so that privacy has one place to clean."""

DELIVERY = (
    "collector_tstamp", "dvce_sent_tstamp", "derived_tstamp", "etl_tstamp", "load_tstamp", "etl_tags",
)  # fmt: skip
"""Columns that another delivery or load of the same event changes."""

CONTEXT = "contexts_com_snowplowanalytics_snowplow_web_page_1"
PAYLOAD = "unstruct_event_"
"""Beginnings of the columns of the web page's context, and of an event's own fields."""
