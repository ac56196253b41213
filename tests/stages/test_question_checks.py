"""The gates of the questions' stages: each check catches the rows that it is there for, and those alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.factories import rows
from tests.stages.question_stages import STAGES
from trailhouse.gates.counting import count_offending
from trailhouse.stage import Stage


def _page(**more: Any) -> list[dict[str, Any]]:
    """The rows of a page that was seen on one device."""
    return [{"page_group": "p", "period": "w", "device_type": name, **more} for name in ("all", "x")]


def _attempts(count: int, **more: Any) -> list[dict[str, Any]]:
    """The rows of a task that was tried on one device, by one channel."""
    return [
        {"task": "t", "period": "w", "breakdown": name, "attempts": count, **more}
        for name in ("all", "device_type", "channel", "release")
    ]


def _change(*us: int) -> list[dict[str, Any]]:
    """The rows of a change of the mean from 2 to 5, in as many parts as there are more numbers."""
    return [
        {
            **{"task": "t", "period": "2026-03-02", "mean_before_us": 2, "mean_us": 5},
            **{"rank": rank, "part": "step" if rank else "all", "us": one},
        }
        for rank, one in enumerate(us)
    ]


ALL = {"question": "q", "breakdown_by": "all", "breakdown": "all"}


def _periods(*unbounded: int, units: tuple[int, ...] = (), **more: Any) -> list[dict[str, Any]]:
    """The rows of a cohort of nine, a period each."""
    cohort = {**ALL, "cohort": "2026-03-02", "cohort_size": 9, "rate": 0}
    return [
        {**cohort, "period": n, "unbounded": number, "units": units[n] if units else 0, **more}
        for n, number in enumerate(unbounded)
    ]


def _line(by: str, **more: Any) -> dict[str, Any]:
    """A row of a trend, by default of a minimum."""
    return {"question": "t", "series": "s", "measure": "min", "breakdown_by": by, "breakdown": by, **more}


def _candidate(**more: Any) -> dict[str, Any]:
    """A row of a candidate; one that is said to be the best stands without its months."""
    return {"question": "q", "action": "a", "days": 1, "cohort": "all", "verdict": "stable", **more}


FELT = {"question": "q", "period": "all"}
UNACCOUNTED = "every_click_is_placed_or_counted"
ONE_PERIOD = {"question": "q", "period": "2026-03-01", "currency": "EUR"}
FUNNEL = {"question": "f", "breakdown_by": "all", "breakdown": "all", "optional": False}
ONE_MAP = {"page_group": "cart", "device_type": "mobile"}
BAD: dict[str, list[tuple[set[str], list[dict[str, Any]]]]] = {
    "engagement": [
        ({"reach_grows_with_days"}, [{"active_persons": 2, "wau": 1, "mau": 3}]),
        ({"new_are_active", "new_persons_agree"}, [{"new_persons": 1}]),
        ({"parts_of_sessions"}, [{"sessions": 1, "bounces": 2}]),
    ],
    "funnels": [
        ({"steps_only_lose"}, [{**FUNNEL, "step": n, "units": n} for n in (1, 2)]),
        (
            {"breakdowns_add_up"},
            [
                {**FUNNEL, "breakdown_by": by, "breakdown": name, "step": 1, "units": n}
                for by, name, n in (("all", "all", 3), ("os", "x", 2))
            ],
        ),
        (
            {"dates_add_up"},
            [{**FUNNEL, "date": day, "units": n} for day, n in ((None, 3), ("2026-03-02", 2))],
        ),
        ({"times_in_order"}, [{"median_us": 3, "p90_us": 2}]),
    ],
    "retention": [
        (
            {"unbounded_holds_more", "unbounded_only_falls", "shares_of_the_cohort", "breakdowns_add_up"},
            [
                {"cohort_size": 3, "units": 2, "unbounded": 1},
                *_periods(0, 1, question="falls"),
                {"base": "total", "rate": "1.5"},
                *_periods(2),
                *_periods(1, breakdown_by="country", breakdown="DE"),
            ],
        ),
        ({"counted_as_said"}, _periods(9, 3, 3, counted="streak", units=(1, 1, 2))),
        ({"counted_as_said"}, _periods(9, 9, 9, counted="on_or_before", units=(2, 2, 1))),
        ({"counted_as_said"}, _periods(2, counted="on_or_after", units=(1,))),
    ],
    "lifecycle": [
        ({"active_are_of_three_kinds"}, [{"active": 2, "new": 1}]),
        (
            {"dormant_did_not_return"},
            [
                {**ALL, "date": "2026-03-02", "active": 2, "new": 2},
                {**ALL, "date": "2026-03-09", "active": 1, "returning": 1},
            ],
        ),
        (
            {"breakdowns_add_up"},
            [
                {**ALL, "active": 2, "new": 2},
                {**ALL, "breakdown_by": "country", "active": 1, "new": 1},
            ],
        ),
    ],
    "stickiness": [
        ({"histogram_sums_to_at_least"}, [{**ALL, "periods": 1, "units": 1, "at_least": 2, "share": 1}]),
        ({"everyone_is_active_once"}, [{**ALL, "periods": 2, "units": 1, "at_least": 1, "share": 1}]),
        (
            {"breakdowns_add_up"},
            [
                {**ALL, "breakdown_by": by, "periods": 1, "units": n, "at_least": n, "share": 1}
                for by, n in (("all", 2), ("country", 1))
            ],
        ),
    ],
    "attribution": [
        ({"credits_add_up"}, [{**ALL, "conversions": 1, "total_conversions": 2}]),
        ({"credits_add_up"}, [{**ALL, "conversions": 1, "total_conversions": 1, "total_value": "0.01"}]),
        (
            {"models_agree_on_totals"},
            [
                {**ALL, **ONE_PERIOD, "model": model, "conversions": n, "total_conversions": n}
                for model, n in (("first", 1), ("last", 2))
            ],
        ),
        (
            {"breakdowns_add_up"},
            [
                {
                    **ALL,
                    **ONE_PERIOD,
                    "breakdown_by": by,
                    "touch": touch,
                    "model": "last",
                    "conversions": 1,
                    "total_conversions": 1,
                }
                for by, touch in (("all", "Email"), ("device_type", "Display"))
            ],
        ),
    ],
    "revenue": [
        ({"movement_adds_up"}, [{"breakdown_by": "all", "mrr": 1}]),
        (
            {"months_join"},
            [
                {**ONE_PERIOD, "breakdown_by": "all", "breakdown": "all", **more}
                for more in ({"new": 1, "mrr": 1}, {"period": "2026-04-01"})
            ],
        ),
        (
            {"months_join"},
            [
                {**ONE_PERIOD, "breakdown_by": "all", "breakdown": "all", **more}
                for more in ({"units": 1}, {"period": "2026-04-01"})
            ],
        ),
        (
            {"breakdowns_add_up"},
            [{**ONE_PERIOD, "breakdown_by": by, "new": n, "mrr": n} for by, n in (("all", 1), ("cohort", 2))],
        ),
    ],
    "churn": [
        ({"movement_adds_up"}, [{**ALL, "units_end": 1}]),
        (
            {"breakdowns_add_up"},
            [{**ALL, "breakdown_by": by, "new": n, "units_end": n} for by, n in (("all", 1), ("cohort", 2))],
        ),
        (
            {"months_join"},
            [
                {**ALL, **more}
                for more in ({"period": "2026-03-01", "new": 1, "units_end": 1}, {"period": "2026-04-01"})
            ],
        ),
    ],
    "trials": [
        ({"parts_of_trials"}, [{"trials": 1, "ended": 2}]),
        (
            {"breakdowns_add_up"},
            [{"question": "t", "breakdown_by": by, "trials": n} for by, n in (("all", 1), ("x", 2))],
        ),
    ],
    "experiments": [
        ({"units_are_exposed"}, [{"exposed": 1, "units": 2}]),
        ({"ends_in_order"}, [{"mean": 1, "low": 2, "high": 3}]),
        ({"split_is_as_planned"}, [{"ratio_p_value": "0.0009"}]),
    ],
    "paths": [
        (
            {"what_comes_goes", "all_begin_and_end"},
            [{**ALL, "kind": "edge", "step": 1, "source": "a", "target": "b"}],
        ),
        (
            {"breakdowns_add_up"},
            [
                {**ALL, "kind": kind, "breakdown_by": by, "step": step, "paths": n, "share": 1, **more}
                for by, n in (("all", 1), ("platform", 2))
                for kind, step, more in (("begin", 0, {"target": "a"}), ("end", 1, {"source": "a"}))
            ],
        ),
        ({"parts_of_paths"}, [{"kind": "path", "path": ["a"], "units": 2}]),
        ({"nodes_of_a_kind"}, [{"kind": "path"}]),
    ],
    "trends": [
        (
            {"breakdowns_add_up"},
            [_line("all", measure="count", value=3), _line("x", measure="count", value=2)],
        ),
        (
            {"every_period_has_a_row"},
            [_line("all", series="a"), _line("all"), _line("all", start="2026-03-03 00:00:00")],
        ),
        ({"units_are_of_events"}, [_line("all", measure="count", units=2, value=1)]),
    ],
    "activations": [
        (
            {"parts_of_units", "ends_in_order"},
            [_candidate(units=3, with_units=2, outcomes_without=2, lift="1", lift_low="1.1", lift_high="2")],
        ),
        (
            {"parts_of_units", "ends_in_order"},
            [_candidate(reached=2, entered=1, odds_ratio="3", odds_low="1.1", odds_high="2")],
        ),
        (
            {"outcomes_are_the_same", "oftener_is_rarer"},
            [_candidate(units=n, with_units=n, times=n) for n in (1, 2)],
        ),
        (
            {"oftener_is_rarer", "one_is_best"},
            [_candidate(units=2, with_units=3 - n, days=n, verdict="best") for n in (1, 2)],
        ),
        ({"one_is_best"}, [_candidate(verdict="best", entered=1)]),
    ],
    "feelings": [
        (
            {"parts_of_units", "ends_in_order"},
            [{**FELT, "asked": 1, "units": 2, "matched_units": 2, "mean": 1, "low": 2, "high": 3}],
        ),
        (
            {"parts_of_units", "ends_in_order", "bands_add_up"},
            [
                {**FELT, "asked": n, "units": n, "other_units": 2, "matched_difference": 4, "matched_low": 5}
                for n in (1, 2)
            ],
        ),
    ],
    "heatmaps": [
        (
            {"views_clicked", "points_have_an_outcome_once", "clicks_happened", UNACCOUNTED},
            [{"points": 1, "views": 2}, {"points": 1, "points_left": 2}],
        )
    ],
    "scroll_maps": [
        (
            {"parts_of_views", "reach_only_falls"},
            [
                {"depth": 5, "views": 2, "reached": 1, "reached_left": 2},
                *({**ONE_MAP, "depth": depth, "views": 2, "reached": depth // 5} for depth in (5, 10)),
            ],
        )
    ],
    "elements": [
        (
            {UNACCOUNTED, "parts_of_clicks", "pages_say_their_views"},
            [
                {"named_by": "page", "page_views": 3, "clicks": 1, "moves": 0, "unplaced_moves": 0},
                {"named_by": "text", "clicks": 1, "views": 1, "order_sum": 0},
                {"named_by": "link", "page_views": 1},
            ],
        )
    ],
    "pages": [
        ({"sessions_of_the_page"}, _page(views=2, sessions=2, friction_sessions=3)),
        ({"parts_of_entries"}, _page(persons=2)),
        ({"devices_add_up"}, _page()[:1]),
        ({"expected_exits_agree"}, _page(exits=1)),
    ],
    "forms": [
        ({"every_start_ends"}, [{"started": 3, "submitted": 1, "abandoned": 1}]),
        ({"rate_in_interval"}, [{"submission_rate": "0.5", "low": "0.6", "high": "0.7"}]),
        ({"rate_in_interval"}, [{"median_us": 3, "p90_us": 2}]),
    ],
    "form_fields": [({"parts_of_changes"}, [{"changes": 1, "corrections": 2, "corrected_views": 0}])],
    "media": [
        ({"twenty_bins"}, [{"views": 1, "measured_views": 1, "watched": [1] * 19}]),
        ({"twenty_bins"}, [{"views": 1, "measured_views": 1, "watched": [2] * 20}]),
        ({"rate_in_interval"}, [{"views": 2, "completed": 3}]),
    ],
    "tasks": [
        ({"parts_of_attempts"}, _attempts(2, persons=3)),
        ({"breakdowns_add_up"}, _attempts(2)[:2]),
        ({"steps_only_lose"}, _attempts(2, steps=[("a", 1), ("b", 2)])),
        ({"steps_only_lose"}, _attempts(2, steps=[("a", 3)])),
    ],
    "task_failures": [
        (
            {"parts_of_all"},
            [{"task": "t", "what": "signal", "share": "0.6", "rank": n} for n in (1, 2)],
        ),
        ({"lift_in_its_interval"}, [{"lift": 3, "low": 1, "high": 2}]),
    ],
    "task_attempts": [
        ({"time_is_its_parts"}, [{"completed": True, "time_us": 3, "leg_us": [1, 1]}]),
        ({"detours_come_back_or_not"}, [{"detours": 1, "detour": ("page", "/a")}]),
    ],
    "task_detours": [
        ({"parts_of_attempts"}, [{"attempts": 3, "detours": 1, "without": 1}]),
    ],
    "task_changes": [
        ({"parts_sum_to_the_change"}, _change(3, 1, 1)),
        ({"parts_sum_to_the_change"}, [{**one, "mean_us": 8} for one in _change(3, 1, 2)]),
    ],
}
NO_PERSONS = {"engagement": ["person_days"], "heatmaps": ["sessions"]}
"""What the laws between tables look at, besides the batch."""


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_check_of_a_gate_catches_the_rows_it_is_there_for(spark: SparkSession, stage: Stage) -> None:
    caught: set[str] = set()
    for table in stage.writes:
        for expected, given in BAD[table]:
            assert _failed(spark, stage, table, given) == expected, given
            caught |= expected
    assert caught == {check.name for check in stage.checks}


def _failed(spark: SparkSession, stage: Stage, table: str, given: Sequence[Mapping[str, Any]]) -> set[str]:
    frames = {name: rows(spark, name, given if name == table else ()) for name in stage.writes}
    frames |= {name: rows(spark, name) for name in NO_PERSONS.get(stage.name, [])}
    counts = count_offending(frames, stage.checks)
    return {check.name for check, found in zip(stage.checks, counts, strict=True) if found}
