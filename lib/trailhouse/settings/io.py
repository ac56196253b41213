"""Where settings come from, and how what is wrong with them is told: files, overrides, sentences."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from trailhouse.credentials import CREDENTIAL
from trailhouse.errors import SettingsError


def settings_files(path: str | Path | None) -> list[Path]:
    """The named file behind the `base.yaml` beside it, if there is one; SettingsError when it is missing."""
    if path is None:
        return []
    file = Path(path)
    if not file.is_file():
        raise SettingsError(
            f"settings file {file} does not exist; name one with --settings, such as conf/local.yaml"
        )
    base = file.with_name("base.yaml")
    return [base, file] if base.is_file() and base != file else [file]


def check_files(files: Iterable[Path]) -> None:
    """Raises SettingsError for a file that is no YAML mapping, with its name and line."""
    for file in files:
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            problem = error.problem or error.context
            raise SettingsError(f"settings file {file}, line {line}: {problem}") from None
        except (yaml.YAMLError, OSError, ValueError) as error:
            raise SettingsError(f"settings file {file}: {' '.join(str(error).split())}") from None
        if not isinstance(content, Mapping | None):
            kind = type(content).__name__
            raise SettingsError(f"settings file {file} holds a {kind}, not keys with values")


def check_environment(names: Iterable[str], prefix: str, sections: Iterable[str]) -> None:
    """Raises SettingsError for a variable of our prefix that names no section; others would be overlooked."""
    known = set(sections)
    for name in names:
        section = name.lower().removeprefix(prefix.lower()).split("__")[0]
        if name.lower().startswith(prefix.lower()) and section not in known:
            hint = _hint(section, known)
            raise SettingsError(f"environment variable {name}: unknown setting {section}{hint}")


def parse_overrides(pairs: Iterable[str]) -> dict[str, Any]:
    """`key.sub=value` pairs as one nested mapping; values are YAML. SettingsError for any other form."""
    nested: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        # Names of Spark's settings hold dots themselves, and their values are texts.
        inside, conf, name = key.strip().partition("spark.conf.")
        parts = ["spark", "conf", name] if conf and not inside else key.split(".")
        *parents, leaf = (part.strip() for part in parts)
        if not separator or not all((*parents, leaf)):
            raise SettingsError(f"--set {pair!r} is not of the form key=value, such as sessions.timeout=15m")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise SettingsError(f"--set {key}: {parent} was set to a single value before")
        place[leaf] = text if conf and not inside else _value(key, text)
    return nested


def _value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text) if text else ""
    except (yaml.YAMLError, ValueError) as error:  # a day that no calendar has is a plain ValueError
        message = " ".join(str(error).split())
        raise SettingsError(f"--set {key}: the value {text!r} is not YAML: {message}") from None


def sentence(error: Mapping[str, Any], root: type[BaseModel]) -> str:
    """One error of pydantic as words: the key, what was found, and the nearest right spelling."""
    location = tuple(error["loc"])
    key = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        *parents, leaf = location
        siblings = _fields(root, parents)
        near = difflib.get_close_matches(str(leaf), siblings, n=1, cutoff=0.5)
        if near:
            return f"unknown setting {key}, did you mean {'.'.join(map(str, [*parents, near[0]]))}?"
        return f"unknown setting {key}; there are {', '.join(siblings)}"
    if error["type"] == "missing":
        return f"{key} is missing"
    if not location:
        return str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == CREDENTIAL:
        return f"{key}: {error['msg']}"  # without what was found
    found = repr(error.get("input"))
    found = found if len(found) <= 80 else f"{found[:77]}..."
    if error["type"] == "model_type":
        return f"{key} = {found}: this is a section with keys {', '.join(_fields(root, location))}"
    if str(error["type"]).startswith("time_delta"):
        return f"{key} = {found} is no length of time, such as 30m, 24h or 7d"
    return f"{key} = {found}: {str(error['msg']).removeprefix('Value error, ')}"


def _hint(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""


def _fields(root: type[BaseModel], parents: Sequence[str | int]) -> list[str]:
    """The keys allowed at a place; a number or the key of a mapping leads into what the container holds."""
    model: type[BaseModel] | None = root
    for part in parents:
        if model is not None and part in (spelt := _spelt(model)):
            model = _model_in(spelt[str(part)])
    return sorted(_spelt(model)) if model else []


def _spelt(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a section as people write them, and what each holds."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is, or holds, such as in `tuple[Funnel, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
