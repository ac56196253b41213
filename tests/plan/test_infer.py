"""The draft of a plan from rows of the catalog."""

from __future__ import annotations

from typing import Any

import yaml

from trailhouse.plan.infer import as_yaml, drafts


def row(path: str, filled: int, *types: tuple[str, int], **further: Any) -> dict[str, Any]:
    """A row of the catalog of an event `order` that happened four times."""
    return {
        "event_name": "order",
        "source": "segment",
        "kind": "property" if path else "event",
        "path": path,
        "filled": filled,
        "types": [{"type": kind, "rows": rows} for kind, rows in types],
        "formats": [],
        "left_out": None if path else 0,
        **further,
    }


def schema(*rows: dict[str, Any]) -> dict[str, Any]:
    """The drafted schema of the event."""
    found: dict[str, Any] = drafts(rows)["segment"]["events"]["order"]["schema"]
    return found


def test_what_all_events_have_is_required_and_what_none_has_is_not_allowed() -> None:
    assert schema(
        row("", 4, ("object", 4)),
        row("id", 4, ("string", 4)),
        row("total", 3, ("integer", 1), ("number", 2), ("null", 1)),
        row("at", 2, ("string", 2), formats=[{"type": "date-time", "rows": 2}]),
    ) == {
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "id": {"type": "string"},
            "total": {"type": ["null", "number"]},
        },
        "required": ["id"],
        "additionalProperties": False,
    }


def test_an_event_that_once_came_without_properties_requires_none() -> None:
    assert "required" not in schema(row("", 3, ("object", 3), ("null", 1)), row("id", 3, ("string", 3)))


def test_what_is_inside_of_an_object_is_required_by_the_object_and_in_an_array_not_at_all() -> None:
    found = schema(
        row("", 4, ("object", 4)),
        row("cart", 2, ("object", 2)),
        row("cart.id", 2, ("string", 2)),
        row("products", 4, ("array", 4)),
        row("products[]", 4, ("object", 4)),
        row("products[].price", 4, ("number", 4)),
        row("deep", 1, ("object", 1)),
    )["properties"]
    inner = {"id": {"type": "string"}}
    assert found["cart"] == {
        "type": "object",
        "properties": inner,
        "required": ["id"],
        "additionalProperties": False,
    }
    # In one of an event's four products a price may be missing: the catalog counts events.
    assert found["products"]["items"] == {
        "type": "object",
        "properties": {"price": {"type": "number"}},
        "additionalProperties": False,
    }
    assert found["deep"] == {"type": "object"}


def test_where_the_catalog_left_places_out_others_are_allowed() -> None:
    left_out = schema(
        row("", 4, ("object", 4), left_out=1), row("a", 4, ("object", 4)), row("a.b", 4, ("null", 4))
    )
    assert "additionalProperties" not in left_out
    assert "additionalProperties" not in left_out["properties"]["a"]
    cut = schema(row("", 4, ("object", 4)), row("x" * 160 + "…" + "0" * 16, 1, ("string", 1)))
    assert cut == {"type": "object"}


def test_an_event_of_two_sources_is_drafted_once_and_survives_yaml() -> None:
    other = {"source": "posthog", "event_name": "on"}
    rows = [
        row("", 4, ("object", 4), event_name="on"),
        row("id", 4, ("string", 4), event_name="on"),
        row("", 1, ("object", 1), **other),
        row("", 4, ("null", 4)),
    ]
    found = drafts(rows)
    assert {name: list(draft["events"]) for name, draft in found.items()} == {
        "several_sources": ["on"],
        "segment": ["order"],
    }
    assert "required" not in found["several_sources"]["events"]["on"]["schema"]
    assert all(yaml.safe_load(as_yaml(draft)) == draft for draft in found.values())
