"""Writing the report of a lake."""

from __future__ import annotations

from trailhouse.report.page import build_report
from trailhouse.report.queries import collect, tables_read
from trailhouse.report.screenshots import read_screenshots
from trailhouse.settings import Settings
from trailhouse.storage import Lake


def write_report(lake: Lake, settings: Settings) -> str:
    """Build the page from the published tables that are there and write it; gives its path."""
    frames = {name: lake.read(name) for name in tables_read() if lake.exists(name)}
    shots = read_screenshots(settings.report.screenshots)
    page = build_report(collect(frames), settings, screenshots=shots)
    lake.files.write_text(settings.report_path, page)
    return settings.report_path
