"""A window's recording as canonical events: clicks, moves, scrolling, fields, marks of change, pages.

Plain functions of rrweb's events in their order. What they cannot know is left out: a page's height, which
elements listen for clicks, and, before the first full snapshot, which element was clicked.

1. A meta event with another address than the one before is a `page_view`.
2. A click is where rrweb saw it, moved by how far the page was scrolled then; its element is the node of that
   id in the tree that the latest full snapshot and the mutations since give.
3. Of the pointer's places the first of every tenth of a second is a `mouse_move`.
4. A scroll of the page, not of a box on it, is a `scroll`.
5. Inputs in a row into one field are one `form_change`, at the last of them; never what was typed.
6. Of mutations the first of every tenth of a second is a `mutation`, and the first behind a click.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailhouse.replay.rrweb import (
    FULL_SNAPSHOT,
    INCREMENTAL,
    INPUT,
    META,
    MOUSE_INTERACTION,
    MOUSE_MOVE,
    MUTATION,
    SCROLL,
    TOUCH_MOVE,
    VIEWPORT_RESIZE,
    Event,
)
from trailhouse.tables.events import POINTERS

NAMES = ("page_view", "click", "mouse_move", "scroll", "form_change", "mutation")
"""What a recording is decoded into."""
CLICKABLE = ("a", "button", "input", "select", "textarea", "label", "option", "summary")
"""Tags that are made for clicking; of others it is not told whether they listen."""
_CLICK = 2
_POINTERS = ("mouse", "pen", "touch")
"""rrweb's `pointerType` by its number."""
_TENTH_US = 100_000
_STEPS = 4
_TEXT = 100
_DEEPEST = 200


@dataclass(frozen=True)
class Recorded:
    """An rrweb event, the chunk that brought it, its place there, and its time on the tables' clock (us)."""

    chunk: str
    index: int
    at_us: int
    event: Event


@dataclass(frozen=True)
class Decoded:
    """A canonical event; `index` tells those of one chunk apart. Null is what is not told."""

    chunk: str
    index: str
    at_us: int
    name: str
    url: str | None = None
    width: int | None = None
    height: int | None = None
    x: int | None = None
    y: int | None = None
    selector: str | None = None
    text: str | None = None
    tag: str | None = None
    href: str | None = None
    interactive: bool | None = None
    pointer: str | None = None
    offset: int | None = None
    form: str | None = None
    field: str | None = None


@dataclass
class _Node:
    tag: str | None
    attributes: Mapping[str, Any]
    text: str | None
    parent: int | None
    children: list[int] = field(default_factory=list)


@dataclass
class _Page:
    """What is known of the page at a point of the recording."""

    nodes: dict[int, _Node] = field(default_factory=dict)
    root: int | None = None
    url: str | None = None
    width: int | None = None
    height: int | None = None
    left: int = 0
    top: int = 0


def decode(events: Sequence[Recorded]) -> list[Decoded]:
    """The canonical events of one window's recording, whose events are in order."""
    page = _Page()
    found: list[Decoded] = []
    last_move: int | None = None
    last_change: int | None = None
    typed: Decoded | None = None
    typed_in: object = None
    for one in events:
        event = one.event
        data = event.get("data")
        if not isinstance(data, Mapping):
            continue
        kind = event["type"]
        source = data.get("source") if kind == INCREMENTAL else None
        if kind == META:
            found += _opened(page, one, data)
        elif kind == FULL_SNAPSHOT:
            _look(page, data)
        elif source == VIEWPORT_RESIZE:
            page.width, page.height = _size(data.get("width")), _size(data.get("height"))
        elif source == MUTATION:
            _change(page, data)
            if one.at_us // _TENTH_US != last_change:
                last_change = one.at_us // _TENTH_US
                found.append(_decoded(page, one, "mutation"))
        elif source in (MOUSE_MOVE, TOUCH_MOVE):
            for place in _moves(page, one, data, touch=source == TOUCH_MOVE):
                bucket = place.at_us // _TENTH_US
                if bucket != last_move:
                    last_move = bucket
                    found.append(place)
        elif source == MOUSE_INTERACTION and data.get("type") == _CLICK:
            found.append(_click(page, one, data))
            last_change = None  # what comes behind it may be its answer
        elif source == SCROLL and _is_page(page, data.get("id")):
            page.left, page.top = _place(data.get("x")) or 0, max(_place(data.get("y")) or 0, 0)
            found.append(_decoded(page, one, "scroll", offset=page.top))
        elif source == INPUT:
            if typed is not None and data.get("id") != typed_in:
                found.append(typed)
            typed, typed_in = _field(page, one, data), data.get("id")
    if typed is not None:
        found.append(typed)
    return sorted(found, key=lambda each: (each.at_us, each.chunk, each.index))


def _decoded(page: _Page, one: Recorded, name: str, **told: Any) -> Decoded:
    given = {"index": f"{one.index}", "at_us": one.at_us, **told}
    return Decoded(chunk=one.chunk, name=name, url=page.url, width=page.width, height=page.height, **given)


def _opened(page: _Page, one: Recorded, data: Mapping[str, Any]) -> Iterator[Decoded]:
    url = data.get("href")
    page.width, page.height = _size(data.get("width")), _size(data.get("height"))
    if isinstance(url, str) and url and url != page.url:
        page.url, page.left, page.top = url, 0, 0
        yield _decoded(page, one, "page_view")


def _look(page: _Page, data: Mapping[str, Any]) -> None:
    page.nodes.clear()
    node, offset = data.get("node"), data.get("initialOffset")
    if isinstance(node, Mapping):
        page.root = node.get("id")
        _add(page, node, None)
    if isinstance(offset, Mapping):
        page.left, page.top = _place(offset.get("left")) or 0, max(_place(offset.get("top")) or 0, 0)


def _add(page: _Page, node: Mapping[str, Any], parent: int | None, depth: int = 0) -> None:
    """A node and those below it; what is no node of rrweb's is passed over."""
    number = node.get("id")
    if not isinstance(number, int) or depth > _DEEPEST:
        return
    tag, attributes, text = node.get("tagName"), node.get("attributes"), node.get("textContent")
    page.nodes[number] = _Node(
        tag.lower() if isinstance(tag, str) else None,
        dict(attributes) if isinstance(attributes, Mapping) else {},
        text if isinstance(text, str) else None,
        parent,
    )
    if parent is not None and parent in page.nodes:
        page.nodes[parent].children.append(number)
    children = node.get("childNodes")
    for child in children if isinstance(children, list) else ():
        if isinstance(child, Mapping):
            _add(page, child, number, depth + 1)


def _change(page: _Page, data: Mapping[str, Any]) -> None:
    for removed in _objects(data.get("removes")):
        number, parent = removed.get("id"), page.nodes.get(_number(removed.get("parentId")))
        if parent is not None and number in parent.children:
            parent.children.remove(number)
    for added in _objects(data.get("adds")):
        node = added.get("node")
        if isinstance(node, Mapping):
            _add(page, node, added.get("parentId"))
    for changed in _objects(data.get("texts")):
        known = page.nodes.get(_number(changed.get("id")))
        if known is not None and isinstance(changed.get("value"), str):
            known.text = changed["value"]
    for changed in _objects(data.get("attributes")):
        known, given = page.nodes.get(_number(changed.get("id"))), changed.get("attributes")
        if known is not None and isinstance(given, Mapping):
            known.attributes = {**known.attributes, **given}


def _objects(value: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else ()


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1


def _moves(page: _Page, one: Recorded, data: Mapping[str, Any], *, touch: bool) -> Iterator[Decoded]:
    for number, place in enumerate(_objects(data.get("positions"))):
        x, y, offset = _place(place.get("x")), _place(place.get("y")), place.get("timeOffset", 0)
        if x is None or y is None or not _is_finite(offset):
            continue
        yield _decoded(
            page, one, "mouse_move", index=f"{one.index}.{number}", at_us=one.at_us + round(offset * 1000),
            x=x + page.left, y=y + page.top, pointer=POINTERS[1] if touch else POINTERS[0],
        )  # fmt: skip


def _click(page: _Page, one: Recorded, data: Mapping[str, Any]) -> Decoded:
    x, y, kind = _place(data.get("x")), _place(data.get("y")), data.get("pointerType")
    above = list(_above(page, _number(data.get("id"))))
    made = next((node for node in above if node.tag in CLICKABLE), None)
    links = (_named(node, "href") for node in above if node.tag == "a")
    return _decoded(
        page, one, "click",
        x=None if x is None else x + page.left,
        y=None if y is None else y + page.top,
        selector=_selector(above),
        text=_text(page, made or (above[0] if above else None)),
        tag=above[0].tag if above else None,
        href=next((href for href in links if href), None),
        interactive=True if made is not None else None,
        pointer=_POINTERS[kind] if isinstance(kind, int) and 0 <= kind < len(_POINTERS) else None,
    )  # fmt: skip


def _field(page: _Page, one: Recorded, data: Mapping[str, Any]) -> Decoded:
    above = list(_above(page, _number(data.get("id"))))
    around = next((node for node in above if node.tag == "form"), None)
    name = _named(above[0], "name", "id") if above else None
    return _decoded(
        page, one, "form_change", form=_named(around, "id", "name") if around else None, field=name,
        selector=_selector(above), tag=above[0].tag if above else None,
    )  # fmt: skip


def _named(node: _Node, *keys: str) -> str | None:
    values = (node.attributes.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value), None)


def _above(page: _Page, number: int) -> Iterator[_Node]:
    """The element of a node and those around it, inside out."""
    for _ in range(_DEEPEST):
        node = page.nodes.get(number)
        if node is None:
            return
        if node.tag is not None:
            yield node
        if node.parent is None:
            return
        number = node.parent


def _selector(above: Sequence[_Node]) -> str | None:
    """From the nearest element with an id, at most four steps, to the target; classes as they are."""
    steps: list[str] = []
    for node in above[:_STEPS]:
        own = _named(node, "id")
        if own is not None:
            steps.append(f"{node.tag}#{own}")
            break
        classes = _named(node, "class")
        steps.append(".".join([node.tag or "", *(classes.split() if classes else ())]))
    return " > ".join(reversed(steps)) or None


def _text(page: _Page, node: _Node | None) -> str | None:
    """What stands in an element, cut; nothing of fields, in whose texts people type."""
    if node is None or node.tag in ("input", "textarea", "select", "body", "html"):
        return None
    parts: list[str] = []
    left = [page.nodes[child] for child in reversed(node.children) if child in page.nodes]
    while left and sum(map(len, parts)) < _TEXT:
        one = left.pop()
        if one.tag in ("script", "style", "textarea", "select"):
            continue
        if one.text is not None:
            parts.append(one.text)
        left += [page.nodes[child] for child in reversed(one.children) if child in page.nodes]
    return " ".join(" ".join(parts).split())[:_TEXT] or None


def _is_page(page: _Page, number: Any) -> bool:
    # The document itself; rrweb gives it the number 1 where no snapshot tells.
    return bool(number == (page.root if page.root is not None else 1))


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**31


def _place(value: Any) -> int | None:
    return round(value) if _is_finite(value) else None


def _size(value: Any) -> int | None:
    found = _place(value)
    return found if found is not None and found >= 0 else None
