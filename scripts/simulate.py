"""Simulate a world's raw events, in Segment's wire format, with the truth beside them.

python scripts/simulate.py --out var/raw --truth var/truth --people 1200 --days 30 --seed 7
python scripts/simulate.py --world saas --out var/raw-saas --truth var/truth-saas --effect detour_share=none
"""

from __future__ import annotations

import datetime as dt
import gc
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from simulation import truth, wire, world
from simulation.devices import Device, Idents
from simulation.faults import Deliveries
from simulation.journal import Journal
from simulation.rows import Events
from simulation.saas import effects as saas_effects
from simulation.saas import truth as saas_truth
from simulation.saas import world as saas_world

SIZES = {"shop": (1200, 30), "saas": (4000, 120)}
"""People and days of each world, where none are asked for."""
TABLES = ("accounts", "events", "identifiers", "people", "sessions", "signals", "tasks")
"""Of the truth of any world."""

Simulated = tuple[list[Device], Idents, Journal, Events, Deliveries]
Truth = Callable[[Path, dict[str, int], dict[str, object]], None]


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the raw files; what it held before is removed.")],
    truth_folder: Annotated[Path, typer.Option("--truth", help="Folder for the truth.")],
    world_name: Annotated[str, typer.Option("--world", help="Which world: shop or saas.")] = "shop",
    people: Annotated[int, typer.Option(help="How many people; shop: 1200, saas: 4000.")] = 0,
    events: Annotated[int, typer.Option(help="About so many events; overrides --people.")] = 0,
    days: Annotated[int, typer.Option(help="How many days; shop: 30, saas: 120.")] = 0,
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "2026-01-05",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 7,
    split: Annotated[int, typer.Option(min=1, help="Write so many delivery folders instead of one.")] = 1,
    effect: Annotated[
        list[str] | None, typer.Option(help="saas: name=size or name=none; may be repeated.")
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="saas: begins all user and account ids, so that worlds fit in one lake.")
    ] = "",
    null: Annotated[
        bool, typer.Option("--null", help="saas: plant no effect, but those of --effect.")
    ] = False,
) -> None:
    """Simulate a world, write its raw files and its truth."""
    if world_name not in SIZES:
        raise typer.BadParameter(
            f"there is no world {world_name!r}; there are: {', '.join(SIZES)}", param_hint="--world"
        )
    if world_name == "shop" and (effect or null or prefix):
        raise typer.BadParameter("the shop has effects and ids of its own", param_hint="--effect")
    try:
        first = dt.date.fromisoformat(start)
    except ValueError as error:
        raise typer.BadParameter(f"{start!r} is not a day as YYYY-MM-DD", param_hint="--start") from error
    people, days = people or SIZES[world_name][0], days or SIZES[world_name][1]
    # Millions of small objects live to the end: looking for garbage among them finds nothing, slowly.
    gc.disable()
    try:
        if world_name == "saas":
            people, (devices, idents, journal, told, deliveries), write_truth = _saas(
                seed, people, events, days, first, saas_effects.parse(effect or [], null), prefix
            )
        else:
            people, (devices, idents, journal, told, deliveries), write_truth = _shop(
                seed, people, events, days, first
            )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    for folder in (out, truth_folder):
        _empty(folder)
    writer = wire.Writer(devices, idents, journal, told)
    files = wire.write(np.random.default_rng([seed, 3]), out, writer, deliveries, split)
    arguments: dict[str, object] = {
        "world": world_name,
        "people": people,
        "days": days,
        "start": start,
        "seed": seed,
        "split": split,
        **({"prefix": prefix} if world_name == "saas" else {}),
    }
    write_truth(truth_folder, files, arguments)
    typer.echo(
        f"{files['lines']:,} lines in {files['files']} files, {len(told):,} events of "
        f"{people:,} people in {days} days: {out}"
    )


def _shop(seed: int, people: int, events: int, days: int, first: dt.date) -> tuple[int, Simulated, Truth]:
    people = world.people_for(events, seed, days, first) if events else people
    made = world.build(seed, people, days, first)
    population = made.population
    parts = (population.devices, population.idents, made.journal, made.events, made.deliveries)
    return people, parts, lambda folder, files, arguments: truth.write(folder, made, files, arguments)


def _saas(
    seed: int, people: int, events: int, days: int, first: dt.date, effects: saas_effects.Effects, prefix: str
) -> tuple[int, Simulated, Truth]:
    people = saas_world.people_for(events, seed, days, first, effects) if events else people
    made = saas_world.build(seed, people, days, first, effects, prefix)
    cast, told = made.scene.cast, made.assembled
    parts = (cast.devices, cast.idents, told.journal, told.events, made.deliveries)
    return people, parts, lambda folder, files, arguments: saas_truth.write(folder, made, files, arguments)


def _empty(folder: Path) -> None:
    """Remove what an earlier simulation left; a folder that holds anything else is refused."""
    if not folder.exists():
        return
    strange = [
        p.name
        for p in folder.iterdir()
        if not p.name.startswith(("dt=", "delivery-"))
        and p.name not in {"truth.json", *(f"{table}.parquet" for table in TABLES)}
    ]
    if strange:
        typer.echo(f"{folder} holds something that no simulation wrote: {sorted(strange)[0]}", err=True)
        sys.exit(2)
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(simulate)
