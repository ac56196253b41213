"""A question on one line, as a typed question: `funnel /pricing > signup > order by device within 7d`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput
from pydantic import ValidationError

from trailhouse.errors import SettingsError
from trailhouse.settings import Question
from trailhouse.settings.io import sentence

_OPERATORS = {
    "=": "is",
    "!=": "is_not",
    ">": "above",
    ">=": "at_least",
    "<": "below",
    "<=": "at_most",
    "~": "contains",
    "!~": "not_contains",
}
_SAID = {
    "window": "within",
    "interval": "every",
    "periods": "for",
    "preset": "like",
    "breakdowns": "by",
    "unit": "per",
    "segment": "in",
    "metrics": "on",
    "from_day": "from",
    "to_day": "to",
    "where": "where",
}
"""Key of a question -> the word that begins its clause."""
_TOKENS = {
    "KIND": "a kind of question",
    "WORD": "a name",
    "STRING": 'a "quoted name"',
    "PATH": "a /path",
    "STAR": "*",
    "FIELD": "a field",
    "OPERATOR": "one of " + " ".join(_OPERATORS),
    "DURATION": "a length of time such as 7d",
    "INT": "a number",
    "NUMBER": "a number",
    "DAY": "a day such as 2026-03-02",
    "OPTION": "an option such as order: strict",
    "COMMA": ",",
    "LSQB": "[",
    "RSQB": "]",
    "MORETHAN": ">",
    "VBAR": "|",
    "$END": "the end",
}


def parse(text: str, kinds: Mapping[str, type[Question]]) -> Question:
    """The question that the text asks; `kinds` are the models by their kind's word.

    SettingsError says what was found at which place, what is allowed there, and the nearest right spelling.
    """
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    if word not in kinds:
        near = difflib.get_close_matches(word, kinds, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(kinds))}"
        raise SettingsError(f"no kind of question {word!r}; {hint}")
    model = kinds[word]
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise SettingsError(_told(text, error)) from None
    given = _placed(model, _Parts().transform(tree))
    try:
        return model.model_validate({"name": " ".join(text.split())[:100], **given})
    except ValidationError as error:
        told = "; ".join(_as_said(sentence(dict(one), model), model) for one in error.errors())
        raise SettingsError(f"{text.strip()}: {told}") from None


@cache
def _grammar() -> Lark:
    source = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(source, start="question", parser="lalr", maybe_placeholders=False)


class _Parts(Transformer[Token, Any]):
    """The tree as (steps, [(key, value), ...])."""

    def question(self, parts: Sequence[Any]) -> tuple[list[Any], list[tuple[str, Any]]]:
        _, *rest = parts
        steps = next((part for part in rest if isinstance(part, list)), [])
        return steps, [part for part in rest if isinstance(part, tuple)]

    def steps(self, parts: Sequence[Any]) -> list[Any]:
        return list(parts)

    def step(self, parts: Sequence[Any]) -> Any:
        names = [part for part in parts if isinstance(part, str)]
        more = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
        if len(names) == 1 and not more:
            return names[0]
        if len(names) > 1:
            return {"any_of": names, **more}
        # A path stands for views of it: the text's own meaning, with the conditions beside it.
        return {"any_of": [names[0]], **({"name": names[0]} if "name" not in more else {}), **more}

    def filters(self, parts: Sequence[Any]) -> dict[str, Any]:
        return {"where": list(parts)}

    def called(self, parts: Sequence[Any]) -> dict[str, Any]:
        return {"name": parts[0]}

    def compared(self, parts: Sequence[Any]) -> dict[str, Any]:
        field, operator, *values = parts
        return {
            "field": str(field),
            "op": _OPERATORS[operator],
            "value": values[0] if len(values) == 1 else values,
        }

    def is_set(self, parts: Sequence[Any]) -> dict[str, Any]:
        return {"field": str(parts[0]), "op": "is_set"}

    def is_not_set(self, parts: Sequence[Any]) -> dict[str, Any]:
        return {"field": str(parts[0]), "op": "is_not_set"}

    def name(self, parts: Sequence[Any]) -> str:
        return str(parts[0])

    def text(self, parts: Sequence[Any]) -> str:
        token = parts[0]
        return str(token)[1:-1] if token.type == "STRING" else str(token)

    def value(self, parts: Sequence[Any]) -> Any:
        part = parts[0]
        if isinstance(part, Token) and part.type in ("INT", "NUMBER"):
            return int(part) if part.type == "INT" else Decimal(str(part))
        return {"true": True, "false": False}.get(str(part), str(part))

    def by(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "breakdowns", [str(part) for part in parts]

    def within(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "window", str(parts[0])

    def where(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "where", list(parts)

    def in_segment(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "segment", parts[0]

    def on(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "metrics", [{"name": _label(step), "event": step} for step in parts]

    def from_day(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "from_day", str(parts[0])

    def to_day(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "to_day", str(parts[0])

    def per(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "unit", parts[0]

    def every(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "interval", parts[0]

    def for_periods(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "periods", int(parts[0])

    def preset(self, parts: Sequence[Any]) -> tuple[str, Any]:
        return "preset", parts[0]

    def option(self, parts: Sequence[Any]) -> tuple[str, Any]:
        key, value = parts
        return str(key)[:-1], yaml.safe_load(value) if isinstance(value, str) else value


def _placed(model: type[Question], parts: tuple[list[Any], list[tuple[str, Any]]]) -> dict[str, Any]:
    """What the model is to be made of: its steps where it takes them, and the clauses."""
    steps, clauses = parts
    given: dict[str, Any] = {}
    said = _said(model)
    for clause, value in clauses:
        key = model.clauses.get(clause, clause)
        if key in given:
            raise SettingsError(f"{said.get(key, key)} is said twice")
        if key not in model.model_fields:
            allowed = [said.get(one, f"{one}:") for one in model.model_fields if one not in model.positional]
            known = [] if clause in _SAID else [*allowed, *(f"{one}:" for one in model.clauses.values())]
            near = difflib.get_close_matches(f"{key}:", known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(sorted(allowed))}"
            raise SettingsError(f"a question of kind {model.kind} takes no {said.get(key, key)}; {hint}")
        given[key] = value
    places = model.positional
    if places[-1:] == ("steps",):
        return given | {"steps": steps}
    if len(steps) > len(places):
        takes = f"at most {len(places)} ({', '.join(places)})" if places else "no events"
        raise SettingsError(f"a question of kind {model.kind} takes {takes}, not {len(steps)}")
    return given | {at: step for at, step in zip(places, steps, strict=False) if step != model.nothing}


def _label(step: Any) -> str:
    return step if isinstance(step, str) else step.get("name") or " or ".join(step["any_of"])


def _said(model: type[Question]) -> dict[str, str]:
    """Key of the model -> the word that begins its clause."""
    return _SAID | {key: _SAID[clause] for clause, key in model.clauses.items()}


def _as_said(told: str, model: type[Question]) -> str:
    key, _, rest = told.partition(" ")
    return f"{_said(model)[key]} {rest}" if key in _said(model) else told


def _told(text: str, error: UnexpectedInput) -> str:
    """Where it stops to make sense, and what could stand there."""
    at = len(text) if error.pos_in_stream is None else error.pos_in_stream
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        at = len(text)
    found = text[at:].split(maxsplit=1)[0] if text[at:].strip() else ""
    allowed = set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or ())
    expected = set(getattr(error, "expected", None) or ()) | allowed
    words = sorted(
        {_TOKENS.get(one, one.lower().strip("_")) for one in expected if not one.startswith("__ANON")}
    )
    near = difflib.get_close_matches(found, words, n=1, cutoff=0.6) if found else []
    hint = f"did you mean {near[0]}? " if near else ""
    where = f"at {at + 1} ({found})" if found else "at the end"
    return f"{text.strip()}: not understood {where}; {hint}here could stand {', '.join(words)}"
