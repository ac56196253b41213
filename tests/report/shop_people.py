"""Who is one person in the made-up shop: the frames of identities that `collect` would give."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

LONG = "https://fernandfinch.example/checkout/thanks?step=3"


def people_frames(last: dt.date) -> dict[str, pd.DataFrame]:
    """Frames of a lake that was filled four weeks before `last` and has had a run a day since then."""
    sizes = [(1, 1204, 1204), (2, 702, 1404), (3, 318, 954), (4, 131, 524), (5, 104, 612), (10, 18, 224)]
    hubs = [
        ("anonymous_id", "kiosk-berlin-01", "user_id", 412),
        ("email", "noreply@fernandfinch.example", "user_id", 187),
        ("anonymous_id", LONG, "user_id", 131),
    ]
    refused = [
        ("hub", "user_id", 730, "2026-02-02 08:12:00"),
        ("unique", "user_id", 41, "2026-02-03 17:40:00"),
        ("shared", "user_id", 37, "2026-02-03 17:52:00"),
        ("limit", "email", 3, "2026-02-19 09:01:00"),
        ("alias", "user_id", 2, "2026-02-11 21:33:00"),
        ("never_join", None, 1, "2026-02-24 12:00:00"),
    ]
    blocked = [
        ("anonymous_id", "null", 31),
        ("user_id", "guest", 18),
        ("anonymous_id", "00000000-0000-0000-0000-000000000000", 14),
        ("email", "", 9),
        ("user_id", "undefined", 5),
        ("user_id", "[object object]", 2),
    ]
    return {
        "person_sizes": pd.DataFrame(
            [*[("own", *row) for row in sizes], ("shared", 1, 9, 9), ("hub", 1, 3, 3)],
            columns=["status", "at_least", "persons", "identifiers"],
        ),
        "hubs": pd.DataFrame(hubs, columns=["id_type", "id_value", "detail", "linked"]),
        "refusals": pd.DataFrame(refused, columns=["reason", "detail", "links", "first_seen"]).assign(
            first_seen=lambda rows: pd.to_datetime(rows["first_seen"])
        ),
        "blocked": pd.DataFrame([{"events": sum(events for _, _, events in blocked)}]),
        "blocked_values": pd.DataFrame(blocked, columns=["id_type", "id_value", "events"]),
        "identity_days": _days(last),
    }


def _days(last: dt.date) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    rows = []
    for back in range(28, -1, -1):
        much = 12 if back == 28 else 1
        counts = {
            "created": much * rng.integers(48, 90),
            "linked": rng.integers(30, 60) * (back < 28),
            "merged": rng.integers(2, 12) * (back < 28),
            "split": rng.integers(0, 4) * (back < 28),
            "renamed": rng.integers(0, 5) * (back < 28),
            "removed": 17 * (back == 9),
        }
        day = last - dt.timedelta(days=back)
        rows += [(day, change, int(count)) for change, count in counts.items() if count]
    return pd.DataFrame(rows, columns=["day", "change", "identifiers"])
