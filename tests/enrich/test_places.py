"""Places of addresses by an MMDB file: made-up ones, for the networks that are there for documentation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from rich.console import Console

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.enrich.places import look_up, shared
from trailhouse.errors import SettingsError
from trailhouse.progress import Progress
from trailhouse.run import Run
from trailhouse.settings import Settings
from trailhouse.storage import Lake

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


def test_a_run_finds_places_before_it_drops_addresses_and_says_by_which_file(
    spark: SparkSession, tmp_path: Path, database: Path
) -> None:
    chosen = ("privacy.ip=drop", f"events.geo_database={database}")
    world = World(spark, tmp_path / "raw", tmp_path / "lake", chosen)
    world.write("a.json", message("m", context={"ip": "192.0.2.1"}))
    told = world.run()
    assert world.rows("events", "ip", "geo") == [(None, ("DE", "State of Berlin", "Berlin"))]
    assert told.count("places by Test-City of ") == 1
    # Another file, under the same name and in the same session.
    write_database(database, {"192.0.2.0/24": {"country": {"iso_code": "AT"}}})
    again = shared(spark, str(database))
    assert again
    assert again.sha256[:16] not in told
    assert Path(SparkFiles.get(again.file)).read_bytes() == database.read_bytes()


def test_a_run_without_a_file_says_so(spark: SparkSession, tmp_path: Path) -> None:
    shown = io.StringIO()
    run = Run(Lake(spark, str(tmp_path)), Settings(), Progress(Console(file=shown, width=200)))
    run.tell_geo()
    assert run.geo is None
    assert "no events.geo_database: places are those that trackers send" in shown.getvalue()
