"""The campaign: as the tracker sent it, else from the page's URL, with its click id."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.enrich import urls

UTM = {
    "source": "utm_source",
    "medium": "utm_medium",
    "name": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}
CLICK_IDS = (
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "epik",
)
"""Query parameters by which ad systems name a click; the first that a URL holds counts."""

_FIELDS = ("source", "medium", "name", "term", "content", "click_id", "click_id_type")


def campaign(given: Column, given_type: Column, query: Column) -> Column:
    """The CAMPAIGN struct; null when neither the tracker nor the URL's query names one.

    UTM values are taken whole from one place, so that no campaign is mixed from two; a click id of
    the tracker comes before one of the URL. `given_type` is its kind, if the tracker tells that.
    """
    tagged = query.contains("utm_")
    sent = reduce(lambda a, b: a | b, [given[key].isNotNull() for key in UTM])
    utm = {
        key: F.when(sent, given[key]).when(tagged, urls.parameter(query, name)) for key, name in UTM.items()
    }
    click_type = F.coalesce(F.when(given["click_id"].isNotNull(), given_type), _click_type(query))
    click_id = F.coalesce(given["click_id"], _click_id(query))
    parts = {**utm, "click_id": click_id, "click_id_type": F.when(click_id.isNotNull(), click_type)}
    whole = F.struct(*[parts[key].alias(key) for key in _FIELDS])
    some = sent | tagged | given["click_id"].isNotNull() | _marked(query)
    # A query may hold the names with empty values.
    filled = reduce(lambda a, b: a | b, [whole[key].isNotNull() for key in _FIELDS])
    return F.when(some & filled, whole)


def _marked(query: Column) -> Column:
    return F.coalesce(query.rlike(f"(?i)(?:^|&)(?:{'|'.join(CLICK_IDS)})="), F.lit(False))


def _click_type(query: Column) -> Column:
    found = F.lower(F.regexp_extract(query, f"(?i)(?:^|&)({'|'.join(CLICK_IDS)})=", 1))
    return F.when(_marked(query), found)


def _click_id(query: Column) -> Column:
    found = F.regexp_extract(query, f"(?i)(?:^|&)(?:{'|'.join(CLICK_IDS)})=([^&]+)", 1)
    return F.when(_marked(query) & (found != ""), found)
