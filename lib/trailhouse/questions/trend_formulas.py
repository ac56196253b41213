"""Formulas of series as DECIMAL columns: exact up to the last division, null where one is by zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from trailhouse.settings.questions.formulas import Name, Term

VALUE = "DECIMAL(38,9)"
_OPERAND = "DECIMAL(24,9)"
"""Of these a quotient keeps 14 digits; a product with a number of the formula is exact."""


class _Fraction(NamedTuple):
    """A value, not divided yet: so that A / B * 100 keeps its digits. No divisor is zero: it is null then."""

    above: Column
    below: Column | None


def formula_value(term: Term, series: Mapping[str, Column]) -> Column:
    """The formula over columns of type VALUE; null where a series is null or 0 divides, or past 15 digits."""
    return _divided(_fraction(term, series)).try_cast(VALUE)


def _fraction(term: Term, series: Mapping[str, Column]) -> _Fraction:
    if isinstance(term, Decimal):
        return _Fraction(F.lit(term), None)
    if isinstance(term, Name):
        return _Fraction(series[term.name].try_cast(_OPERAND), None)
    left, right = _fraction(term.left, series), _fraction(term.right, series)
    match term.sign:
        case "*":
            return _Fraction(_times(left.above, right.above), _product(left.below, right.below))
        case "/":
            below = F.nullif(right.above, F.lit(0).cast("DECIMAL(1,0)"))
            above = left.above if right.below is None else _times(left.above, right.below)
            return _Fraction(above, _product(left.below, below))
        case "+":
            return _Fraction(F.try_add(_divided(left), _divided(right)), None)
    return _Fraction(F.try_subtract(_divided(left), _divided(right)), None)


def _times(left: Column, right: Column) -> Column:
    return F.try_multiply(left, right).try_cast(_OPERAND)


def _product(left: Column | None, right: Column | None) -> Column | None:
    if left is None or right is None:
        return left if right is None else right
    return _times(left, right)


def _divided(value: _Fraction) -> Column:
    if value.below is None:
        return value.above.try_cast(_OPERAND)
    return F.try_divide(value.above.try_cast(_OPERAND), value.below).try_cast(_OPERAND)
