"""IP addresses as text: what privacy lets through, and whether one lies in a network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.errors import SettingsError

_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$"
_IPV6 = r"^(?!.*::.*::)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}$"


def digits(address: Column) -> Column:
    """The address in hexadecimal, 8 digits for IPv4 and 32 for IPv6; null for what is neither.

    An IPv4 address mapped into IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
    """
    text = _unmapped(address)
    four = F.concat_ws(
        "", F.transform(F.split(text, r"\."), lambda part: F.lpad(F.hex(part.try_cast("bigint")), 2, "0"))
    )
    left = _groups(F.substring_index(text, "::", 1))
    right = F.when(text.contains("::"), _groups(F.substring_index(text, "::", -1))).otherwise(_none())
    missing = F.lit(8) - F.size(left) - F.size(right)
    zeros = F.array_repeat(F.lit("0"), F.greatest(missing, F.lit(0)))
    six = F.concat_ws("", F.transform(F.concat(left, zeros, right), lambda group: F.lpad(group, 4, "0")))
    is_six = text.rlike(_IPV6) & ((missing == 0) | (text.contains("::") & (missing > 0)))
    return F.when(text.rlike(_IPV4), F.lower(four)).when(is_six & (F.length(six) == 32), six)


def truncated(address: Column) -> Column:
    """The network of an address, /24 of IPv4 and /48 of IPv6; null for what is no address."""
    text = _unmapped(address)
    found = digits(address)
    four = F.concat(F.substring_index(text, ".", 3), F.lit(".0"))
    groups = F.transform(
        F.array(*[F.substring(found, start, 4) for start in (1, 5, 9)]),
        lambda group: F.lower(F.conv(group, 16, 16)),
    )
    six = F.concat(F.concat_ws(":", groups), F.lit("::"))
    return F.when(text.rlike(_IPV4), four).when(F.length(found) == 32, six)


def _unmapped(address: Column) -> Column:
    text = F.lower(F.trim(address))
    mapped = text.startswith("::ffff:") & text.contains(".")
    return F.when(mapped, F.substring(text, 8, 50)).otherwise(text)


def within(address: Column, networks: Iterable[str]) -> Column:
    """Whether the address lies in one of the networks (`10.0.0.0/8`, `2001:db8::/32`, single addresses).

    Raises SettingsError for a text that is no network.
    """
    found = digits(address)
    inside = [found.between(*_range(network)) & (F.length(found) == _length(network)) for network in networks]
    return F.coalesce(reduce(lambda a, b: a | b, inside, F.lit(False)), F.lit(False))


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
