"""Enriched events of Snowplow for tests, and the same ones as a line of TSV or a row of a loader's table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailhouse.sources.snowplow_names import FIELDS

SNOWPLOW = "com.snowplowanalytics.snowplow"
MOBILE = "com.snowplowanalytics.mobile"
Entity = tuple[str, Any]
"""A schema as `vendor/name/version`, and its data."""
VIEW: Entity = (f"{SNOWPLOW}/web_page/1-0-0", {"id": "view-1"})
PAGES = "contexts_com_snowplowanalytics_snowplow_web_page_1"
"""The column that VIEW comes to."""

BASE = {
    "app_id": "shop",
    "platform": "web",
    "event": "unstruct",
    "dvce_created_tstamp": "2026-03-02 09:59:59.500",
    "dvce_sent_tstamp": "2026-03-02 10:00:00.000",
    "collector_tstamp": "2026-03-02 10:00:01.000",
    "domain_userid": "d-1",
    "domain_sessionid": "s-1",
}


def uri(schema: str) -> str:
    """`iglu:vendor/name/jsonschema/1-0-0` of `vendor/name/1-0-0`."""
    vendor, name, version = schema.split("/")
    return f"iglu:{vendor}/{name}/jsonschema/{version}"


@dataclass
class Enriched:
    """An event: atomic fields, contexts of the tracker and of enrichment, its own fields."""

    cells: dict[str, str]
    contexts: list[Entity] = field(default_factory=list)
    derived: list[Entity] = field(default_factory=list)
    own: Entity | None = None

    def fields(self, event_id: str) -> dict[str, str]:
        """Its 131 fields."""
        found = {**BASE, "event_id": event_id}
        if self.own:
            vendor, name, version = self.own[0].split("/")
            found |= {"event_vendor": vendor, "event_name": name, "event_format": "jsonschema"}
            found |= {"event_version": version}
            found["unstruct_event"] = _wrapped("unstruct_event", _described(self.own))
        for column, entities in {"contexts": self.contexts, "derived_contexts": self.derived}.items():
            if entities:
                found[column] = _wrapped("contexts", [_described(entity) for entity in entities])
        return found | self.cells

    def row(self, event_id: str) -> dict[str, str]:
        """Its cells in a loader's table: a column for each schema, fields with underscores."""
        found = {name: text for name, text in self.fields(event_id).items() if name not in _JSON}
        by_column: dict[str, list[Any]] = {}
        for schema, data in [*self.contexts, *self.derived]:
            by_column.setdefault(_column("contexts", schema), []).append(data)
        if self.own:
            by_column[_column("unstruct_event", self.own[0])] = [self.own[1]]
        return found | {name: json.dumps(entities, indent=1) for name, entities in by_column.items()}


_JSON = ("contexts", "derived_contexts", "unstruct_event")


def _described(entity: Entity) -> dict[str, Any]:
    return {"schema": uri(entity[0]), "data": entity[1]}


def _wrapped(name: str, data: Any) -> str:
    return json.dumps({"schema": uri(f"{SNOWPLOW}/{name}/1-0-0"), "data": data})


def _column(prefix: str, schema: str) -> str:
    vendor, name, version = schema.split("/")
    words = re.sub(r"([^A-Z_])([A-Z])", r"\1_\2", name)
    return re.sub(r"[.-]", "_", f"{prefix}_{vendor}_{words}_{version}").lower()


def line(fields: Mapping[str, str]) -> str:
    """The fields in their order, with tabs between."""
    return "\t".join(fields.get(name, "") for name in FIELDS)


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """A table of these rows."""
    records = list(rows)
    columns = sorted({column for record in records for column in record})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return path
