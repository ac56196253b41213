"""Cells of pages from batches of whole persons, without Spark."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pyarrow as pa
import pytest

from trailhouse.questions import page_cells
from trailhouse.questions.page_cells import PERSONS, SUMS, Cells

SEED = 4


def test_cells_of_small_batches_add_up_to_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(SEED)
    rows = []
    for unit in range(40):
        for session in range(rng.randint(1, 3)):
            of_session = {
                "unit": unit,
                "person_id": f"p{unit}",
                "session_id": f"s{unit} {session}",
                "device_type": rng.choice(("desktop", "mobile")),
                "channel": rng.choice((None, "Direct")),
                "week": rng.choice(("2026-03-02", "2026-03-09")),
                "is_bounce": rng.random() < 0.5,
                "judged": 1,
            }
            for view in range(rng.randint(1, 4)):
                of_view = of_session | {"view_id": str(view), "is_entry": view == 0, "is_exit": False}
                page = {"page_group": rng.choice("ab"), "dwell_us": rng.randrange(9), "engaged_us": 1}
                rows.append(of_view | page | {"max_scroll_pct": rng.choice((None, 50)), "told": None})
                if rng.random() < 0.3:
                    rows.append({**of_session, "view_id": str(view), "told": rng.choice((1, 2))})
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    types = {"max_scroll_pct": pa.int32(), "told": pa.int32(), "dwell_us": pa.int64()}
    given = pa.table({name: pa.array(column, types.get(name)) for name, column in columns.items()})
    cells = Cells(("rage_click", "dead_click"), 1)

    def added_up() -> tuple[int, Counter[tuple[object, ...]], dict[object, list[int]]]:
        batches = list(cells(given.to_batches(max_chunksize=7)))
        sums: Counter[tuple[object, ...]] = Counter()
        dwells = defaultdict(list)
        for row in pa.Table.from_batches(batches).to_pylist():
            key = tuple(row[name] for name in page_cells.CELL)
            for name in (*SUMS, "rage_click_sessions"):
                sums[*key, name] += row[name]
            for name, by in PERSONS.items():
                sums[*(row[column] for column in by), name] += row[name]
            assert row["dead_click_sessions"] is None, "nobody is judged by it"
            dwells[key] += row["dwells"]
        return len(batches), sums, {key: sorted(values) for key, values in dwells.items()}

    one = added_up()
    monkeypatch.setattr(page_cells, "AT_ONCE", 8)
    many = added_up()
    assert one[0] == 1 < 10 < many[0]
    assert one[1:] == many[1:]
    persons = {(row["page_group"], row["person_id"]) for row in rows if row.get("page_group")}
    assert one[1]["a", "persons_in_all"] == sum(page == "a" for page, _ in persons)
