"""User agents to device and crawler signs: parsed once for each distinct text of an Arrow batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from trailhouse.tables._shapes import DEVICE

_TOOLS = frozenset({"http-library", "browser-automation"})
_READ = 1024
"""Characters of a user agent that are looked at."""
_RESULT = f"STRUCT<device: {DEVICE}, declared_crawler: BOOLEAN, listed: BOOLEAN>"
_SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}

Parsed = tuple[str | None, str | None, str | None, bool, bool]


@lru_cache(maxsize=100_000)
def parse_user_agent(user_agent: str) -> Parsed:
    """Device type, browser, system, whether it declares itself a crawler, whether the list names it.

    Types are desktop, mobile, tablet, tv, console and bot; null when nothing tells. Crawlers are those of the
    list crawler-user-agents; its HTTP libraries and automated browsers are listed, and declare nothing.
    """
    import crawleruseragents
    import ua_parser

    found = ua_parser.parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    device = found.device.family if found.device else None
    # The chunked patterns say no quickly; which entry it is matters only after a yes.
    listed = crawleruseragents.is_crawler(user_agent)
    declared = listed and any(
        not _TOOLS & set(crawleruseragents.CRAWLER_USER_AGENTS_DATA[i].get("tags", ()))
        for i in crawleruseragents.matching_crawlers(user_agent)
    )
    kind = "bot" if declared else _kind(user_agent, system, device)
    return kind, browser, _SYSTEMS.get(system or "", system), declared, listed


def _kind(user_agent: str, system: str | None, device: str | None) -> str | None:
    text = user_agent.lower()
    if any(
        word in text
        for word in (
            "smart-tv",
            "smarttv",
            "googletv",
            "appletv",
            "apple tv",
            "roku",
            "hbbtv",
            "web0s",
            "bravia",
        )
    ):
        return "tv"
    if "playstation" in text or "xbox" in text or "nintendo" in text:
        return "console"
    if "ipad" in text or "tablet" in text or "kindle" in text or "silk/" in text:
        return "tablet"
    if system == "Android":
        # Android's own rule: a phone's browser says Mobile, a tablet's does not.
        return "mobile" if "mobile" in text else "tablet"
    if system in ("iOS", "Windows Phone", "KaiOS", "BlackBerry OS") or "mobile" in text or device == "iPhone":
        return "mobile"
    if system and (system.startswith(("Windows", "Mac OS")) or system in _DESKTOPS):
        return "desktop"
    return None


_DESKTOPS = frozenset(
    {
        "Linux",
        "Ubuntu",
        "Fedora",
        "Debian",
        "Chrome OS",
        "FreeBSD",
        "OpenBSD",
        "Red Hat",
        "SUSE",
        "Arch Linux",
    }
)


def user_agent_facts(user_agent: Column) -> Column:
    """STRUCT<device, declared_crawler, listed> of a user agent, by its first characters; null for null."""
    return _facts()(F.left(user_agent, F.lit(_READ)))


def _facts() -> Callable[[Column], Column]:
    def facts(user_agents: pd.Series) -> pd.DataFrame:
        codes, distinct = pd.factorize(user_agents)
        parsed = [parse_user_agent(text) for text in distinct]
        table = pd.DataFrame(
            {
                "device": [
                    {"type": kind, "browser": browser, "os": system} for kind, browser, system, *_ in parsed
                ]
                + [None],
                "declared_crawler": [*[row[3] for row in parsed], False],
                "listed": [*[row[4] for row in parsed], False],
            }
        )
        return table.take(codes).reset_index(drop=True)

    # Made when it is called: at import there may be no session.
    return cast("Callable[[Column], Column]", cast("Any", pandas_udf)(facts, _RESULT))
