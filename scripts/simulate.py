"""Simulate a shop's raw events, in Segment's wire format, with the truth beside them.

python scripts/simulate.py --out var/raw --truth var/truth --people 1200 --days 30 --seed 7
"""

from __future__ import annotations

import datetime as dt
import gc
import shutil
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from simulation import truth, wire, world


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the raw files; what it held before is removed.")],
    truth_folder: Annotated[Path, typer.Option("--truth", help="Folder for the truth.")],
    world_name: Annotated[str, typer.Option("--world", help="Which world; there is one: shop.")] = "shop",
    people: Annotated[int, typer.Option(min=50, help="How many people.")] = 1200,
    events: Annotated[int, typer.Option(help="About so many events; overrides --people.")] = 0,
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 30,
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "2026-01-05",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 7,
    split: Annotated[int, typer.Option(min=1, help="Write so many delivery folders instead of one.")] = 1,
) -> None:
    """Simulate a world, write its raw files and its truth."""
    if world_name != "shop":
        raise typer.BadParameter(f"there is no world {world_name!r}; there is: shop", param_hint="--world")
    try:
        first = dt.date.fromisoformat(start)
    except ValueError as error:
        raise typer.BadParameter(f"{start!r} is not a day as YYYY-MM-DD", param_hint="--start") from error
    # Millions of small objects live to the end: looking for garbage among them finds nothing, slowly.
    gc.disable()
    people = world.people_for(events, seed, days, first) if events else people
    simulated = world.build(seed, people, days, first)
    for folder in (out, truth_folder):
        _empty(folder)
    population = simulated.population
    writer = wire.Writer(population.devices, population.idents, simulated.journal, simulated.events)
    files = wire.write(np.random.default_rng([seed, 3]), out, writer, simulated.deliveries, split)
    arguments: dict[str, object] = {
        "world": world_name,
        "people": people,
        "days": days,
        "start": start,
        "seed": seed,
        "split": split,
    }
    truth.write(truth_folder, simulated, files, arguments)
    typer.echo(
        f"{files['lines']:,} lines in {files['files']} files, {len(simulated.events):,} events of "
        f"{people:,} people in {days} days: {out}"
    )


def _empty(folder: Path) -> None:
    """Remove what an earlier simulation left; a folder that holds anything else is refused."""
    if not folder.exists():
        return
    strange = [
        p.name
        for p in folder.iterdir()
        if not p.name.startswith(("dt=", "delivery-"))
        and p.name
        not in {"truth.json", "identifiers.parquet", "events.parquet", "sessions.parquet", "signals.parquet"}
    ]
    if strange:
        typer.echo(f"{folder} holds something that no simulation wrote: {sorted(strange)[0]}", err=True)
        sys.exit(2)
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(simulate)
