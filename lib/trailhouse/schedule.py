"""Which stage may begin when: in order, and side by side where none reads what the other writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import takewhile

from trailhouse.run import WATERMARK
from trailhouse.stage import Stage


def needs(stage: Stage, stages: Sequence[Stage]) -> frozenset[str]:
    """Names of those of `stages` that write what `stage` reads or is pinned to, or are barriers before it."""
    tables = {"events" if name == WATERMARK else name for name in stage.reads} | set(stage.pins.values())
    barriers = [other for other in takewhile(lambda other: other is not stage, stages) if other.barrier]
    writers = [other for other in stages if other is not stage and tables & set(other.writes)]
    return frozenset(other.name for other in (*writers, *barriers))


def run_in_order(stages: Sequence[Stage], run: Callable[[Stage], object], at_once: int) -> None:
    """Call `run` for each stage once those it needs have ended, at most `at_once` at a time.

    When one raises, none begins after it, those under way end, and the first error by the order of
    `stages` is raised. A stage that needs a later one is an error of the suite: ValueError.
    """
    _require_order(stages)
    if at_once == 1:
        for stage in stages:
            run(stage)
        return
    waiting, ended = list(stages), set[str]()
    running: dict[Future[object], Stage] = {}
    errors: dict[str, BaseException] = {}
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="stage") as pool:
        while running or (waiting and not errors):
            for stage in [] if errors else list(_ready(waiting, stages, ended)):
                if len(running) < at_once:
                    waiting.remove(stage)
                    running[pool.submit(run, stage)] = stage
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                stage = running.pop(future)
                error = future.exception()
                if error is None:
                    ended.add(stage.name)
                else:
                    errors[stage.name] = error
    for stage in stages:
        if stage.name in errors:
            raise errors[stage.name]


def _ready(waiting: Sequence[Stage], stages: Sequence[Stage], ended: set[str]) -> Iterator[Stage]:
    return (stage for stage in waiting if needs(stage, stages) <= ended)


def _require_order(stages: Sequence[Stage]) -> None:
    for place, stage in enumerate(stages):
        later = needs(stage, stages) & {other.name for other in stages[place:]}
        if later:
            raise ValueError(f"stage {stage.name} comes before {', '.join(sorted(later))}, which it needs")
