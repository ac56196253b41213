"""Settings of events: where raw files lie, what holds for all events, the tracking plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from trailhouse.durations import Duration
from trailhouse.settings.section import Day, Place, Section


class Raw(Section):
    path: Place = "var/raw"
    format: Literal[
        "auto",
        "segment",
        "segment_warehouse",
        "posthog",
        "amplitude",
        "mixpanel",
        "ga4",
        "snowplow",
        "trailhouse",
    ] = Field("auto", description="a source's name; auto: told by the first lines of a file")
    files_per_batch: int = Field(1000, ge=1)
    max_record_bytes: int = Field(1024 * 1024, ge=1024)
    from_day: Day | None = Field(None, description="first day of the files that a run reads (--from)")
    to_day: Day | None = Field(None, description="last day of the files that a run reads (--to)")

    @model_validator(mode="after")
    def _forwards(self) -> Raw:
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise ValueError(f"from_day {self.from_day} comes after to_day {self.to_day}: swap them")
        return self

    @property
    def ranged(self) -> bool:
        """Whether a run reads files of some days only."""
        return self.from_day is not None or self.to_day is not None


class Events(Section):
    earliest: date = date(1990, 1, 1)
    latest: date = date(2100, 1, 1)
    future_tolerance: Duration = timedelta(minutes=15)
    duplicate_days: int | None = Field(
        None,
        ge=1,
        description="look for duplicates so many days around a batch's own; empty: in all of history",
    )
    internal_addresses: tuple[str, ...] = ()
    internal_email_domains: tuple[str, ...] = ()
    internal_ids: tuple[str, ...] = ()
    geo_database: Place = Field(
        "", description="MMDB file of places by address; empty: places are those that trackers send"
    )
    page_groups: dict[str, str] = Field(
        default_factory=dict, description="regular expression of a path -> group"
    )


class Privacy(Section):
    ip: Literal["keep", "drop", "truncate", "hash"] = "truncate"
    hash_identifiers: bool = False
    drop_properties: tuple[str, ...] = ()
    query_parameters: tuple[str, ...] | None = None
    quarantine: Literal["keep", "hash_only"] = "keep"
    quarantine_retention: Duration = Field(
        timedelta(days=30), description="how long quarantine keeps the bytes of a record"
    )
    consent_denied: Literal["drop", "strip"] = "strip"


class Catalog(Section):
    depth: int = Field(4, ge=1, le=8, description="steps into nested properties; `products[].price` has 3")
    paths: int = Field(300, ge=1, description="places in properties that an event has rows for")


class PlannedEvent(Section):
    owner: str = ""
    description: str = ""
    severity: Literal["warn", "error"] = "warn"
    rules: dict[str, Any] = Field(default_factory=dict, alias="schema")


class Plan(Section):
    path: str = Field("", description="folder of the tracking plan's YAML files; empty: no plan")
    unplanned: Literal["warn", "error", "ignore"] = "warn"
    events: dict[str, PlannedEvent] = Field(default_factory=dict, description="read from the files of path")
