"""Connected components behind one function, whichever engine finds them.

1. Nodes are numbers, and links lie in a file: an engine iterates over what cannot change between two
   of its steps.
2. `auto` takes the local engine as long as the links fit the driver, else GraphFrames.
3. The label of a component is its least number, so both engines give the same rows.
4. Each engine checks its result: one row a node, equal labels at both ends of each link.
"""

from __future__ import annotations

import logging
from typing import Protocol

from pyspark.sql import DataFrame

from trailhouse.identity import graphframes_engine, local_engine
from trailhouse.settings import Identity, Settings

log = logging.getLogger(__name__)


class Engine(Protocol):
    """Finds the components of `edges` (a, b: numbers): number, component (its least number).

    Raises IdentityError when its result breaks the post-conditions.
    """

    def __call__(self, edges: DataFrame, scratch: str) -> DataFrame: ...


ENGINES: dict[str, Engine] = {
    "graphframes": graphframes_engine.components,
    "local": local_engine.components,
}


def connected_components(links: DataFrame, settings: Settings, scratch: str) -> DataFrame:
    """The component of every node that a link touches: number, component (the least number in it).

    `links` has BIGINT columns a and b and is read from files (`settled`); direction, repetition and
    loops do not matter. `scratch` is a folder URL to write to, from which the result is read.
    """
    # 1.
    edges = links.select("a", "b")
    # 2.
    count = edges.count()
    if not count:
        return edges.toDF("number", "component")
    return ENGINES[_engine(settings.identity, count)](edges, scratch)


def _engine(identity: Identity, links: int) -> str:
    if identity.engine != "auto":
        log.info("identity engine %s for %d links: identity.engine names it", identity.engine, links)
        return identity.engine
    engine = "local" if links <= identity.local_limit else "graphframes"
    relation = "at most" if engine == "local" else "more than"
    log.info(
        "identity engine %s for %d links: %s identity.local_limit = %d",
        engine,
        links,
        relation,
        identity.local_limit,
    )
    return engine
