"""Which of two deliveries that agree in time and content is published, in batches of either order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pyspark.sql import SparkSession

from tests import factories
from trailhouse.ingest.counting import against_published
from trailhouse.storage import Lake


def test_a_delivery_that_differs_in_values_alone_replaces_the_published_one_or_never_does(
    spark: SparkSession,
) -> None:
    def row(event_id: str, email: str | None, properties: str | None) -> dict[str, Any]:
        return {
            "event_id": event_id,
            "event_key": 1,
            "content_hash": "x",
            "identifiers": email and {"email": email},
            "properties": properties,
        }

    one, other = ("old@s.example", None), ("new@s.example", None)
    third = ("new@s.example", "{}")
    pairs = [(one, other), (other, one), (other, third), (third, other), (one, one)]
    published = factories.rows(spark, "events", [row(str(i), *first) for i, (first, _) in enumerate(pairs)])
    batch = factories.rows(spark, "events", [row(str(i), *later) for i, (_, later) in enumerate(pairs)])
    lake = cast(
        Lake,
        SimpleNamespace(read=lambda _: published),
    )
    rows = (
        against_published(lake, batch, published.select("event_key", "event_date"), ties=True)
        .orderBy("event_id")
        .collect()
    )
    replaced = [row._replaces for row in rows]
    assert [row._kept for row in rows] == replaced
    assert replaced[0] != replaced[1]
    assert replaced[2] != replaced[3]
    assert replaced[4] is False, "the same delivery once more"
