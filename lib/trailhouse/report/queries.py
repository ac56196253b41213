"""The few small reads that the report is made from: each an aggregate with a limit, as data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame

from trailhouse.report import reads
from trailhouse.report.reads import HEAT_CELLS, HEAT_PAGES, Frames
from trailhouse.signals.registry import STRUGGLES

DAYS = 180
PAGES = 50


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
        "question definition unit breakdown step step_name units from_previous from_start median_us p90_us",
        reads.funnels,
        2_000,
    ),
    _query(
        "retention",
        "The retention triangles.",
        "retention",
        "question definition unit cohort period cohort_size units rate complete",
        reads.retention,
        3_000,
    ),
    _query(
        "heat_cells",
        "Click places of the most clicked pages.",
        "heatmaps",
        "page_group device_type x_bin y_bin clicks inert map_clicks",
        reads.heat_cells,
        4 * HEAT_PAGES * HEAT_CELLS,
    ),
    _query(
        "heat_pages",
        "Median sizes of these pages.",
        "heatmaps page_views",
        "page_group device_type views viewport_width viewport_height document_height",
        reads.heat_pages,
        8 * HEAT_PAGES,
    ),
    _query(
        "page_friction",
        "Struggle by page.",
        "page_friction",
        "page_group views sessions entries exits engaged_us rage_clicks dead_clicks u_turns"
        " friction_sessions friction_rate exit_rate",
        reads.page_friction,
        PAGES,
    ),
    _query(
        "elements",
        "Elements with most signals.",
        "signals",
        "kind page_group selector element_text signals sessions persons",
        reads.elements,
        10 * len(STRUGGLES),
    ),
    _query(
        "feedback",
        "Survey scores.",
        "feedback",
        "survey_id kind week shown answers top bottom score low high",
        reads.feedback,
        600,
    ),
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
