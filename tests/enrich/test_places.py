"""Places of addresses by an MMDB file: made-up ones, for the networks that are there for documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import maxminddb
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from pyspark.sql import SparkSession

from tests.ingest.raw import World
from trailhouse.enrich.places import look_up, shared
from trailhouse.errors import SettingsError

BERLIN = {
    "country": {"iso_code": "DE", "names": {"en": "Germany", "de": "Deutschland"}},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "State of Berlin"}}, {"names": {"en": "smaller"}}],
    "city": {"names": {"en": "Berlin"}},
}
PLAIN = {"country": "France", "country_code": "FR", "region": "Normandy", "city": "Rouen"}
"""As IPinfo's files tell it."""
COUNTRY = {"country": {"iso_code": "SE"}, "city": {"names": {"de": "Stockholm"}}}
NETWORKS: dict[str, dict[str, Any]] = {
    "192.0.2.0/24": BERLIN,
    "198.51.100.0/25": PLAIN,
    "2001:db8::/32": COUNTRY,
    "203.0.113.0/24": {"autonomous_system_number": 64512},
}


def write_database(path: Path, networks: dict[str, dict[str, Any]], version: int = 6) -> Path:
    """An MMDB file of these networks."""
    writer = MMDBWriter(ip_version=version, ipv4_compatible=version == 6, database_type="Test-City")
    for network, told in networks.items():
        writer.insert_network(IPSet([network]), told)
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("geo") / "places.mmdb", NETWORKS)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.77", ("DE", "State of Berlin", "Berlin")),
        (" 192.0.2.77 ", ("DE", "State of Berlin", "Berlin")),
        ("::ffff:192.0.2.1", ("DE", "State of Berlin", "Berlin")),
        ("198.51.100.1", ("FR", "Normandy", "Rouen")),
        ("198.51.100.200", (None, None, None)),
        ("203.0.113.1", (None, None, None)),
        ("2001:DB8::1", ("SE", None, None)),
        ("2001:db9::1", (None, None, None)),
        ("192.0.2", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_a_place_is_a_country_code_and_english_names(database: Path, address: str, place: Any) -> None:
    assert look_up(str(database), address) == place


def test_an_address_of_ipv6_has_no_place_in_a_file_of_ipv4(tmp_path: Path) -> None:
    old = write_database(tmp_path / "old.mmdb", {"192.0.2.0/24": BERLIN}, version=4)
    assert look_up(str(old), "2001:db8::1") == (None, None, None)
    assert look_up(str(old), "192.0.2.1")[0] == "DE"


def test_an_address_is_looked_up_once(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(str(database), "192.0.2.99")
    monkeypatch.setattr(maxminddb, "open_database", lambda path: pytest.fail("opened again"))
    monkeypatch.setattr("trailhouse.enrich.places._reader", lambda path: pytest.fail("looked up again"))
    assert look_up(str(database), "192.0.2.99")[0] == "DE"


@pytest.mark.parametrize(
    ("name", "told"),
    [("absent.mmdb", "there is no file"), (".", "there is no file"), ("broken.mmdb", "is no MMDB file")],
)
def test_a_file_that_cannot_be_read_ends_a_run_in_a_sentence(
    spark: SparkSession, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"no places here")
    with pytest.raises(SettingsError, match=told) as caught:
        shared(spark, str(tmp_path / name))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_name": "page_view",
        "event_time": "2026-03-02T10:00:00Z",
        "anonymous_id": "d-1",
        **fields,
    }


EVENTS = [
    event("four", ip="192.0.2.1"),
    event("six", ip="2001:db8::1"),
    event("unknown", ip="198.51.100.200"),
    event("none"),
    event("told", ip="192.0.2.1", geo={"city": "Potsdam"}),
    event("denied", ip="192.0.2.1", consent="denied"),
]


def test_places_are_found_before_privacy_takes_the_address(
    spark: SparkSession, tmp_path: Path, database: Path
) -> None:
    chosen = ("privacy.ip=drop", f"events.geo_database={database}")
    world = World(spark, tmp_path / "raw", tmp_path / "lake", chosen, "trailhouse")
    world.write("a.json", *EVENTS)
    told = world.run()
    rows = {row[0]: row[1:] for row in world.rows("events", "event_id", "ip", "geo")}
    assert {name: geo and tuple(geo) for name, (_, geo) in rows.items()} == {
        "four": ("DE", "State of Berlin", "Berlin"),
        "six": ("SE", None, None),
        "unknown": None,
        "none": None,
        "told": (None, None, "Potsdam"),
        "denied": None,
    }
    assert {ip for ip, _ in rows.values()} == {None}
    assert told.count("places by Test-City of ") == 1
    # Another file, under the same name and in the same session; then none, which is told.
    write_database(database, {"192.0.2.0/24": {"country": {"iso_code": "AT"}}})
    again = shared(spark, str(database))
    assert again
    assert again.sha256 not in told
    plain = World(spark, tmp_path / "raw", tmp_path / "plain", (), "trailhouse")
    assert plain.run().count("no events.geo_database: places are those that trackers send") == 1
    assert {row[0] for row in plain.rows("events", "event_id", "geo") if row[1]} == {"told"}
