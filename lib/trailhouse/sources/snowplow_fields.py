"""Snowplow's cells and what its JSON says, to canonical columns; what no column takes stays as JSON."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.sources import cast, snowplow_texts
from trailhouse.sources import snowplow_names as names

_NUMBERS = {
    **dict.fromkeys(("br_viewwidth", "br_viewheight", "doc_width", "doc_height"), cast.size),
    "pp_yoffset_max": cast.integer,
    **dict.fromkeys(("tr_total", "ti_price", "ti_quantity"), cast.money),
}


def columns() -> dict[str, Column]:
    """The columns that the cells, contexts and own fields of an event fill.

    Needs `cells`, `event_name`, what `snowplow_texts.with_values` adds, and `wrong`, `wrong_entities`.
    """
    c, s, name = F.col("cells"), F.col("s"), F.col("event_name")
    null = F.lit(None).cast("string")
    flagged = F.concat("wrong", "wrong_entities")
    return {
        "app_id": cast.present(c["app_id"]),
        "platform": _platform(c),
        "release": _first("mobile_application_version", "application_version"),
        "anonymous_id": F.coalesce(cast.present(c["domain_userid"]), _first("client_session_userId")),
        "user_id": cast.present(c["user_id"]),
        "identifiers": cast.identifiers(
            F.array(F.struct(F.lit("network_userid").alias("key"), c["network_userid"].alias("value")))
        ),
        "previous_id": null,
        "account_id": null,
        "client_session_id": F.coalesce(
            cast.present(c["domain_sessionid"]), _first("client_session_sessionId")
        ),
        "sequence": s["client_session_eventIndex"],
        "tab_id": null,
        "navigation_type": null,
        "page": F.struct(
            cast.present(c["page_url"]).alias("url"),
            F.coalesce(cast.present(c["page_title"]), _first("unstruct_event_name", "screen_name")).alias(
                "title"
            ),
            cast.present(c["page_referrer"]).alias("referrer"),
            _view_id().alias("view_id"),
        ),
        "viewport": cast.sizes(c["br_viewwidth"], c["br_viewheight"]),
        "document": cast.sizes(c["doc_width"], c["doc_height"]),
        "pointer": null,
        "element": F.when((name == "click") & F.col("own").isNotNull(), _element()),
        "scroll_offset": _offset(c),
        "media": F.when(name.isin(*names.MEDIA), _media()),
        "form": F.when(name.isin(*names.FORM) & F.col("own").isNotNull(), _form()),
        "search": F.when((name == "search") & F.col("own").isNotNull(), _search()),
        "survey": cast.nothing("survey"),
        "campaign": _campaign(c),
        "user_agent": cast.present(c["useragent"]),
        "geo": _geo(c),
        "ip": cast.present(c["user_ipaddress"]),
        "language": cast.present(c["br_lang"]),
        "consent": _consent(),
        "experiments": snowplow_texts.experiments(),
        **_money(c),
        "traits": null,
        "flags": F.transform(flagged, lambda key: F.concat(F.lit("wrong_type:"), key)),
    }


def wrong() -> Column:
    """ARRAY of the cells of a wrong type."""
    c = F.col("cells")
    return cast.texts(
        [
            F.when(c[cell].isNotNull() & read_as(c[cell]).isNull(), F.lit(cell))
            for cell, read_as in _NUMBERS.items()
        ]
    )


def _first(*values: str) -> Column:
    """The first of these that the JSON tells."""
    return F.coalesce(*[cast.present(F.col("s")[value]) for value in values])


def _platform(c: Column) -> Column:
    system = F.lower(F.concat_ws(" ", c["os_name"], c["os_family"], c["useragent"]))
    mobile = F.when(system.contains("android"), F.lit("android")).when(
        system.contains("ios") | system.contains("iphone") | system.contains("ipad"), F.lit("ios")
    )
    return (
        F.when(c["platform"] == "web", F.lit("web"))
        .when(c["platform"] == "mob", mobile)
        .when(c["platform"] == "srv", F.lit("server"))
    )


def _view_id() -> Column:
    """The view of a page or of a screen; an event of a screen view names it itself."""
    own = F.when(F.col("event_name") == "screen_view", _first("unstruct_event_id"))
    return F.coalesce(_first("web_page_id"), own, _first("screen_id"))


def _element() -> Column:
    identified = _first("unstruct_event_elementId", "unstruct_event_id")
    href = F.col("s")["unstruct_event_targetUrl"]
    whole = F.lit(None).cast("int")
    return F.struct(
        F.concat(F.lit("#"), identified).alias("selector"),
        F.coalesce(F.col("s")["unstruct_event_elementContent"], F.col("s")["unstruct_event_label"]).alias(
            "text"
        ),
        F.when(href.isNotNull(), F.lit("a")).alias("tag"),
        href.alias("href"),
        F.lit(True).alias("interactive"),
        cast.no_box().alias("box"),
        whole.alias("x"),
        whole.alias("y"),
    )


def _offset(c: Column) -> Column:
    """The lowest offset of a page ping, the offset of a scroll; null where it tells none."""
    name = F.col("event_name")
    found = F.when(name == "heartbeat", cast.integer(c["pp_yoffset_max"])).when(
        name == "scroll", F.col("s")["unstruct_event_y_offset"]
    )
    # `greatest` passes over nulls.
    return F.when(found.isNotNull(), F.greatest(found, F.lit(0)))


def _media() -> Column:
    s = F.col("s")
    title = _first("media_player_2_label", "media_player_label", "unstruct_event_label")
    return F.struct(
        F.coalesce(_first("youtube_playerId", "media_element_htmlId"), title).alias("id"),
        title.alias("title"),
        F.coalesce(s["media_player_2_currentTime"], s["media_player_currentTime"]).alias("position"),
        F.coalesce(s["media_player_2_duration"], s["media_player_duration"]).alias("length"),
    )


def _form() -> Column:
    s = F.col("s")
    return F.struct(
        s["unstruct_event_formId"].alias("id"),
        F.coalesce(s["unstruct_event_elementId"], s["unstruct_event_fieldName"]).alias("field"),
    )


def _search() -> Column:
    return F.struct(
        F.array_join("terms", " ").alias("term"),
        F.col("s")["unstruct_event_totalResults"].alias("results"),
        F.lit(None).cast("int").alias("rank"),
    )


def _campaign(c: Column) -> Column:
    fields = {
        "source": "mkt_source", "medium": "mkt_medium", "name": "mkt_campaign", "term": "mkt_term",
        "content": "mkt_content", "click_id": "mkt_clickid",
    }  # fmt: skip
    return cast.filled({key: cast.present(c[cell]) for key, cell in fields.items()})


def _geo(c: Column) -> Column:
    country, city = cast.present(c["geo_country"]), cast.present(c["geo_city"])
    region = F.coalesce(cast.present(c["geo_region_name"]), cast.present(c["geo_region"]))
    return cast.filled({"country": country, "region": region, "city": city})


def _consent() -> Column:
    """What a choice of consent says; of other events the ground on which they may be processed."""
    withdrawn = F.when(F.col("s")["unstruct_event_all"], F.lit("withdrawn"))
    return F.coalesce(_first("unstruct_event_eventType"), withdrawn, _first("gdpr_basisForProcessing"))


def _money(c: Column) -> dict[str, Column]:
    """`value` and `currency`, from one place each."""
    s, items = F.col("s"), F.col("items")
    item = (cast.money(c["ti_price"]) * F.coalesce(cast.money(c["ti_quantity"]), F.lit(1))).try_cast(
        "decimal(18,4)"
    )
    # Products of several currencies have no sum, and neither have those of which one has no price.
    one = F.size(F.array_distinct(F.transform(items, lambda i: F.coalesce(i["currency"], F.lit(""))))) == 1
    sums = F.aggregate(
        items,
        F.lit(0).cast("decimal(18,4)"),
        lambda total, i: (total + i["amount"]).try_cast("decimal(18,4)"),
    )
    values = [
        (c["event"] == "transaction", cast.money(c["tr_total"]), c["tr_currency"]),
        (c["event"] == "transaction_item", item, c["ti_currency"]),
        (F.col("event_name") == "order", s["transaction_revenue"], s["transaction_currency"]),
        (F.col("event_name") == "refund", s["refund_refund_amount"], s["refund_currency"]),
        (one, sums, F.get(items, F.lit(0))["currency"]),
    ]
    value, currency = F.lit(None).cast("decimal(18,4)"), F.lit(None).cast("string")
    for applies, amount, code in reversed(values):
        value = F.when(applies, amount).otherwise(value)
        currency = F.when(applies, cast.present(code)).otherwise(currency)
    return {"value": value, "currency": F.upper(currency)}


def properties() -> Column:
    """The columns that no other took, the JSON whole, and the text of cells of a wrong type."""
    c, is_wrong = F.col("cells"), F.col("wrong")

    def unless(taken: Column, cell: str) -> Column:
        return F.when(~F.coalesce(taken, F.lit(False)) | F.array_contains(is_wrong, cell), c[cell])

    paid, item = c["event"] == "transaction", c["event"] == "transaction_item"
    struct = c["event"] == "struct"
    always, never = F.lit(True), F.lit(False)
    taken = {
        "platform": _platform(c).isNotNull(),
        **dict.fromkeys(("br_viewwidth", "br_viewheight", "doc_width", "doc_height"), always),
        "pp_yoffset_max": F.col("event_name") == "heartbeat",
        **dict.fromkeys(("tr_total", "tr_currency"), paid),
        **dict.fromkeys(("ti_price", "ti_quantity"), never),
        "ti_currency": item,
        **dict.fromkeys(("se_category", "se_action"), struct),
        "geo_region": c["geo_region_name"].isNull(),
        **dict.fromkeys(("event_vendor", "os_name", "os_family"), never),
    }
    own = F.to_json(F.struct(*[unless(found, cell).alias(cell) for cell, found in taken.items()]))
    return cast.joined([own, F.col("others"), F.col("delivered"), F.col("entities_json")])
