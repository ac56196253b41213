"""The steps of an events run, and runs that end at one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.ingest.raw import World
from trailhouse.contract import Table
from trailhouse.ingest import batch, origins, stream
from trailhouse.ledger import Records
from trailhouse.storage import Lake


@dataclass(frozen=True)
class Step:
    """A step of a run: the function `attribute` of `owner`, called with arguments of which `when` is true."""

    name: str
    owner: Any
    attribute: str
    when: Callable[..., bool] = lambda *_, **__: True


@dataclass(frozen=True)
class Crash:
    """The end of a run before or after a step; a `dead` process writes no ledger on its way out."""

    step: Step
    after: bool = False
    dead: bool = False

    def __str__(self) -> str:
        return f"{'dead' if self.dead else 'error'} {'after' if self.after else 'before'} {self.step.name}"


def _clears(folder: str) -> Callable[..., bool]:
    return lambda _, *folders: folders == (folder,)


def _appends(name: str) -> Callable[..., bool]:
    def appends(_: Lake, table: Table, __: object) -> bool:
        return table.name == name

    return appends


READ = Step("files are read", batch, "read_batch")
QUARANTINE_STAGED = Step("bad records are staged", batch, "_quarantine")
WEIGHED = Step("rows are weighed and staged", batch, "weigh")
GATE = Step("the gate", batch, "judge")
BATCH = Step("the batch is announced", batch, "announce_batch")
ANNOUNCED = Step("origins are announced", batch, "announce")
EVENTS = Step("the commit of events", batch, "publish_events")
ORIGINS = Step("the commit of origins", batch, "publish_origins")
LABEL = Step("the label of origins goes", Lake, "clear", _clears(origins._LABEL))
QUARANTINE = Step("the commit of quarantine", batch, "publish_quarantine")
RAW_FILES = Step("the commit of raw_files", batch, "record")
DONE = Step("the label of the batch goes", batch, "batch_is_done")
TOLD = Step("unreadable files are told", batch, "tell_unreadable")
CLEARED = Step("staging is cleared", Lake, "clear", _clears("_staging/events"))
CHECKPOINT = Step("the stream's own commit", stream, "_drain")
LEDGER = Step("the commit of the ledger", Lake, "append", _appends("ledger"))
GATES = Step("the commit of gate results", Lake, "append", _appends("gate_results"))
LEDGER_RESTORED = Step("the ledger of a dead run is restored", stream, "restore_ledger")
ORIGINS_RESTORED = Step("the origins of a dead run are restored", stream, "restore_origins")

STEPS = (
    LEDGER_RESTORED,
    ORIGINS_RESTORED,
    READ,
    QUARANTINE_STAGED,
    WEIGHED,
    GATE,
    BATCH,
    ANNOUNCED,
    EVENTS,
    ORIGINS,
    LABEL,
    QUARANTINE,
    RAW_FILES,
    DONE,
    TOLD,
    CLEARED,
    CHECKPOINT,
    LEDGER,
    GATES,
)
"""All steps in their order; between two of them nothing is written."""


class PowerCut(Exception):
    """What ends a run here."""


@contextmanager
def _ending(crash: Crash) -> Iterator[None]:
    real = getattr(crash.step.owner, crash.step.attribute)

    def broken(*arguments: Any, **named: Any) -> Any:
        here = crash.step.when(*arguments, **named)
        if here and not crash.after:
            raise PowerCut(str(crash))
        result = real(*arguments, **named)
        if here:
            raise PowerCut(str(crash))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crash.step.owner, crash.step.attribute, broken)
        if crash.step is ORIGINS:
            patch.setattr(origins, crash.step.attribute, broken)
        if crash.dead:
            patch.setattr(Records, "flush", lambda self, lake: None)
        yield


def end(world: World, crash: Crash) -> None:
    """A run that ends so; fails when it comes to its end."""
    with _ending(crash), pytest.raises(PowerCut, match=crash.step.name):
        world.run()
