"""The channel that brought a visit: an ordered list of rules over source, medium and campaign.

Rules (channels.yaml) and classes of sources (referrers.yaml) are data; another grouping is another
file, not other code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from importlib import resources
from typing import Any

import yaml
from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.columns import let
from trailhouse.enrich import urls

DIRECT = "Direct"
UNASSIGNED = "Unassigned"

# Ad systems that tag links with an id alone mean their own paid clicks.
_PAID_CLICKS = {"google": ("gclid", "gbraid", "wbraid", "dclid"), "bing": ("msclkid",)}
_ANY_COUNTRY = r"(?:[a-z]{2,3}(?:\.[a-z]{2})?)"


_RULES, _REFERRERS = "channels.yaml", "referrers.yaml"


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _data(name: str) -> Any:
    return yaml.safe_load(_text(name))


def reference() -> str:
    """A hash of the rules and lists: with another one, visits may have other channels."""
    return hashlib.sha256((_text(_RULES) + _text(_REFERRERS)).encode()).hexdigest()[:16]


def names() -> tuple[str, ...]:
    """Every channel that a visit can have, in the order of the rules."""
    return (DIRECT, *(rule["channel"] for rule in _data(_RULES)["rules"]), UNASSIGNED)


def source_class(source: Column) -> Column:
    """email, shopping, video, social or search of a referring host or `utm_source`; null for others."""
    bare = F.regexp_replace(F.lower(source), r"^(?:www|m|l|lm|amp)\.", "")
    found: Column | None = None
    for name, entries in _data(_REFERRERS).items():
        one = bare.rlike(_pattern(entries))
        found = F.when(one, F.lit(name)) if found is None else found.when(one, F.lit(name))
    assert found is not None
    return found


def _pattern(entries: Sequence[str]) -> str:
    def entry(text: str) -> str:
        below = r"(?:.*\.)?" if text.startswith(".") else ""
        body = re.escape(text.removeprefix(".").removesuffix(".*"))
        return f"{below}{body}{r'[.]' + _ANY_COUNTRY if text.endswith('.*') else ''}"

    return f"^(?:{'|'.join(map(entry, entries))})$"


def channel(referrer: Column, campaign: Column, page_host: Column) -> Column:
    """The channel of a visit by its referrer (URL), campaign struct and the host it landed on.

    A referrer on the visited site itself, by its last two labels, is none. Source and medium are the
    campaign's; else of the click id; else the referring host as `organic` (search) or `referral`;
    else Direct.
    """
    given = F.struct(
        urls.host(referrer).alias("host"),
        page_host.alias("page_host"),
        *[F.lower(campaign[name]).alias(name) for name in ("source", "medium", "name")],
        _clicked(campaign["click_id_type"]).alias("clicked"),
    )
    # Each step is bound once: written out, the rules would repeat the one before dozens of times.
    return let(given, lambda one: let(_foreign(one), lambda foreign: let(_facts(one, foreign), _by_rules)))


def _clicked(click_id_type: Column) -> Column:
    found: Column = F.lit(None).cast("string")
    for name, types in _PAID_CLICKS.items():
        found = F.coalesce(found, F.when(click_id_type.isin(*types), F.lit(name)))
    return found


def _foreign(given: Column) -> Column:
    """The referring host, unless it is the visited site itself."""
    host = given["host"]
    return F.when(_site(host) != F.coalesce(_site(given["page_host"]), F.lit("")), host)


def _facts(given: Column, foreign: Column) -> Column:
    """Source, medium, campaign name and class of the source, in lower case."""
    tagged = given["source"].isNotNull() | given["medium"].isNotNull()
    clicked = given["clicked"]
    medium_of_host = F.when(source_class(foreign) == "search", F.lit("organic")).otherwise(F.lit("referral"))
    source = F.when(tagged, given["source"]).otherwise(F.coalesce(clicked, F.lower(foreign)))
    medium = (
        F.when(tagged, given["medium"])
        .when(clicked.isNotNull(), F.lit("cpc"))
        .when(foreign.isNotNull(), medium_of_host)
    )
    return F.struct(
        source.alias("source"),
        medium.alias("medium"),
        given["name"].alias("campaign"),
        let(source, source_class).alias("class"),
    )


def _by_rules(facts: Column) -> Column:
    texts = {name: facts[name] for name in ("source", "medium", "campaign", "class")}
    nothing = texts["source"].isNull() & texts["medium"].isNull() & texts["campaign"].isNull()
    untold = texts["medium"].isNull() | texts["medium"].isin("(none)", "(not set)")
    direct = (texts["source"] == "(direct)") & untold
    found = F.when(nothing | F.coalesce(direct, F.lit(False)), F.lit(DIRECT))
    for rule in _data(_RULES)["rules"]:
        conditions = {key: value for key, value in rule.items() if key != "channel"}
        found = found.when(_holds(conditions, texts), F.lit(rule["channel"]))
    return found.otherwise(F.lit(UNASSIGNED))


def _site(host: Column) -> Column:
    """The last two labels, three where the second is as short as in `co.uk`."""
    labels = F.split(host, r"\.")
    short = F.length(F.try_element_at(labels, F.lit(-2))) <= 3
    kept = F.when(short & (F.size(labels) > 2), F.lit(3)).otherwise(F.lit(2))
    return F.array_join(F.slice(labels, F.greatest(F.size(labels) - kept + 1, F.lit(1)), kept), ".")


def _holds(condition: Mapping[str, Any], texts: Mapping[str, Column]) -> Column:
    (key, value), *more = condition.items()
    if more:
        raise ValueError(f"a condition of channels.yaml names one thing, not {sorted(condition)}")
    if key in ("all", "any"):
        parts = [_holds(part, texts) for part in value]
        return reduce((lambda a, b: a & b) if key == "all" else (lambda a, b: a | b), parts)
    (how, what), *_ = value.items()
    text = texts[key]
    found = text.isin(*what) if how == "in" else text.rlike(what)
    return F.coalesce(found, F.lit(False))
