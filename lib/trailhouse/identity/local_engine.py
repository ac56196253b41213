"""Connected components on arrays in the driver, by scipy's depth-first search."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import LongType, StructField, StructType
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_SCHEMA = StructType([StructField("number", LongType()), StructField("component", LongType())])


def components(nodes: DataFrame, edges: DataFrame, scratch: str) -> DataFrame:
    """`number`, `component` for every node; needs about 100 bytes of driver memory a link.

    `nodes` has the column number, `edges` a and b; all are BIGINT. `scratch` is not used.
    """
    # Arrow hands over whole columns, not rows.
    numbers = np.sort(nodes.select("number").toArrow().column("number").to_numpy())
    pairs = edges.select("a", "b").toArrow()
    a = np.searchsorted(numbers, pairs.column("a").to_numpy())
    b = np.searchsorted(numbers, pairs.column("b").to_numpy())
    adjacency = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(numbers), len(numbers)))
    _, component = connected_components(adjacency.tocsr(), directed=False)
    result = pa.table({"number": numbers, "component": component.astype(np.int64)})
    return nodes.sparkSession.createDataFrame(result, _SCHEMA)
