"""PostHog's elements chain: the element acted upon and those around it, in one text.

`tag.class.class:key="value"key="value";tag...` from the target upwards; a quote within a value has
a backslash before it.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.sources import cast
from trailhouse.sources import posthog_names as names

# Possessive all through: nothing is tried twice, and long values take no stack.
_VALUE = r'((?:[^"\\]++|\\.)*+)'
_ELEMENT = rf'(?s)(?:[^";]++|"{_VALUE}")++'
_STEPS = 4


def split(chain: Column) -> Column:
    """ARRAY of the elements' texts, the target first; null for no chain."""
    return F.when(cast.present(chain).isNotNull(), F.regexp_extract_all(chain, F.lit(_ELEMENT), F.lit(0)))


def element(elements: Column, chain: Column, text: Column) -> Column:
    """The ELEMENT struct of the target; `text` stands in for one that the chain lacks.

    A chain tells neither a box nor a point. `interactive` is true where the target or an element
    around it is made for clicking; else it is not known, since scripts may listen to any element.
    """
    target = F.get(elements, F.lit(0))
    whole = F.lit(None).cast("int")
    clickable = F.exists(elements, lambda e: e.rlike(rf"^(?:{'|'.join(names.CLICKABLE)})(?=[.:]|$)"))
    found = F.struct(
        _selector(elements).alias("selector"),
        F.coalesce(_value(target, "text"), cast.present(text)).alias("text"),
        cast.present(F.lower(F.regexp_extract(target, r"^[A-Za-z][\w-]*", 0))).alias("tag"),
        _value(chain, "(?:attr__)?href").alias("href"),
        F.when(clickable, F.lit(True)).alias("interactive"),
        cast.no_box().alias("box"),
        whole.alias("x"),
        whole.alias("y"),
    )
    return F.when(F.size(elements) > 0, found)


def form(elements: Column) -> Column:
    """The FORM struct: the nearest form's id or name, and the target's name or id where it is a field."""
    target = F.get(elements, F.lit(0))
    around = F.get(F.filter(elements, lambda e: e.rlike(r"^form(?=[.:]|$)")), F.lit(0))
    is_form = target.rlike(r"^form(?=[.:]|$)")
    field = F.coalesce(_value(target, "attr__name"), _value(target, "attr__?id"))
    return F.when(
        F.size(elements) > 0,
        F.struct(
            F.coalesce(_value(around, "attr__?id"), _value(around, "attr__name")).alias("id"),
            F.when(~is_form, field).alias("field"),
        ),
    )


def _value(text: Column, key: str) -> Column:
    """An attribute's value, of the first element that has it."""
    found = F.regexp_extract(text, rf'(?s)[:"]{key}="{_VALUE}"', 1)
    return cast.present(F.replace(found, F.lit('\\"'), F.lit('"')))


def _selector(elements: Column) -> Column:
    """The path from the nearest element with an id, at most a few steps, to the target."""
    near = F.slice(elements, 1, _STEPS)
    named = F.transform(near, lambda e: e.rlike(r'[:"]attr__?(?:id|data-attr)="[^"]'))
    end = F.array_position(named, True).cast("int")
    steps = F.slice(F.transform(near, _step), F.lit(1), F.when(end > 0, end).otherwise(F.lit(_STEPS)))
    return cast.present(F.array_join(F.reverse(steps), " > "))


def _step(text: Column) -> Column:
    identity, data = _value(text, "attr__?id"), _value(text, "attr__data-attr")
    tag = F.regexp_extract(text, r"^[\w-]*", 0)
    # Classes may hold colons; the attributes begin at the colon before the first equals sign and quote.
    head = F.regexp_extract(text, r'^([^"]*?)(?::[\w-]+="|:?$)', 1)
    child = F.regexp_extract(text, r'[:"]nth-child="(\d+)"', 1)
    parts = [
        (identity.isNotNull(), F.concat(tag, F.lit("#"), identity)),
        (data.isNotNull(), F.concat(tag, F.lit('[data-attr="'), data, F.lit('"]'))),
        (child != "", F.concat(head, F.lit(":nth-child("), child, F.lit(")"))),
    ]
    first, *others = parts
    chosen = reduce(lambda when, part: when.when(*part), others, F.when(*first))
    return chosen.otherwise(head)
