"""Both engines against networkx and published answers, all graphs in one run by a prefix."""

from __future__ import annotations

import random
from pathlib import Path

import networkx as nx
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from trailhouse.errors import IdentityError
from trailhouse.identity import components
from trailhouse.identity.components import connected_components
from trailhouse.settings import Settings

SEED = 20240301
LDBC = Path(__file__).resolve().parents[3] / "shared" / "data" / "ldbc_wcc" / "wcc"
LDBC_GRAPHS = ("dir", "undir")


def _graphs() -> dict[str, nx.Graph]:
    graphs = {
        # A path of a few hundred is where an engine without path doubling would never end.
        "path": nx.path_graph(300),
        "star": nx.star_graph(80),
        "grid": nx.grid_2d_graph(9, 11),
        "ring": nx.cycle_graph(33),
        "loops": nx.Graph([("x", "x"), ("y", "y"), ("y", "z")]),
    }
    for number in range(30):
        # Around 1/n the components are of all sizes.
        graphs[f"random{number}"] = nx.gnp_random_graph(40, 0.5 * (1 + number % 4) / 40, seed=SEED + number)
    return graphs


def _edges() -> list[tuple[str, str]]:
    rng = random.Random(SEED)
    edges = [(f"{name}:{a}", f"{name}:{b}") for name, graph in _graphs().items() for a, b in graph.edges]
    if LDBC.is_dir():
        for name in LDBC_GRAPHS:
            for line in (LDBC / f"{name}-input").read_text().splitlines():
                node, *others = line.split()
                edges += [(f"{name}:{node}", f"{name}:{other}") for other in others]
    # Repeated and turned around: neither matters.
    edges += [(b, a) for a, b in rng.sample(edges, 50)]
    rng.shuffle(edges)
    return edges


@pytest.fixture(scope="module")
def edges() -> list[tuple[str, str]]:
    return _edges()


@pytest.fixture(scope="module")
def links(spark: SparkSession, edges: list[tuple[str, str]]) -> DataFrame:
    return spark.createDataFrame(edges, "a string, b string").repartition(3)


def _settings(engine: str, **more: object) -> Settings:
    return Settings(identity={"engine": engine, **more})


def _labels(frame: DataFrame) -> dict[str, str]:
    rows = [tuple(row) for row in frame.collect()]
    labels = dict(rows)
    assert len(labels) == len(rows), "a node has two rows"
    return labels


@pytest.fixture(scope="module", params=["local", "graphframes"])
def labels(request, links: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    scratch = str(tmp_path_factory.mktemp(request.param))
    return _labels(connected_components(links, _settings(request.param), scratch))


def test_labels_are_the_least_node_of_each_component_that_networkx_finds(
    labels: dict[str, str], edges: list[tuple[str, str]]
):
    expected = {}
    for component in nx.connected_components(nx.Graph(edges)):
        expected |= dict.fromkeys(component, min(component))
    assert labels == expected, f"graphs of seed {SEED}"


@pytest.mark.parametrize("graph", LDBC_GRAPHS)
def test_labels_agree_with_the_published_components_of_ldbc(graph: str, labels: dict[str, str]):
    if not LDBC.is_dir():
        pytest.skip("the LDBC validation graphs are absent beside the checkout")
    published = dict(line.split() for line in (LDBC / f"{graph}-output").read_text().splitlines())
    assert {node: labels[f"{graph}:{node}"] for node in published} == {
        # The published label is the least number; all are of one digit, so texts sort alike.
        node: f"{graph}:{label}"
        for node, label in published.items()
    }


def test_no_links_give_no_labels(spark: SparkSession, tmp_path: Path):
    empty = spark.createDataFrame([], "a string, b string")
    assert connected_components(empty, _settings("graphframes"), str(tmp_path)).count() == 0


def test_the_graphframes_engine_leaves_nothing_persisted_and_the_checkpoint_folder_as_it_was(
    spark: SparkSession, tmp_path: Path
):
    context = spark.sparkContext
    context.setCheckpointDir(str(tmp_path / "own"))
    before = set(context._jsc.getPersistentRDDs())
    some = spark.createDataFrame([("x", "y"), ("y", "z")], "a string, b string")
    found = connected_components(some, _settings("graphframes"), str(tmp_path / "scratch"))
    assert _labels(found) == {"x": "x", "y": "x", "z": "x"}
    assert set(context._jsc.getPersistentRDDs()) <= before
    assert str(tmp_path / "own") in context.getCheckpointDir()


@pytest.mark.parametrize(("limit", "engine"), [(3, "local"), (2, "graphframes")])
def test_auto_takes_the_local_engine_up_to_its_limit_of_links(
    limit: int, engine: str, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    taken = []
    for name in components.ENGINES:

        def note(nodes: DataFrame, edges: DataFrame, scratch: str, name: str = name) -> DataFrame:
            taken.append(name)
            return nodes.select("number", F.lit(1).alias("component"))

        monkeypatch.setitem(components.ENGINES, name, note)
    # Three links: the fourth row is the first one turned around.
    triangle = spark.createDataFrame([("x", "y"), ("y", "z"), ("x", "z"), ("y", "x")], "a string, b string")
    connected_components(triangle, _settings("auto", local_limit=limit), str(tmp_path))
    assert taken == [engine]


def _torn(nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame:
    return nodes.select("number", F.col("number").alias("component"))


def _doubled(nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame:
    once = nodes.select("number", F.lit(1).alias("component"))
    return once.union(once)


def _lost(nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame:
    return nodes.select("number", F.lit(1).alias("component")).limit(1)


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        (_torn, "1 links whose ends are in two components"),
        (_doubled, "4 rows for 2 of 2 nodes"),
        (_lost, "1 nodes without a component"),
    ],
)
def test_a_wrong_result_of_an_engine_is_an_error(
    engine: components.Engine,
    fault: str,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(components.ENGINES, "local", engine)
    one = spark.createDataFrame([("x", "y")], "a string, b string")
    with pytest.raises(IdentityError, match=fault):
        connected_components(one, _settings("local"), str(tmp_path))
