"""What Snowplow's names mean here, as data: events, atomic columns, and what is read of the JSON ones."""

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
    "scroll_changed": "scroll",
    "application_error": "error",
    "web_vitals": "web_vital",
    "site_search": "search",
    "add_to_cart": "cart_add",
    "remove_from_cart": "cart_remove",
    "play_event": "media_play",
    "pause_event": "media_pause",
    "ping_event": "media_progress",
    "percent_progress_event": "media_progress",
    "end_event": "media_complete",
    "media_player_event/play": "media_play",
    "media_player_event/pause": "media_pause",
    "media_player_event/percentprogress": "media_progress",
    "media_player_event/ended": "media_complete",
    "snowplow_ecommerce_action/product_view": "product_view",
    "snowplow_ecommerce_action/add_to_cart": "cart_add",
    "snowplow_ecommerce_action/remove_from_cart": "cart_remove",
    "snowplow_ecommerce_action/checkout_step": "checkout",
    "snowplow_ecommerce_action/transaction": "order",
    "snowplow_ecommerce_action/refund": "refund",
    "snowplow_ecommerce_action/list_view": "list_view",
    "snowplow_ecommerce_action/list_click": "list_click",
    "snowplow_ecommerce_action/promo_view": "promo_view",
    "snowplow_ecommerce_action/promo_click": "promo_click",
    "snowplow_ecommerce_action/trns_error": "trns_error",
}
"""`event`, or `event_name` of an unstruct event -> canonical name; other names stay as they come.

Behind a slash the `type` that the event's own fields tell, for the schemas of TYPED.
"""
TYPED = ("media_player_event", "snowplow_ecommerce_action")
"""Schemas of several events, told apart by `type`."""

VENDOR = "com.snowplowanalytics."
"""Beginning of the vendors whose names EVENTS has; another's event of the same name stays as it comes."""

FORM = ("form_start", "form_change", "form_submit")
MEDIA = ("media_play", "media_pause", "media_progress", "media_complete")
PRODUCT = ("product_view", "cart_add", "cart_remove")

FIELDS = (
    "app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event", "event_id",
    "txn_id", "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id", "user_ipaddress",
    "user_fingerprint", "domain_userid", "domain_sessionidx", "network_userid", "geo_country", "geo_region",
    "geo_city", "geo_zipcode", "geo_latitude", "geo_longitude", "geo_region_name", "ip_isp",
    "ip_organization", "ip_domain", "ip_netspeed", "page_url", "page_title", "page_referrer",
    "page_urlscheme", "page_urlhost", "page_urlport", "page_urlpath", "page_urlquery", "page_urlfragment",
    "refr_urlscheme", "refr_urlhost", "refr_urlport", "refr_urlpath", "refr_urlquery", "refr_urlfragment",
    "refr_medium", "refr_source", "refr_term", "mkt_medium", "mkt_source", "mkt_term", "mkt_content",
    "mkt_campaign", "contexts", "se_category", "se_action", "se_label", "se_property", "se_value",
    "unstruct_event", "tr_orderid", "tr_affiliation", "tr_total", "tr_tax", "tr_shipping", "tr_city",
    "tr_state", "tr_country", "ti_orderid", "ti_sku", "ti_name", "ti_category", "ti_price", "ti_quantity",
    "pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min", "pp_yoffset_max", "useragent", "br_name",
    "br_family", "br_version", "br_type", "br_renderengine", "br_lang", "br_features_pdf",
    "br_features_flash", "br_features_java", "br_features_director", "br_features_quicktime",
    "br_features_realplayer", "br_features_windowsmedia", "br_features_gears", "br_features_silverlight",
    "br_cookies", "br_colordepth", "br_viewwidth", "br_viewheight", "os_name", "os_family",
    "os_manufacturer", "os_timezone", "dvce_type", "dvce_ismobile", "dvce_screenwidth", "dvce_screenheight",
    "doc_charset", "doc_width", "doc_height", "tr_currency", "tr_total_base", "tr_tax_base",
    "tr_shipping_base", "ti_currency", "ti_price_base", "base_currency", "geo_timezone", "mkt_clickid",
    "mkt_network", "etl_tags", "dvce_sent_tstamp", "refr_domain_userid", "refr_dvce_tstamp",
    "derived_contexts", "domain_sessionid", "derived_tstamp", "event_vendor", "event_name", "event_format",
    "event_version", "event_fingerprint", "true_tstamp",
)  # fmt: skip
"""The fields of an enriched event in their order, as Snowplow's analytics SDKs list them."""

PLATFORMS = ("web", "mob", "pc", "srv", "app", "tv", "cnsl", "iot", "headset")
KINDS = ("page_view", "page_ping", "struct", "unstruct", "transaction", "transaction_item", "ad_impression")
"""What Snowplow's protocol knows as `platform` and as `event`."""

READ = (
    "app_id", "platform", "event", "event_name", "event_vendor", "event_id", "user_id", "user_ipaddress",
    "domain_userid", "network_userid", "domain_sessionid", "collector_tstamp", "dvce_created_tstamp",
    "dvce_sent_tstamp", "page_url", "page_title", "page_referrer", "mkt_medium", "mkt_source", "mkt_term",
    "mkt_content", "mkt_campaign", "mkt_clickid", "se_category", "se_action", "tr_total", "tr_currency",
    "ti_price", "ti_quantity", "ti_currency", "pp_yoffset_max", "useragent", "br_lang", "br_viewwidth",
    "br_viewheight", "doc_width", "doc_height", "geo_country", "geo_region", "geo_region_name", "geo_city",
    "os_name", "os_family",
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

DOCUMENTS = {"contexts": "contexts_", "derived_contexts": "contexts_", "unstruct_event": "unstruct_event_"}
"""Columns of self-describing JSON, and how the columns begin that loaders make of their schemas."""

BOOLEANS = (
    "br_features_pdf", "br_features_flash", "br_features_java", "br_features_director",
    "br_features_quicktime", "br_features_realplayer", "br_features_windowsmedia", "br_features_gears",
    "br_features_silverlight", "br_cookies", "dvce_ismobile",
)  # fmt: skip
"""Columns that are 1 or 0 in an enriched event, and true or false in a table."""

_SNOWPLOW = "contexts_com_snowplowanalytics_snowplow"
_MOBILE = "contexts_com_snowplowanalytics_mobile"

CONTEXTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "web_page": (f"{_SNOWPLOW}_web_page_1", ("id",), ()),
    "client_session": (f"{_SNOWPLOW}_client_session_1", ("userId", "sessionId", "eventIndex"), ()),
    "screen": (f"{_MOBILE}_screen_1", ("id", "name"), ()),
    "mobile_application": (f"{_MOBILE}_application_1", ("version",), ()),
    "application": (f"{_SNOWPLOW}_application_1", ("version",), ()),
    "gdpr": (f"{_SNOWPLOW}_gdpr_1", ("basisForProcessing",), ()),
    "media_player_2": (f"{_SNOWPLOW}_media_player_2", ("currentTime", "duration", "label"), MEDIA),
    "media_player": (f"{_SNOWPLOW}_media_player_1", ("currentTime", "duration", "label"), MEDIA),
    "youtube": ("contexts_com_youtube_youtube_1", ("playerId",), MEDIA),
    "media_element": ("contexts_org_whatwg_media_element_1", ("htmlId",), MEDIA),
    "transaction": (f"{_SNOWPLOW}_ecommerce_transaction_1", ("revenue", "currency"), ("order",)),
    "refund": (f"{_SNOWPLOW}_ecommerce_refund_1", ("refund_amount", "currency"), ("refund",)),
}
"""Contexts of which the first is read: key, fields, and in which events; in all where none is given."""

PRODUCTS = f"{_SNOWPLOW}_ecommerce_product_1"
EXPERIMENTS = {
    f"{_MOBILE}_experiment_1": (("experiment_name", "experiment_id"), ("variation_name", "variation_id")),
    "contexts_com_optimizely_optimizelyx_summary_1": (("experimentId",), ("variationName", "variation")),
}
"""Contexts of which all are read; of an experiment the fields for its name and its variant."""

OWN: dict[str, tuple[str, ...]] = {
    "targetUrl": ("click",),
    "elementId": ("click", *FORM),
    "elementContent": ("click",),
    "label": ("click", *MEDIA),
    "id": ("click", "screen_view"),
    "name": ("screen_view",),
    "formId": FORM,
    "fieldName": FORM,
    "totalResults": ("search",),
    "y_offset": ("scroll",),
    "eventType": ("consent_preferences",),
    "all": ("consent_withdrawn",),
}
"""An event's own fields that are read, and of events of which names."""
