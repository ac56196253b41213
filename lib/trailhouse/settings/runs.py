"""Settings of runs: the project and its lake, Spark, checks, care of the tables, the report."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator

from trailhouse.credentials import spark_conf
from trailhouse.durations import Duration
from trailhouse.settings.section import Place, Section


class Lake(Section):
    root: Place = "var/lake"


class Project(Section):
    timezone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone of the IANA database") from error
        return value


class Gates(Section):
    examples: int = Field(5, ge=0, le=100)
    docs: Place = Field(
        "", description="folder for Great Expectations' Data Docs of a whole run; empty: none"
    )
    max_quarantine_share: float = Field(0.2, ge=0, le=1)


class Maintain(Section):
    retention: Duration = Field(
        timedelta(days=7), description="how long files stay that the newest version needs no more"
    )
    file_bytes: int = Field(
        128 * 1024 * 1024, ge=1024 * 1024, description="size of files to make of small ones"
    )


class Report(Section):
    path: Place = Field("", description="file of the HTML page; empty: report/index.html below the lake")
    title: str = "Trailhouse"
    screenshots: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description="page group -> PNG or JPEG file to draw its maps over, or -> {device type: file}",
    )


class Spark(Section):
    conf: Annotated[dict[str, str], BeforeValidator(spark_conf)] = Field(default_factory=dict)
    shuffle_partitions: int = Field(4, ge=1)
    stages_at_once: int = Field(
        2, ge=1, le=16, description="stages that run side by side where none reads what the other writes"
    )


class Incremental(Section):
    whole_from: float = Field(
        0.5,
        gt=0,
        description="a run makes a table anew once the days that it touches hold this share of the rows; "
        "above 1: never",
    )
