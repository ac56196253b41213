"""Segment's `context` and `properties` to canonical columns; what no column takes stays as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.enrich.campaigns import UTM
from trailhouse.sources import cast, json_records
from trailhouse.sources import segment_names as names
from trailhouse.tables.events import NAVIGATION, POINTERS


@dataclass(frozen=True)
class Message:
    """The parsed parts of a message that columns are made of."""

    record: Mapping[str, Column]
    """The values of the message by their keys, as trimmed text."""
    map: Column
    """All of the message, by its keys."""
    kind: Column
    name: Column
    context: Column
    traits: Column
    properties: Column
    numbers: Column
    """Struct of the properties that are numbers, cast."""
    wrong: Column
    """ARRAY of the properties of a wrong type that a column would have taken."""
    wrong_context: Column
    """ARRAY of the keys of `context` that are of a wrong type."""
    money_key: Column
    """Name of the property that became `value`."""

    @classmethod
    def of(cls, frame: DataFrame) -> Message:
        """The parts, in a frame that `with_typed` made."""
        record = {key: frame[f"r_{key}"] for key in names.VALUES}
        parts = (
            "map",
            "type",
            "event_name",
            "c",
            "t",
            "p",
            "n",
            "wrong",
            "wrong_context",
            "money_key",
        )
        return cls(record, *[frame[part] for part in parts])


def with_objects(frame: DataFrame) -> DataFrame:
    """Of `context` and `properties` the `keys`, `twice`: those that come more than once, and what is read.

    What is read of the others are the structs `c` and `p`.
    """
    whole = {"context": names.CONTEXT, "properties": names.PROPERTIES}
    options = {**cast.JSON, "columnNameOfCorruptRecord": "bad"}
    keyed = frame.withColumns({f"keys_{part}": F.json_object_keys(f"r_{part}") for part in whole})
    counted = keyed.withColumns(
        {f"twice_{part}": json_records.repeated(F.col(f"keys_{part}")) for part in whole}
    )
    single = {
        part: json_records.unambiguous_text(*[F.col(f"{of}_{part}") for of in ("r", "keys", "twice")])
        for part in whole
    }
    return counted.withColumns(
        {part[0]: F.from_json(single[part], schema, options) for part, schema in whole.items()}
    )


def with_typed(frame: DataFrame) -> DataFrame:
    """`n` (cast properties), `money_key`, `wrong`, `wrong_context`, the keys `left`: each computed once."""
    p, name = F.col("p"), F.col("event_name")
    casts = (
        {key: cast.integer(p[key]) for key in names.INTEGERS}
        | {key: cast.size(p[key]) for key in names.SIZES}
        | {key: cast.number(p[key]) for key in names.NUMBERS}
        | {key: cast.money(p[key]) for key in names.MONEY}
        | {"interactive": cast.boolean(p["interactive"])}
        | {f"box_{key}": cast.integer(p["box"][key]) for key in ("x", "y", "width", "height")}
    )
    n = F.col("n")
    cast_once = frame.select("*", F.struct(*[column.alias(key) for key, column in casts.items()]).alias("n"))
    judged = cast_once.select(
        "*",
        _money_key(n, name).alias("money_key"),
        json_records.with_more(
            _wrong(p, n, name), json_records.among(F.col("twice_properties"), names.READ)
        ).alias("wrong"),
        json_records.with_more(
            _wrong_context(F.col("r_context"), F.col("c")),
            json_records.among(F.col("twice_context"), names.CONTEXT_KEYS),
        ).alias("wrong_context"),
        json_records.further(names.VALUES).alias("further"),
    )
    taken = F.concat(_taken(name, p, F.col("money_key")), F.array(F.lit("pointer")))
    known = F.array(*map(F.lit, names.CONTEXT_KEYS))
    own = json_records.without(F.col("keys_properties"), json_records.less(taken, F.col("wrong")))
    context = F.array_except("keys_context", known)
    # Columns of their own: inside of a map's filter they would be found anew for each key.
    return judged.select(
        "*",
        own.alias("left"),
        F.concat(context, F.col("wrong_context")).alias("left_context"),
        _left_of_record().alias("left_record"),
    )


def _wrong(p: Column, n: Column, name: Column) -> Column:
    typed = (*names.INTEGERS, *names.SIZES, *names.NUMBERS, "interactive")
    broken = {key: p[key].isNotNull() & n[key].isNull() for key in typed}
    # A box that is no object comes as null; the whole of `properties` then carries `bad`.
    broken["box"] = p["bad"].isNotNull() & p["box"].isNull()
    broken |= {key: cast.nested(p[key]) for key in (*names.TEXTS, *names.EXPERIMENT)}
    # Asked only in events whose columns take the property.
    asked = {
        key: [e for events, keys in names.TAKEN.items() if key in keys for e in events] for key in broken
    } | dict.fromkeys(names.EXPERIMENT, ["experiment_exposure"])
    told = [F.when(name.isin(*asked[key]) & broken[key], F.lit(key)) for key in broken]
    told += [
        F.when(_is_money(name) & p[key].isNotNull() & n[key].isNull(), F.lit(key)) for key in names.MONEY
    ]
    told.append(F.when(_is_money(name) & cast.nested(p["currency"]), F.lit("currency")))
    pointer = p["pointer"].isNotNull() & ~p["pointer"].isin(*POINTERS)
    return cast.texts([*told, F.when(pointer, F.lit("pointer"))])


def columns(m: Message) -> dict[str, Column]:
    """The columns that `context` and `properties` fill."""
    p, c, n, name = m.properties, m.context, m.numbers, m.name
    is_page = m.kind.isin("page", "screen")

    def page(key: str) -> Column:
        given = cast.present(cast.scalar(c["page"][key]))
        return F.coalesce(F.when(is_page, cast.present(cast.scalar(p[key]))), given)

    title = F.coalesce(page("title"), F.when(is_page, cast.present(cast.scalar(m.record["name"]))))
    return {
        "page": F.struct(
            page("url").alias("url"),
            title.alias("title"),
            page("referrer").alias("referrer"),
            page("viewId").alias("view_id"),
        ),
        "navigation_type": _navigation(c),
        "viewport": cast.sizes(c["viewport"]["width"], c["viewport"]["height"]),
        "document": cast.sizes(c["document"]["width"], c["document"]["height"]),
        "pointer": F.when(p["pointer"].isin(*POINTERS), p["pointer"]),
        "element": F.when(name.isin(*names.ELEMENT), _element(p, n)).when(
            (name == "feedback") & _is_pinned(p), _element(p, n, F.lit(None).cast("string"))
        ),
        "scroll_offset": F.when(name == "scroll", n["offset"]),
        "media": F.when(
            name.isin(*names.MEDIA),
            F.struct(
                cast.scalar(p["asset_id"]).alias("id"),
                cast.scalar(p["title"]).alias("title"),
                n["position"].alias("position"),
                n["total_length"].alias("length"),
            ),
        ),
        "form": F.when(
            name.isin(*names.FORM),
            F.struct(cast.scalar(p["form_id"]).alias("id"), cast.scalar(p["field"]).alias("field")),
        ),
        "search": F.when(
            name == "search",
            F.struct(
                cast.scalar(p["query"]).alias("term"), n["results"].alias("results"), n["rank"].alias("rank")
            ),
        ),
        "survey": _survey(p, n, name),
        "campaign": _campaign(c["campaign"]),
        "experiments": _experiments(p, name),
        "value": _value(n, name, m.money_key),
        "currency": F.when(
            _is_money(name) | m.money_key.isNotNull(), F.upper(cast.present(cast.scalar(p["currency"])))
        ),
        "flags": _flags(m),
        "properties": _properties(m),
    }


def _navigation(c: Column) -> Column:
    """How the page was reached; a browser's own word for a followed link is `navigate`."""
    given = F.lower(cast.present(c["page"]["navigationType"]))
    return F.when(given.isin(*NAVIGATION), given).when(given == "navigate", F.lit("link"))


def _is_pinned(p: Column) -> Column:
    return F.coalesce(*[p[key].cast("string") for key in names.PINNED]).isNotNull()


def _element(p: Column, n: Column, text: Column | None = None) -> Column:
    """The element of an event; `text` is its text where the property of that name is another's."""
    box = F.struct(*[n[f"box_{key}"].alias(key) for key in ("x", "y", "width", "height")])
    return F.struct(
        cast.scalar(p["selector"]).alias("selector"),
        (cast.scalar(p["text"]) if text is None else text).alias("text"),
        cast.scalar(p["tag"]).alias("tag"),
        cast.scalar(p["href"]).alias("href"),
        n["interactive"].alias("interactive"),
        F.when(p["box"].isNotNull(), box).alias("box"),
        n["x"].alias("x"),
        n["y"].alias("y"),
    )


def _survey(p: Column, n: Column, name: Column) -> Column:
    def survey(kind: Column, score: Column, answer: Column) -> Column:
        return F.struct(
            cast.scalar(p["survey_id"]).alias("id"),
            kind.alias("kind"),
            score.alias("score"),
            answer.alias("answer"),
        )

    asked = survey(F.lower(cast.scalar(p["kind"])), n["score"], cast.scalar(p["answer"]))
    given = survey(F.lit("feedback"), n["rating"], cast.scalar(p["text"]))
    return F.when(name.isin(*names.SURVEY), asked).when(name == "feedback", given)


def _campaign(given: Column) -> Column:
    fields = {key: cast.present(given[key]) for key in UTM}
    return cast.filled({**fields, "click_id": F.lit(None).cast("string")})


def _experiments(p: Column, name: Column) -> Column:
    flag = F.coalesce(cast.scalar(p["experiment_id"]), cast.scalar(p["experiment_name"]))
    variant = F.coalesce(cast.scalar(p["variation_id"]), cast.scalar(p["variation_name"]))
    return json_records.experiments(name, flag, variant)


def _is_money(name: Column) -> Column:
    return name.isin(*names.PRODUCT, "checkout", "order", "refund", *names.SUBSCRIPTION)


def _money_key(n: Column, name: Column) -> Column:
    """Which property holds the value: an order's revenue comes before its total."""

    def first(*keys: str) -> Column:
        return F.coalesce(*[F.when(n[key].isNotNull(), F.lit(key)) for key in keys])

    return (
        F.when(name.isin("order", "refund", *names.SUBSCRIPTION), first("revenue", "total", "value"))
        .when(name == "checkout", first("value", "total", "revenue"))
        .when(name.isin(*names.PRODUCT), first("price"))
    )


def _value(n: Column, name: Column, key: Column) -> Column:
    times = (n["price"] * F.coalesce(n["quantity"], F.lit(1))).try_cast("decimal(18,4)")
    return (
        F.when(key == "price", times)
        .when(key == "revenue", n["revenue"])
        .when(key == "total", n["total"])
        .when(key == "value", n["value"])
    )


def _taken(name: Column, p: Column, money_key: Column) -> Column:
    """The properties that columns take in an event of this name."""
    found = F.when(F.lit(False), F.array().cast("array<string>"))
    for events, keys in names.TAKEN.items():
        found = found.when(name.isin(*events), F.array(*map(F.lit, keys)))

    def first(*keys: str) -> Column:
        return F.coalesce(*[F.when(cast.scalar(p[key]).isNotNull(), F.lit(key)) for key in keys])

    flag = first("experiment_id", "experiment_name")
    # Without the flag's name there is no experiment to hold the variant.
    exposure = cast.texts([flag, F.when(flag.isNotNull(), first("variation_id", "variation_name"))])
    # A product's price and quantity stay: the value is their product, and tells neither.
    paid = F.when(money_key != "price", money_key)
    return (
        found.when(name == "experiment_exposure", exposure)
        .when(_is_money(name), F.array(F.lit("currency"), paid))
        .otherwise(F.array().cast("array<string>"))
    )


def _wrong_context(text: Column, c: Column) -> Column:
    def sized(key: str) -> Column:
        given = c[key]["width"].isNotNull() | c[key]["height"].isNotNull()
        return F.when(given & cast.sizes(c[key]["width"], c[key]["height"]).isNull(), F.lit(key))

    navigation = F.when(c["page"]["navigationType"].isNotNull() & _navigation(c).isNull(), F.lit("page"))
    sequence = F.when(c["sequence"].isNotNull() & cast.long(c["sequence"]).isNull(), F.lit("sequence"))
    every = F.from_json(text, json_records.TEXTS, cast.JSON)
    objects = [
        F.when(every[key].isNotNull() & ~every[key].startswith("{"), F.lit(key))
        for key in names.CONTEXT_OBJECTS
    ]
    external = F.when(every["externalIds"].isNotNull() & c["externalIds"].isNull(), F.lit("externalIds"))
    read = cast.texts([sized("viewport"), sized("document"), sequence, navigation])
    return F.when(c["bad"].isNull(), read).otherwise(F.concat(read, cast.texts([*objects, external])))


def _flags(m: Message) -> Column:
    whole = [
        F.when(m.record[key].isNotNull() & ~m.record[key].startswith("{"), F.lit(f"wrong_type:{key}"))
        for key in ("context", "properties", "traits")
    ]
    context = json_records.flags(m.wrong_context, "context.")
    return F.concat(cast.texts(whole), context, json_records.flags(m.wrong, "properties."))


def _properties(m: Message) -> Column:
    """What no column took: properties, then of the context as `$context`, of the message as `$record`."""
    text = m.record["properties"]
    left = F.col("left")
    own = (
        F.when(F.size(left) > 0, json_records.members(text, left))
        .when(left.isNotNull(), F.lit("{}"))
        .when(text.isNotNull(), F.to_json(F.struct(text.alias("properties"))))
    )
    return cast.joined([own, _rest_of_context(m), _rest_of_record(m)])


def _rest_of_context(m: Message) -> Column:
    text = m.record["context"]
    left = F.col("left_context")
    kept = F.when(F.size(left) > 0, json_records.members(text, left)).when(
        text.isNotNull() & ~text.startswith("{"), F.to_json(F.struct(text.alias("context")))
    )
    return json_records.under("$context", kept)


def _left_of_record() -> Column:
    # Traits go to their column where they say who somebody is.
    given = F.col("r_traits")
    spoken = F.col("type").isin("identify", "group") & given.startswith("{")
    traits = F.when(given.isNotNull() & ~F.coalesce(spoken, F.lit(False)), F.lit("traits"))
    further = json_records.without(F.col("further"), F.array(*map(F.lit, names.UNREAD)))
    return F.concat(further, cast.texts([traits]))


def _rest_of_record(m: Message) -> Column:
    left = F.col("left_record")
    rest = F.to_json(F.map_filter(m.map, lambda key, _: F.array_contains(left, key)))
    return json_records.under("$record", F.when(F.size(left) > 0, rest))
