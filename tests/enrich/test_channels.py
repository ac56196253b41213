"""Channels: a case for each rule, and what decides between them."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.enrich.channels import channel, names, source_class

SITE = "https://www.shop.example/"
Given = tuple[str | None, dict[str, str], str]
# referrer, campaign -> channel
CASES: list[Given] = [
    (None, {}, "Direct"),
    (SITE + "other", {}, "Direct"),  # from the site itself
    ("https://blog.shop.example/", {}, "Direct"),  # from its other host
    (None, {"source": "(direct)", "medium": "(none)"}, "Direct"),
    (None, {"name": "cross-network 1", "source": "google", "medium": "cpc"}, "Cross-network"),
    (None, {"source": "amazon", "medium": "cpc"}, "Paid Shopping"),
    (None, {"name": "summer-shop", "source": "x", "medium": "ppc"}, "Paid Shopping"),
    (
        None,
        {"name": "workshop", "source": "x", "medium": "ppc"},
        "Paid Other",
    ),  # the letter before "shop" rules it out
    (None, {"source": "google", "medium": "CPC"}, "Paid Search"),
    (None, {"click_id": "1", "click_id_type": "gclid"}, "Paid Search"),
    (None, {"click_id": "1", "click_id_type": "msclkid"}, "Paid Search"),
    (None, {"source": "facebook", "medium": "paid-social"}, "Paid Social"),
    (None, {"source": "youtube", "medium": "cpv"}, "Paid Video"),
    (None, {"source": "clips", "medium": "video"}, "Organic Video"),
    (None, {"source": "adnet", "medium": "banner"}, "Display"),
    (None, {"source": "adnet", "medium": "paid"}, "Paid Other"),
    ("https://www.etsy.com/x", {}, "Organic Shopping"),
    ("https://l.instagram.com/", {}, "Organic Social"),
    (None, {"source": "x", "medium": "social-media"}, "Organic Social"),
    ("https://m.youtube.com/watch?v=1", {}, "Organic Video"),
    ("https://www.google.co.uk/", {}, "Organic Search"),
    ("https://duckduckgo.com/", {}, "Organic Search"),
    ("android-app://com.google.android.googlequicksearchbox/", {}, "Organic Search"),
    ("https://news.example/", {}, "Referral"),
    ("https://docs.google.com/x", {}, "Referral"),  # of Google, and no search
    ("https://mail.google.com/", {}, "Email"),
    ("https://www.google.com/", {"source": "letter", "medium": "email"}, "Email"),  # a tag beats the referrer
    (None, {"source": "x", "medium": "affiliate"}, "Affiliates"),
    (None, {"source": "x", "medium": "audio"}, "Audio"),
    (None, {"source": "sms", "medium": "text"}, "SMS"),
    (None, {"source": "x", "medium": "web push"}, "Mobile Push Notifications"),
    (None, {"source": "x", "medium": "odd"}, "Unassigned"),
    (None, {"name": "only a name"}, "Unassigned"),
]
FIELDS = ("source", "medium", "name", "term", "content", "click_id", "click_id_type")


def test_the_first_rule_that_matches_names_the_channel(spark: SparkSession) -> None:
    rows = [
        (i, referrer, tuple(given.get(field) for field in FIELDS) if given else None)
        for i, (referrer, given, _) in enumerate(CASES)
    ]
    struct = ", ".join(f"{field} string" for field in FIELDS)
    frame = spark.createDataFrame(rows, f"i int, referrer string, campaign struct<{struct}>")
    found = frame.select(
        "i", channel(F.col("referrer"), F.col("campaign"), F.lit("www.shop.example")).alias("c")
    ).collect()
    told = {i: row.c for i, row in zip([r.i for r in found], found, strict=True)}
    assert [(CASES[i][:2], told[i]) for i in range(len(CASES))] == [(case[:2], case[2]) for case in CASES]


def test_every_channel_has_a_case() -> None:
    assert {expected for *_, expected in CASES} == set(names())


@pytest.mark.parametrize("name", ["google.com.evil.example", "notgoogle.com", "amazonas.example"])
def test_a_host_that_only_looks_like_a_known_one_has_no_class(spark: SparkSession, name: str) -> None:
    [row] = spark.range(1).select(source_class(F.lit(name)).alias("c")).collect()
    assert row.c is None
