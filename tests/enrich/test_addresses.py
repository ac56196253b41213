"""Addresses against Python's own ipaddress."""

from __future__ import annotations

import ipaddress
import random

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.enrich import addresses
from trailhouse.errors import SettingsError

ODD = {
    "1.2.3": None,
    "1.2.3.256": None,
    "1.2.3.4.5": None,
    "hello": None,
    "": None,
    "1::2::3": None,
    ":": None,
    "::ffff:203.0.113.7": "203.0.113.0",
    " 203.0.113.7 ": "203.0.113.0",
    "12345::": None,
}


def test_networks_and_truncation_agree_with_pythons_ipaddress(spark: SparkSession) -> None:
    seed = random.randrange(10**9)
    draw = random.Random(seed)
    fours = [ipaddress.IPv4Address(draw.getrandbits(32)) for _ in range(60)]
    # Few bits set, so that runs of zeros are written as ::
    sixes = [
        ipaddress.IPv6Address(draw.getrandbits(128) & draw.getrandbits(128) & draw.getrandbits(128))
        for _ in range(60)
    ]
    sixes += [ipaddress.IPv6Address(draw.getrandbits(32) << draw.choice([0, 48, 96])) for _ in range(30)]
    nets = [ipaddress.ip_network((int(a), draw.randrange(0, 9)), strict=False) for a in (fours[0], fours[1])]
    nets += [ipaddress.ip_network((a, draw.randrange(0, 20)), strict=False) for a in (sixes[0], sixes[70])]
    given = [a for a in (*fours, *sixes) if not (a.version == 6 and a.ipv4_mapped)]
    frame = spark.createDataFrame([(str(a),) for a in given], "ip string")
    found = frame.select(
        "ip", addresses.truncated(F.col("ip")), addresses.within(F.col("ip"), [str(n) for n in nets])
    ).collect()
    for row, address in zip(found, given, strict=True):
        network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
        assert ipaddress.ip_address(row[1]) == network.network_address, f"seed {seed}: {address}"
        assert row[2] == any(address in net for net in nets), f"seed {seed}: {address}"


def test_what_is_no_address_gives_null(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text,) for text in ODD], "ip string")
    found = frame.select("ip", addresses.truncated(F.col("ip"))).collect()
    assert {row[0]: row[1] for row in found} == ODD


def test_a_text_that_is_no_network_is_told(spark: SparkSession) -> None:
    with pytest.raises(SettingsError, match=r"10\.0\.0/8"):
        addresses.within(F.lit("1.2.3.4"), ["10.0.0/8"])
