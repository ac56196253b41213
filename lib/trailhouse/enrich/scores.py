"""What a row alone tells of bots and of own staff: judged when it is read, and again by `rescore`."""

from __future__ import annotations

import hashlib
import json
from functools import reduce
from importlib.metadata import version

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.enrich import addresses, privacy
from trailhouse.settings import Settings
from trailhouse.sources.cast import texts

_LISTS = ("ua-parser-builtins", "crawler-user-agents")


def bot_reasons(facts: Column) -> Column:
    """ARRAY<STRING> of the signs in a user agent's facts (`devices.user_agent_facts`)."""
    declared = F.coalesce(facts["declared_crawler"], F.lit(False))
    listed = F.coalesce(facts["listed"], F.lit(False))
    return texts([F.when(declared, F.lit("declared_crawler")), F.when(listed, F.lit("user_agent_list"))])


def is_bot(reasons: Column) -> Column:
    """A declared crawler, or two kinds of signal agree."""
    return F.array_contains(reasons, "declared_crawler") | (F.size(reasons) >= 2)


def internal(settings: Settings, *, kept: bool = False) -> Column:
    """Whether `ip`, `identifiers`, `user_id` or `anonymous_id` are of the settings' own staff.

    With `kept` these are what privacy let through: identifiers may be hashes, and an address that was
    cut to its network lies in no smaller one. Raises SettingsError for a text that is no network.
    """
    rules, hashed = settings.events, kept and settings.privacy.hash_identifiers
    found = []
    networks = [n for n in rules.internal_addresses if not (kept and _hidden_network(n, settings))]
    if networks:
        found.append(addresses.within(F.col("ip"), networks))
    if rules.internal_email_domains and not hashed:
        email = F.lower(F.try_element_at("identifiers", F.lit("email")))
        for domain in rules.internal_email_domains:
            own = domain.strip().lower().lstrip("@")
            found.append(email.endswith(f"@{own}") | email.endswith(f".{own}"))
    if rules.internal_ids:
        ids = [privacy.digest(text) for text in rules.internal_ids] if hashed else rules.internal_ids
        found += [F.col("user_id").isin(*ids), F.col("anonymous_id").isin(*ids)]
    each = [F.coalesce(one, F.lit(False)) for one in found]
    return reduce(Column.__or__, each, F.lit(False))


def hidden_rules(settings: Settings) -> list[str]:
    """Rules for own staff that cannot be judged by what privacy let through, as the settings name them."""
    rules = settings.events
    hidden = [f"internal_addresses {n}" for n in rules.internal_addresses if _hidden_network(n, settings)]
    if settings.privacy.hash_identifiers:
        hidden += [f"internal_email_domains {domain}" for domain in rules.internal_email_domains]
    return hidden


def grounds_kept(settings: Settings) -> bool:
    """Whether privacy let all through that `internal` looks at."""
    return settings.privacy.ip == "keep" and not settings.privacy.hash_identifiers


def _hidden_network(network: str, settings: Settings) -> bool:
    match settings.privacy.ip:
        case "keep":
            return False
        case "truncate":
            return not addresses.holds_whole_networks(network)
        case _:
            return True


def rules_of(settings: Settings) -> dict[str, str]:
    """What rows are scored by today: versions of the lists, hashes of the settings; by what to call it."""
    events = settings.model_dump(mode="json", include={"events"})["events"]
    own = {name: value for name, value in events.items() if name.startswith("internal_")}
    return {
        "lists of user agents": ", ".join(f"{name} {version(name)}" for name in _LISTS),
        "rules for own staff": _hash(own),
        "page groups": _hash(events["page_groups"]),
    }


def _hash(value: object) -> str:
    # Page groups are tried in their order, so that order counts.
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
