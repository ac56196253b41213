"""Settings of feedback: scales, themes, where tickets are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from trailhouse.errors import SettingsError
from trailhouse.settings.section import Place, Section


class Feedback(Section):
    codebook: Place = Field(
        "",
        description="YAML file of themes and their words, looked for beside the settings files; empty: none",
    )
    themes: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="theme -> words and phrases; read from the codebook, or given here"
    )
    rating_min: int = Field(1, ge=-1_000, description="least rating that people can give")
    rating_max: int = Field(5, le=10_000, description="greatest rating")
    discover_from: int = Field(
        50, ge=10, description="texts of a survey from which on themes are looked for in them"
    )
    discovered: int = Field(8, ge=2, le=50, description="themes to look for, at most")
    ticket_pages: tuple[str, ...] = Field(
        (), description="page groups where tickets are written: never the page before a ticket"
    )

    @model_validator(mode="after")
    def _sound(self) -> Feedback:
        if self.rating_min >= self.rating_max:
            raise ValueError(f"rating_min {self.rating_min} is not below rating_max {self.rating_max}")
        if "all" in self.themes:
            raise ValueError("a theme cannot be named all, which stands for every text")
        for theme, words in self.themes.items():
            blank = [word for word in words if not word.strip(" *")]
            if not words or blank:
                raise ValueError(f"theme {theme} needs words or phrases, each with a letter in it")
        return self


def with_codebook(feedback: Feedback, files: Sequence[Path]) -> Feedback:
    """The settings with the themes of their codebook; a relative path lies beside one of `files`, or here.

    SettingsError, with file, theme, what was found and what to do, for one that cannot be read.
    """
    if not feedback.codebook:
        return feedback
    if feedback.themes:
        raise SettingsError("feedback.themes and feedback.codebook are both given: leave one of them empty")
    named = Path(feedback.codebook)
    places = [named] if named.is_absolute() else [*(file.parent / named for file in files), named]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = ", ".join(dict.fromkeys(map(str, places)))
        raise SettingsError(f"feedback.codebook {named} does not exist: looked for {looked}")
    return _checked(feedback, _themes(found), found)


def _checked(feedback: Feedback, themes: dict[str, tuple[str, ...]], file: Path) -> Feedback:
    try:
        return Feedback.model_validate({**feedback.model_dump(), "themes": themes})
    except ValueError as error:
        told = str(error).split("Value error, ")[-1].split(" [type=")[0]
        raise SettingsError(f"codebook {file}: {told}") from None


def _themes(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        told = f"{error.problem or error.context}: write YAML"
        raise SettingsError(f"codebook {file}, line {line}: {told}") from None
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise SettingsError(f"codebook {file}: {' '.join(str(error).split())}: write YAML in UTF-8") from None
    if not isinstance(content, dict) or set(content) != {"themes"} or not isinstance(content["themes"], dict):
        raise SettingsError(f"codebook {file}: it must hold one key, themes, with lists of words by theme")
    for theme, words in content["themes"].items():
        if not isinstance(theme, str):
            raise SettingsError(f"codebook {file}, theme {theme!r}: its name is no text: put it in quotes")
        found = words if isinstance(words, list) and words else [words]
        strange = [word for word in found if not isinstance(word, str)]
        if strange or not isinstance(words, list):
            raise SettingsError(
                f"codebook {file}, theme {theme}: found {(strange or found)[0]!r} where a list of words and "
                "phrases belongs; put numbers, yes and no in quotes"
            )
    return {theme: tuple(words) for theme, words in content["themes"].items()}
