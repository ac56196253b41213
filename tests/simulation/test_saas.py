"""The world `saas`, from its raw events alone: what was planted can be seen, as the truth tells it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import pyarrow.parquet as pq
import pytest

from scripts.simulation.saas.effects import Effects
from tests.simulation.conftest import ROOT, simulate
from tests.simulation.reading import event_time, read
from tests.simulation.saas import DAY, Told, attempts, is_page, share
from trailhouse.settings import load_settings

SEED, PEOPLE, DAYS = 5, 300, 90


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = simulate(tmp_path_factory.mktemp("saas"), "--world", "saas", seed=SEED, people=PEOPLE, days=DAYS)
    return Told(folder, read(folder / "raw"), json.loads((folder / "truth" / "truth.json").read_text()))


def table(told: Told, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(told.folder / "truth" / f"{name}.parquet").to_pylist()
    return rows


def test_the_same_seed_gives_the_same_bytes_another_gives_others_and_a_prefix_changes_ids_alone(
    tmp_path: Path,
) -> None:
    def small(name: str, seed: int, *more: str) -> Path:
        return simulate(tmp_path / name, "--world", "saas", *more, seed=seed, people=50, days=30)

    def digests(folder: Path) -> dict[str, str]:
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    def lines(folder: Path) -> list[str]:
        return sorted(line for of in read(folder / "raw").files.values() for line in of)

    one, prefixed = small("one", 3), small("prefixed", 3, "--prefix", "w2-")
    assert digests(one) == digests(small("again", 3))
    assert digests(one) != digests(small("other", 4))
    assert all(json.loads(line).get("userId", "w2-").startswith("w2-") for line in lines(prefixed))
    assert [line.replace("w2-", "") for line in lines(prefixed)] == lines(one)


def test_every_line_is_a_record_and_the_ledger_adds_up(told: Told) -> None:
    assert not told.raw.quarantined
    duplicates = sum(len(copies) - 1 for copies in told.raw.messages.values())
    counts = told.truth["counts"]
    assert (told.raw.lines, len(told.raw.messages)) == (counts["lines"], counts["kept"])
    assert counts["lines"] == counts["kept"] + duplicates


def test_events_have_the_true_time_name_and_person(told: Told) -> None:
    persons = {r["id_value"]: r["observable"] for r in table(told, "identifiers")}
    rows = {r["event_id"]: r for r in table(told, "events")}
    assert rows.keys() == told.raw.messages.keys()
    for who, messages in told.of.items():
        for m in messages:
            row = rows[m["messageId"]]
            assert row["event_time"] == event_time(m)
            assert row["owner"] == persons[who]


def test_members_are_seen_in_one_account_with_an_address_each(told: Told) -> None:
    accounts = {r["person"]: r["account"] for r in table(told, "people")}
    seen: dict[str, set[str]] = defaultdict(set)
    for who, messages in told.of.items():
        for m in messages:
            group = m.get("groupId") or m["context"].get("groupId")
            if group:
                seen[f"user:{who}"].add(group)
            assert not group or "userId" in m, "an account before log-in"
    assert seen == {person: {account} for person, account in accounts.items() if account}
    mails = [m["traits"]["email"] for who in told.of.values() for m in who if m["type"] == "identify"]
    assert len(set(mails)) == len(seen)


def test_onboarding_is_completed_and_left_as_the_truth_says(told: Told) -> None:
    owners = {who for who, _ in told.named("Signed Up")}
    steps = Counter(dict.fromkeys(owners, 0))
    for who, m in told.named("Onboarding Step Completed"):
        assert m["properties"]["step"] == steps[who] + 1
        steps[who] += 1
    found = told.realised("onboarding")
    last = Counter(steps.values())
    assert {str(k): last[k] for k in range(7)} == found["by_last_step"]
    assert share(last[6], len(owners)) == found["completed"]
    assert share(last[3], len(owners) - last[6]) == told.realised("step4_share")
    assert {who for who, _ in told.pages("/onboarding/step-4")} == {w for w, k in steps.items() if k >= 3}


def test_the_button_of_step_4_slips_below_the_fold_and_few_who_leave_have_seen_it(
    told: Told,
) -> None:
    slip = dt.date.fromisoformat(told.realised("fold_week")["from_day"])
    below: Counter[tuple[bool, bool]] = Counter()
    scrolled: Counter[tuple[bool, bool]] = Counter()
    for messages in told.of.values():
        page = [m for m in messages if m["context"].get("page", {}).get("path") == "/onboarding/step-4"]
        if not page:
            continue
        screen = page[0]["context"]["viewport"]["height"]
        late = event_time(page[0]).date() >= slip
        boxes = [
            m["properties"]["box"]
            for m in page
            if m.get("event") == "Element Clicked" and m["properties"]["selector"] == "button.next-step"
        ]
        if boxes:
            below[late and screen < 1000, boxes[0]["y"] + boxes[0]["height"] > screen] += 1
        if late and screen < 1000:
            offsets = [m["properties"]["offset"] for m in page if m.get("event") == "Page Scrolled"]
            scrolled[bool(boxes), max(offsets, default=0) + screen >= 930 + 48] += 1
    assert set(below) == {(True, True), (False, False)}
    assert scrolled[True, False] == 0
    assert scrolled[False, True] < 0.25 * scrolled[False, False]


def test_trials_that_are_over_convert_as_the_truth_says(told: Told) -> None:
    started = {m["groupId"]: (m["at"], who) for who, m in told.named("Trial Started")}
    ended = {m["groupId"]: m["at"] for _, m in told.named("Trial Ended")}
    paid = {m["groupId"]: m["at"] for _, m in told.named("Subscription Started")}
    done = {who for who, m in told.named("Onboarding Step Completed") if m["properties"]["step"] == 6}
    assert set(ended) <= set(started)
    over = [a for a, at in ended.items() if at + DAY <= told.end]
    assert all(at <= ended.get(a, told.end) + DAY for a, at in paid.items())
    converted = [a for a in over if a in paid]
    found = told.realised("trials")
    assert share(len(converted), len(over)) == found["converted"]
    completers = [a for a in over if started[a][1] in done]
    assert share(sum(a in paid for a in completers), len(completers)) == found["converted_of_completers"]
    assert share(sum(started[a][1] in done for a in converted), len(converted)) == told.realised(
        "completed_of_converters"
    )


def test_payments_come_every_thirty_days_at_the_price_of_the_plan_until_the_cancellation(told: Told) -> None:
    price: dict[str, int] = {}
    paid: dict[str, list[int]] = defaultdict(list)
    names = {"Subscription Started", "Subscription Changed", "Subscription Cancelled", "Order Completed"}
    happened = sorted(
        ((m["at"], m) for messages in told.of.values() for m in messages if m.get("event") in names),
        key=lambda pair: pair[0],
    )
    for at, m in happened:
        account = m.get("groupId") or m["context"]["groupId"]
        value = m["properties"]["revenue"]
        match m["event"]:
            case "Order Completed":
                assert value == price[account]
                paid[account].append(at)
            case "Subscription Cancelled":
                assert value == price.pop(account)
                assert m["properties"]["reason"]
            case _:
                assert value > price.get(account, 0)
                price[account] = value
    assert len(paid) > 30
    assert all(b - a == 30 * DAY for times in paid.values() for a, b in pairwise(times))


def test_attempts_at_tasks_take_the_true_seconds(told: Told) -> None:
    ends = {
        "create_campaign": ("Campaign Started", "Campaign Sent"),
        "import_contacts": ("Import Started", "Contacts Imported"),
        "build_segment": ("Segment Started", "Segment Saved"),
    }
    found = Counter(
        (
            f"user:{who}",
            task,
            begun["at"],
            (end["at"] - begun["at"]) / 1000 if end else None,
            begun["context"]["app"]["version"],
        )
        for who, messages in told.of.items()
        for task, (start, stop) in ends.items()
        for begun, end, _ in attempts(messages, start, stop)
    )
    assert found == Counter(
        (
            r["person"],
            r["task"],
            int(r["start"].timestamp() * 1000),  # type: ignore[attr-defined]
            r["seconds"] if r["completed"] else None,
            r["release"],
        )
        for r in table(told, "tasks")
    )


def test_a_release_makes_the_preview_of_segments_slower_and_no_other_step(told: Told) -> None:
    steps = ("Segment Started", "Segment Condition Added", "Segment Previewed", "Segment Saved")
    spent: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for messages in told.of.values():
        for begun, _, between in attempts(messages, steps[0], steps[-1]):
            way = [begun, *(m for m in between if m.get("event") in steps)]
            for a, b in pairwise(way):
                slow = a["context"]["app"]["version"] == "2.3.0"
                spent[b["event"], slow].append((b["at"] - a["at"]) / 1000)
    assert abs(fmean(spent[steps[2], True]) - fmean(spent[steps[2], False]) - 20) < 1.5
    assert abs(fmean(spent[steps[1], True]) - fmean(spent[steps[1], False])) < 2.5


def test_who_begins_a_campaign_may_wander_to_three_places_and_come_back_or_not(told: Told) -> None:
    places = {"templates": "templates", "help": "help", "campaigns": "earlier e-mails"}
    went: Counter[str] = Counter()
    began = back = 0
    for messages in told.of.values():
        for _, _, between in attempts(messages, "Campaign Started", "Campaign Sent"):
            began += 1
            paths = [m["context"]["page"]["path"] for m in between if m["type"] == "page"]
            if paths and paths[0] in ("/templates", "/help/first-campaign", "/campaigns"):
                went[places[paths[0].split("/")[1]]] += 1
                back += "/campaigns/new" in paths
    found = told.realised("detour_share")
    assert share(went.total(), began) == {k: found[k] for k in ("hits", "n", "share")}
    assert share(back, went.total()) == found["detour_returned"]
    for place, n in went.items():
        assert share(n, went.total()) == found[f"detour_to_{place}"]


def test_imports_fail_with_an_error_and_as_many_people_a_month_as_the_truth_says(told: Told) -> None:
    first = told.first_day
    by_month: dict[int, set[str]] = defaultdict(set)
    failed = tried = 0
    for who, messages in told.of.items():
        for begun, end, between in attempts(messages, "Import Started", "Contacts Imported"):
            tried += 1
            errors = [m for m in between if m.get("event") == "Error Occurred"]
            assert (end is None) == bool(errors)
            if errors:
                failed += 1
                by_month[(begun["at"] // DAY - first) // 30].add(who)
    found = told.realised("import_failure")
    assert share(failed, tried) == {k: found[k] for k in ("hits", "n", "share")}
    assert [len(by_month[k]) for k in range(DAYS // 30)] == found["persons_by_month"]


def test_the_screenshot_beside_a_button_draws_clicks_that_change_nothing(told: Told) -> None:
    views = {m["context"]["page"]["viewId"] for _, m in told.pages("/automations")}
    clicked: dict[str, set[str]] = defaultdict(set)
    passing = ("Heartbeat", "Mouse Moved")
    for messages in told.of.values():
        shown = [m for m in messages if m.get("event") not in passing]
        for m, after in pairwise([*shown, {"at": shown[-1]["at"] + DAY}]):
            if m.get("event") == "Element Clicked" and m["context"]["page"]["viewId"] in views:
                clicked[m["properties"]["selector"]].add(m["context"]["page"]["viewId"])
                assert (after["at"] - m["at"] > 2750) == (
                    m["properties"]["selector"] == "img.automation-screenshot"
                )
    assert share(len(clicked["img.automation-screenshot"]), len(views)) == told.realised("screenshot_clicks")
    assert share(len(clicked["button.start-automation"]), len(views)) == told.realised("button_ignored")


def test_searches_reasons_turns_and_strange_ways_are_as_often_as_the_truth_says(told: Told) -> None:
    first: dict[str, bool] = {}
    for _, m in told.named("Products Searched"):
        first.setdefault(m["context"]["sessionId"], m["properties"]["results"] == 0)
    found = told.realised("empty_search")
    assert share(sum(first.values()), len(first)) == {k: found[k] for k in ("hits", "n", "share")}
    reasons = [m["properties"]["reason"] for _, m in told.named("Subscription Cancelled")]
    assert share(reasons.count("import_contacts"), len(reasons)) == told.realised("reason_share")
    turns = reports = odd = 0
    for messages in told.of.values():
        pages = [m for m in messages if m["type"] == "page"]
        for there, after in pairwise(pages):
            if is_page(there, "/reports") and after["context"]["sessionId"] == there["context"]["sessionId"]:
                navigation = after["context"]["page"]["navigationType"]
                turns += navigation == "back_forward" and after["at"] - there["at"] <= 5000
            odd += is_page(there, "/billing") and is_page(after, "/legal/data-processing")
        reports += sum(is_page(m, "/reports") for m in pages)
    assert share(turns, reports) == told.realised("u_turns")
    assert odd == told.realised("unexpected")["hits"]


def test_three_tags_in_the_first_week_go_with_coming_back(told: Told) -> None:
    last = told.first_day + DAYS - 1
    groups: dict[bool, list[bool]] = {True: [], False: []}
    for messages in told.of.values():
        if any("userId" in m for m in messages):
            client = [m for m in messages if "sessionId" in m["context"]]
            since = [m["at"] // DAY - client[0]["at"] // DAY for m in client]
            if client[0]["at"] // DAY + 34 <= last:
                tagged = [m.get("event") == "Contact Tagged" for m in client]
                tags = sum(one and d < 7 for one, d in zip(tagged, since, strict=True))
                groups[tags >= 3].append(any(28 <= d <= 34 for d in since))
    found = told.realised("activation")
    assert share(sum(groups[True]), len(groups[True])) == found["back_of_reached"]
    assert share(sum(groups[False]), len(groups[False])) == found["back_of_others"]


def test_those_who_cancel_export_first_and_score_low(told: Told) -> None:
    gone = {m["context"]["groupId"]: m["at"] for _, m in told.named("Subscription Cancelled")}
    exports = {
        m["context"]["groupId"]
        for _, m in told.named("Contacts Exported")
        if 0 <= gone.get(m["context"]["groupId"], 0) // DAY - m["at"] // DAY < 14
    }
    assert share(len(exports), len(gone)) == told.realised("export_before_cancel")
    low = {r["account"] for r in table(told, "accounts") if r["low_mood"]}
    scores: dict[bool, list[bool]] = {True: [], False: []}
    for _, m in told.named("Survey Answered"):
        if m["properties"]["kind"] == "nps":
            scores[m["context"]["groupId"] in low].append(m["properties"]["score"] <= 6)
    found = told.realised("mood_scores")
    assert share(sum(scores[True]), len(scores[True])) == found["detractors_in_low_mood"]
    assert share(sum(scores[False]), len(scores[False])) == found["detractors_in_good_mood"]


def test_what_the_command_cannot_simulate_is_told(tmp_path: Path) -> None:
    for more, wanted in (
        (["--world", "moon"], "there is no world 'moon'"),
        (["--world", "saas", "--effect", "luck=1"], "there is no effect 'luck'"),
    ):
        with pytest.raises(AssertionError, match=wanted.replace("'", ".")):
            simulate(tmp_path, *more)


def test_the_settings_ask_for_events_pages_and_elements_that_the_world_has(told: Told) -> None:
    settings = load_settings(ROOT / "conf" / "saas.yaml")
    names = {*told.truth["counts"]["events_by_name"], "*"}
    steps = [step for task in settings.tasks for step in (task.start, *task.steps, task.end)]
    steps += [step for funnel in settings.questions.funnels for step in funnel.steps]
    steps += [
        step for rule in settings.segments.rules.values() for leaf in rule.leaves for step in leaf.steps
    ]
    assert len(steps) > 20
    assert {name for step in steps for name in step.event_names or ()} <= names
    clicked = {
        (m["context"]["page"]["path"], m["properties"]["selector"]) for _, m in told.named("Element Clicked")
    }
    assert {(e.page_group, e.selector) for e in settings.elements.key} <= clicked


def test_the_page_about_worlds_tells_every_effect_with_its_size() -> None:
    text = (ROOT / "docs" / "worlds.md").read_text()
    for one in fields(Effects):
        size, none = (f"{value:.3g}" for value in (one.default, one.metadata["none"]))
        assert f"| `{one.name}` | {size} | {none} |" in text
