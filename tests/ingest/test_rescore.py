"""Changed rules reach events of every day without their raw files, and change nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from tests.ingest.raw import World
from tests.sources.reading import message
from trailhouse.difference import fingerprint
from trailhouse.enrich.privacy import KEY_VARIABLE
from trailhouse.ingest.rescore import SCORED, remembered, rescore, tell_other_rules
from trailhouse.progress import Progress
from trailhouse.run import Run

CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
KEPT = ("privacy.ip=keep",)
RULES = (
    "events.internal_addresses=[198.51.100.7/32, 203.0.113.0/24]",
    "events.internal_email_domains=[staff.example]",
    "events.internal_ids=[boss]",
    "events.page_groups={'^/shop/': 'the shop'}",
)


def visit(name: str, ip: str, agent: str | None = BROWSER, **fields: object) -> dict[str, object]:
    """A page view of a day of its own."""
    path = fields.pop("path", "/shop/shoes-and-boots-42")
    day = fields.pop("day", 2)
    times = dict.fromkeys(("originalTimestamp", "sentAt", "receivedAt"), f"2026-03-{day:02}T10:00:00.000Z")
    context = {"ip": ip, "userAgent": agent, "page": {"url": f"https://s.example{path}", "title": "T"}}
    return message(name, type="page", event=None, context=context, **{**times, **fields})


RECORDS = (
    visit("person", "192.0.2.1"),
    visit("crawler", "192.0.2.2", CRAWLER, day=3),
    visit("alone", "198.51.100.7", path="/help", day=4),
    visit("network", "203.0.113.9", path="/help", day=5),
    visit("mail", "192.0.2.3", traits={"email": "ann@staff.example"}, day=6, path="/help"),
    visit("boss", "192.0.2.4", userId="boss", day=7, path="/help"),
    visit("plain", "192.0.2.5", None, day=8, path="/help"),
)


def shown(world: World) -> tuple[int, str]:
    """Rescores; gives how many events changed and what the terminal showed."""
    return world.during(rescore)


def internal(world: World) -> set[str]:
    return {row.event_id for row in world.lake.read("events").where("internal").collect()}


def print_of(world: World, *but: str) -> tuple[object, ...]:
    return tuple(fingerprint(world.lake.read("events").drop(*but)).first() or ())


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Events that were read before there was a rule."""
    folder = tmp_path_factory.mktemp("rescore")
    world = World(spark, folder / "raw", folder / "lake", KEPT)
    world.write("visits.json", *RECORDS)
    world.run()
    assert internal(world) == set()
    return world


def test_events_come_out_as_if_they_were_read_today_and_only_once(read: World, tmp_path: Path) -> None:
    world = read.copy(tmp_path / "lake", *KEPT, *RULES)
    # As older lists of user agents would have had it.
    world.spark.sql(
        f"UPDATE delta.`{world.lake.path('events')}` SET bot_reasons = array(), is_bot = false, "
        "device = named_struct('type', 'mobile', 'browser', 'Old', 'os', null) WHERE event_id = 'crawler'"
    )
    assert "rescore applies today's" in world.run()
    before = {row.event_id: row for row in world.lake.read("events").collect()}

    changed, told = shown(world)

    assert internal(world) == {"alone", "network", "mail", "boss"}
    assert changed == 6, told  # all but `plain`
    assert "1 bot and 4 internal" in told
    after = world.lake.read("events").collect()
    assert {row.event_id: row.page.group for row in after} == {
        name: "the shop" if name in ("person", "crawler") else "/help" for name in before
    }
    ledger = world.lake.read("ledger").where("stage = 'rescore'").collect()
    assert [(row.table_name, row.action, row.kept) for row in ledger] == [("events", "published", None)]

    version, state = world.lake.version("events"), world.lake.state("events")
    assert shown(world)[0] == 0
    assert "rescore" not in world.run()
    assert world.lake.version("events") == version
    assert state.data_version == version - 1, "what rules there were is no news of rows"

    # A rebuild makes the same of the raw files, and applies a further rule to events that were kept.
    rescored = print_of(world, "ip")
    assert world.lake.read("events").where("ip IS NOT NULL").count() == len(RECORDS)
    world = world.with_settings("privacy.ip=drop", *RULES)
    world.run(rebuild=True)
    assert world.lake.read("events").where("ip IS NOT NULL").count() == 0
    assert print_of(world, "ip") == rescored
    assert world.balance() == len(RECORDS)


def test_what_privacy_hides_is_told_and_stays_as_it_was(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key of more than sixteen characters")
    private = ("privacy.ip=truncate", "privacy.hash_identifiers=true")
    world = World(
        spark, tmp_path / "raw", tmp_path / "lake", (*private, "events.internal_addresses=[192.0.2.1]")
    )
    world.write("visits.json", *RECORDS)
    world.run()
    assert internal(world) == {"person"}

    changed, told = shown(world.with_settings(*private, *RULES[:-1]))

    assert internal(world) == {"person", "network", "boss"}
    assert changed == 2
    assert "internal_addresses 198.51.100.7/32, internal_email_domains staff.example cannot be judged" in told


def test_places_by_another_file_are_told_until_addresses_are_looked_up_again(
    read: World, tmp_path: Path
) -> None:
    world = read.copy(tmp_path / "lake", *KEPT)
    known = json.loads(world.lake.state("events").properties[SCORED])
    world.lake.note("events", remembered({**known, "places": "another file"}))

    def told() -> str:
        out = io.StringIO()
        tell_other_rules(Run(world.lake, world.settings, Progress(Console(file=out, width=10_000))))
        return out.getvalue()

    assert "--rebuild looks their addresses up again" in told()
    assert "rescore" not in told()
    shown(world)
    assert "--rebuild looks their addresses up again" in told(), "rescore reads no addresses"


def test_events_that_break_a_check_are_held(
    read: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trailhouse.errors import GateFailed
    from trailhouse.ingest import rescore as module
    from trailhouse.stage import Check

    world = read.copy(tmp_path / "lake", *KEPT, *RULES)
    version = world.lake.version("events")
    never = Check("events", "never", "Nobody is own staff.", "NOT internal")
    monkeypatch.setattr(module, "CHECKS", (never,))
    with pytest.raises(GateFailed, match="Nobody is own staff"):
        shown(world)
    assert world.lake.version("events") == version
