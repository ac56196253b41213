"""Presets of funnels: golden cases after each product's documentation, the source beside each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from trailhouse.questions.batches import Asking
from trailhouse.questions.matcher import rules_of
from trailhouse.settings import Funnel

MIXPANEL = "docs.mixpanel.com/docs/reports/funnels/funnels-advanced"
MIXPANEL_COUNT = "help.mixpanel.com/hc/en-us/articles/360029190092"
MIXPANEL_ORDER = "help.mixpanel.com/hc/en-us/articles/115004561926 (loose ordering)"
AMPLITUDE = "amplitude.com/docs/analytics/charts/funnel-analysis (how simultaneous events are handled)"
AMPLITUDE_FAQ = "amplitude.com/docs/analytics/charts/funnel-analysis/faq"
POSTHOG = "posthog.com/docs/api/funnel (funnel_window_interval)"
POSTHOG_EXCLUSION = "github.com/PostHog/posthog/issues/5553"
CLICKHOUSE = (
    "ClickHouse, src/AggregateFunctions/AggregateFunctionWindowFunnel.cpp, and its page of windowFunnel"
)
DORIS = "cloud.baidu.com/doc/PALO/s/Qmcmt78fw (the same modes as deduplication, fixed)"
DAY = 24 * 60
HOUR = 60

Case = tuple[str, dict[str, Any], str, list[tuple[int, str]], list[int]]
CASES: list[Case] = [
    # source, options, steps, events as (minute, name), steps done by each attempt that counts
    (MIXPANEL, {"preset": "mixpanel", "window": "1h"}, "ABC",
     [(0, "A"), (30, "A"), (45, "B"), (75, "C")], [2]),  # the second A does not begin anew
    (MIXPANEL, {"preset": "mixpanel", "window": "1h", "attempt": "furthest"}, "ABC",
     [(0, "A"), (30, "A"), (45, "B"), (75, "C")], [3]),  # optimized re-entry: each entry is tried
    (MIXPANEL, {"preset": "mixpanel"}, "AB", [(0, "A"), (7 * DAY, "B")], [2]),
    (MIXPANEL, {"preset": "mixpanel"}, "AB", [(0, "A"), (7 * DAY + 1, "B")], [1]),
    (MIXPANEL_COUNT, {"preset": "mixpanel", "count": "totals"}, "AB",
     [(0, "A"), (1, "B"), (2, "A"), (3, "B")], [2, 2]),
    (MIXPANEL_COUNT, {"preset": "mixpanel", "count": "totals", "window": "1h"}, "AB",
     [(0, "A"), (10, "A"), (61, "A"), (62, "B")], [1, 2]),  # again when the window has run out
    (MIXPANEL_COUNT, {"preset": "mixpanel", "count": "totals", "exclusions": [{"event": "X"}]}, "AB",
     [(0, "A"), (1, "X"), (2, "A"), (3, "B")], [1, 2]),  # and after an exclusion
    (MIXPANEL_ORDER, {"preset": "mixpanel"}, "ABCDE",
     [(n, name) for n, name in enumerate("ABFCDE")], [5]),
    (MIXPANEL_ORDER, {"preset": "mixpanel"}, "ABCDE", [(n, name) for n, name in enumerate("ABCE")], [3]),
    (POSTHOG, {"preset": "posthog"}, "AB", [(0, "A"), (14 * DAY, "B")], [2]),
    (POSTHOG, {"preset": "posthog"}, "AB", [(0, "A"), (14 * DAY + 1, "B")], [1]),
    (POSTHOG_EXCLUSION, {"preset": "posthog", "exclusions": [{"event": "X"}]}, "AB",
     [(0, "A"), (1, "X"), (2, "B")], []),  # gone from the whole funnel
    (POSTHOG_EXCLUSION, {"preset": "posthog", "exclusions": [{"event": "X"}]}, "AB",
     [(0, "X"), (1, "A"), (2, "B"), (3, "X")], [2]),
    (AMPLITUDE, {"preset": "amplitude"}, "AB", [(0, "B"), (0, "A")], [2]),
    (AMPLITUDE_FAQ, {"preset": "amplitude", "window": "1d"}, "AB", [(0, "A"), (DAY, "B")], [2]),
    (AMPLITUDE_FAQ, {"preset": "amplitude", "window": "1d"}, "AB", [(0, "A"), (DAY + 1, "B")], [1]),
    (CLICKHOUSE, {"preset": "clickhouse", "modes": ["strict_order"]}, "ABC",
     [(n, name) for n, name in enumerate("ABDC")], [2]),
    (CLICKHOUSE, {"preset": "clickhouse"}, "ABC", [(n, name) for n, name in enumerate("ABDC")], [3]),
    (CLICKHOUSE, {"preset": "clickhouse"}, "AA", [(0, "A")], [2]),  # one event is as many steps as it can be
    (CLICKHOUSE, {"preset": "clickhouse", "modes": ["strict_once"]}, "AA", [(0, "A")], [1]),
    (CLICKHOUSE, {"preset": "clickhouse"}, "AB", [(0, "A"), (0, "B")], [2]),
    (CLICKHOUSE, {"preset": "clickhouse", "modes": ["strict_increase"]}, "AB", [(0, "A"), (0, "B")], [1]),
    (CLICKHOUSE, {"preset": "clickhouse", "modes": ["strict_order"]}, "ABC",
     [(n, name) for n, name in enumerate("ACBC")], [1]),
    (CLICKHOUSE, {"preset": "clickhouse", "modes": ["strict_order", "allow_reentry"]}, "ABC",
     [(n, name) for n, name in enumerate("ACBC")], [3]),  # a step that comes too early is passed over
    (DORIS, {"preset": "clickhouse", "modes": ["strict_deduplication"]}, "ABCD",
     [(n, name) for n, name in enumerate("ABCBD")], [3]),
    (DORIS, {"preset": "clickhouse", "modes": ["strict_order"]}, "ABCD",
     [(n, name) for n, name in enumerate("ABDC")], [2]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "options", "steps", "events", "expected"), CASES)
def test_a_preset_counts_as_its_product_says(
    source: str,
    options: dict[str, Any],
    steps: str,
    events: Sequence[tuple[int, str]],
    expected: list[int],
) -> None:
    funnel = Funnel.model_validate({"steps": list(steps), **options})
    names = [*steps, *(one.event.event for one in funnel.exclusions)]
    table = pa.table(
        {
            "unit": ["p"] * len(events),
            "t": [minute * 60_000_000 for minute, _ in events],
            "mask": [sum(1 << n for n, name in enumerate(names) if name == event) for _, event in events],
        }
    )
    found = [row for batch in Asking(rules_of(funnel))(table.to_batches()) for row in batch.to_pylist()]
    assert [len(row["done"]) for row in found] == expected, source
