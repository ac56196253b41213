"""A recorded session and one that was not recorded, as values, and pages looked at in Chromium."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from trailhouse.replay.rrweb import Chunk, Event, packed
from trailhouse.replay.session import Mark, Session, Step, View

START_US = 1_772_445_600_000_000
"""2026-03-02 10:00:00 UTC: the first event of the recording."""
SECOND = 1_000_000


def recording() -> list[Event]:
    """What rrweb 2.1 recorded of page.html in Chromium, with every input masked."""
    return list(json.loads((Path(__file__).parent / "recording.json").read_text()))


def chunk(events: list[Event], name: str = "chunk-1", **fields: Any) -> Chunk:
    """A chunk of these events."""
    times = [round(event["timestamp"] * 1000) for event in events]
    given = {"client_session_id": "c1", "tab_id": "w1", "sequence": None, "shift_us": 0, **fields}
    return Chunk(event_id=name, first_us=min(times), last_us=max(times), data=packed(events), **given)


def session(**fields: Any) -> Session:
    """A session of two views with a rage click and a U-turn."""
    views = (
        View("v1", "w1", "Boston fern", "/plants/boston-fern", "/plants/*", START_US, 1000, 2100, 557),
        View("v2", "w1", "Basket", "/basket", "/basket", START_US + 8 * SECOND, 1000, None, 557),
    )
    moves = [
        Step(
            START_US + (i + 1) * SECOND // 10, "mouse_move", "v1", 400 - 28 * i, 60 + 20 * i, None, None, None
        )
        for i in range(11)
    ]
    box = (48, 244, 140, 36)
    clicks = [
        Step(START_US + SECOND + i * 300_000, "click", "v1", 118 + i, 262, None, "Add to basket", box)
        for i in range(4)
    ]
    rest = [
        Step(START_US, "page_view", "v1", None, None, None, None, None),
        Step(START_US + 4 * SECOND, "scroll", "v1", None, None, 900, None, None),
        Step(START_US + 5 * SECOND, "click", "v1", 500, 1200, None, "#long", None),
        Step(START_US + 8 * SECOND, "page_view", "v2", None, None, None, None, None),
        Step(START_US + 9 * SECOND, "click", "v2", 300, 200, None, "Pay", (250, 180, 100, 40)),
    ]
    marks = (
        Mark(START_US, "page_view", "/plants/boston-fern", "v1", "w1"),
        Mark(START_US + SECOND // 2, "rage_click", "Add to basket (4 times)", "v1", "w1", is_signal=True),
        Mark(START_US + 8 * SECOND, "page_view", "/basket", "v2", "w1"),
        Mark(START_US + 9 * SECOND, "u_turn", "/basket", "v2", "w1", is_signal=True),
    )
    given: dict[str, Any] = {
        "session_id": "s1",
        "person_id": "p1",
        "start_us": START_US,
        "end_us": START_US + 10 * SECOND,
        "device": "desktop · Chrome · Linux",
        "views": views,
        "steps": tuple(sorted([*moves, *clicks, *rest], key=lambda step: step.at_us)),
        "marks": marks,
        "chunks": (),
        **fields,
    }
    return Session(**given)


LOOK = """
addEventListener("load", () => {
  const root = document.getElementById("replay"), found = document.createElement("pre");
  found.id = "found";
  document.body.append(found);
  const seen = new Set();
  const look = () => {
    seen.add(root.dataset.state + " " + (root.dataset.window || ""));
    const frame = document.querySelector("iframe"), inner = frame && frame.contentDocument;
    const field = inner && inner.querySelector("input");
    const line = ".rr-progress > div[title]:not([title='inactive period']), #flags button";
    found.textContent = JSON.stringify({
      ...root.dataset,
      seen: [...seen],
      title: document.title,
      sandbox: frame && frame.getAttribute("sandbox"),
      text: inner && inner.body && inner.body.innerText,
      typed: field && field.value,
      scripts: inner && inner.scripts.length,
      flags: document.querySelectorAll(line).length,
    });
  };
  look();
  setInterval(look, 50);
});
"""


def chromium() -> str:
    """The browser; skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine, so no replay is looked at in a browser")
    return found


def browse(html: str, folder: Path, ms: int = 12_000, *extra: str) -> tuple[dict[str, Any], list[str]]:
    """What a script of the test finds in the page after so much of its time, and what the browser logged.

    The page runs no scripts but its own: the test's is added to its policy.
    """
    digest = base64.b64encode(hashlib.sha256(LOOK.encode()).digest()).decode()
    html = html.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    page = folder / "replay.html"
    page.write_text(html.replace("</body>", f"<script>{LOOK}</script></body>"), encoding="utf-8")
    done = subprocess.run(
        [
            chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--window-size=1400,900",
            f"--virtual-time-budget={ms}", *extra, "--dump-dom", page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert match, done.stderr
    unescaped = (
        match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
    )
    return json.loads(unescaped), [line for line in done.stderr.splitlines() if "CONSOLE" in line]
