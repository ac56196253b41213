"""Questions from YAML files: each has the form of the section `questions` of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trailhouse.errors import SettingsError
from trailhouse.settings.io import check_files, sentence
from trailhouse.settings.questions import Questions


def with_files(given: Questions, settings: Sequence[Path]) -> Questions:
    """The section with the questions of all files of the folder, by name of the file.

    A relative `path` is looked for beside the settings first. SettingsError names the file and key of what is
    wrong, or both files of a name that is declared twice.
    """
    folder = _folder(given.path, settings)
    if folder is None:
        return given
    found = {name: list(getattr(given, name)) for name in _kinds() if name in given.model_fields_set}
    where = {one.name: "the settings" for one in given.all if _is_given(given, one)}
    for file in sorted({*folder.glob("*.yaml"), *folder.glob("*.yml")}):
        for name, questions in _read(file):
            own = found.setdefault(name, [])
            for one in questions:
                if one.name in where:
                    other = where[one.name]
                    raise SettingsError(f"{file}: the question {one.name} is declared in {other}, too")
                where[one.name] = str(file)
                own.append(one)
    return given.model_copy(update={name: tuple(questions) for name, questions in found.items()})


def _kinds() -> list[str]:
    return [name for name in Questions.model_fields if name != "path"]


def _is_given(given: Questions, one: Any) -> bool:
    return any(one in getattr(given, name) for name in _kinds() if name in given.model_fields_set)


def _folder(path: str, settings: Sequence[Path]) -> Path | None:
    if not path:
        return None
    beside = [file.parent / path for file in settings]
    folder = next((one for one in (*beside, Path(path)) if one.is_dir()), None)
    if folder is None:
        raise SettingsError(f"questions.path: {path} is no folder, neither beside the settings nor from here")
    return folder


def _read(file: Path) -> list[tuple[str, tuple[Any, ...]]]:
    check_files([file])
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    if "path" in content:
        raise SettingsError(f"{file}: path is a setting, not a question")
    try:
        section = Questions.model_validate(content)
    except ValidationError as error:
        told = "; ".join(sentence(dict(one), Questions) for one in error.errors())
        raise SettingsError(f"{file}: {told}") from None
    return [(name, getattr(section, name)) for name in _kinds() if name in section.model_fields_set]
