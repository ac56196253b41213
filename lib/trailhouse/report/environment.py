"""What every page is made with: its templates, how values come into them, and what the browser may do."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from trailhouse.report import text


@cache
def environment(package: str) -> Environment:
    """The templates of a package; every value is escaped, and a name that is not given is an error."""
    made = Environment(
        # Reads through the package, so that it works from a zip too.
        loader=FunctionLoader(partial(resource, package)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=text.number,
        percent=text.percent,
        duration=text.duration,
        money=text.money,
        amount=text.amount,
        signed=text.signed,
        day=text.day,
        moment=text.moment,
        embedded=embedded_json,
    )
    made.globals.update(nothing=text.NOTHING, not_collected=text.NOT_COLLECTED)
    return made


def resource(package: str, name: str, folder: str = "templates") -> str:
    """The text of a file that comes with a package."""
    return files(package).joinpath(folder).joinpath(name).read_text(encoding="utf-8")


def embedded_json(value: Any) -> Markup:
    """JSON for a `<script type="application/json">`: nothing in it can end the element or begin a
    comment, and its line separators are harmless in old readers too."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for found, safe in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        written = written.replace(found, safe)
    return Markup(written)


def in_script(script: str) -> str:
    """A script from elsewhere, so that it can stand in a `<script>`."""
    # In a string of a script, <\/ is </ that no HTML parser takes for an end.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def policy(scripts: Sequence[str] = (), *, evaluates: bool = False, fonts: bool = False) -> str:
    """A page's Content-Security-Policy: nothing may be loaded, were an escape ever to fail.

    Of scripts only those given here run, told by their hashes, and none without them; frames within
    inherit it. `evaluates`: they may compile code of their own. `fonts`: the style brings fonts along.
    """
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = [f"'sha256-{digest}'" for digest in hashes] + ["'unsafe-eval'"] * evaluates
    return "; ".join(
        [
            "default-src 'none'",
            *([f"script-src {' '.join(allowed)}"] if scripts else []),
            "style-src 'unsafe-inline'",
            "img-src data:",
            *(["font-src data:"] if fonts else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
