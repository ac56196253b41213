"""The report: one static HTML page, from small aggregates of the published tables."""

from trailhouse.report.page import build_report
from trailhouse.report.queries import REPORT_TABLES, ReportQuery, collect, tables_read

__all__ = ["REPORT_TABLES", "ReportQuery", "build_report", "collect", "tables_read"]
