"""The checks that follow from a contract, as data."""

from __future__ import annotations

from trailhouse.contract import Column, Table
from trailhouse.gates.contract_checks import checks_of
from trailhouse.tables import TABLES


def test_a_contract_gives_its_checks_in_the_order_of_its_columns() -> None:
    table = Table(
        "orders",
        "Orders.",
        ("day", "kind"),
        (
            Column("day", "DATE", "Day.", True),
            Column("kind", "STRING", "Kind.", True, values=("a", "b")),
            Column("amount", "INT", "Amount.", low=0),
            Column("note", "STRING", "Nothing is promised."),
        ),
    )
    assert [(check.name, check.sentence) for check in checks_of(table)] == [
        ("grain_is_unique", "No two rows have the same day, kind."),
        ("day_required", "day is never null."),
        ("kind_required", "kind is never null."),
        ("kind_values", "kind is one of a, b."),
        ("amount_range", "amount is at least 0."),
    ]


def test_every_check_of_every_contract_has_its_own_name_and_a_sentence() -> None:
    for table in TABLES.values():
        checks = checks_of(table)
        assert len({check.name for check in checks}) == len(checks), table.name
        assert all(check.sentence.endswith(".") for check in checks), table.name
