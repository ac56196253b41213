"""The page as a browser draws it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.report.page import Page, hostile_report, report


@pytest.fixture(scope="module")
def evil() -> tuple[str, str]:
    return hostile_report()


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
    # media, a change in time, features, scores and their parts, choices, people's
    assert len(charts) == 35
    assert [a.get("data-state") for a in charts] == ["drawn"] * len(charts)
    (heat,) = [a for _, a in found.elements if a.get("id") == "map-canvas-0"]
    assert heat["data-state"] == "drawn"
    assert sum(tag == "svg" and "marks" in a.get("class", "") for tag, a in found.elements) == 37
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
