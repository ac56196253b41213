"""Which problems the plan finds in the properties of one event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailhouse.plan.schemas import validator
from trailhouse.plan.validate import Judge, told

PRODUCT = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "price": {"type": ["number", "null"]}},
    "additionalProperties": False,
}
ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["order_id", "products"],
    "properties": {
        "order_id": {"type": "string", "pattern": "^o-"},
        "status": {"enum": ["paid", "open"]},
        "count": {"type": "integer", "minimum": 1},
        "note": {"type": "string"},
        "legacy": False,
        "products": {"type": "array", "items": PRODUCT},
    },
    "additionalProperties": False,
}
GOOD = {"order_id": "o-1", "products": [{"id": "p", "price": 1.5}]}


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, []),
        ({"count": 2.0, "status": "paid"}, []),  # to JSON Schema 2.0 is an integer
        ({"order_id": "x"}, [("order_id", "invalid")]),
        ({"order_id": 1}, [("order_id", "mistyped")]),
        ({"status": "lost", "count": 0}, [("count", "invalid"), ("status", "invalid")]),
        ({"legacy": 1}, [("legacy", "unexpected")]),
        ({"a.b": 1, "x": {"y": 1}}, [("a\\.b", "unexpected"), ("x", "unexpected")]),
        ({"products": [{"id": "p"}, {}, {}]}, [("products[].id", "missing")]),
        (
            {"products": [{"id": 1, "color": "red"}, 3, {"id": "p", "price": "1"}]},
            [
                ("products[]", "mistyped"),
                ("products[].color", "unexpected"),
                ("products[].id", "mistyped"),
                ("products[].price", "mistyped"),
            ],
        ),
    ],
)
def test_each_difference_is_told_by_place_and_kind(given: dict[str, Any], problems: list[Any]) -> None:
    assert sorted(Judge({"order": ORDER}).problems("order", json.dumps({**GOOD, **given}))) == problems


@pytest.mark.parametrize("text", ["nope", "[]", "3", '{"a":1,"a":1}', '{"a":' * 3000 + "1" + "}" * 3000])
def test_properties_that_are_no_json_object_are_unreadable(text: str) -> None:
    assert Judge({"order": ORDER}).problems("order", text) == {("", "unreadable")}


def test_an_event_without_properties_lacks_what_is_required() -> None:
    missing = {("order_id", "missing"), ("products", "missing")}
    assert Judge({"order": ORDER}).problems("order", None) == missing


VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 2, 1.0, 1.5, "", "o-1", "paid", "lost"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
RULES: dict[str, dict[str, Any]] = {
    "order": ORDER,
    "open": {**ORDER, "additionalProperties": {"type": "string"}},
    "bounded": {**ORDER, "additionalProperties": {"maxLength": 1}},
    "whole": {**ORDER, "minProperties": 2},
    "free": {},
}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*ORDER["properties"], "a", "b"]), VALUES, max_size=4), max_size=12
    )
)
def test_what_is_remembered_of_a_shape_is_what_jsonschema_says_of_each_document(
    documents: list[dict[str, Any]],
) -> None:
    judge = Judge(RULES)
    for name, rules in RULES.items():
        for document in documents:
            said = {problem for error in validator(rules).iter_errors(document) for problem in told(error)}
            assert judge.problems(name, json.dumps(document)) == said, (name, document)


def test_documents_of_one_shape_are_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge({"order": ORDER})
    judge.problems("order", json.dumps({**GOOD, "note": "first"}))
    monkeypatch.setattr("trailhouse.plan.validate.told", lambda error: pytest.fail("validated again"))
    products = [{"id": f"p{number}", "price": 2.5} for number in range(5)]
    judge.problems("order", json.dumps({"order_id": "o-1", "note": "second", "products": products}))
