"""What the truth says, found again in the raw files by other means."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from scripts.simulation import people, truth, world
from tests.simulation.conftest import SEED, Case
from tests.simulation.reading import Message, by_view, milliseconds, name

PASSIVE = {"heartbeat", "mouse_move"}


def bursts(clicks: list[Message]) -> list[list[Message]]:
    """Chains of clicks, each within 30 px (Manhattan) and 1000 ms of the one before."""
    chains: list[list[Message]] = []
    for click in clicks:
        before = chains[-1][-1] if chains else None
        p = click["properties"]
        if (
            before
            and milliseconds(click) - milliseconds(before) <= 1000
            and (abs(p["x"] - before["properties"]["x"]) + abs(p["y"] - before["properties"]["y"]) <= 30)
        ):
            chains[-1].append(click)
        else:
            chains.append([click])
    return chains


def test_rage_bursts_are_those_planted_and_no_others(case: Case) -> None:
    found = set()
    for view, members in by_view(case.raw.winners()).items():
        for chain in bursts([m for m in members if name(m) == "click"]):
            if len(chain) >= 3:
                found.add(
                    (
                        view,
                        chain[0]["messageId"],
                        milliseconds(chain[-1]) - milliseconds(chain[0]),
                        len(chain),
                    )
                )
    planted = [row for row in case.truth("signals") if row["kind"] == "rage_click"]
    assert found == {
        (
            r["view_id"],
            r["first_event_id"],
            (r["end"] - r["start"]) // dt.timedelta(milliseconds=1),
            r["size"],
        )
        for r in planted
    }, f"seed {SEED}"
    assert len(planted) > 10
    assert Counter(r["selector"] for r in planted).most_common(1)[0][0] == "button#apply-coupon"


def test_near_misses_are_clicks_that_only_come_close(case: Case) -> None:
    views = by_view(case.raw.winners())
    misses = [row for row in case.truth("signals") if row["kind"] == "near_miss"]
    assert misses
    for row in misses:
        clicks = [m for m in views[row["view_id"]] if name(m) == "click"]
        chain = next(c for c in bursts(clicks) if c[0]["messageId"] == row["first_event_id"])
        assert len(chain) == (2 if row["size"] == 2 else 1)


def test_dead_clicks_are_those_planted_and_no_others(case: Case) -> None:
    """Judged on clicks outside of text fields: nothing within 2.75 s in the view, and no next page."""
    messages = case.raw.winners()
    visits = defaultdict(list)
    for m in messages:
        if name(m) in {"page_view", "screen_view"}:
            visits[m["context"]["sessionId"]].append(milliseconds(m))
    found = set()
    for members in by_view(messages).values():
        for i, m in enumerate(members):
            if name(m) == "click" and m["properties"]["tag"] != "input":
                at = milliseconds(m)
                after = [
                    o for o in members[i + 1 :] if name(o) not in PASSIVE and milliseconds(o) - at <= 2750
                ]
                opened = [t for t in visits[m["context"]["sessionId"]] if at < t <= at + 2750]
                if not after and not opened:
                    found.add(m["messageId"])
    planted = [row for row in case.truth("signals") if row["kind"] == "dead_click"]
    assert found == {row["first_event_id"] for row in planted}, f"seed {SEED}"
    assert {".plan-card", "img.zoom-image", "h2.looks-like-link"} == {row["selector"] for row in planted}


def test_u_turns_are_those_planted_and_no_others(case: Case) -> None:
    tabs = defaultdict(list)
    for m in case.raw.winners():
        if name(m) in {"page_view", "screen_view"}:
            tabs[m["context"]["tabId"]].append(m)
    found = set()
    for opened in tabs.values():
        opened.sort(key=milliseconds)
        for there, back in pairwise(opened):
            if back["context"]["page"]["navigationType"] == "back_forward" and (
                milliseconds(back) - milliseconds(there) <= 7000
            ):
                found.add(there["context"]["page"]["viewId"])
    planted = {row["view_id"] for row in case.truth("signals") if row["kind"] == "u_turn"}
    assert found == planted, f"seed {SEED}"
    assert planted


def test_quick_backs_are_u_turns_of_five_seconds_at_most(case: Case) -> None:
    rows = {kind: {} for kind in ("u_turn", "quick_back")}  # type: ignore[var-annotated]
    for row in case.truth("signals"):
        if row["kind"] in rows:
            rows[row["kind"]][row["view_id"]] = row["end"] - row["start"]
    quick = {view for view, length in rows["u_turn"].items() if length <= dt.timedelta(seconds=5)}
    assert rows["quick_back"].keys() == quick
    assert 0 < len(quick) < len(rows["u_turn"])


def test_refreshes_are_three_reloads_of_a_page_within_ten_seconds_and_no_others(case: Case) -> None:
    tabs = defaultdict(list)
    for m in case.raw.winners():
        if name(m) in {"page_view", "screen_view"}:
            tabs[m["context"]["tabId"]].append(m)
    found, close = set(), 0
    for opened in tabs.values():
        opened.sort(key=milliseconds)
        for before, first, second, third in zip(opened, opened[1:], opened[2:], opened[3:], strict=False):
            pages = [m["context"]["page"] for m in (before, first, second, third)]
            if len({p["path"] for p in pages}) == 1 and all(
                p["navigationType"] == "reload" for p in pages[1:]
            ):
                if milliseconds(third) - milliseconds(first) <= 10_000:
                    found.add(pages[1]["viewId"])
                else:
                    close += 1
    planted = [row for row in case.truth("signals") if row["kind"] == "rapid_refresh"]
    assert found == {row["view_id"] for row in planted}, f"seed {SEED}"
    assert planted
    assert close, "no reloads that are just too slow"
    assert {row["size"] for row in planted} == {3}


def test_thrashed_cursors_turn_as_often_as_planted_and_no_other_pointer_does(case: Case) -> None:
    found = set()
    for view, members in by_view(case.raw.winners()).items():
        points = [
            (milliseconds(m), m["properties"]["x"], m["properties"]["y"], m["messageId"])
            for m in members
            if name(m) == "mouse_move"
        ]
        turns = []
        for a, b, c in zip(points, points[1:], points[2:], strict=False):
            if (b[1] - a[1]) * (c[1] - b[1]) + (b[2] - a[2]) * (c[2] - b[2]) < 0:
                turns.append(b)
        close = [
            (five, turns[i + 4]) for i, five in enumerate(turns[:-4]) if turns[i + 4][0] - five[0] <= 2000
        ]
        if close:
            found.add((view, close[0][0][3], close[-1][1][0] - close[0][0][0]))
    planted = [row for row in case.truth("signals") if row["kind"] == "thrashed_cursor"]
    assert found == {
        (row["view_id"], row["first_event_id"], (row["end"] - row["start"]) // dt.timedelta(milliseconds=1))
        for row in planted
    }, f"seed {SEED}"
    assert len(planted) > 3


def test_error_clicks_and_forms_left_are_those_planted_and_no_others(case: Case) -> None:
    errors, forms = set(), set()
    for members in by_view(case.raw.winners()).values():
        told = [milliseconds(m) for m in members if name(m) == "error"]
        for m in members:
            if name(m) == "click" and any(0 <= at - milliseconds(m) <= 1000 for at in told):
                errors.add(m["messageId"])
        of_form = [m for m in members if name(m).startswith("form_")]
        if of_form and "form_submit" not in map(name, of_form):
            forms.add(of_form[0]["messageId"])
    for kind, found in (("error_click", errors), ("form_abandonment", forms)):
        planted = {row["first_event_id"] for row in case.truth("signals") if row["kind"] == kind}
        assert found == planted, f"seed {SEED}"
        assert planted


def test_no_two_humans_share_an_observable_person_unless_contested(case: Case) -> None:
    humans = defaultdict(set)
    for row in case.truth("identifiers"):
        if not row["contested"] and not row["shared"]:
            humans[row["observable"]].add(
                row["human"] if not row["human"].startswith("household") else "household"
            )
    assert all(len(names) == 1 or "household" in names for names in humans.values())


def test_shared_identifiers_are_tablets_on_which_two_people_signed_in(case: Case) -> None:
    users = defaultdict(set)
    for m in case.raw.winners():
        if m.get("anonymousId") and m.get("userId"):
            users[m["anonymousId"]].add(m["userId"].strip())
    several = {device for device, names in users.items() if len(names) > 1}
    rows = [r for r in case.truth("identifiers") if r["shared"] and not r["contested"]]
    assert {r["id_value"] for r in rows} == several
    assert several
    assert all(r["observable"] == f"shared:{r['id_value']}" for r in rows)


def test_events_before_log_in_belong_to_the_person_on_own_devices_and_to_the_tablet_on_shared_ones(
    case: Case,
) -> None:
    owners = {row["event_id"]: row["owner"] for row in case.truth("events")}
    person = {(r["id_type"], r["id_value"]): r["observable"] for r in case.truth("identifiers")}
    seen: Counter[str] = Counter()
    for m in case.raw.winners():
        if m["type"] == "page" and "userId" not in m:
            owner = owners[m["messageId"]]
            assert owner == person["anonymous_id", m["anonymousId"]]
            seen[owner.split(":")[0]] += 1
    assert min(seen["user"], seen["shared"], seen["anonymous_id"]) > 0


def test_blocked_values_are_nobodys_identifiers(case: Case) -> None:
    sent = Counter((m.get("userId") or "").lower() for m in case.raw.winners())
    assert sum(sent[v] for v in ("null", "undefined", "0000", "guest")) > 0
    assert sum(m.get("anonymousId") == "" for m in case.raw.winners()) > 0
    values = {row["id_value"].lower() for row in case.truth("identifiers")}
    assert not values & {"null", "undefined", "0000", "guest", ""}
    nobodys = [row for row in case.truth("events") if row["owner"] is None]
    assert len(nobodys) == case.summary["counts"]["without_owner"] == 5


def test_ties_at_the_timeout_are_planted_on_both_sides(case: Case) -> None:
    times = defaultdict(list)
    for row in case.truth("events"):
        if not row["is_server"] and row["owner"]:
            times[row["owner"]].append((row["event_time"], row["session"]))
    seen: Counter[str] = Counter()
    for events in times.values():
        events.sort(key=lambda e: e[0])
        for (a, one), (b, other) in pairwise(events):
            gap = (b - a) // dt.timedelta(milliseconds=1)
            if gap == 1_800_000:
                seen["at"] += 1
                assert one == other
            elif gap == 1_800_001:
                seen["over"] += 1
                assert one != other
            else:
                assert not 1_500_000 < gap < 2_100_000, "only planted gaps come near the timeout"
    assert seen["at"] >= 3
    assert seen["over"] >= 3


def test_kiosks_are_cut_after_a_day(case: Case) -> None:
    lengths = [row["end"] - row["start"] for row in case.truth("sessions")]
    # the beat at 24 h sharp begins the next session; the last before it comes at 23:50
    assert dt.timedelta(hours=23, minutes=50) <= max(lengths) < dt.timedelta(hours=24)
    assert sum(length > dt.timedelta(hours=23) for length in lengths) >= 5


def test_each_event_of_a_session_lies_within_it_and_their_number_is_right(case: Case) -> None:
    sessions = {row["session"]: row for row in case.truth("sessions")}
    members = Counter(row["session"] for row in case.truth("events") if row["session"])
    assert members == {key: row["events"] for key, row in sessions.items()}
    for row in case.truth("events"):
        if row["session"] and not row["is_server"]:
            assert sessions[row["session"]]["start"] <= row["event_time"] <= sessions[row["session"]]["end"]
    outside = [row for row in case.truth("events") if not row["session"]]
    assert {row["event_name"] for row in outside if row["owner"]} <= {
        "heartbeat",
        "visibility",
        "order",
        "refund",
    }
    assert len(outside) == case.summary["counts"]["without_session"]


def test_some_sessions_pass_midnight(case: Case) -> None:
    days = [
        (row["start"].date(), row["end"].date(), row["end"] - row["start"]) for row in case.truth("sessions")
    ]
    assert any(a != b and length < dt.timedelta(hours=3) for a, b, length in days)


def test_planned_effects_come_out() -> None:
    """In a world that is large enough for them; never written to files."""
    big = world.build(SEED, 2500, 28, dt.date(2026, 1, 5))
    found = truth.find(big)
    effects: dict[str, Any] = truth.effects.measure(big, found.owners, truth.signals(big, found))
    steps = [effects["onboarding"]["persons_by_step"][str(k)] for k in range(1, 7)]
    went_on = [after / before for before, after in pairwise(steps)]
    planned = effects["onboarding"]["planned"][1:]
    assert all(abs(a - b) < 0.06 for a, b in zip(went_on, planned, strict=True)), (SEED, went_on)
    control, treatment = (v["converted"] / v["persons"] for v in effects["experiment"]["realised"].values())
    assert treatment - control > 0.08, (SEED, control, treatment)
    means = {
        group: sum(int(score) * n for score, n in scores.items()) / sum(scores.values())
        for group, scores in effects["nps"]["realised"].items()
    }
    assert means["raged"] < means["not_raged"] - 1, (SEED, means)
    first = effects["retention"]["cohorts"]["2026-01-05"]
    assert first[0] > 300
    # people with a device that they never sign in on are several observable persons: fewer come back
    assert all(0.6 * p < n / first[0] <= p for n, p in zip(first[1:], people.RETENTION, strict=False)), (
        SEED,
        first,
    )
