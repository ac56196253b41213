"""Enriched events of Snowplow, a golden case a rule."""

from __future__ import annotations

from typing import Any

from tests.sources.enriched import MOBILE, SNOWPLOW, VIEW, Enriched

SESSION = (
    f"{SNOWPLOW}/client_session/1-0-2",
    {"userId": "phone-1", "sessionId": "ps-1", "sessionIndex": 3, "eventIndex": 7},
)
SCREEN = (f"{MOBILE}/screen/1-0-0", {"id": "screen-1", "name": "Basket"})
MEDIA = f"{SNOWPLOW}.media"
SHOP = f"{SNOWPLOW}.ecommerce"
ACTION = f"{SHOP}/snowplow_ecommerce_action/1-0-2"
PLAYER = (f"{SNOWPLOW}/media_player/2-0-0", {"currentTime": 12.5, "duration": 60, "label": "Tour"})


def own(schema: str, data: Any, *contexts: tuple[str, Any], **cells: str) -> Enriched:
    return Enriched(cells, [VIEW, *contexts], own=(schema, data))


def product(price: float, quantity: int | None = None, currency: str = "eur") -> tuple[str, Any]:
    data = {"id": "p", "category": "c", "price": price, "currency": currency, "quantity": quantity}
    return (f"{SHOP}/product/1-0-0", data)


CASES: dict[str, Enriched] = {
    "view": Enriched(
        {
            "event": "page_view",
            "event_name": "page_view",
            "page_url": "https://s.example/a",
            "page_title": 'Käse "say"',
            "geo_region": "BE",
            "geo_region_name": "Berlin",
            "br_cookies": "1",
            "doc_width": "390",
            "doc_height": "tall",
            "etl_tstamp": "2026-03-02 10:00:05.000",
        },
        # A minor version that nobody here has seen.
        [(f"{SNOWPLOW}/web_page/1-4-2", {"id": "view-9"})],
        [("nl.basjes/yauaa_context/1-0-4", {"deviceClass": "Phone"})],
    ),
    "other model": Enriched({"event": "page_view"}, [(f"{SNOWPLOW}/web_page/2-0-0", {"id": "view-2"})]),
    "no JSON": Enriched({"event": "page_ping", "pp_yoffset_max": "80"}),
    "click": own(
        f"{SNOWPLOW}/link_click/1-0-1",
        {"targetUrl": "https://o.example/", "elementId": "go", "elementContent": "Go"},
    ),
    "snake": own(f"{SNOWPLOW}/link_click/1-0-1", {"target_url": "https://o.example/", "element_id": "go"}),
    "button": own(f"{SNOWPLOW}/button_click/2-0-0", {"label": "Buy", "id": "buy"}),
    "focus": own(f"{SNOWPLOW}/focus_form/1-0-0", {"formId": "f", "elementId": "name", "nodeName": "INPUT"}),
    "change": own(f"{SNOWPLOW}/change_form/1-0-0", {"formId": "f", "elementId": "name", "value": "x"}),
    "submit": own(f"{SNOWPLOW}/submit_form/1-0-0", {"formId": "f", "elements": [{"name": "a"}]}),
    "search": own(f"{SNOWPLOW}/site_search/1-0-0", {"terms": ["red", "shoes"], "totalResults": 4}),
    "error": own(f"{SNOWPLOW}/application_error/1-0-2", {"message": "boom"}),
    "vital": own(f"{SNOWPLOW}/web_vitals/1-0-0", {"lcp": 1908.5, "cls": 0.011}),
    "play": own(f"{MEDIA}/play_event/1-0-0", {}, PLAYER),
    "progress": own(
        f"{SNOWPLOW}/media_player_event/1-0-0",
        {"type": "percentprogress", "label": "Old tour"},
        (f"{SNOWPLOW}/media_player/1-0-0", {"currentTime": 30, "duration": 60.25}),
        ("com.youtube/youtube/1-0-0", {"playerId": "yt-1"}),
    ),
    "ended": own(
        f"{SNOWPLOW}/media_player_event/1-0-0",
        {"type": "ended"},
        ("org.whatwg/media_element/1-0-0", {"htmlId": "v-1"}),
    ),
    "volume": own(f"{SNOWPLOW}/media_player_event/1-0-0", {"type": "volumechange"}),
    "product": own(ACTION, {"type": "product_view"}, product(19.99)),
    "cart": own(ACTION, {"type": "add_to_cart"}, product(19.99, 2), product(0.05)),
    "two currencies": own(ACTION, {"type": "add_to_cart"}, product(19.99), product(5, currency="USD")),
    "old cart": own(
        f"{SNOWPLOW}/remove_from_cart/1-0-0", {"sku": "p", "price": 5, "quantity": 2, "currency": "EUR"}
    ),
    "checkout": own(ACTION, {"type": "checkout_step"}),
    "order": own(
        ACTION, {"type": "transaction"}, (f"{SHOP}/transaction/1-0-0", {"revenue": 60.5, "currency": "EUR"})
    ),
    "refund": own(
        ACTION, {"type": "refund"}, (f"{SHOP}/refund/1-0-0", {"refund_amount": 9.5, "currency": "EUR"})
    ),
    "list": own(ACTION, {"type": "list_view", "name": "new"}),
    "choice": own(f"{SNOWPLOW}/consent_preferences/1-0-0", {"eventType": "allow_selected"}),
    "withdrawal": own(f"{SNOWPLOW}/consent_withdrawn/1-0-0", {"all": True}),
    "part of it": own(f"{SNOWPLOW}/consent_withdrawn/1-0-0", {"all": False}),
    "ground": Enriched(
        {"event": "page_view"}, [(f"{SNOWPLOW}/gdpr/1-0-0", {"basisForProcessing": "contract"})]
    ),
    "screen": Enriched(
        {"platform": "mob", "os_family": "iOS", "domain_userid": "", "domain_sessionid": ""},
        [SESSION, SCREEN, (f"{MOBILE}/application/1-0-0", {"name": "shop", "version": "1.2.3"})],
        own=(f"{MOBILE}/screen_view/1-0-0", {"name": "Home", "id": "screen-2"}),
    ),
    "scroll": Enriched({}, [SCREEN], own=(f"{MOBILE}/scroll_changed/1-0-0", {"y_offset": -4})),
    "test": Enriched(
        {"event": "page_view"},
        [
            (f"{MOBILE}/experiment/1-0-0", {"experiment_name": "checkout", "variation_name": "short"}),
            (f"{MOBILE}/experiment/1-0-0", {"experiment_name": "price", "variation_name": "low"}),
            ("com.optimizely.optimizelyx/summary/1-1-0", {"experimentId": 77, "variation": 3}),
        ],
    ),
    "custom": own("com.acme-x.Shop/GiftWrapped/2-1-0", {"paper": {"colour": "red"}, "price": 1}, product(2)),
    "another's click": own("com.acme/link_click/1-0-0", {"targetUrl": "https://o.example/"}),
    "many": Enriched(
        {"event": "page_view"},
        [("com.acme/tag/1-0-0", {"n": 1}), ("com.acme/tag/1-0-0", {"n": 2}), VIEW],
        [("com.acme/tag/1-0-1", {"n": 3})],
    ),
    "wrong types": own(
        f"{SNOWPLOW}/site_search/1-0-0",
        {"terms": "red", "totalResults": "many"},
        (f"{SNOWPLOW}/client_session/1-0-2", {"eventIndex": "first", "sessionId": {"a": 1}}),
    ),
    "struct": Enriched({"event": "struct", "se_category": "video", "se_action": "play", "se_value": "2"}),
    "sale": Enriched({"event": "transaction", "tr_total": "19.99", "tr_currency": "eur"}),
    "item": Enriched(
        {"event": "transaction_item", "ti_price": "2.5", "ti_quantity": "3", "ti_currency": "EUR"}
    ),
}
