"""The report of the fixtures' shop as a page that tests read: elements, rows, words."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser

import pandas as pd

from tests.report.shop import shop_frames
from trailhouse.report import build_report
from trailhouse.settings import Settings

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements with attributes, table rows as cell texts, scripts, and tags left open."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {key: value or "" for key, value in attrs}
        self.elements.append((tag, known))
        if tag == "script":
            self.scripts.append((known, ""))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            known, text = self.scripts[-1]
            self.scripts[-1] = (known, text + data)
        elif "style" not in self.open:
            self.text.append(data)
            if "td" in self.open or "th" in self.open:
                self.rows[-1][-1] += data

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def settings() -> Settings:
    return Settings.model_validate({"report": {"title": "Fern & Finch"}})


def report(frames: dict[str, pd.DataFrame] | None = None) -> str:
    if frames is None:
        return _shop()
    return build_report(frames, settings(), "2026-03-08 14:32 UTC")


@cache
def _shop() -> str:
    return report(shop_frames())


@cache
def shop_page() -> Page:
    """The page of the shop's frames, read once a process; to look at alone."""
    return Page(report())


@cache
def hostile_report() -> tuple[str, str]:
    """A page whose every text is an attack, and the mark by which a leak is told."""
    mark = "<script>alert(1)</script>"
    hostile = f"""'"></script><!--{mark}<img src=x onerror=alert(2)>\u2028{{{{7*7}}}}"""
    frames = shop_frames()
    for frame in frames.values():
        for name in frame.columns:
            if name in (
                *("kind", "severity", "action", "week", "status", "change", "layer", "named_by"),
                *("breakdown", "success", "period_kind", "part", "verdict", "model"),
            ):
                continue
            if frame[name].map(lambda value: isinstance(value, str)).any():
                # Each stays distinct, so that groups stay groups.
                frame[name] = frame[name].map(
                    lambda v: v if v == "all" or not isinstance(v, str) else v + hostile
                )
            elif frame[name].map(lambda value: isinstance(value, list)).any():
                frame[name] = frame[name].map(
                    lambda value: (
                        value and [part + hostile if isinstance(part, str) else part for part in value]
                    )
                )
    return build_report(frames, settings(), hostile), mark
