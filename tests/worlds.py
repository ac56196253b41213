"""Small random worlds of events, many in one frame: the ids of each carry its number."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from trailhouse.tables import TABLES

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Happening:
    """One event of a person, as sessionizing sees it; `at` is seconds after START."""

    person: str
    at: float
    name: str = "click"
    event_id: str = ""
    platform: str = "web"
    user: str | None = None
    device: str = "d"
    tab: str = "t"
    view: str | None = None
    client_session: str | None = None
    campaign: str | None = None
    url: str | None = None
    sequence: int | None = None
    scroll: int | None = None

    @property
    def time(self) -> datetime:
        """Its instant."""
        return START + timedelta(microseconds=round(self.at * 1_000_000))


def resolved_events(spark: SparkSession, happenings: Sequence[Happening]) -> DataFrame:
    """The canonical columns of events + person_id; ids that are not given count up."""
    contract = TABLES["events"].schema
    rows = []
    for number, one in enumerate(happenings):
        values = {
            "event_id": one.event_id or f"e{number:05d}",
            "event_time": one.time,
            "event_date": one.time.date(),
            "event_name": one.name,
            "platform": one.platform,
            "user_id": one.user,
            "anonymous_id": one.device,
            "tab_id": one.tab,
            "client_session_id": one.client_session,
            "sequence": one.sequence,
            "scroll_offset": one.scroll,
            "app_id": "shop",
            "viewport": (1000, 500),
            "document": (1000, 2000),
            "page": (one.url, "shop.example", one.url, None, None, one.view, one.url),
            "campaign": (one.campaign, None, None, None, None, None, None),
            "bot_reasons": [],
            "is_bot": False,
            "internal": False,
        }
        rows.append((*(values.get(name) for name in contract.names), one.person))
    person = StructField("person_id", StringType())
    return spark.createDataFrame(rows, StructType([*contract.fields, person]))


def random_world(seed: int) -> list[Happening]:
    """Two persons of a world: gaps around the timeout, ties, keep-alives, server events, long runs."""
    draw = random.Random(seed)
    happenings = []
    for person in range(2):
        at = draw.choice([0.0, 86_000.0])
        for _ in range(draw.randint(1, 14)):
            at += draw.choice([0, 0.000001, 5, 600, 1799.999999, 1800, 1800.000001, 3600, 1700, 1700])
            name = draw.choice(["click", "click", "page_view", "heartbeat", "mouse_move", "order"])
            platform = "server" if name == "order" else "web"
            happenings.append(Happening(f"w{seed}p{person}", at, name, platform=platform))
        if draw.random() < 0.2:  # a run of more than a day
            for _ in range(60):
                at += 1750
                happenings.append(Happening(f"w{seed}p{person}", at, draw.choice(["heartbeat", "click"])))
    draw.shuffle(happenings)
    return [
        Happening(one.person, one.at, one.name, f"w{seed}e{number:03d}", one.platform)
        for number, one in enumerate(happenings)
    ]
