"""An event in words: `told(line)` for a row of `read.lines`. All texts are plain; the page escapes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from trailhouse.report import text

Line = Mapping[str, Any]
Tone = Literal["", "good", "bad", "warn", "voice"]

MOST_DETAILS = 6
LETTERS = 120
"""Characters of one property's value."""


@dataclass(frozen=True)
class Told:
    """What happened: a short `tag`, a sentence, what else is known, and whether it is good news.

    `used` is the property that the sentence tells already.
    """

    tag: str
    text: str
    details: tuple[str, ...] = ()
    tone: Tone = ""
    used: str = ""


def told(line: Line) -> Told:
    """The words for an event that is not folded with others."""
    name = line["event_name"]
    words = WORDS.get(name, _other)(line)
    properties = _properties(line["properties"], words.used)
    return replace(words, details=(*words.details, *properties))


def quiet(lines: list[Line]) -> str:
    """The words for events that come by themselves: `12 mouse moves, 3 heartbeats`."""
    counts: dict[str, int] = {}
    parts = []
    for line in lines:
        counts[line["event_name"]] = counts.get(line["event_name"], 0) + line["count"]
    for name, count in counts.items():
        one, many = QUIET.get(name, (plain_name(name), plain_name(name)))
        part = f"{count:,} {one if count == 1 else many}"
        if name == "scroll" and (reach := max((_reach(line) for line in lines), default=0)):
            part += f" (down to {reach} %)"
        if name == "media_progress":
            part += _position(max((line["media_position"] or 0 for line in lines), default=0))
        parts.append(part)
    return ", ".join(parts)


QUIET = {
    "heartbeat": ("heartbeat", "heartbeats"),
    "mouse_move": ("mouse move", "mouse moves"),
    "mutation": ("change of the page", "changes of the page"),
    "scroll": ("scroll", "scrolls"),
    "visibility": ("change of visibility", "changes of visibility"),
    "media_progress": ("media progress mark", "media progress marks"),
    "web_vital": ("web vital", "web vitals"),
}


def _reach(line: Line) -> int:
    """How far down the page was seen, in percent; 0 where that is not known."""
    height, seen = line["document_height"], line["viewport_height"]
    if line["event_name"] != "scroll" or not height or seen is None or line["scroll_offset"] is None:
        return 0
    return int(min(line["scroll_offset"] + seen, height) * 200 + height) // (2 * int(height))


def plain_name(name: str) -> str:
    """`cart_add` as `cart add`; a name with spaces or capitals stays as its project writes it."""
    return name.replace("_", " ") if name.islower() else name


def clock(seconds: float | None) -> str:
    """A place in a film: 1:05."""
    whole = int(seconds or 0)
    return f"{whole // 60}:{whole % 60:02d}"


def quoted(value: str | None, missing: str = "") -> str:
    """“value”, or what stands for none."""
    return f"“{value}”" if value else missing


def _click(line: Line) -> Told:
    element = line["element"] or {}
    words, selector = element.get("text"), element.get("selector")
    name = quoted(words) or selector or element.get("tag") or "the page"
    details = [selector] if words and selector else []
    if href := element.get("href"):
        details.append(f"link to {href}")
    if element.get("x") is not None and element.get("y") is not None:
        details.append(f"at {element['x']:,}, {element['y']:,} px")
    if element.get("interactive") is False:
        details.append("not a control")
    return Told("click", f"Clicked {name}", tuple(details))


def _form(verb: str, tone: Tone = "") -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        form = line["form"] or {}
        name = f" {form['id']}" if form.get("id") else ""
        field = (f"field {form['field']}",) if form.get("field") else ()
        return Told("form", f"{verb} the form{name}", field, tone)

    return words


def _media(verb: str, tone: Tone = "") -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        media = line["media"] or {}
        name = quoted(media.get("title")) or media.get("id") or "media"
        return Told(
            "media", f"{verb} {name}{_position(media.get('position'), media.get('length'))}", (), tone
        )

    return words


def _position(position: float | None, length: float | None = None) -> str:
    if position is None:
        return ""
    return f" at {clock(position)}" + (f" of {clock(length)}" if length else "")


def _search(line: Line) -> Told:
    search = line["search"] or {}
    results = search.get("results")
    details = [] if results is None else [f"{results:,} result{'s'[: results != 1]}"]
    if search.get("rank") is not None:
        details.append(f"took number {search['rank']}")
    tone: Tone = "warn" if results == 0 else ""
    return Told("search", f"Searched for {quoted(search.get('term'), 'nothing')}", tuple(details), tone)


def _error(line: Line) -> Told:
    known = _json(line["properties"]) or {}
    key = next((key for key in ("message", "error", "name", "code") if known.get(key)), "")
    return Told("error", f"Error: {_scalar(known[key])}" if key else "Error", (), "bad", key)


def _survey(verb: str, tone: Tone = "") -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        survey = line["survey"] or {}
        kind, name = survey.get("kind"), survey.get("id")
        what = (kind.upper() if len(kind) <= 4 else kind) if kind else "a survey"
        score = f": {survey['score']}" if survey.get("score") is not None else ""
        answer = f" {quoted(survey.get('answer'))}" if survey.get("answer") else ""
        details = (f"survey {name}",) if name else ()
        return Told("survey", f"{verb} {what}{score}{answer}", details, tone)

    return words


def _feedback(line: Line) -> Told:
    survey = line["survey"] or {}
    score = f" {survey['score']}" if survey.get("score") is not None else ""
    answer = f": {quoted(survey.get('answer'))}" if survey.get("answer") else ""
    return Told("feedback", f"Gave feedback{score}{answer}", (), "voice")


def _money(tag: str, verb: str, tone: Tone = "") -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        value = (text.money(line["value"], line["currency"]),) if line["value"] is not None else ()
        return Told(tag, verb, value, tone)

    return words


def _product(verb: str, rest: str = "", tone: Tone = "") -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        name = (_json(line["properties"]) or {}).get("name")
        value = (text.money(line["value"], line["currency"]),) if line["value"] is not None else ()
        product = quoted(_scalar(name)) if name else "a product"
        return Told("shop", f"{verb} {product}{rest}", value, tone, "name" if name else "")

    return words


def _experiment(line: Line) -> Told:
    seen = [f"{one['name'] or 'an experiment'}: {one['variant'] or '?'}" for one in line["experiments"] or ()]
    return Told("test", f"Saw experiment {', '.join(seen)}" if seen else "Saw an experiment")


def _account(verb: str) -> Callable[[Line], Told]:
    def words(line: Line) -> Told:
        traits = tuple(_properties(line["traits"]))
        as_user = f" as {line['user_id']}" if line["user_id"] else ""
        return Told("account", f"{verb}{as_user}", traits)

    return words


def _view(line: Line) -> Told:
    return Told("page", f"Page shown again{': ' + line['page_path'] if line['page_path'] else ''}")


def _other(line: Line) -> Told:
    value = (text.money(line["value"], line["currency"]),) if line["value"] is not None else ()
    return Told("event", plain_name(line["event_name"]), value)


WORDS: Mapping[str, Callable[[Line], Told]] = {
    "click": _click,
    "page_view": _view,
    "screen_view": _view,
    "form_start": _form("Began"),
    "form_change": _form("Filled in"),
    "form_submit": _form("Sent", "good"),
    "form_abandon": _form("Left", "warn"),
    "media_play": _media("Played"),
    "media_pause": _media("Paused"),
    "media_complete": _media("Played to its end", "good"),
    "search": _search,
    "error": _error,
    "survey_shown": _survey("Was shown"),
    "survey_response": _survey("Answered", "voice"),
    "survey_dismissed": _survey("Dismissed"),
    "feedback": _feedback,
    "support_ticket": _money("feedback", "Wrote to support", "voice"),
    "product_view": _product("Looked at"),
    "cart_add": _product("Put", " into the cart"),
    "cart_remove": _product("Took", " out of the cart", "warn"),
    "checkout": _money("shop", "Began to check out"),
    "order": _money("order", "Ordered", "good"),
    "refund": _money("order", "Was refunded", "warn"),
    "trial_start": _money("plan", "Began a trial", "good"),
    "trial_end": _money("plan", "Trial ended"),
    "subscription_start": _money("plan", "Subscribed", "good"),
    "subscription_change": _money("plan", "Changed the subscription"),
    "subscription_cancel": _money("plan", "Cancelled the subscription", "bad"),
    "login": _account("Logged in"),
    "logout": _account("Logged out"),
    "identify": _account("Was identified"),
    "alias": _account("Got another name"),
    "group": _account("Joined a company"),
    "experiment_exposure": _experiment,
}
"""By event name its words; any other event is told by its name and its properties."""


def _json(written: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(written) if written else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _properties(written: str | None, used: str = "") -> list[str]:
    """The first properties as `name: value`; JSON that was cut short as it begins."""
    known = _json(written)
    if known is None:
        return [text.short(written, LETTERS)] if written and written not in ("{}", "null") else []
    told = {key: value for key, value in known.items() if value is not None and key != used}
    shown = [f"{text.short(key, 40)}: {_scalar(value)}" for key, value in told.items()]
    more = len(shown) - MOST_DETAILS
    return shown if more <= 0 else [*shown[:MOST_DETAILS], f"{more} more"]


def _scalar(value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.short(written, LETTERS, "(empty)")
