"""What a table's properties say of its rows: what they were made from, which version changed them last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from trailhouse.snapshot import number_of_files

CONSUMED = "trailhouse.consumed"
DATA_VERSION = "trailhouse.data_version"
MARKED_VERSION = "trailhouse.marked_version"
SAME_ROWS = "trailhouse.same_rows"
"""Of versions whose files were put together since: the version that has their rows in larger files."""
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class State:
    """A table at one look: its newest version, the number of its files, when it was made, its properties."""

    version: int
    files: int
    created: datetime
    properties: Mapping[str, str]

    @property
    def marked(self) -> bool:
        """Whether nothing was committed after the mark, so that the rows are those it speaks of."""
        return self.properties.get(MARKED_VERSION) == str(self.version)

    @property
    def data_version(self) -> int:
        """The last version that changed rows, which is what a reader consumes."""
        known = self.properties.get(DATA_VERSION)
        # A table without inputs is marked by its care alone: what came since is rows.
        if known is None or (CONSUMED not in self.properties and not self.marked):
            return self.version
        return int(known)

    @property
    def consumed(self) -> dict[str, Any]:
        """What the published rows were made from; empty when unknown."""
        return dict(json.loads(self.properties.get(CONSUMED, "{}")))

    @property
    def same(self) -> dict[str, int]:
        """Of versions whose files were put together since: the version that has their rows."""
        return dict(json.loads(self.properties.get(SAME_ROWS, "{}")))

    def same_rows(self, version: int) -> int:
        """The newest version known to have the rows of `version`.

        That of the mark, if it speaks of them: mostly the newest of all, whose files Delta keeps in
        memory. Else that in which their files were put together; the old ones may be deleted by now.
        """
        if self.marked and self.data_version == version:
            return self.version
        return self.same.get(str(version), version)


def state_of(spark: SparkSession, snapshot: Any) -> State:
    """What the log says of a table at a look of Delta's."""
    metadata = snapshot.metadata()
    entries, properties = metadata.configuration().iterator(), {}
    while entries.hasNext():
        entry = entries.next()
        properties[str(entry._1())] = str(entry._2())
    made = metadata.createdTime()
    created = _SINCE + timedelta(milliseconds=int(made.get()) if made.isDefined() else 0)
    return State(int(snapshot.version()), number_of_files(spark, snapshot), created, properties)


def mark_of(consumed: Mapping[str, Any], data_version: int) -> dict[str, str]:
    """Properties that say what the rows of a version were made from."""
    return {CONSUMED: json.dumps(dict(consumed), sort_keys=True), DATA_VERSION: str(data_version)}
