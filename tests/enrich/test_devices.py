"""User agents: golden cases of the parser, and the Arrow function around it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.enrich.devices import parse_user_agent, user_agent_facts

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CASES = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36": (
        "desktop",
        "Chrome",
        "Windows",
    ),
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) {APPLE} Version/14.0.3 Safari/605.1.15": (
        "desktop",
        "Safari",
        "macOS",
    ),
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:86.0) Gecko/20100101 Firefox/86.0": (
        "desktop",
        "Firefox",
        "Ubuntu",
    ),
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) {APPLE} Version/17.6 Mobile/15E148 Safari": (
        "mobile",
        "Mobile Safari",
        "iOS",
    ),
    f"Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) {APPLE} Version/16.0 Mobile/15E148 Safari/604.1": (
        "tablet",
        "Mobile Safari",
        "iOS",
    ),
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36": (
        "mobile",
        "Chrome Mobile",
        "Android",
    ),
    f"Mozilla/5.0 (Linux; Android 13; SM-X700) {WEBKIT} Chrome/120.0.0.0 Safari/537.36": (
        "tablet",
        "Chrome",
        "Android",
    ),
    f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/79.0.3945.79 Safari/537.36": ("tv", "Chrome", None),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": ("bot", "Googlebot", None),
    "nonsense": (None, None, None),
}


@pytest.mark.parametrize("text", CASES)
def test_type_browser_and_system_are_read(text: str) -> None:
    kind, browser, system = parse_user_agent(text)[:3]
    expected = CASES[text]
    assert (kind, browser) == expected[:2]
    assert expected[2] is None or system == expected[2]


@pytest.mark.parametrize(
    ("text", "declared", "listed"),
    [
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True, True),
        ("python-requests/2.31.0", False, True),
        ("curl/8.5.0", False, True),
        (next(iter(CASES)), False, False),
    ],
)
def test_a_tool_is_listed_and_only_a_crawler_declares_itself(text: str, declared: bool, listed: bool) -> None:
    assert parse_user_agent(text)[3:] == (declared, listed)


def test_the_column_agrees_with_the_parser_and_null_stays_null(spark: SparkSession) -> None:
    texts = [*CASES, None, next(iter(CASES)), None, ""]
    frame = spark.createDataFrame([(i, text) for i, text in enumerate(texts)], "i int, ua string")
    rows = frame.select("i", user_agent_facts(F.col("ua")).alias("f")).orderBy("i").collect()
    for text, row in zip(texts, rows, strict=True):
        if text is None:
            assert row.f is None or (row.f.device is None and not row.f.listed)
        else:
            found = (*(row.f.device or (None, None, None)), row.f.declared_crawler, row.f.listed)
            assert found == parse_user_agent(text)
