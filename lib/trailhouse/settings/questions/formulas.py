"""Formulas of series: numbers, names, + - * / and parentheses, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

LONGEST = 200
DIGITS = 9
"""Of a number, before and behind the point."""

_OPERATORS: dict[type[ast.operator], Literal["+", "-", "*", "/"]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}


@dataclass(frozen=True)
class Name:
    """The value of a series."""

    name: str


@dataclass(frozen=True)
class Operation:
    """Two terms and what is done with them."""

    sign: Literal["+", "-", "*", "/"]
    left: Term
    right: Term


Term = Decimal | Name | Operation


def parsed(formula: str) -> Term:
    """The formula as a tree; ValueError, in words for people, for anything but the small grammar."""
    if len(formula) > LONGEST:
        raise ValueError(f"a formula has at most {LONGEST} characters")
    try:
        tree = ast.parse(formula.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{formula!r} is no formula, such as A / B * 100") from None
    return _term(tree.body)


def names_in(term: Term) -> Iterator[str]:
    """The names of series in it, as often as they stand there."""
    if isinstance(term, Name):
        yield term.name
    elif isinstance(term, Operation):
        yield from names_in(term.left)
        yield from names_in(term.right)


def _term(node: ast.expr) -> Term:
    match node:
        case ast.Name(id=name):
            return Name(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return Operation(_OPERATORS[type(op)], _term(left), _term(right))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _term(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("-", Decimal(0), _term(operand))
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _number(value)
    raise ValueError("a formula has names of series, numbers, + - * / and parentheses, and nothing else")


def _number(value: int | float) -> Decimal:
    number = Decimal(str(value))
    if number.is_finite() and abs(number) < 10**DIGITS and number == round(number, DIGITS):
        return number
    raise ValueError(f"a number in a formula has at most {DIGITS} digits before and behind the point")
