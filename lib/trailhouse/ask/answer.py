"""Answers from a lake: the same functions that the stages run, for a question that is asked just now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from trailhouse.ask.parse import parse
from trailhouse.errors import StorageError
from trailhouse.questions.asked import Asked
from trailhouse.questions.kinds import Kind
from trailhouse.questions.predictions import predict_all
from trailhouse.questions.registry import KINDS
from trailhouse.run import WATERMARK, watermark
from trailhouse.segments.lists import members_of
from trailhouse.settings import Prediction, Project, Question, Settings, load_settings
from trailhouse.settings.profiles import require_of_accounts
from trailhouse.storage import Lake
from trailhouse.tables import TABLES

MODELS: Mapping[str, type[Question]] = {kind.model.kind: kind.model for kind in KINDS} | {
    "predict": Prediction
}
"""The word that a question begins with -> its model."""


def ask(
    question: Question | str,
    lake: str | Lake,
    *,
    spark: SparkSession | None = None,
    project: Project | None = None,
    settings: Settings | None = None,
) -> DataFrame:
    """The answer, as rows of its kind's table (docs/tables.md); a text is parsed as on the terminal.

    `lake` is the folder or URL of one; `spark` defaults to the active session, else a local one is started;
    `settings` (of `load_settings`) say time zone, start of the week and which traits are computed; `project`
    stands for theirs. A prediction is fitted at once. SettingsError for a wrong text, StorageError for a lake
    that has not what the question needs.
    """
    asked_for = parse(question, MODELS) if isinstance(question, str) else question
    settings = settings or Settings.model_construct()
    project = project or settings.project
    require_of_accounts([asked_for], settings.profiles)
    if not isinstance(lake, Lake):
        lake = Lake(spark or session(), lake)
    if isinstance(asked_for, Prediction):
        return predicted(asked_for, lake, settings.model_copy(update={"project": project}))[0]
    kind = kind_of(asked_for)
    require_segment(asked_for, lake)
    answer = kind.answer(asked_for, Asked(LakeFrames(lake), project, settings.profiles))
    return TABLES[kind.table].select(answer)


def predicted(question: Prediction, lake: Lake, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """Rows of `predictions` for a question that is asked just now, and the row of `prediction_quality`."""
    require_segment(question, lake)
    found = predict_all([question], LakeFrames(lake), settings, lambda profiles: profiles.localCheckpoint())
    names = ("predictions", "prediction_quality")
    scores, quality = (TABLES[name].select(frame) for name, frame in zip(names, found, strict=True))
    return scores, quality


def require_segment(question: Question, lake: Lake) -> None:
    """Raises SettingsError for a segment that the lake does not know: nobody would be in it."""
    if question.segment is not None:
        members_of(lake, question.segment)


def kind_of(question: Question) -> Kind:
    """The kind of a question; TypeError for a model that is no kind's."""
    for kind in KINDS:
        if type(question) is kind.model:
            return kind
    raise TypeError(f"{type(question).__name__} is no kind of question: there are {', '.join(MODELS)}")


def declared(settings: Settings, name: str) -> Question | None:
    """The question of this name in the settings."""
    return next((one for one in settings.questions.all if one.name == name), None)


class LakeFrames(Mapping[str, DataFrame]):
    """The lake's tables, each read when a question asks for it."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __getitem__(self, name: str) -> DataFrame:
        if name == WATERMARK:
            return watermark(self["events"])
        if not self._lake.exists(name):
            raise StorageError(
                f"lake {self._lake.root} has no table {name}, which the question needs: run the jobs"
            )
        return self._lake.read(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The table, or what stands for one that the lake does not have."""
        return self[name] if name == WATERMARK or self._lake.exists(name) else default

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(name for name in TABLES if self._lake.exists(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def session() -> SparkSession:
    """The active session, else a local one."""
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    from trailhouse.spark import build_session, session_jars

    return build_session(load_settings(), "trailhouse-ask", session_jars())
