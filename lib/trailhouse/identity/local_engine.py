"""Connected components on arrays in the driver, by scipy's depth-first search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import LongType, StructField, StructType
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trailhouse.errors import IdentityError

_SCHEMA = StructType([StructField("number", LongType()), StructField("component", LongType())])


def components(edges: DataFrame, scratch: str) -> DataFrame:
    """`number`, `component` (its least number) for every end of `edges` (a, b: BIGINT).

    Needs about 100 bytes of driver memory an edge. `scratch` is not used.
    """
    pairs = edges.select("a", "b").toArrow()  # Arrow hands over whole columns, not rows.
    ends = np.concatenate([pairs.column(name).to_numpy() for name in ("a", "b")])
    places, numbers = pd.factorize(ends)
    a, b = places[: len(pairs)], places[len(pairs) :]
    adjacency = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(numbers), len(numbers)))
    parts, found = connected_components(adjacency.tocsr(), directed=False)
    least = np.full(parts, np.iinfo(np.int64).max)
    np.minimum.at(least, found, numbers)
    component = least[found]
    if (component[a] != component[b]).any() or (component > numbers).any():
        raise IdentityError("connected components by local are wrong: a link's ends are in two components")
    result = pa.table({"number": numbers, "component": component})
    spark = edges.sparkSession
    # Arrow hands over ten thousand rows at a time, which would be as many tasks.
    return spark.createDataFrame(result, _SCHEMA).coalesce(spark.sparkContext.defaultParallelism)
