"""IP addresses as text: what privacy lets through, and whether one lies in a network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.columns import let
from trailhouse.errors import SettingsError

_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$"
_IPV6 = r"^(?!.*::.*::)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}$"


def digits(address: Column) -> Column:
    """The address in hexadecimal, 8 digits for IPv4 and 32 for IPv6; null for what is neither.

    An IPv4 address mapped into IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
    """
    return let(
        _unmapped(address),
        lambda text: F.when(text.rlike(_IPV4), _four(text)).when(text.rlike(_IPV6), _six(text)),
    )


def truncated(address: Column) -> Column:
    """The network of an address, /24 of IPv4 and /48 of IPv6; null for what is no address."""

    def network(text: Column) -> Column:
        return F.when(text.rlike(_IPV4), F.concat(F.substring_index(text, ".", 3), F.lit(".0")))

    def network_of_six(found: Column) -> Column:
        groups = [F.lower(F.conv(F.substring(found, start, 4), 16, 16)) for start in (1, 5, 9)]
        return F.when(F.length(found) == 32, F.concat(F.concat_ws(":", *groups), F.lit("::")))

    other = let(_unmapped(address), lambda text: F.coalesce(network(text), let(digits(text), network_of_six)))
    return F.coalesce(network(address), F.when(address.isNotNull(), other))


def _unmapped(address: Column) -> Column:
    text = F.lower(F.trim(address))
    mapped = text.startswith("::ffff:") & text.contains(".")
    return F.when(mapped, F.substring(text, 8, 50)).otherwise(text)


def _four(text: Column) -> Column:
    parts = F.transform(F.split(text, r"\."), lambda part: F.lpad(F.hex(part.try_cast("bigint")), 2, "0"))
    return F.lower(F.concat_ws("", parts))


def _six(text: Column) -> Column:
    shortened = text.contains("::")
    right = F.when(shortened, _groups(F.substring_index(text, "::", -1))).otherwise(_none())
    sides = F.struct(_groups(F.substring_index(text, "::", 1)).alias("left"), right.alias("right"))

    def joined(both: Column) -> Column:
        missing = F.lit(8) - F.size(both["left"]) - F.size(both["right"])
        zeros = F.array_repeat(F.lit("0"), F.greatest(missing, F.lit(0)))
        groups = F.transform(
            F.concat(both["left"], zeros, both["right"]), lambda group: F.lpad(group, 4, "0")
        )
        whole = (missing == 0) | (shortened & (missing > 0))
        return F.when(whole, F.concat_ws("", groups))

    return let(sides, joined)


def within(address: Column, networks: Iterable[str]) -> Column:
    """Whether the address lies in one of the networks (`10.0.0.0/8`, `2001:db8::/32`, single addresses).

    Raises SettingsError for a text that is no network.
    """
    ranges = [(*_range(network), _length(network)) for network in networks]

    def inside(found: Column) -> Column:
        each = [found.between(low, high) & (F.length(found) == length) for low, high, length in ranges]
        return reduce(lambda a, b: a | b, each, F.lit(False))

    return F.coalesce(let(digits(address), inside), F.lit(False))


def holds_whole_networks(network: str) -> bool:
    """Whether a network is made of such as `truncated` gives, so that these tell what lies in it."""
    found = _network(network)
    return found.prefixlen <= (24 if found.version == 4 else 48)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise SettingsError(
            f"events.internal_addresses: {text!r} is no address or network, such as 10.0.0.0/8"
        ) from None


def _length(text: str) -> int:
    return 8 if _network(text).version == 4 else 32


def _range(text: str) -> tuple[str, str]:
    network = _network(text)
    return network.network_address.packed.hex(), network.broadcast_address.packed.hex()


def _none() -> Column:
    return F.array().cast("array<string>")


def _groups(text: Column) -> Column:
    return F.when(text == "", _none()).otherwise(F.split(text, ":"))
