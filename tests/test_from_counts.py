"""Figures as columns hold them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trailhouse.from_counts import fitted, rounded

SHARE = pa.decimal128(9, 6)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0000035, "0.000003"),  # the double lies below the tie
        (Decimal("0.0000035"), "0.000004"),
        (Decimal("0.0000045"), "0.000004"),
        (Fraction(1, 640), "0.001562"),
        (np.float64(0.5), "0.500000"),
        (np.int64(7), "7.000000"),
        (999, "999.000000"),
        (-999.5, "-999.500000"),
    ],
)
def test_a_number_is_rounded_half_to_even_to_its_column(value: Any, told: str) -> None:
    assert str(rounded(value, 9, 6)) == told


@pytest.mark.parametrize("value", [None, nan, inf, Decimal("nan"), 1000, -1000.0, 1e300])
def test_what_is_no_number_or_has_no_room_is_null(value: Any) -> None:
    assert rounded(value, 9, 6) is None


def test_a_value_fits_its_type_in_lists_and_structs_too() -> None:
    inside = pa.list_(pa.struct([("name", pa.string()), ("share", SHARE), ("n", pa.int32())]))
    given = [{"name": "a", "share": 1 / 3, "n": 2.5}, {"name": None, "share": nan, "n": np.float64(3.5)}]
    assert fitted(given, inside) == [
        {"name": "a", "share": Decimal("0.333333"), "n": 2},
        {"name": None, "share": None, "n": 4},
    ]
    assert [fitted(nan, kind) for kind in (pa.string(), pa.int64(), SHARE)] == [None] * 3
    assert fitted(Decimal("41.5"), pa.int64()) == 42
