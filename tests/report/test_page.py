"""The page: complete, true to its frames, safe with any text, and drawn by a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from tests.report.shop import empty_frames, shop_frames
from tests.report.shop_people import LONG
from trailhouse.errors import SettingsError
from trailhouse.report import build_report, text
from trailhouse.report.environment import embedded_json
from trailhouse.report.screenshots import read_screenshots
from trailhouse.settings import Settings
from trailhouse.signals.registry import STRUGGLES
from trailhouse.suite import run_job

SECTIONS = [
    "headline",
    "activity",
    "funnels",
    "retention",
    "lifecycle",
    "paths",
    "trends",
    "attribution",
    "money",
    "experiments",
    "segments",
    "predictions",
    "items",
    "activations",
    "feelings",
    "heatmap",
    "friction",
    "pages",
    "forms",
    "media",
    "tasks",
    "features",
    "reasons",
    "feedback",
    "channels",
    "people",
    "quality",
]
WHERE_ASKED = {"activations", "features", "feelings", "items", "reasons"}
"""Sections that are there only where their question is asked."""
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


@pytest.fixture(scope="module")
def shop() -> Page:
    return Page(report())


@pytest.fixture(scope="module")
def evil() -> tuple[str, str]:
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


def test_the_page_has_every_section_with_a_heading_and_how_it_is_counted(shop: Page) -> None:
    ids = [attributes.get("id") for tag, attributes in shop.elements if tag == "h2"]
    assert ids == SECTIONS
    assert shop.words.count("How this is counted") == len(SECTIONS)


def test_the_markup_is_balanced_and_ids_are_unique(shop: Page) -> None:
    assert shop.wrong == []
    assert shop.open == []
    ids = Counter(attributes["id"] for _, attributes in shop.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    targets = {attributes["href"][1:] for tag, attributes in shop.elements if tag == "a"}
    assert targets <= set(ids)


@pytest.mark.parametrize("made", ["shop", "empty", "evil"])
def test_nothing_is_loaded_from_a_network(made: str, evil: tuple[str, str]) -> None:
    page = Page({"shop": report, "empty": lambda: report(empty_frames()), "evil": lambda: evil[0]}[made]())
    loads = [
        v for _, a in page.elements for k, v in a.items() if k in ("src", "href", "action", "data", "srcset")
    ]
    assert [value for value in loads if not value.startswith(("#", "data:"))] == []
    assert not any(
        re.search(r"url\(|@import", style) for style in re.findall(r"<style>(.*?)</style>", report(), re.S)
    )


def test_hostile_text_never_becomes_markup(evil: tuple[str, str]) -> None:
    html, mark = evil
    clean = Page(report())
    attacked = Page(html)
    assert mark not in html
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in clean.elements]
    assert not [a for _, attributes in attacked.elements for a in attributes if a.startswith("on")]
    assert "{{7*7}}" in attacked.words
    assert mark in attacked.words, "the text is shown as the text that it is"


def test_hostile_names_of_segments_touches_and_variants_are_shown_as_text(evil: tuple[str, str]) -> None:
    shown = {cell for row in Page(evil[0]).rows for cell in row}
    for name in ("wavering_pros", "with_icon", "device_type", "main device = mobile_web"):
        assert any(cell.startswith(f"{name}'\"></script><!--<script>alert(1)</script>") for cell in shown), (
            name
        )
    assert any(cell.startswith("newsletter'\"></script><!--") and cell.endswith("…") for cell in shown)


def test_hostile_text_in_embedded_json_stays_json(evil: tuple[str, str]) -> None:
    blocks = [
        text for attributes, text in Page(evil[0]).scripts if attributes.get("type") == "application/json"
    ]
    assert len(blocks) >= 6
    for block in blocks:
        assert json.loads(block) is not None
        assert not set(block) & {"<", ">", "&", "\u2028", "\u2029"}
    assert any("alert(1)" in block for block in blocks)


@pytest.mark.parametrize(
    "text", ["</script>", "</SCRIPT >", "<!--<script>", "]]>", "\u2028\u2029", "&lt;", '"\\']
)
def test_embedded_json_reads_back_as_it_was(text: str) -> None:
    written = str(embedded_json({text: [text]}))
    assert json.loads(written) == {text: [text]}
    assert not set(written) & {"<", ">", "\u2028", "\u2029"}


def test_the_policy_allows_the_two_embedded_scripts_and_no_other(shop: Page) -> None:
    (policy,) = [a["content"] for tag, a in shop.elements if a.get("http-equiv") == "Content-Security-Policy"]
    run = [text for attributes, text in shop.scripts if "type" not in attributes]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run}
    assert len(run) == 2
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes
    assert policy.startswith("default-src 'none'")
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_the_page_is_smaller_than_three_megabytes() -> None:
    assert len(report().encode()) < 3_000_000


def test_headline_numbers_are_sums_over_the_last_seven_complete_days(shop: Page) -> None:
    visits = shop_frames()["days"].sort_values("day").reset_index(drop=True)
    week, before = visits.iloc[-8:-1], visits.iloc[-15:-8]  # the last of the 35 days is not over
    assert f"Sessions {week.sessions.sum():,}" in shop.words
    growth = 100 * (week.sessions.sum() / before.sessions.sum() - 1)
    assert f"{'▲' if growth > 0 else '▼'} {abs(growth):.1f}%" in shop.words
    for name, label in (
        ("bounces", "Bounce rate"),
        ("converted_sessions", "Conversion rate"),
        ("friction_sessions", "Friction rate"),
    ):
        assert f"{label} {100 * week[name].sum() / week.sessions.sum():.1f}%" in shop.words
    assert f"People {week.wau.iloc[-1]:,}" in shop.words
    orders = week.orders.sum()
    assert f"Orders {orders:,}" in shop.words
    assert f"Value EUR {61 * orders:,}.00" in shop.words
    assert f"GBP {9 * orders:,}.00" in shop.words
    assert "NPS +34 95% interval +26 to +42, 212 answers" in shop.words


def test_without_the_week_before_no_change_is_claimed() -> None:
    frames = shop_frames()
    frames["days"] = frames["days"].sort_values("day").head(13)
    page = Page(report(frames))
    assert "no change is shown" in page.words
    assert not [a for _, a in page.elements if a.get("class", "").startswith("change ")]


def test_tables_show_the_numbers_of_their_frames(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    first = {row[0]: row for row in cells if row}
    (friction,) = [at for at, row in enumerate(shop.rows) if "Friction rate" in row]
    shown_friction = {row[0]: row for row in shop.rows[friction + 1 : friction + 11]}
    for row in shop_frames()["pages"].itertuples():
        shown = tuple(shown_friction[row.page_group])
        kinds = [getattr(row, f"{kind.name}_sessions") for kind in STRUGGLES]
        assert shown[1:] == (
            f"{row.sessions:,}",
            *("not collected" if pd.isna(found) else f"{int(found):,}" for found in kinds),
            f"{row.friction_sessions:,}",
            f"{100 * row.friction_rate:.1f}%",
            f"{100 * row.exit_rate:.1f}%",
            text.duration(row.engaged_us / row.sessions),
        )
    assert first["2. cart_add"] == ("2. cart_add", "938", "44.6%", "44.6%", "1,166", "1 m 23 s", "12 m 27 s")
    assert ("mobile", "872", "322 · 36.9%", "141 · 16.2%", "92 · 10.6%") in cells
    for row in shop_frames()["channels"].itertuples():
        assert first[row.channel][1] == f"{row.sessions:,}"
        assert first[row.channel][6] == f"{100 * row.converted / row.sessions:.1f}%"


def test_a_retention_period_that_is_not_over_is_hatched_and_starred_and_left_out_of_the_average() -> None:
    frames = shop_frames()
    frame = frames["retention"]
    frames |= {name: frames[name].head(0) for name in ("revenue", "churn")}  # whose cohorts have stars, too
    shop = Page(report(frames))
    stars = sum(cell.strip().endswith("%*") for row in shop.rows for cell in row)
    hatched = sum(tag == "td" and "open" in a.get("class", "").split() for tag, a in shop.elements)
    assert stars == hatched == int((~frame.complete).sum())
    (average,) = [row for row in shop.rows if row and row[0] == "Average"]
    done = frame[(frame.period == 1) & frame.complete]
    assert average[3] == f"{100 * done.units.sum() / done.cohort_size.sum():.1f}%"


def test_the_ledger_is_called_balanced_only_when_it_balances() -> None:
    frames = shop_frames()
    assert "balanced All 104,312 records of 5 batches are accounted for." in Page(report(frames)).words
    frames["balance"].loc[0, "kept"] -= 1
    page = Page(report(frames))
    assert "not balanced 104,311 of 104,312 records are accounted for." in page.words


def test_failed_checks_are_told_with_what_was_found(shop: Page) -> None:
    assert "1 of 81 checks failed" in shop.words
    assert "failed profiles: active_days_28 is at most 28. Found 2 rows, expected 0 rows." in shop.words
    assert "warning page_views: At most one view in five is inferred." in shop.words


def test_people_are_told_by_numbers_that_add_up(shop: Page) -> None:
    assert "2,477 persons 4,934 identifiers 1.99 identifiers a person (4,922 / 2,477)" in shop.words
    assert "9 shared identifiers 3 hubs 814 refused links 79 blocked sightings" in shop.words
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    assert ("1", "1,204", "48.6%", "1,204") in cells
    assert ("5–9", "104", "4.2%", "612") in cells
    assert ("20+", "0", "0.0%", "0") in cells
    assert ("anonymous_id", "kiosk-berlin-01", "412", "user_id") in cells
    assert ("anonymous_id", f"{LONG[:39]}…", "131", "user_id") in cells
    assert ("email", "(empty)", "9") in cells
    (unique,) = [row for row in cells if row and row[0] == "unique"]
    assert unique[2:4] == ("It would put two values of user_id into one person, who has only one.", "41")
    changes = shop_frames()["identity_days"].groupby("change").identifiers.sum()
    kinds = ("created", "linked", "merged", "split", "renamed", "removed")
    assert ("All of these days", *[f"{changes[kind]:,}" for kind in kinds]) in cells
    assert "This speaks of the runs' clock" in shop.words


def test_a_hub_that_is_named_by_markup_is_shown_as_its_text() -> None:
    frames = shop_frames()
    for name in ("hubs", "blocked_values"):
        frames[name].loc[0, "id_value"] = f"<script>{name}</script>"
    html = report(frames)
    assert "<script>hubs" not in html
    assert "<script>blocked_values" not in html
    shown = [cell for row in Page(html).rows for cell in row]
    assert {"<script>hubs</script>", "<script>blocked_values</script>"} <= set(shown)


def test_tables_of_persons_that_an_older_lake_has_not_are_not_taken_for_zeros() -> None:
    frames = shop_frames()
    for name in ("hubs", "blocked", "blocked_values", "identity_days"):
        del frames[name]
    words = Page(report(frames)).words
    assert "2,477 persons" in words
    assert "not collected blocked sightings" in words
    assert "Blocked values are not collected in this lake." in words
    assert "Which they are is not collected in this lake." in words
    assert "No run has written down a change of persons." in words


def test_a_lake_of_one_run_says_that_nobody_was_merged() -> None:
    frames = shop_frames()
    frames["identity_days"] = frames["identity_days"].query("change == 'created'").head(1)
    page = Page(report(frames))
    assert "No identifier has been merged, split, renamed or removed." in page.words
    (came,) = [json.loads(text) for a, text in page.scripts if a.get("id") == "chart-people-came"]
    (begin, end) = came["encoding"]["x"]["scale"]["domain"]
    assert (begin["month"], begin["date"], end["month"], end["date"]) == (1, 25, 2, 8)


def test_empty_tables_give_a_page_that_says_what_is_missing() -> None:
    page = Page(report(empty_frames()))
    always = [one for one in SECTIONS if one not in WHERE_ASKED]
    assert [a.get("id") for tag, a in page.elements if tag == "h2"] == always
    assert "No survey has been answered" in page.words
    assert "No funnel is declared" in page.words
    assert "No click with a place on its page" in page.words
    assert "No identifier has been seen, so there are no persons" in page.words
    assert not [a for _, a in page.elements if "data-chart" in a]
    assert Page(report({})).words == page.words, "a missing frame reads as an empty one"


def test_rows_of_nulls_do_not_break_the_page() -> None:
    frames = empty_frames()
    for name in ("totals", "watermark"):
        frames[name] = pd.DataFrame([dict.fromkeys(frames[name].columns)])
    assert "Nobody has been active yet." in Page(report(frames)).words


def test_the_same_frames_give_the_same_page() -> None:
    assert report(shop_frames()) == report()


def test_a_page_is_drawn_as_tall_as_its_clicks_when_its_size_is_unknown() -> None:
    frames = shop_frames()
    frames["map_pages"] = frames["map_pages"].head(0)
    (text,) = [text for a, text in Page(report(frames)).scripts if a.get("id") == "map-data"]
    drawn = json.loads(text)["maps"][0]
    rows = drawn["click"][1::7]
    assert drawn["width"] == 1366
    assert drawn["fold"] is None
    assert sorted(rows)[len(rows) // 2] * 16 < drawn["height"] <= (max(rows) + 2) * 16


def test_elements_are_listed_with_shares_of_the_pages_views(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    # 980 of 9,000 views clicked it; in 410 of the 2,100 views with a click it was the first.
    assert ("button.add-to-cart", "1,310", "980", "10.9%", "410 · 19.5%", "2") in cells
    assert ('=HYPERLINK("x")', "21", "20", "0.2%", "2 · 0.1%", "2") in cells
    assert "2,900 clicks in 2,100 of 9,000 views" in shop.words
    assert "3 clicks and 0 moves have no valid place and are on no map" in shop.words
    assert "seen down to 25%: by 100.0% of views, 50%:" in shop.words


def test_key_elements_tell_what_is_seen_and_in_which_order(shop: Page) -> None:
    cells = {tuple(" ".join(cell.split()) for cell in row) for row in shop.rows}
    assert (
        *("Picture", "8,700", "95.0%", "24.1%", "840", "72.4%", "Add to cart", "160 px", "900 px"),
    ) in cells
    # Nobody tells what is in sight on phones.
    assert ("Picture", "5,220", "not collected", "11.5%", "90", "–", "–", "–", "–") in cells
    assert "order of focus against the intended one: Kendall's tau +0.56" in shop.words
    # 350 of 2,900 views after which people left, 1,750 of 5,800 after which they stayed.
    assert ("Picture", "Left after it", "2,900", "95.0%", "12.1%", "280", "72.4%") in cells
    assert ("Picture", "Stayed", "5,800", "95.0%", "30.2%", "560", "72.4%") in cells
    assert ("Picture", "Left after it", "1,740", "not collected", "5.7%", "30", "–") in cells
    assert ("Add to cart", "Task done", "435", "90.0%", "34.5%", "65", "58.3%") in cells
    assert not any(row[:2] == ("Picture", "Task done") for row in cells)


def test_a_page_without_scrolling_says_that_it_is_not_collected() -> None:
    frames = shop_frames()
    frames["map_scroll"] = frames["map_scroll"].head(0)
    assert "most clicked places; scrolling is not collected" in Page(report(frames)).words


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_maps_lie_over_the_screenshots_of_their_pages(tmp_path: Path) -> None:
    wide, narrow = tmp_path / "wide.png", tmp_path / "narrow.jpg"
    wide.write_bytes(PIXEL)
    narrow.write_bytes(b"\xff\xd8\xff\xe0")
    given = {"/": str(wide), "/product/:slug": {"mobile": str(narrow)}}
    page = Page(build_report(shop_frames(), settings(), screenshots=read_screenshots(given)))
    blocks = {a["id"]: text for a, text in page.scripts if a.get("id", "").startswith("map-")}
    shots = json.loads(blocks["map-shots"])
    drawn = {(one["page"], one["device"]): one["shot"] for one in json.loads(blocks["map-data"])["maps"]}
    assert shots[drawn["/", "desktop"]] == f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert drawn["/", "mobile"] == drawn["/", "desktop"]
    assert shots[drawn["/product/:slug", "mobile"]].startswith("data:image/jpeg;base64,")
    assert drawn["/product/:slug", "desktop"] is None
    assert len(shots) == 2, "pages that no one gave a picture of need none"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.png", None, "can not be read (No such file or directory): name a file"),
        ("page.svg", b"<svg onload='alert(1)'>", "is neither PNG nor JPEG"),
        ("big.png", PIXEL + bytes(2 * 2**20), "has 2.0 MiB, 2 MiB at most"),
    ],
)
def test_a_screenshot_that_cannot_be_shown_is_told_with_its_page_and_file(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        read_screenshots({"/": str(file)})
    assert f"page /: {file} {told}" in str(error.value)


def test_a_missing_screenshot_ends_a_run_before_it_reads_anything(tmp_path: Path) -> None:
    given = Settings.model_validate({"report": {"screenshots": {"/": str(tmp_path / "none.png")}}})
    with pytest.raises(SettingsError, match="can not be read"):
        run_job("run_all")(SimpleNamespace(settings=given), False)  # type: ignore[arg-type]


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine, so the page is not looked at in a browser")
    return found


def _browse(page: Path, *extra: str) -> tuple[str, str]:
    """The page's elements after its scripts ran, and what the browser logged."""
    done = subprocess.run(
        [
            _chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={page.parent / 'profile'}", "--enable-logging=stderr",
            "--window-size=1280,3000", "--virtual-time-budget=10000", *extra, "--dump-dom", page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.parametrize("made", ["shop", "evil"])
def test_a_browser_draws_every_chart_without_an_error(
    made: str, tmp_path: Path, evil: tuple[str, str]
) -> None:
    page = tmp_path / "index.html"
    page.write_text(report() if made == "shop" else evil[0], encoding="utf-8")
    drawn, log = _browse(page)
    console = [line for line in log.splitlines() if "CONSOLE" in line]
    assert console == []
    found = Page(drawn)
    charts = [a for _, a in found.elements if "data-chart" in a]
    # activity's two, funnel, lifecycle, stickiness, a flow, two trends, credit in three currencies, revenue,
    # churn by two rules, two metrics of an experiment, segments, calibration, friction, exits, two forms,
    # media, two changes in time, features, scores and their parts, choices, people's
    assert len(charts) == 36
    assert [a.get("data-state") for a in charts] == ["drawn"] * 36
    (heat,) = [a for _, a in found.elements if a.get("id") == "map-canvas-0"]
    assert heat["data-state"] == "drawn"
    assert sum(tag == "svg" and "marks" in a.get("class", "") for tag, a in found.elements) == 38
    assert re.search(r"[1-9][\d,]* clicks drawn, from [1-9][\d,]* views", found.words)


WALK = """<script>(async () => {
  const [layer, compare, page] = ["layer", "compare", "page"].map((name) =>
    document.getElementById(`map-${name}`));
  const turn = async (select, value) => {
    select.value = value;
    select.dispatchEvent(new Event("change"));
    await new Promise((done) => setTimeout(done, 150));
  };
  const told = [];
  for (const number of [...page.options].map((one) => one.value)) {
    await turn(page, number);
    if (number !== "0") continue;
    for (const name of [...layer.options].map((one) => one.value)) {
      await turn(layer, name);
      for (const other of [...compare.options].map((one) => one.value)) {
        await turn(compare, other);
        const panes = [...document.querySelectorAll("#map-panes figure")].filter((one) => !one.hidden);
        const shapes = panes.map((one) => one.querySelectorAll(".mark-rect path").length);
        told.push([name, other, shapes, panes[0].querySelector(".note").textContent]);
      }
      await turn(compare, "");
    }
  }
  const hidden = [...document.querySelectorAll(".of-page")].map((one) => one.hidden);
  document.title = JSON.stringify({ told, hidden });
})();</script>"""


def test_every_layer_and_comparison_of_the_maps_is_drawn(tmp_path: Path) -> None:
    # The page's own policy would not let this test's script run.
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report())
    head, _, end = html.rpartition("</body>")
    page = tmp_path / "index.html"
    page.write_text(f"{head}{WALK}</body>{end}", encoding="utf-8")
    drawn, log = _browse(page, "--virtual-time-budget=30000")
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []
    (title,) = re.findall(r"<title>(.*?)</title>", drawn, re.S)
    told = json.loads(unescape(title))
    assert told["hidden"] == [True, True, False], "the elements of the chosen page alone are shown"
    seen = {(layer, other): (shapes, note) for layer, other, shapes, note in told["told"]}
    differences = {"early", "left", "converted"}
    for layer in ("click", "inert", "move", "rest", "reach", "attention"):
        offered = {other for name, other in seen if name == layer}
        assert offered == {"", "device:mobile"} | (set() if layer in ("inert", "rest") else differences)
    assert seen["reach", ""][0] == seen["attention", "left"][0] == [20]
    assert seen["reach", "device:mobile"][0] == [20, 20]
    assert seen["click", ""][0][0] > seen["inert", ""][0][0] > 10
    assert seen["move", "device:mobile"][0][1] == 0, "phones have no pointer that moves"
    assert "second half of the days and the first half" in seen["move", "early"][1]
    assert "70.0% of the page lies below the fold" in seen["reach", ""][1]
