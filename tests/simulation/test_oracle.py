"""The session oracle, on cases small enough to be settled by hand."""

from __future__ import annotations

from scripts.simulation.oracle import OracleEvent, OracleSession, oracle_sessions

MINUTE, HOUR = 60_000_000, 3_600_000_000


def sessions(*events: tuple[str, float, str], timeout_s: float = 1800) -> list[OracleSession]:
    """Sessions of one person's events (id, time in us, name); a name `server:x` is the server's x."""
    return oracle_sessions(
        (
            OracleEvent(i, "p", int(t), name.removeprefix("server:"), name.startswith("server:"))
            for i, t, name in events
        ),
        timeout_s,
    )


def ids(found: list[OracleSession]) -> list[str]:
    return [" ".join(session.event_ids) for session in found]


def test_a_gap_of_exactly_the_timeout_stays_one_session() -> None:
    assert ids(sessions(("a", 0, "page_view"), ("b", 30 * MINUTE, "click"))) == ["a b"]


def test_a_gap_of_a_millisecond_more_than_the_timeout_parts_two_sessions() -> None:
    found = sessions(("a", 0, "page_view"), ("b", 30 * MINUTE + 1000, "click"))
    assert ids(found) == ["a", "b"]
    assert [s.session for s in found] == ["p#1", "p#2"]


def test_keep_alives_bridge_a_gap_and_count_towards_the_end() -> None:
    found = sessions(("a", 0, "page_view"), ("h", 29 * MINUTE, "heartbeat"), ("b", 58 * MINUTE, "click"))
    assert ids(found) == ["a h b"]
    assert (found[0].start, found[0].end) == (0, 58 * MINUTE)


def test_leading_keep_alives_are_in_no_session_and_do_not_move_its_start() -> None:
    found = sessions(("h", 0, "heartbeat"), ("v", MINUTE, "visibility"), ("a", 2 * MINUTE, "page_view"))
    assert ids(found) == ["a"]
    assert found[0].start == 2 * MINUTE


def test_keep_alives_alone_are_no_session() -> None:
    assert sessions(("h", 0, "heartbeat"), ("m", MINUTE, "mouse_move"), ("x", 2 * MINUTE, "mutation")) == []


def test_a_run_is_cut_a_day_after_its_first_starter_and_not_before() -> None:
    beats = [
        (f"h{k}", 20 * MINUTE * k, "heartbeat") for k in range(1, 3 * 24 + 2)
    ]  # 20 min apart, for over 24 h
    found = sessions(("h0", -10 * MINUTE, "heartbeat"), ("a", 0, "page_view"), *beats)
    # h72 falls on 24 h sharp, hence into the second segment, which holds keep-alives only
    assert [s.event_ids[0] for s in found] == ["a", "h72"]
    assert found[0].end == 24 * HOUR - 20 * MINUTE
    assert found[1].event_ids == ["h72", "h73"]


def test_an_uncut_run_is_one_session_however_long() -> None:
    events = [OracleEvent(str(k), "p", 20 * MINUTE * k, "click") for k in range(100)]
    assert len(oracle_sessions(events, max_length_s=None)) == 1
    assert len(oracle_sessions(events)) == 2


def test_a_server_event_joins_until_the_timeout_after_the_end_and_extends_nothing() -> None:
    found = sessions(
        ("a", 0, "page_view"), ("s", 30 * MINUTE, "server:order"), ("late", 30 * MINUTE + 1, "server:refund"),
        ("b", 31 * MINUTE, "click"), ("early", -1, "server:order"),
    )  # fmt: skip
    assert ids(found) == ["a s", "b"]
    assert found[0].end == 0


def test_a_server_event_that_fits_two_sessions_joins_the_later_one() -> None:
    found = sessions(("a", 0, "page_view"), ("b", 31 * MINUTE, "click"), ("s", 31 * MINUTE, "server:order"))
    assert ids(found) == ["a", "b s"]
    cut = [(str(k), 20 * MINUTE * k, "click") for k in range(74)]  # at 24 h begins a second segment
    assert sessions(*cut, ("s", 24 * HOUR, "server:order"))[1].event_ids[-1] == "s"


def test_events_of_others_and_of_nobody_do_not_mix() -> None:
    found = oracle_sessions([
        OracleEvent("b", "q", MINUTE, "click"), OracleEvent("a", "p", 0, "click"),
        OracleEvent("x", None, 0, "click"),
    ])  # fmt: skip
    assert [(s.owner, s.event_ids) for s in found] == [("p", ["a"]), ("q", ["b"])]


def test_the_order_of_arrival_does_not_matter() -> None:
    events = [OracleEvent(str(k), "p", k * 17 * MINUTE % (97 * MINUTE), "click") for k in range(12)]
    assert oracle_sessions(events) == oracle_sessions(reversed(events))
