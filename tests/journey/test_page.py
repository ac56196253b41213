"""The page: all is there, nothing is loaded or run, and any text is shown as text, in a browser too."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.journey.given import line, page, quiet, session, signal, us
from tests.report.page import Page
from trailhouse.journey import listing
from trailhouse.journey.head import Head
from trailhouse.journey.page import build_journey, build_list
from trailhouse.journey.person import person
from trailhouse.journey.read import Visits
from trailhouse.journey.timeline import timeline

EVIL = """'"></code></title><script>document.title='owned'</script><img src=x onerror=alert(2)>{{7*7}}"""
LINK = "javascript:document.title='owned'"
FORMULA = "=cmd|' /C calc'!A0"


def journey(text: str = "plain", href: str = "/pay", **options: Any) -> str:
    element = {"selector": f"b[{text}]", "text": text, "tag": text, "href": href, "interactive": True}
    survey = {"id": text, "kind": text, "score": 1, "answer": text}
    properties = f'{{"message": "{FORMULA}", "{FORMULA}": "{FORMULA}"}}'
    found = Visits(
        (
            session(
                100_000,
                100_090,
                views=2,
                channel=text,
                last_channel=text,
                campaign={"source": text, "medium": text, "name": text},
                referrer=href,
                device={"type": text, "browser": text, "os": text},
                geo={"country": text, "region": text, "city": text},
                entry_page=text,
                exit_page=text,
                user_id=text,
                bot_reasons=[text],
                is_bot=True,
                converted=True,
                conversion_names=[text],
                value=[{"currency": text, "amount": 3}],
            ),
            *(session(s * 9_000, s * 9_000 + 9, session_id=f"{s}" * 32, is_bounce=True) for s in (3, 2, 1)),
        ),
        (
            page("home", 100_000, 100_020, 1, page_path=href, page_title=text, page_group=text),
            page("pay", 100_060, 100_090, 2, page_path=text, form_outcome="abandoned"),
        ),
        (
            line("page_view", 100_000),
            line("click", 100_001, element=element),
            quiet("mouse_move", 7, 100_002, 100_003),
            line("search", 100_004, search={"term": text, "results": 0, "rank": 1}),
            line("survey_response", 100_005, survey=survey),
            line("error", 100_006, properties=properties),
            line(text, 100_007, properties=text, value=1, currency=text),
            line("page_view", 100_060, "pay"),
            line("form_change", 100_061, "pay", form={"id": text, "field": text}),
            line("order", 100_090, "pay", platform="server", value=3, currency=text),
        ),
        (
            signal("dead_click", "click 100001", 100_001, presets=[text]),
            signal("rage_click", "unread", 100_070, "pay", selector=text, element_text=text, presets=[text]),
        ),
        frozenset({"5" * 32}),
    )
    totals = {
        **dict.fromkeys(("sessions", "engaged_us", "views", "converted", "events"), 5),
        "value": [{"currency": text, "amount": 3}],
        **dict.fromkeys(("devices", "places", "channels"), [text]),
        **{"is_bot": True, "internal": False, "first_us": us(0), "last_us": us(9), "outside": 1},
    }
    identifier = {"id_type": text, "id_value": text, "status": "own", "first_seen": us(0)}
    moved = {
        "person_before": "f" * 32,
        "person_after": "1" * 32,
        "cause": text,
        "change": "merged",
        "at": us(0),
    }
    head = Head("1" * 32, totals, (identifier,), 1, ({**identifier, **moved},), (line(text, 9, None),), 1)
    made = person(head, "UTC", [text])
    return build_journey(
        timeline(found, "UTC"),
        made,
        timezone="UTC",
        title=text,
        generated=text,
        options=f" --lake {text}",
        **options,
    )


def listed(text: str = "plain") -> str:
    row = {
        **session(0, 9, channel=text, entry_page=text, exit_page=text),
        **{"device": text, "country": text, "signals": [{"kind": "rage_click", "number": 2}]},
    }
    rows = listing.table([row], "UTC", f" --lake {text}")
    rows[0]["file"] = f"{'5' * 32}.html"
    return build_list(rows, text, 7, "UTC", text, text)


def test_the_page_tells_visits_pages_events_and_signals() -> None:
    words = Page(journey()).words
    for told in (
        "A person's journey Person 11111111111111111111111111111111",
        "Clicked “plain” ⚑ dead click by plain b[plain] link to /pay",
        "7 mouse moves",
        "40 s without an event",
        "Answered plain: 1 “plain”",
        "The newest 4 of 5; 1 earlier is left out",
        "converted: plain, plain 3.00",
        "Ordered from a server plain 3.00",
        "python -m trailhouse replay --session 55555555555555555555555555555555 --lake plain",
        "Times are of the zone UTC.",
    ):
        assert told in words, told


def test_one_visit_alone_has_no_list_of_visits() -> None:
    words = Page(journey(alone=True)).words
    assert words.startswith("plain: visit 5555")
    assert "The newest 4 of 5" not in words
    assert "Outside of visits" not in words


@pytest.mark.parametrize("html", [journey(), journey(EVIL, LINK), listed(), listed(EVIL)])
def test_the_markup_is_balanced_and_nothing_is_loaded_or_run(html: str) -> None:
    made = Page(html)
    assert (made.wrong, made.open) == ([], [])
    ids = Counter(attributes["id"] for _, attributes in made.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    assert not {tag for tag, _ in made.elements} & {"script", "img", "iframe", "form", "object"}
    assert not [a for _, attributes in made.elements for a in attributes if a.startswith("on")]
    links = [attributes["href"] for _, attributes in made.elements if "href" in attributes]
    assert all(re.fullmatch(r"#[a-z0-9-]+|data:,|[0-9a-f]{32}\.html", link) for link in links)
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    (policy,) = [a["content"] for _, a in made.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert unescape(policy) == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import", html.split("</style>")[0])


def test_hostile_text_is_shown_as_text() -> None:
    clean, attacked = Page(journey()), Page(journey(EVIL, LINK))
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in clean.elements]
    for told in (EVIL, f"link to {LINK}", FORMULA):
        assert told in "".join(attacked.text), told
    assert "49" not in attacked.words.replace("4.49", "")
    assert EVIL in "".join(Page(listed(EVIL)).text)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")
def test_a_browser_runs_nothing_of_it_and_opens_a_visit_that_is_linked_to(tmp_path: Path) -> None:
    file = tmp_path / "journey.html"
    file.write_text(journey(EVIL, LINK), encoding="utf-8")
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"file://{file}#visit-4",
    ]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "<script" not in dom
    assert "<img" not in dom
    (title,) = re.findall(r"<title>(.*?)</title>", dom, re.S)
    assert unescape(title).startswith(EVIL)
    # The fourth visit is closed until the link leads into it.
    opened = re.findall(r"<details( open=\"\")?>\s*<summary><span class=\"bounds\">", dom)
    assert opened == [' open=""'] * 4
