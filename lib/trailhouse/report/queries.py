"""The few small reads that the report is made from: each an aggregate with a limit, as data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame

from trailhouse.report import (
    activation_reads,
    answer_reads,
    arrival_reads,
    features,
    map_reads,
    reads,
    voice_reads,
    way_reads,
)
from trailhouse.report.reads import Frames
from trailhouse.signals.registry import STRUGGLES
from trailhouse.tables.pages import TABLE as PAGES_TABLE
from trailhouse.tables.task_changes import TABLE as TASK_CHANGES
from trailhouse.tables.task_detours import TABLE as TASK_DETOURS

DAYS = 180
PAGES = 200


@dataclass(frozen=True)
class ReportQuery:
    """One small frame of the report: which tables it reads, its columns, and at most `limit` rows."""

    name: str
    sentence: str
    reads: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Callable[[Frames], DataFrame]
    limit: int


def collect(frames: Frames) -> dict[str, pd.DataFrame]:
    """Every query of REPORT_TABLES as a pandas frame, by its name.

    `frames` are published tables by name. A query of which a table is absent gives an empty frame
    with its columns, so that a lake without, say, a survey still has its report.
    """

    def read(query: ReportQuery) -> pd.DataFrame:
        if not all(table in frames for table in query.reads):
            return pd.DataFrame(columns=list(query.columns))
        return query.rows(frames).select(*query.columns).limit(query.limit).toPandas()

    # Many small jobs: side by side they took half the time that they took in a row.
    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip((query.name for query in REPORT_TABLES), pool.map(read, REPORT_TABLES), strict=True))


def tables_read() -> tuple[str, ...]:
    """The tables that `collect` would read, sorted."""
    return tuple(sorted({table for query in REPORT_TABLES for table in query.reads}))


def _query(
    name: str, sentence: str, reads: str, columns: str, rows: Callable[[Frames], DataFrame], limit: int
) -> ReportQuery:
    return ReportQuery(name, sentence, tuple(reads.split()), tuple(columns.split()), rows, limit)


REPORT_TABLES: tuple[ReportQuery, ...] = (
    _query(
        "totals",
        "One row over all days.",
        "person_days",
        "persons first_day last_day last_time",
        reads.totals,
        1,
    ),
    _query("watermark", "How far the records reach.", "events", "watermark", reads.watermark, 1),
    _query(
        "days",
        "The daily metrics.",
        "engagement",
        "day complete active_persons wau mau sessions bounces views engaged_us converted_sessions"
        " friction_sessions orders",
        reads.days,
        DAYS,
    ),
    _query(
        "value_days",
        "Value a day and currency.",
        "engagement",
        "day currency amount",
        reads.value_days,
        4 * DAYS,
    ),
    _query(
        "channels",
        "Sessions by channel.",
        "sessions",
        "channel sessions persons engaged converted engaged_us",
        reads.channels,
        25,
    ),
    _query(
        "funnels",
        "The funnels.",
        "funnels",
        "question definition unit breakdown_by breakdown step step_name units from_previous from_start "
        "median_us p90_us",
        reads.funnels,
        2_000,
    ),
    _query(
        "retention",
        "The retention triangles.",
        "retention",
        "question definition unit interval base cohort period period_end cohort_size units rate complete",
        reads.retention,
        3_000,
    ),
    _query(
        "paths",
        "The paths.",
        "paths",
        "question definition unit kind step source target path units paths share loops u_turns median_us",
        way_reads.paths,
        3_000,
    ),
    _query(
        "trends",
        "The trends.",
        "trends",
        "question definition series breakdown_by breakdown currency date start value units previous complete",
        way_reads.trends,
        6_000,
    ),
    _query(
        "map_cells",
        "Places on the most clicked pages.",
        "heatmaps",
        "page_group device_type layer x_bin y_bin points inert dwell_us points_early points_left"
        " points_converted all_points all_points_early all_points_left all_points_converted split_day",
        map_reads.map_cells,
        5 * map_reads.PAGES * map_reads.CELLS,
    ),
    _query(
        "map_pages",
        "Median sizes of these pages.",
        "heatmaps page_views",
        "page_group device_type views viewport_width viewport_height document_height",
        map_reads.map_pages,
        8 * map_reads.PAGES,
    ),
    _query(
        "map_scroll",
        "How deep these pages are seen, and for how long.",
        "heatmaps scroll_maps",
        "page_group device_type depth views views_early views_left views_converted reached reached_early"
        " reached_left reached_converted attention attention_early attention_left attention_converted"
        " below_fold",
        map_reads.map_scroll,
        20 * 8 * map_reads.PAGES,
    ),
    _query(
        "map_elements",
        "What is clicked on these pages.",
        "heatmaps elements",
        "page_group named_by element page_views clicks inert_clicks views first_clicks order_sum"
        " unplaced_clicks moves unplaced_moves",
        map_reads.map_elements,
        50 * map_reads.PAGES,
    ),
    _query(
        "key_elements",
        "Whether declared elements are noticed.",
        "key_elements",
        f"page_group device_type element {' '.join(map_reads.KEY_SUMS)} instead",
        map_reads.key_elements,
        100,
    ),
    _query(
        "pages",
        "Traffic, struggle, exits and bounces by page.",
        "pages",
        " ".join(column.name for column in PAGES_TABLE.columns),
        reads.pages,
        PAGES,
    ),
    _query(
        "forms",
        "Forms by device.",
        "forms",
        "form_id page_group device_type persons started submitted abandoned told_abandoned"
        " submission_rate low high median_us p90_us",
        reads.forms,
        200,
    ),
    _query(
        "form_fields",
        "Fields of these forms.",
        "form_fields",
        "form_id page_group field views persons mean_position usual_position median_us changes corrections"
        " corrected_views correction_rate left_last left_last_share",
        reads.form_fields,
        400,
    ),
    _query(
        "media",
        "Videos and recordings by device.",
        "media",
        "media_id device_type title plays views persons completed completion_rate low high length_us"
        " measured_views watched median_watched_us",
        reads.media,
        50,
    ),
    _query(
        "tasks",
        "The declared tasks.",
        "tasks",
        "task definition breakdown value attempts persons attempts_per_person completed completion_rate low"
        " high median_us p90_us step_names step_attempts",
        reads.tasks,
        400,
    ),
    _query(
        "task_failures",
        "What came last in failed attempts.",
        "task_failures",
        "task what rank value failures share failures_with completions_with lift low high q too_few",
        reads.task_failures,
        600,
    ),
    _query(
        "reasons",
        "Reasons behind the declared numbers.",
        "reasons",
        "question step number rank kind value with_it units share others_with_it others share_others lift low"
        " high q compared too_few verdict what sentence comments session_ids recorded",
        reads.reasons,
        500,
    ),
    _query(
        "task_detours",
        "Detours of tasks.",
        "task_detours",
        " ".join(column.name for column in TASK_DETOURS.columns),
        reads.task_detours,
        2_000,
    ),
    _query(
        "task_changes",
        "The latest changes in time on task.",
        "task_changes",
        " ".join(column.name for column in TASK_CHANGES.columns),
        reads.task_changes,
        2_000,
    ),
    _query(
        "elements",
        "Elements with most signals.",
        "signals",
        "kind page_group selector element_text signals sessions persons",
        reads.elements,
        10 * len(STRUGGLES),
    ),
    *(_query(*each) for each in (*answer_reads.QUERIES, *voice_reads.QUERIES)),
    *(_query(*each) for each in (*activation_reads.QUERIES, *arrival_reads.QUERIES)),
    *(_query(*each) for each in features.QUERIES),
    _query(
        "person_sizes",
        "Persons by how many identifiers they have.",
        "identities",
        "status at_least persons identifiers",
        reads.person_sizes,
        3 * len(reads.SIZES),
    ),
    _query(
        "hubs",
        "Identifiers that are linked to too many.",
        "identities identity_conflicts",
        "id_type id_value detail linked",
        reads.hubs,
        10,
    ),
    _query(
        "refusals",
        "Refused links by rule; no value of them.",
        "identity_conflicts",
        "reason detail links first_seen",
        reads.refusals,
        1_000,
    ),
    _query(
        "blocked", "Sightings of values that name nobody.", "identity_sightings", "events", reads.blocked, 1
    ),
    _query(
        "blocked_values",
        "The most frequent of these values.",
        "identity_sightings",
        "id_type id_value events",
        reads.blocked_values,
        10,
    ),
    _query(
        "identity_days",
        "What runs changed about persons, by day.",
        "identity_changes",
        "day change identifiers",
        reads.identity_days,
        DAYS * len(reads.CHANGES),
    ),
    _query(
        "gates",
        "Verdicts.",
        "gate_results",
        "stage table_name run_id at checks passed errors warnings",
        reads.gates,
        100,
    ),
    _query(
        "gate_failures",
        "What failed.",
        "gate_results",
        "stage table_name check_name severity sentence observed expected examples",
        reads.gate_failures,
        100,
    ),
    _query(
        "balance",
        "The ledger of records.",
        "ledger",
        " ".join(("held", "batches", *reads.COUNTS, *reads.OF_THESE)),
        reads.balance,
        2,
    ),
    _query(
        "tables",
        "State of each table.",
        "ledger",
        "stage table_name at run_id action table_version rows",
        reads.tables,
        100,
    ),
)
"""Everything the report reads."""
