"""GA4's parameters and records within a row: typed values, money, campaign, and what no column takes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast, json_records
from trailhouse.sources import ga4_names as names

_PARAMS = "ARRAY<STRUCT<key: STRING, value: MAP<STRING, STRING>>>"
_BARE = "ARRAY<MAP<STRING, STRING>>"


def with_typed(records: DataFrame) -> DataFrame:
    """Of `json_records.opened` the values that columns are made of, each computed once.

    `t` (texts of the row), `nested_fields` (its keys under which an object stands), `at` (the time),
    `params` (the first parameter of each key), `regular` (whether that is all of them), `bag` (their texts),
    `s` (those that columns are made of), `all_OBJECT` (texts of a record within the row), `o` (those of
    them that columns are made of), `nested_OBJECT` (keys under which an object stands), `n` (numbers).
    """
    taken_apart = records.select(
        "*",
        json_records.texts(F.col("map"), names.TEXT_FIELDS).alias("field_texts"),
        json_records.nested(F.col("map"), names.TEXT_FIELDS).alias("nested_fields"),
        # Microseconds; a table made of the export may have real times instead.
        cast.fine_time(F.col("r_event_timestamp")).alias("at"),
        F.from_json("r_event_params", _PARAMS, cast.JSON).alias("every_param"),
        F.from_json("r_event_params", _BARE, cast.JSON).alias("bare"),
        *[
            F.from_json(f"r_{name}", json_records.TEXTS, cast.JSON).alias(f"all_{name}")
            for name in names.OBJECTS
        ],
        json_records.further(names.VALUES).alias("further"),
    )
    keyed = taken_apart.withColumn("keys", F.transform("every_param", lambda param: param["key"]))
    chosen = keyed.select(
        "*",
        json_records.picked(F.col("field_texts"), names.TEXT_FIELDS).alias("t"),
        _first_of_each(F.col("every_param"), F.col("keys")).alias("params"),
        _regular().alias("regular"),
        *[
            json_records.texts(F.col(f"all_{name}"), keys).alias(f"texts_{name}")
            for name, keys in names.OBJECTS.items()
        ],
        *[
            json_records.nested(F.col(f"all_{name}"), keys).alias(f"nested_{name}")
            for name, keys in names.OBJECTS.items()
        ],
    )
    texts = chosen.withColumns(
        {
            "bag": F.map_from_entries(F.transform("params", lambda p: F.struct(p["key"], _text(p["value"])))),
            "o": F.struct(
                *[
                    json_records.picked(F.col(f"texts_{name}"), keys).alias(name)
                    for name, keys in names.OBJECTS.items()
                ]
            ),
        }
    )
    filled = F.map_filter("bag", lambda key, value: key.isin(*names.PARAMS) & (F.trim(value) != ""))
    looked_up = texts.withColumn("filled", filled).withColumn(
        "s", json_records.picked(F.col("filled"), names.PARAMS)
    )
    s, paid = F.col("s"), F.col("o")["ecommerce"]
    numbers = {key: cast.number(s[key]) for key in names.MEDIA_NUMBERS.values()}
    numbers |= {"value": cast.money(s["value"]), "in_usd": cast.money(F.col("r_event_value_in_usd"))}
    numbers |= {key: cast.money(paid[key]) for key in names.OBJECTS["ecommerce"]}
    numbers |= {key: cast.long(F.coalesce(F.col(f"r_{key}"), s[key])) for key in names.BATCH}
    return looked_up.withColumn("n", F.struct(*[column.alias(key) for key, column in numbers.items()]))


def _first_of_each(params: Column, keys: Column) -> Column:
    first = F.filter(params, lambda p, i: p["key"].isNotNull() & (F.array_position(keys, p["key"]) == i + 1))
    return F.coalesce(first, F.array().cast(_PARAMS))


def _regular() -> Column:
    """Whether each parameter has a key of its own and one value at most: the first of each tells all."""
    keys, known = F.col("keys"), F.array(*map(F.lit, names.KINDS))
    alone = F.forall(
        "bare", lambda param: F.size(F.array_except(F.map_keys(param), _lits("key", "value"))) == 0
    )

    def single(param: Column) -> Column:
        told = F.map_keys(F.map_filter(param["value"], lambda _, value: value.isNotNull()))
        return param["key"].isNotNull() & (F.size(told) <= 1) & (F.size(F.array_except(told, known)) == 0)

    found = alone & (F.size(F.array_distinct(keys)) == F.size(keys)) & F.forall("every_param", single)
    return F.coalesce(found, F.lit(False))


def _lits(*words: str) -> Column:
    return F.array(*map(F.lit, words))


def _text(value: Column) -> Column:
    return F.coalesce(*[value[kind] for kind in names.KINDS])


def _typed(value: Column) -> Column:
    """VARIANT of a parameter's value; a number that is none stays the text that it is."""
    whole, fractions = value["int_value"].try_cast("bigint"), names.KINDS[2:]
    return F.coalesce(
        value["string_value"].cast("variant"),
        whole.cast("variant"),
        *[cast.number(value[kind]).cast("variant") for kind in fractions],
        _text(value).cast("variant"),
    )


def with_money(frame: DataFrame) -> DataFrame:
    """`money`: `amount`, `currency`, and `place`, the field or parameter that it was read from."""
    s, n, name, event = F.col("s"), F.col("n"), F.col("event_name"), F.col("t")["event_name"]
    # The unit of an in-app purchase's own value differs by SDK; this one is told by GA4.
    in_app = event == names.IN_APP_PURCHASE
    place = (
        F.when(in_app, F.when(n["in_usd"].isNotNull(), F.lit("event_value_in_usd")))
        .when((name == "order") & n["purchase_revenue"].isNotNull(), F.lit("purchase_revenue"))
        .when((name == "refund") & n["refund_value"].isNotNull(), F.lit("refund_value"))
        .when(_tells_money() & n["value"].isNotNull(), F.lit("value"))
    )
    amount = (
        F.when(F.col("place") == "event_value_in_usd", n["in_usd"])
        .when(F.col("place") == "purchase_revenue", n["purchase_revenue"])
        .when(F.col("place") == "refund_value", n["refund_value"])
        .when(F.col("place") == "value", n["value"])
    )
    currency = F.when(F.col("place") == "event_value_in_usd", F.lit("USD")).when(
        F.col("place").isNotNull(), F.upper(s["currency"])
    )
    money = F.struct(amount.alias("amount"), currency.alias("currency"), F.col("place").alias("place"))
    return frame.withColumn("place", place).withColumn("money", money)


def _tells_money() -> Column:
    event = F.col("t")["event_name"] != names.IN_APP_PURCHASE
    return event & (F.col("event_name").isin(*names.MONEY) | F.col("s")["currency"].isNotNull())


def platform() -> Column:
    """Where it was made; null for any other word than those that are known."""
    given = F.lower(F.col("t")["platform"])
    return F.when(given.isin(*names.PLATFORMS), given)


def campaign() -> Column:
    """The campaign that GA4 collected with the event."""
    collected, s = F.col("o")["collected_traffic_source"], F.col("s")
    now = {part: json_records.first(collected, keys) for part, keys in names.CAMPAIGN.items()}
    before = {part: F.when(_told_by_params(), s[key]) for part, key in names.CAMPAIGN_PARAMS.items()}
    return cast.filled({part: F.coalesce(now[part], before[part]) for part in names.CAMPAIGN})


def _told_by_params() -> Column:
    """Whether the parameters tell of the campaign: a project may use any one of their names for its own."""
    s, collected = F.col("s"), names.OBJECTS["collected_traffic_source"]
    silent = json_records.first(F.col("o")["collected_traffic_source"], collected).isNull()
    return silent & s["source"].isNotNull() & s["medium"].isNotNull()


def with_left(frame: DataFrame) -> DataFrame:
    """`wrong`, `wrong_fields`, and what no column takes: `left`, `left_fields`, `left_OBJECT`."""
    judged = frame.withColumns({"wrong": _wrong(), "wrong_fields": _wrong_fields()})
    # A field that is null or empty says nothing.
    said = F.map_filter("map", lambda _, value: ~F.trim(value).isin("{}", "[]"))
    own = F.array_except(F.map_keys("bag"), F.array_except(_taken(), F.col("wrong")))
    of_row = F.array_except(F.map_keys(said), F.array_except(_taken_fields(), F.col("wrong_fields")))
    inner = {f"left_{name}": _left_within(name) for name in names.OBJECTS}
    return judged.withColumns({"left": own, "left_fields": of_row, **inner})


def _wrong() -> Column:
    """ARRAY of the parameters that are no numbers where a column asks for one."""
    s, n, media = F.col("s"), F.col("n"), F.col("event_name").isin(*names.MEDIA)
    asked = {**dict.fromkeys(names.MEDIA_NUMBERS.values(), media), "value": _tells_money()}
    return cast.texts(
        [F.when(when & s[key].isNotNull() & n[key].isNull(), F.lit(key)) for key, when in asked.items()]
    )


def _wrong_fields() -> Column:
    """ARRAY of the row's fields of a wrong type; `record.field` within a record."""
    n, paid = F.col("n"), F.col("o")["ecommerce"]
    objects = [F.when(~F.col(f"r_{name}").startswith("{"), F.lit(name)) for name in names.OBJECTS]
    params = F.when(F.col("r_event_params").isNotNull() & ~F.col("regular"), F.lit("event_params"))
    amounts = [
        F.when(paid[key].isNotNull() & n[key].isNull(), F.lit(f"ecommerce.{key}"))
        for key in names.OBJECTS["ecommerce"]
    ]
    counters = [F.when(F.col(f"r_{key}").isNotNull() & n[key].isNull(), F.lit(key)) for key in names.BATCH]
    within = [_within(name, F.coalesce(f"nested_{name}", cast.texts([]))) for name in names.OBJECTS]
    fields = F.array_intersect("nested_fields", _lits(*names.FIELDS))
    return F.concat(fields, cast.texts([*objects, params, *amounts, *counters]), *within)


def _within(name: str, keys: Column) -> Column:
    return F.transform(keys, lambda key: F.concat(F.lit(f"{name}."), key))


def flags() -> Column:
    """A flag for each key of a wrong type."""
    return F.concat(
        json_records.flags(F.col("wrong_fields")), json_records.flags(F.col("wrong"), "event_params.")
    )


def _taken() -> Column:
    """ARRAY of the parameters that columns take in this event."""
    s, name, place = F.col("s"), F.col("event_name"), F.col("money")["place"]
    element, media, before = name.isin(*names.ELEMENT), name.isin(*names.MEDIA), _told_by_params()
    return cast.texts(
        [
            F.lit(names.URL),
            F.lit(names.REFERRER),
            json_records.used(s, names.TITLE),
            *[F.when(element, F.lit(key)) for key in ("link_url", "link_text", "link_id")],
            *[
                F.when(media, F.lit(key))
                for key in (*names.MEDIA_TEXTS.values(), *names.MEDIA_NUMBERS.values())
            ],
            F.when(name.isin(*names.FORM), json_records.used(s, names.FORM_ID)),
            F.when(name.isin(*names.SEARCH), F.lit("search_term")),
            F.when(place == "value", F.lit("value")),
            F.when(place != "event_value_in_usd", F.lit("currency")),
            *[F.when(before, F.lit(key)) for key in names.CAMPAIGN_PARAMS.values()],
        ]
    )


def _taken_fields() -> Column:
    """ARRAY of the row's fields that columns take; what is left of a record within is told apart."""
    opened = [F.when(F.col(f"all_{name}").isNotNull(), F.lit(name)) for name in names.OBJECTS]
    return cast.texts(
        [
            *[F.lit(field) for field in names.TAKEN],
            F.when(platform().isNotNull(), F.lit("platform")),
            F.when(F.col("regular"), F.lit("event_params")),
            F.when(F.col("money")["place"] == "event_value_in_usd", F.lit("event_value_in_usd")),
            *opened,
        ]
    )


def _left_within(name: str) -> Column:
    """ARRAY of the keys of a record within the row that no column takes."""
    place, o = F.col("money")["place"], F.col("o")[name]
    match name:
        case "ecommerce":
            taken = [F.when(place == key, F.lit(key)) for key in names.OBJECTS[name]]
        case "collected_traffic_source":
            taken = [json_records.used(o, keys) for keys in names.CAMPAIGN.values()]
        case _:
            taken = [F.when(o[key].isNotNull(), F.lit(key)) for key in names.OBJECTS[name]]
    filled = F.map_filter(f"all_{name}", lambda _, value: value.isNotNull())
    return F.array_except(F.map_keys(filled), cast.texts(taken))


def properties() -> Column:
    """What no column took: parameters, then under `$record` the other fields of the row."""
    every = F.map_from_entries(F.transform("params", lambda p: F.struct(p["key"], _typed(p["value"]))))
    own = F.when(
        F.size("left") > 0, F.to_json(F.map_filter(every, lambda key, _: F.array_contains("left", key)))
    )
    whole = F.when(
        F.size("left_fields") > 0, json_records.members(F.col("raw").cast("string"), F.col("left_fields"))
    )
    within = [
        F.when(
            F.size(f"left_{name}") > 0,
            json_records.under(name, json_records.members(F.col(f"r_{name}"), F.col(f"left_{name}"))),
        )
        for name in names.OBJECTS
    ]
    return cast.joined([own, json_records.under("$record", cast.joined([whole, *within]))])
