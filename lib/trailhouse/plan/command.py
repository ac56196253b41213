"""`python -m trailhouse plan`: drafts a tracking plan from the catalog, or checks one without Spark."""

from __future__ import annotations

from pathlib import Path

from trailhouse.errors import PlanError
from trailhouse.plan.files import read_plan
from trailhouse.plan.infer import as_yaml, drafts
from trailhouse.settings import Settings

DEFAULT = "conf/plan"


def check(folder: str) -> str:
    """A sentence on a sound plan; PlanError with all that is wrong otherwise."""
    events = read_plan(folder)
    errors = sum(event.severity == "error" for event in events.values())
    return f"{folder}: {len(events)} planned events, {errors} of severity error; the files are sound"


def infer(settings: Settings, folder: str, *, force: bool = False) -> list[Path]:
    """Write a draft from the lake's event_catalog, a file a source; gives the files.

    PlanError, with nothing written, when one is there already and `force` is not set.
    """
    from trailhouse.spark import build_session, session_jars
    from trailhouse.storage import Lake

    spark = build_session(settings, "trailhouse-plan", session_jars())
    try:
        rows = Lake(spark, settings.lake.root).read("event_catalog").collect()
    finally:
        spark.stop()
    return write(drafts(row.asDict(recursive=True) for row in rows), folder, force=force)


def write(found: dict[str, dict[str, object]], folder: str, *, force: bool = False) -> list[Path]:
    """Write drafts by the names of their files; all or none."""
    texts = {Path(folder) / f"{name}.yaml": as_yaml(draft) for name, draft in sorted(found.items())}
    there = [str(file) for file in texts if file.exists()]
    if there and not force:
        raise PlanError([f"{', '.join(there)} exists: name another folder with --out, or add --force"])
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PlanError(
            [f"{error.filename} cannot be written ({error.strerror}): name a folder with --out"]
        ) from None
    return list(texts)
