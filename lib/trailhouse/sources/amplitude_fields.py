"""Amplitude's typed values and money, fields of a wrong type, and what no column takes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import amplitude_names as names
from trailhouse.sources import cast, json_records

_PERSON = "STRUCT<`email`: STRING, `phone`: STRING, `$set`: STRING>"


def with_typed(records: DataFrame) -> DataFrame:
    """Of `json_records.opened` the values that columns are made of, each computed once.

    `t` and `s` (texts of the record and of its event properties), `nested_fields` and `nested` (keys of
    both under which an object stands, or of the properties several values), `n` (numbers), `u` (the
    person), `at_FIELD` (times), `bag` (all event properties), `clicks`.
    """
    taken_apart = records.select(
        "*",
        json_records.texts(F.col("map"), names.TEXT_FIELDS).alias("field_texts"),
        json_records.nested(F.col("map"), names.TEXT_FIELDS).alias("nested_fields"),
        F.from_json("r_event_properties", json_records.TEXTS, cast.JSON).alias("bag"),
        F.from_json("r_user_properties", _PERSON, cast.JSON).alias("u"),
        *[cast.time(F.col(f"r_{field}")).alias(f"at_{field}") for field in names.TIMES],
    )
    counted = taken_apart.withColumn("twice", json_records.repeated(F.map_keys("bag")))
    single = counted.withColumn("single", json_records.unambiguous(F.col("bag"), F.col("twice")))
    bag = F.col("single")
    nested = F.concat(
        json_records.nested(bag, names.PROPERTIES), json_records.among(F.col("twice"), names.PROPERTIES)
    )
    looked_up = single.select(
        "*",
        json_records.picked(F.col("field_texts"), names.TEXT_FIELDS).alias("t"),
        json_records.texts(bag, names.PROPERTIES).alias("texts"),
        nested.alias("nested"),
        json_records.picked(bag, names.NUMBERS).alias("given"),
        F.trim(bag[names.CLICKS]).alias("clicks"),
        json_records.further(names.VALUES).alias("further"),
    )
    given = F.col("given")
    numbers = {key: cast.size(given[key]) for key in (*names.VIEWPORT, names.MAX_Y)}
    numbers |= {key: cast.money(given[key]) for key in ("$revenue", "$price", "$quantity")}
    numbers["event_id"] = cast.long(F.col("r_event_id"))
    return looked_up.select(
        "*",
        json_records.picked(F.col("texts"), names.PROPERTIES).alias("s"),
        F.struct(*[column.alias(key) for key, column in numbers.items()]).alias("n"),
    )


def with_wrong(frame: DataFrame) -> DataFrame:
    """`wrong` and `wrong_fields`: keys of a wrong type that a column would have taken."""
    n = F.col("n")
    shapes = [F.when(~F.col(f"r_{field}").startswith("{"), F.lit(field)) for field in names.OBJECTS]
    unopened = F.col("r_event_properties").isNotNull() & F.col("bag").isNull()
    shapes.append(F.when(unopened, F.lit("event_properties")))
    counter = F.when(F.col("r_event_id").isNotNull() & n["event_id"].isNull(), F.lit("event_id"))
    fields = F.array_intersect("nested_fields", F.array(*map(F.lit, names.FIELDS)))
    own = json_records.wrong(
        F.col("given"), n, F.col("nested"), F.col("event_name"), names.TEXTS, names.NUMBERS
    )
    return frame.withColumns(
        {
            "wrong": own,
            "wrong_fields": F.concat(fields, cast.texts([*shapes, counter])),
        }
    )


def viewport() -> Column:
    """The visible area."""
    return cast.sizes(*[F.col("n")[key] for key in names.VIEWPORT])


def amount() -> Column:
    """What was paid, negative where it was paid back."""
    n = F.col("n")
    product = (n["$price"] * F.coalesce(n["$quantity"], F.lit(1))).try_cast("decimal(18,4)")
    return F.coalesce(n["$revenue"], product)


def value() -> Column:
    """The amount, of events that do not tell of it a second time."""
    return F.when(~F.coalesce(F.col("event_name").isin(*names.VERIFIED), F.lit(False)), amount())


def flags() -> Column:
    """A flag for each key of a wrong type."""
    own = json_records.flags(F.col("wrong"), "event_properties.")
    return F.concat(json_records.flags(F.col("wrong_fields")), own)


def with_left(frame: DataFrame) -> DataFrame:
    """`taken` and `left` of the event properties, `taken_fields` and `left_fields` of the record."""
    taken = frame.withColumns(
        {
            "taken": F.array_except(_taken(), F.col("wrong")),
            "taken_fields": F.array_except(_taken_fields(), F.col("wrong_fields")),
            # An export names every field, most of them null.
            "filled": F.map_keys(F.map_filter("map", lambda _, value: value.isNotNull())),
        }
    )
    return taken.withColumns(
        {
            "left": F.array_except(F.map_keys("bag"), F.col("taken")),
            "left_fields": F.array_except("filled", "taken_fields"),
        }
    )


def _taken() -> Column:
    """ARRAY of the event properties that columns take in this event."""
    s, name = F.col("s"), F.col("event_name")
    located = json_records.first(s, names.URL).isNotNull()
    element, form = name.isin(*names.ELEMENT), name.isin(*names.FORM)
    exposed = name == "experiment_exposure"
    location, address = names.URL
    return cast.texts(
        [
            *[F.lit(key) for key in (location, names.VIEW_ID, *names.UTM)],
            F.when(s[location].isNull() | s[location].startswith(s[address]), F.lit(address)),
            *[F.when(located, F.lit(key)) for key in names.URL_PARTS],
            json_records.used(s, names.TITLE),
            F.when(name == "page_view", F.lit("referrer")),
            F.when(element, json_records.used(s, names.SELECTOR)),
            F.when(element, json_records.used(s, names.TEXT)),
            *[F.when(element, F.lit(key)) for key in (names.TAG, names.HREF)],
            F.when(form, json_records.used(s, names.FORM_ID)),
            *[F.when(viewport().isNotNull(), F.lit(key)) for key in names.VIEWPORT],
            F.when(exposed, json_records.used(s, names.FLAG)),
            F.when(exposed & json_records.first(s, names.FLAG).isNotNull(), F.lit("variant")),
            # A refund's value has lost its sign, and a price tells more than the product.
            F.when(value().isNotNull() & (name != "refund"), F.lit("$revenue")),
            F.when(value().isNotNull(), F.lit("$currency")),
        ]
    )


def _taken_fields() -> Column:
    """ARRAY of the record's fields that columns take in this event, or that say nothing."""
    t, name = F.col("t"), F.col("event_name")
    late = F.col("at_client_event_time").isNull()
    return cast.texts(
        [
            *[F.lit(field) for field in names.TAKEN],
            F.when(t["$insert_id"].isNull(), F.lit("uuid")),
            F.when(late, F.lit("event_time")).otherwise(F.lit("client_upload_time")),
            F.lit("server_received_time"),
            F.when(F.col("r_server_received_time").isNull(), F.lit("server_upload_time")),
            F.when(F.lower(t["platform"]).isin(*names.PLATFORMS), F.lit("platform")),
            F.when((name == "identify") & F.col("u")["$set"].isNull(), F.lit("user_properties")),
            F.when(name == "group", F.lit("group_properties")),
            *[F.when(F.col(f"r_{field}") == "{}", F.lit(field)) for field in names.OBJECTS],
        ]
    )


def properties() -> Column:
    """What no column took: event properties, then under `$record` the other fields of the record."""
    own = json_records.members(F.col("r_event_properties"), F.col("left"))
    rest = json_records.members(F.col("raw").cast("string"), F.col("left_fields"))
    record = json_records.under("$record", F.when(F.size("left_fields") > 0, rest))
    return cast.joined([F.when(F.size("left") > 0, own), record])
