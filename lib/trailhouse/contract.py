"""What a table promises: grain, columns with types, sentences and allowed values.

The schema, the conform step, the gate's checks, the data dictionary and the test factories all
derive from these values.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from trailhouse.errors import ContractError

Number = int | float


@dataclass(frozen=True)
class Column:
    """One column: a Spark DDL type, a sentence, and what the gate holds it to.

    `required` means that the gate counts nulls. `low` and `high` are inclusive bounds, `values` the
    only values allowed; nulls pass all three.
    """

    name: str
    type: str
    sentence: str
    required: bool = False
    low: Number | None = None
    high: Number | None = None
    values: tuple[str, ...] = ()

    def data_type(self) -> DataType:
        """The Spark type; parsing DDL needs a running session."""
        return DataType.fromDDL(self.type)


@dataclass(frozen=True)
class Table:
    """A contract. `grain` names the columns that are unique together.

    `lawful` is False for tables that speak of arrival (ledger, gate results, origins): they stand
    outside of the law that any batching gives the same rows. `optional` is True for one that is there
    only when the settings ask for it. The folder of a `private` one is its owner's alone. `stats` are
    the columns Delta keeps file statistics on. The rows of a file lie in the order of `sort_by`, so that a
    reader who looks for some values there skips most of it.
    """

    name: str
    sentence: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    lawful: bool = True
    optional: bool = False
    private: bool = False
    stats: tuple[str, ...] = field(default=())
    sort_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        doubled = {name for name in names if names.count(name) > 1}
        unknown = ({*self.grain, *self.partition_by, *self.stats, *self.sort_by}) - set(names)
        if doubled or unknown:
            raise ContractError(
                f"contract of {self.name}: columns declared twice {sorted(doubled)}, "
                f"grain, partition or statistics columns not declared {sorted(unknown)}"
            )

    @cached_property
    def schema(self) -> StructType:
        """Spark schema, all fields nullable (a required column is the gate's business); needs a session."""
        return StructType([StructField(c.name, c.data_type(), True) for c in self.columns])

    @cached_property
    def shape(self) -> str:
        """A hash of names and types: rows made for another shape are made anew."""
        columns = ", ".join(f"{column.name} {column.type}" for column in self.columns)
        return hashlib.sha256(columns.encode()).hexdigest()[:12]

    def column(self, name: str) -> Column:
        """The column of this name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    def select(self, frame: DataFrame) -> DataFrame:
        """`frame` with exactly the contract's columns, in order and of its types.

        A type that only differs in nullability is taken as equal. Raises ContractError that lists
        every missing, surplus and differently typed column at once.
        """
        found = {f.name: f.dataType for f in frame.schema.fields}
        differences = [f"missing {c.name} {c.type}" for c in self.columns if c.name not in found]
        declared = {c.name for c in self.columns}
        differences += [f"surplus {name}" for name in found if name not in declared]
        differences += [
            f"{c.name} is {found[c.name].simpleString()}, not {c.data_type().simpleString()}"
            for c in self.columns
            if c.name in found and found[c.name].simpleString() != c.data_type().simpleString()
        ]
        if differences:
            raise ContractError(f"{self.name} differs from its contract: " + "; ".join(differences))
        return frame.select(*[F.col(c.name) for c in self.columns])
