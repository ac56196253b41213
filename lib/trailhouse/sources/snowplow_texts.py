"""What is read of the JSON in Snowplow's events: each value as text and as its type, computed once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast
from trailhouse.sources import snowplow_names as names

_TYPES: dict[str, Callable[[Column], Column]] = {
    **dict.fromkeys(("currentTime", "duration"), cast.number),
    **dict.fromkeys(("revenue", "refund_amount"), cast.money),
    **dict.fromkeys(("totalResults", "y_offset"), cast.integer),
    "eventIndex": cast.long,
    "all": cast.boolean,
}
"""Fields that are no text."""
_ITEM = "struct<price:string,quantity:string,currency:string>"
_OWN = "unstruct_event"
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True)
class _Reading:
    """A field of a context or of the event itself, and in events of which names it is read."""

    part: str
    field: str
    events: Sequence[str]

    @property
    def name(self) -> str:
        return f"{self.part}_{self.field}"

    @property
    def flag(self) -> str:
        return f"{self.part}.{self.field}"


_READINGS = [
    *[
        _Reading(part, field, events)
        for part, (_, fields, events) in names.CONTEXTS.items()
        for field in fields
    ],
    *[_Reading(_OWN, field, events) for field, events in names.OWN.items()],
]


def with_name(frame: DataFrame) -> DataFrame:
    """Adds `schema_name` (of an event with fields of its own) and `event_name`, the canonical one.

    Needs the columns of `snowplow_entities.opened`.
    """
    c, schema = F.col("cells"), F.col("schema_name")
    vendor_key = f"{names.DOCUMENTS[_OWN]}{names.VENDOR.replace('.', '_')}"
    known = F.coalesce(
        c["event_vendor"].startswith(names.VENDOR), F.col("own_key").startswith(vendor_key), F.lit(True)
    )
    frame = frame.withColumns(
        {"schema_name": F.coalesce(cast.present(c["event_name"]), F.col("own_name")), "is_known": known}
    )
    frame = frame.withColumn("own_type", F.when(schema.isin(*names.TYPED), _text(F.col("own"), "$", "type")))
    # The name of an event with fields of its own means something only together with its vendor.
    own = F.coalesce(c["event"] == "unstruct", F.lit(True))
    told = F.when(c["event"] == "unstruct", schema).otherwise(F.coalesce(c["event"], schema))
    typed = F.concat(told, F.lit("/"), F.col("own_type"))
    meant = F.coalesce(cast.lookup(names.EVENTS, typed), cast.lookup(names.EVENTS, told))
    struct = F.concat_ws(" ", c["se_category"], c["se_action"])
    name = F.when(c["event"] == "struct", struct).otherwise(
        F.coalesce(F.when(~own | F.col("is_known"), meant), told)
    )
    return frame.withColumn("event_name", cast.present(name))


def with_values(frame: DataFrame) -> DataFrame:
    """Adds what the JSON says, each value once.

    `given` and `s` are STRUCTs by part and field (`client_session_sessionId`, `unstruct_event_formId`): the
    text, and the value, null where it is of another type. `terms` are those of a search; `items` the
    products of an event with `amount` and `currency`.
    """
    given = frame.withColumn(
        "given", F.struct(*[_given(reading).alias(reading.name) for reading in _READINGS])
    )
    typed = [
        _TYPES.get(reading.field, cast.scalar)(F.col("given")[reading.name]).alias(reading.name)
        for reading in _READINGS
    ]
    terms = F.try_variant_get(F.col("own"), "$.terms", "array<string>")
    return given.withColumns(
        {
            "s": F.struct(*typed),
            "terms": F.when(_is_own("search"), terms),
            "products": F.when(F.col("event_name").isin(*names.PRODUCT), _products()),
        }
    ).withColumn("items", _items(F.col("products")))


def wrong() -> Column:
    """ARRAY of the fields of a wrong type that a column would have taken, and of JSON that is none."""
    given, s = F.col("given"), F.col("s")
    unread = [
        F.when(given[reading.name].isNotNull() & s[reading.name].isNull(), F.lit(reading.flag))
        for reading in _READINGS
    ]
    terms = _is_own("search") & F.col("terms").isNull() & _text(F.col("own"), "$", "terms").isNotNull()
    priced = F.exists("items", lambda item: item["amount"].isNull() & item["price"].isNotNull())
    return F.concat(
        F.col("unopened"),
        cast.texts(
            [
                *unread,
                F.when(terms, F.lit(f"{_OWN}.terms")),
                F.when(priced, F.lit("product.price")),
            ]
        ),
    )


def experiments() -> Column:
    """Experiments and variants of all contexts that tell of them; null when none does."""
    found = []
    for key, (for_name, for_variant) in names.EXPERIMENTS.items():
        fields = dict.fromkeys(
            spelling for field in (*for_name, *for_variant) for spelling in _spellings(field)
        )
        shape = ",".join(f"{field}:string" for field in fields)
        every = F.try_variant_get(_entity(key), "$", f"array<struct<{shape}>>")
        found.append(F.coalesce(_tests(every, for_name, for_variant), _tests_none()))
    named = F.filter(F.concat(*found), lambda test: test["name"].isNotNull())
    return F.when(F.size(named) > 0, named)


def _tests(every: Column, for_name: Sequence[str], for_variant: Sequence[str]) -> Column:
    def first(test: Column, fields: Sequence[str]) -> Column:
        return F.coalesce(
            *[cast.present(test[spelling]) for field in fields for spelling in _spellings(field)]
        )

    return F.transform(
        every,
        lambda test: F.struct(first(test, for_name).alias("name"), first(test, for_variant).alias("variant")),
    )


def _tests_none() -> Column:
    return F.array().cast("array<struct<name:string,variant:string>>")


def _entity(key: str) -> Column:
    return F.try_element_at("entities", F.lit(key))


def _is_own(*events: str) -> Column:
    """Whether the event has fields of its own that its vendor, Snowplow, gave this meaning."""
    return F.col("is_known") & F.col("event_name").isin(*events)


def _given(reading: _Reading) -> Column:
    if reading.part == _OWN:
        return F.when(_is_own(*reading.events), _text(F.col("own"), "$", reading.field))
    key = names.CONTEXTS[reading.part][0]
    text = _text(_entity(key), "$[0]", reading.field)
    return F.when(F.col("event_name").isin(*reading.events), text) if reading.events else text


def _text(value: Column, root: str, field: str) -> Column:
    """A field's value as text, whichever way the file spells its name."""
    return F.coalesce(
        *[F.try_variant_get(value, f"{root}.{spelling}", "string") for spelling in _spellings(field)]
    )


def _spellings(field: str) -> list[str]:
    """Trackers write `targetUrl`, and the tables of some loaders `target_url`."""
    return list(dict.fromkeys((field, _HUMP.sub(r"_\1", field).lower())))


def _products() -> Column:
    contexts = F.try_variant_get(_entity(names.PRODUCTS), "$", f"array<{_ITEM}>")
    # The older events of a cart name the product among their own fields.
    own = F.when(_is_own("cart_add", "cart_remove"), F.try_variant_get(F.col("own"), "$", _ITEM))
    return F.coalesce(contexts, F.when(own["price"].isNotNull(), F.array(own)))


def _items(products: Column) -> Column:
    def item(product: Column) -> Column:
        quantity = F.when(product["quantity"].isNull(), F.lit(1)).otherwise(cast.money(product["quantity"]))
        amount = (cast.money(product["price"]) * quantity).try_cast("decimal(18,4)")
        return F.struct(
            amount.alias("amount"), F.upper(product["currency"]).alias("currency"), product["price"]
        )

    return F.transform(products, item)
