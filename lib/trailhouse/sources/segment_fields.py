"""Segment's `context` and `properties` to canonical columns; what no column takes stays as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.sources import cast
from trailhouse.sources import segment_names as names
from trailhouse.tables.events import NAVIGATION

_INTEGERS = ("x", "y", "results", "rank", "score", "rating")
_SIZES = ("offset",)
_NUMBERS = ("position", "total_length")
_MONEY = ("price", "quantity", "revenue", "total", "value")
_SUBSCRIPTION = (
    "trial_start",
    "trial_end",
    "subscription_start",
    "subscription_change",
    "subscription_cancel",
)


@dataclass(frozen=True)
class Message:
    """The parsed parts of a message that columns are made of."""

    record: Column
    kind: Column
    name: Column
    context: Column
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
        parts = ("r", "type", "event_name", "c", "p", "n", "wrong", "wrong_context", "money_key")
        return cls(*[frame[part] for part in parts])


def with_typed(frame: DataFrame) -> DataFrame:
    """`n` (cast properties), `taken`, `wrong`, `wrong_context` and `money_key`, each computed once."""
    p = F.col("p")
    casts = (
        {key: cast.integer(p[key]) for key in _INTEGERS}
        | {key: cast.size(p[key]) for key in _SIZES}
        | {key: cast.number(p[key]) for key in _NUMBERS}
        | {key: cast.money(p[key]) for key in _MONEY}
        | {"interactive": cast.boolean(p["interactive"])}
        | {f"box_{key}": cast.integer(p["box"][key]) for key in ("x", "y", "width", "height")}
    )
    frame = frame.withColumn("n", F.struct(*[column.alias(key) for key, column in casts.items()]))
    n, name = F.col("n"), F.col("event_name")
    frame = frame.withColumn("taken", _taken(name)).withColumn("money_key", _money_key(n, name))
    typed = (*_INTEGERS, *_SIZES, *_NUMBERS, "interactive")
    broken = {key: p[key].isNotNull() & n[key].isNull() for key in typed}
    # A box that is no object comes as null; the whole of `properties` then carries `bad`.
    broken["box"] = p["bad"].isNotNull() & p["box"].isNull()
    pointer = p["pointer"].isNotNull() & ~p["pointer"].isin("mouse", "touch", "pen")
    wrong = [
        F.when(F.array_contains("taken", key) & condition, F.lit(key)) for key, condition in broken.items()
    ]
    money = [F.when(_is_money(name) & p[key].isNotNull() & n[key].isNull(), F.lit(key)) for key in _MONEY]
    return frame.withColumn(
        "wrong", cast.texts([*wrong, *money, F.when(pointer, F.lit("pointer"))])
    ).withColumn("wrong_context", _wrong_context(F.col("r"), F.col("c")))


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
        "pointer": F.when(p["pointer"].isin("mouse", "touch", "pen"), p["pointer"]),
        "element": F.when(name.isin(*names.ELEMENT), _element(p, n)),
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
        "currency": F.when(_is_money(name) | m.money_key.isNotNull(), F.upper(cast.present(p["currency"]))),
        "flags": _flags(m),
        "properties": _properties(m),
    }


def _navigation(c: Column) -> Column:
    """How the page was reached; a browser's own word for a followed link is `navigate`."""
    given = F.lower(cast.present(c["page"]["navigationType"]))
    return F.when(given.isin(*NAVIGATION), given).when(given == "navigate", F.lit("link"))


def _element(p: Column, n: Column) -> Column:
    box = F.struct(*[n[f"box_{key}"].alias(key) for key in ("x", "y", "width", "height")])
    return F.struct(
        cast.scalar(p["selector"]).alias("selector"),
        cast.scalar(p["text"]).alias("text"),
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
    keys = ("source", "medium", "name", "term", "content")
    some = reduce(lambda a, b: a | b, [given[key].isNotNull() for key in keys])
    fields = [cast.present(given[key]).alias(key) for key in keys]
    return F.when(some, F.struct(*fields, F.lit(None).cast("string").alias("click_id")))


def _experiments(p: Column, name: Column) -> Column:
    one = F.struct(
        F.coalesce(cast.scalar(p["experiment_id"]), cast.scalar(p["experiment_name"])).alias("name"),
        F.coalesce(cast.scalar(p["variation_id"]), cast.scalar(p["variation_name"])).alias("variant"),
    )
    return F.when((name == "experiment_exposure") & one["name"].isNotNull(), F.array(one))


def _is_money(name: Column) -> Column:
    return name.isin(*names.PRODUCT, "checkout", "order", "refund", *_SUBSCRIPTION)


def _money_key(n: Column, name: Column) -> Column:
    """Which property holds the value: an order's revenue comes before its total."""

    def first(*keys: str) -> Column:
        return F.coalesce(*[F.when(n[key].isNotNull(), F.lit(key)) for key in keys])

    return (
        F.when(name.isin("order", "refund", *_SUBSCRIPTION), first("revenue", "total", "value"))
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


def _taken(name: Column) -> Column:
    found = F.when(F.lit(False), F.array().cast("array<string>"))
    for events, keys in names.TAKEN.items():
        found = found.when(name.isin(*events), F.array(*map(F.lit, keys)))
    # An exposure's ids name it; the readable names stay where an id was taken.
    return found.otherwise(F.array().cast("array<string>"))


def _wrong_context(r: Column, c: Column) -> Column:
    def sized(key: str) -> Column:
        given = c[key]["width"].isNotNull() | c[key]["height"].isNotNull()
        return F.when(given & cast.sizes(c[key]["width"], c[key]["height"]).isNull(), F.lit(key))

    navigation = F.when(c["page"]["navigationType"].isNotNull() & _navigation(c).isNull(), F.lit("page"))
    sequence = F.when(c["sequence"].isNotNull() & cast.long(c["sequence"]).isNull(), F.lit("sequence"))
    every = F.from_json(r["context"], "MAP<STRING, STRING>", cast.JSON)
    objects = [
        F.when(every[key].isNotNull() & ~every[key].startswith("{"), F.lit(key))
        for key in names.CONTEXT_OBJECTS
    ]
    external = F.when(every["externalIds"].isNotNull() & c["externalIds"].isNull(), F.lit("externalIds"))
    read = cast.texts([sized("viewport"), sized("document"), sequence, navigation])
    return F.when(c["bad"].isNull(), read).otherwise(F.concat(read, cast.texts([*objects, external])))


def _flags(m: Message) -> Column:
    def flagged(keys: Column, prefix: str) -> Column:
        return F.transform(keys, lambda key: F.concat(F.lit(f"wrong_type:{prefix}"), key))

    whole = [
        F.when(m.record[key].isNotNull() & ~m.record[key].startswith("{"), F.lit(f"wrong_type:{key}"))
        for key in ("context", "properties", "traits")
    ]
    return F.concat(cast.texts(whole), flagged(m.wrong_context, "context."), flagged(m.wrong, "properties."))


def _properties(m: Message) -> Column:
    """What no column took: properties, then of the context as `$context`, of the message as `$record`."""
    every, taken = F.col("every"), F.array_except(F.col("taken"), m.wrong)
    money = F.when(_is_money(m.name) & (m.money_key != "price"), m.money_key)
    experiment = m.name == "experiment_exposure"
    currency = _is_money(m.name)
    used = cast.texts(
        [
            F.when(m.properties["pointer"].isin("mouse", "touch", "pen"), F.lit("pointer")),
            money,
            F.when(currency, F.lit("currency")),
            *[
                F.when(experiment & m.properties[key].isNotNull(), F.lit(key))
                for key in ("experiment_id", "variation_id")
            ],
            F.when(experiment & m.properties["experiment_id"].isNull(), F.lit("experiment_name")),
            F.when(experiment & m.properties["variation_id"].isNull(), F.lit("variation_name")),
        ]
    )
    left = F.map_filter(every, lambda key, _: ~F.array_contains(taken, key) & ~F.array_contains(used, key))
    text = m.record["properties"]
    own = (
        F.when(every.isNotNull(), F.to_json(left))
        # An object that names a key twice below its top level is no variant; it is kept whole.
        .when(text.startswith("{"), text)
        .when(text.isNotNull(), F.to_json(F.struct(text.alias("properties"))))
    )
    return cast.joined([own, _rest_of_context(m), _rest_of_record(m)])


def _rest_of_context(m: Message) -> Column:
    text = m.record["context"]
    keys = F.json_object_keys(text)
    foreign = F.array_except(keys, F.array(*map(F.lit, names.CONTEXT_KEYS)))
    every = F.from_json(text, "MAP<STRING, VARIANT>", cast.JSON)
    known = F.array_except(F.array(*map(F.lit, names.CONTEXT_KEYS)), m.wrong_context)
    left = F.map_filter(every, lambda key, _: ~F.array_contains(known, key))
    some = (F.size(foreign) > 0) | (F.size(m.wrong_context) > 0)
    kept = F.when(some, F.coalesce(F.to_json(left), text)).when(
        text.isNotNull() & ~text.startswith("{"), F.to_json(F.struct(text.alias("context")))
    )
    return F.concat(F.lit('{"$context":'), kept, F.lit("}"))


def _rest_of_record(m: Message) -> Column:
    wrong_traits = m.record["traits"].isNotNull() & ~m.record["traits"].startswith("{")
    spoken = m.kind.isin("identify", "group")
    left = F.map_filter(
        m.record,
        lambda key, value: (
            value.isNotNull()
            & (~key.isin(*names.RECORD_KEYS) | ((key == "traits") & (wrong_traits | ~spoken)))
        ),
    )
    return F.when(F.size(left) > 0, F.concat(F.lit('{"$record":'), F.to_json(left), F.lit("}")))
