"""What a simulated site is made of: page templates with their elements, and the browsers that visit it.

Boxes are (x, y, width, height) in CSS px from the document's top left; a layout is a way to arrange them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Element:
    """Something on a page that can be clicked; `interactive` says whether it reacts by design."""

    selector: str
    text: str
    tag: str
    box: Box
    href: str = ""
    interactive: bool = True


@dataclass(frozen=True)
class Template:
    """A kind of page: document heights by layout (px), and its elements.

    Element 0 is the one that leads on to the next page.
    """

    name: str
    heights: tuple[int, ...]
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Browser:
    """A user agent with its screen; `layout` by its place in `Site.layouts`; `library` as the tracker names
    itself."""

    user_agent: str
    viewport: tuple[int, int]
    layout: int
    share: float
    library: str = "analytics.js"
    release: str = "2026.1"
    """Version of the app, where the world has but one."""


@dataclass(frozen=True)
class Layout:
    """How a width of screen arranges a page: what becomes of each box, and what people point with."""

    place: Callable[[Box], Box]
    pointer: str = "mouse"


@dataclass(frozen=True)
class Site:
    """All templates of a site, as tables: an element is addressed as element_base[template] + k."""

    host: str
    app: str
    templates: tuple[Template, ...]
    layouts: tuple[Layout, ...]
    template_id: dict[str, int] = field(init=False)
    elements: tuple[Element, ...] = field(init=False)
    element_base: NDArray[np.int32] = field(init=False)
    element_id: dict[tuple[str, str], int] = field(init=False)
    """By template and selector, an index into `elements`."""
    heights: NDArray[np.int32] = field(init=False)
    """[template, layout]"""
    boxes: NDArray[np.int32] = field(init=False)
    """[layout, element, (x, y, width, height)]"""
    click_tails: tuple[tuple[str, ...], ...] = field(init=False)
    """What follows `"x":..,"y":..,` in the properties of a click on an element, by layout."""

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("template_id", {template.name: i for i, template in enumerate(self.templates)})
        put("elements", tuple(e for t in self.templates for e in t.elements))
        sizes = [len(t.elements) for t in self.templates]
        put("element_base", np.cumsum([0, *sizes])[:-1].astype(np.int32))
        ids: dict[tuple[str, str], int] = {}
        for i, (name, e) in enumerate((t.name, e) for t in self.templates for e in t.elements):
            ids.setdefault((name, e.selector), i)
        put("element_id", ids)
        put("heights", np.array([t.heights for t in self.templates], np.int32))
        put(
            "boxes",
            np.array([[one.place(e.box) for e in self.elements] for one in self.layouts], np.int32),
        )
        tails = (
            tuple(self._click_tail(layout, i) for i in range(len(self.elements)))
            for layout in range(len(self.layouts))
        )
        put("click_tails", tuple(tails))

    def _click_tail(self, layout: int, i: int) -> str:
        e = self.elements[i]
        x, y, w, h = (int(v) for v in self.boxes[layout, i])
        fields: dict[str, object] = {"selector": e.selector, "tag": e.tag, "interactive": e.interactive}
        if e.text:
            fields["text"] = e.text
        if e.href:
            fields["href"] = self.host + e.href
        fields["box"] = {"x": x, "y": y, "width": w, "height": h}
        fields["pointer"] = self.layouts[layout].pointer
        return json.dumps(fields, separators=(",", ":"))[1:-1]
