"""Both engines against networkx and published answers, all graphs in one run by a prefix."""

from __future__ import annotations

import random
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from trailhouse.errors import IdentityError
from trailhouse.identity import components, local_engine
from trailhouse.identity.components import connected_components
from trailhouse.identity.graphframes_engine import require_whole
from trailhouse.identity.settle import settled
from trailhouse.settings import Settings

SEED = 20240301
LDBC = Path(__file__).resolve().parents[3] / "shared" / "data" / "ldbc_wcc" / "wcc"
LDBC_GRAPHS = ("dir", "undir")


def _graphs() -> dict[str, nx.Graph]:
    graphs = {
        # A path of thousands is where an engine without path doubling would never end; as nodes sort as
        # texts, their numbers are in no order along it.
        "path": nx.path_graph(3001),
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
def numbers(edges: list[tuple[str, str]]) -> dict[str, int]:
    """Nodes as numbers that sort as the nodes do."""
    return {node: 10 * place for place, node in enumerate(sorted({end for edge in edges for end in edge}))}


@pytest.fixture(scope="module")
def links(
    spark: SparkSession, edges: list[tuple[str, str]], numbers: dict[str, int], tmp_path_factory
) -> DataFrame:
    rows = spark.createDataFrame([(numbers[a], numbers[b]) for a, b in edges], "a bigint, b bigint")
    return settled(rows.repartition(3), str(tmp_path_factory.mktemp("links")), "links")


def _settings(engine: str, **more: object) -> Settings:
    return Settings(identity={"engine": engine, **more})


def _labels(frame: DataFrame) -> dict[int, int]:
    rows = [(row.number, row.component) for row in frame.collect()]
    labels = dict(rows)
    assert len(labels) == len(rows), "a node has two rows"
    return labels


@pytest.fixture(scope="module", params=["local", "graphframes"])
def labels(
    request, links: DataFrame, numbers: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    scratch = str(tmp_path_factory.mktemp(request.param))
    names = {number: node for node, number in numbers.items()}
    found = _labels(connected_components(links, _settings(request.param), scratch))
    return {names[number]: names[component] for number, component in found.items()}


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


def test_a_path_of_a_million_is_one_component_for_the_local_engine(spark: SparkSession, tmp_path: Path):
    # Numbers in no order along the path: neighbours are far apart, as hashes are.
    step = "(id * 7368787) % 1000003"
    path = spark.range(1_000_002).selectExpr(f"{step} AS a", "((id + 1) * 7368787) % 1000003 AS b")
    found = connected_components(settled(path, str(tmp_path), "path"), _settings("local"), str(tmp_path))
    assert found.groupBy("component").count().collect() == [(0, 1_000_003)]


def test_no_links_give_no_labels(spark: SparkSession, tmp_path: Path):
    empty = spark.createDataFrame([], "a bigint, b bigint")
    assert connected_components(empty, _settings("graphframes"), str(tmp_path)).count() == 0


def test_the_graphframes_engine_leaves_nothing_persisted_and_the_checkpoint_folder_as_it_was(
    spark: SparkSession, tmp_path: Path
):
    context = spark.sparkContext
    context.setCheckpointDir(str(tmp_path / "own"))
    before = set(context._jsc.getPersistentRDDs())
    some = spark.createDataFrame([(3, 2), (2, 1)], "a bigint, b bigint")
    found = connected_components(some, _settings("graphframes"), str(tmp_path / "scratch"))
    assert _labels(found) == {1: 1, 2: 1, 3: 1}
    assert set(context._jsc.getPersistentRDDs()) <= before
    assert str(tmp_path / "own") in context.getCheckpointDir()


@pytest.mark.parametrize(("limit", "engine"), [(3, "local"), (2, "graphframes")])
def test_auto_takes_the_local_engine_up_to_its_limit_of_links(
    limit: int, engine: str, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    taken = []
    for name in components.ENGINES:

        def note(edges: DataFrame, scratch: str, name: str = name) -> DataFrame:
            taken.append(name)
            return edges.toDF("number", "component")

        monkeypatch.setitem(components.ENGINES, name, note)
    three = spark.createDataFrame([(1, 2), (2, 3), (1, 3)], "a bigint, b bigint")
    connected_components(three, _settings("auto", local_limit=limit), str(tmp_path))
    assert taken == [engine]


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ([(1, 1), (2, 2)], "1 links whose ends are in two components"),
        ([(1, 1), (2, 1), (1, 1), (2, 1)], "4 rows for 2 of 2 nodes"),
        ([(1, 1)], "1 rows for 1 of 2 nodes"),
        ([(1, 1), (2, None)], "1 nodes without a component"),
    ],
)
def test_a_wrong_result_of_graphframes_is_an_error(
    labels: list[tuple[int, int | None]], fault: str, spark: SparkSession
):
    found = spark.createDataFrame(labels, "number bigint, component bigint")
    nodes, edges = spark.range(1, 3), spark.createDataFrame([(1, 2)], "a bigint, b bigint")
    with pytest.raises(IdentityError, match=fault):
        require_whole(found, nodes, edges)


def test_a_wrong_result_of_the_local_engine_is_an_error(spark: SparkSession, monkeypatch: pytest.MonkeyPatch):
    def torn(adjacency: object, directed: bool) -> tuple[int, np.ndarray]:
        return 2, np.array([0, 1])

    monkeypatch.setattr(local_engine, "connected_components", torn)
    edges = spark.createDataFrame([(1, 2)], "a bigint, b bigint")
    with pytest.raises(IdentityError, match="ends are in two components"):
        local_engine.components(edges, "")
