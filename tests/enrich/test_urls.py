"""URLs by their punctuation, page groups, campaigns: golden cases through one frame each."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.enrich import campaigns, pages, urls
from trailhouse.errors import SettingsError
from trailhouse.settings import Settings

URLS = {
    # url: host, path, query
    "https://Shop.example/a/b/?x=1#top": ("shop.example", "/a/b", "x=1"),
    "https://shop.example/a?u=//b@c.example/d": ("shop.example", "/a", "u=//b@c.example/d"),
    "https://user:pw@shop.example:8080/": ("shop.example", "/", ""),
    "http://shop.example": ("shop.example", "/", ""),
    "//cdn.example/x": ("cdn.example", "/x", ""),
    "/a?next=https://evil.example/": (None, "/a", "next=https://evil.example/"),
    "about:blank": (None, "/about:blank", ""),
    "https://[2001:db8::1]:443/a": ("2001:db8::1", "/a", ""),
    "https://shop.example/a b|c?%zz#": ("shop.example", "/a b|c", "%zz"),
    "android-app://com.google.android.gm/": ("com.google.android.gm", "/", ""),
    "https://shop.example#a/b?c=1": ("shop.example", "/", ""),
    "https://münchen.example/straße": ("münchen.example", "/straße", ""),
}
GROUPS = {
    "/": "/",
    "/product/123": "/product/*",
    "/product/123/reviews": "/product/*/reviews",
    "/o/9f8b7c6d-1a2b-4c3d-8e9f-0a1b2c3d4e5f": "/o/*",
    "/commit/9fceb02d0ae5": "/commit/*",
    "/blog/how-to-make-tea": "/blog/*",
    "/p/sku-10234": "/p/*",
    # pages, not values: one hyphen, few digits, words of hexadecimal letters, slugs at the top
    "/about-us": "/about-us",
    "/checkout/step-2": "/checkout/step-2",
    "/facade/defaced": "/facade/defaced",
    "/terms-of-use": "/terms-of-use",
    "/shop/top10": "/shop/top10",
}


def test_host_path_and_query_are_read_from_any_url(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(url,) for url in URLS], "url string")
    url = F.col("url")
    found = frame.select(url, urls.host(url), urls.path(url), urls.query(url)).collect()
    assert {row[0]: tuple(row)[1:] for row in found} == URLS


def test_dynamic_parts_of_a_path_fold_and_pages_do_not(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(path,) for path in GROUPS], "path string")
    found = frame.select("path", pages.page_group(F.col("path"), Settings())).collect()
    assert {row[0]: row[1] for row in found} == GROUPS


def test_the_settings_groups_come_first_in_their_order(spark: SparkSession) -> None:
    rules = {"^/product/[0-9]+$": "product", "^/product": "shelf"}
    settings = Settings.model_validate({"events": {"page_groups": rules}})
    frame = spark.createDataFrame([("/product/12",), ("/product",), ("/blog/12",)], "path string")
    found = [row[0] for row in frame.select(pages.page_group(F.col("path"), settings)).collect()]
    assert found == ["product", "shelf", "/blog/*"]


def test_a_broken_page_group_is_told(spark: SparkSession) -> None:
    settings = Settings.model_validate({"events": {"page_groups": {"(": "x"}}})
    with pytest.raises(SettingsError, match="page_groups"):
        pages.page_group(F.lit("/"), settings)


def test_a_campaign_is_the_trackers_or_the_urls_and_never_a_mix(spark: SparkSession) -> None:
    fields = "source string, medium string, name string, term string, content string, click_id string"
    cases = [
        (
            None,
            "https://s.example/?utm_source=a%20b&utm_medium=cpc&utm_campaign=x+y",
            ("a b", "cpc", "x y", None, None),
        ),
        (
            ("news", None, None, None, None, None),
            "https://s.example/?utm_medium=cpc",
            ("news", None, None, None, None),
        ),
        (None, "https://s.example/?a=1&GCLID=Abc", (None, None, "Abc", "gclid", None)),
        (None, "https://s.example/?utm_source=", None),
        (None, "https://s.example/?xgclid=1", None),
        (None, "https://s.example/?utm_source=%zz", ("%zz", None, None, None, None)),
        (None, None, None),
    ]
    frame = spark.createDataFrame(
        [(i, given, url) for i, (given, url, _) in enumerate(cases)],
        f"i int, given struct<{fields}>, url string",
    )
    rows = (
        frame.select(
            "i", campaigns.campaign(F.col("given"), F.lit(None), urls.query(F.col("url"))).alias("c")
        )
        .orderBy("i")
        .collect()
    )
    found = [
        None
        if row.c is None
        else (row.c.source, row.c.medium, row.c.click_id, row.c.click_id_type, None)
        if row.c.click_id
        else (row.c.source, row.c.medium, row.c.name, row.c.term, row.c.content)
        for row in rows
    ]
    assert found == [expected for *_, expected in cases]


def test_only_allowed_parameters_stay(spark: SparkSession) -> None:
    cases = {
        "https://s.example/a?q=1&token=2&Q=3": "https://s.example/a?q=1&Q=3",
        "https://s.example/a?token=2#part": "https://s.example/a#part",
        "https://s.example/a#access_token=2": "https://s.example/a",
        "https://s.example/a": "https://s.example/a",
        "https://s.example/#/cart?token=1": "https://s.example/",
    }
    frame = spark.createDataFrame([(url,) for url in cases], "url string")
    found = frame.select("url", urls.keep_parameters(F.col("url"), ["q"])).collect()
    assert {row[0]: row[1] for row in found} == cases
