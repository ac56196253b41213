"""Next items of people whom no one here made up: the orders of a British shop (UCI Online Retail)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from trailhouse.settings import Items
from trailhouse.why.learned import learned
from trailhouse.why.next_items import judged

RETAIL = Path(__file__).resolve().parents[3] / "shared" / "data" / "retail_online"
COLUMNS = (
    "invoice STRING, item STRING, about STRING, n INT, time STRING, price STRING, person STRING, land STRING"
)


@pytest.mark.soak
@pytest.mark.skipif(not RETAIL.is_dir(), reason=f"no real orders at {RETAIL}")
def test_what_people_of_a_real_shop_buy_next_is_known_better_than_by_popularity(
    spark: SparkSession, tmp_path: Path
) -> None:
    lines = spark.read.csv(str(RETAIL), schema=COLUMNS, header=True)
    orders = lines.where("person IS NOT NULL AND NOT startswith(invoice, 'C') AND n > 0").distinct()
    time = F.to_timestamp("time")
    bought = (
        orders.select(
            F.split("person", r"\.")[0].alias("person_id"),
            time.alias("time"),
            F.to_date(time).alias("day"),
            "item",
            F.lit(None).cast("STRING").alias("category"),
            F.col("invoice").alias("event_id"),
            F.lit(None).cast("STRING").alias("session_id"),
            F.lit(1).cast("DECIMAL(9,3)").alias("weight"),
        )
        .dropDuplicates(["event_id", "item"])
        .cache()
    )
    items = Items.model_validate({"half_life": "60d", "together": "1d", "test": "28d"})
    last = bought.agg(F.max("day")).collect()[0][0]
    split = last - timedelta(days=28)
    known = learned(bought, items, [split], lambda frame: frame.cache())[split]
    quality, chosen = judged(bought, items, known, last, str(tmp_path))
    found = {row.model: row for row in quality.collect()}
    print(
        {name: (row.judged_persons, row.hits, row.gain_low, row.gain_high) for name, row in found.items()},
        chosen,
    )

    had, came = defaultdict(set), defaultdict(set)
    for row in bought.select("person_id", "item", "day").collect():
        (had if row.day <= split else came)[row.person_id].add(row.item)
    new = {
        person: came[person] - had[person]
        for person in had.keys() & came.keys()
        if came[person] - had[person]
    }
    assert found["popularity"].judged_persons == len(new)
    # Popular by persons alone, without fading: the same within a few hits.
    popular = [item for item, _ in Counter(item for own in had.values() for item in own).most_common()]
    hits = sum(
        bool({*[item for item in popular if item not in had[person]][:10]} & items_)
        for person, items_ in new.items()
    )
    assert abs(hits - found["popularity"].hits) < 0.1 * len(new)
    assert chosen in ("co_visits", "als")
    assert found[chosen].gain_low > 0
