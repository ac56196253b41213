"""Which identifiers a run has to look at again: a closed set, so that nothing outside of it can change.

1. Touched are the ends of links, and the identifiers of sightings, whose rows of the changed days
   differ, and what decisions of people that changed are about.
2. If a touched identifier was left out of the components (a hub, or ignored) and is no longer, those
   that its links name are touched as well.
3. The set is all identifiers of the components, as published, of touched ones, and these themselves. It
   is closed: an old link stays within its component, and a new one has both ends in the set. A hub
   outside of it stays one, as its links did not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.difference import differing_rows
from trailhouse.identity import persons
from trailhouse.identity.links import pairs_ever
from trailhouse.identity.overrides import Overrides
from trailhouse.identity.settle import settled
from trailhouse.settings import Settings

ID = ("id_type", "id_value")
ENDS = (("type_a", "value_a"), ("type_b", "value_b"))


def closed_set(
    links: tuple[DataFrame, DataFrame],
    sightings: tuple[DataFrame, DataFrame],
    days: tuple[Sequence[date], Sequence[date]],
    published: DataFrame,
    overrides: tuple[Overrides, Overrides],
    settings: Settings,
    scratch: str,
) -> DataFrame:
    """The identifiers to look at again, each once: id_type, id_value.

    `links`, `sightings`, `overrides`: before and now. `days` of links and of sightings may have
    changed. `published` are `identities` as they stand.
    """
    spark = published.sparkSession
    # 1.
    shown = ("type_a", "value_a", "type_b", "value_b", "link_date", "first_time", "logins")
    changed = _changed(links, shown, "link_date", days[0])
    ends = [changed.select(F.col(t).alias(ID[0]), F.col(v).alias(ID[1]), "lost") for t, v in ENDS]
    seen = _changed(
        tuple(side.where("NOT blocked") for side in sightings),
        (*ID, "seen_date", "first_time"),
        "seen_date",
        days[1],
    )
    decided = spark.createDataFrame(
        [(*one, False) for one in sorted(overrides[0].differing(overrides[1]))],
        "id_type string, id_value string, lost boolean",
    )
    rows = ends[0].unionAll(ends[1]).unionAll(seen.select(*ID, "lost")).unionAll(decided)
    touched = settled(rows.groupBy(*ID).agg(F.bool_or("lost").alias("lost")), scratch, "touched")
    # 2.
    reopened = _reopened(touched, links[1], published, overrides, settings)
    every = touched.select(*ID)
    if reopened is not None:
        every = every.unionAll(_neighbours(links[1], reopened))
    # 3.
    known = published.select(*ID, "component")
    components = known.join(every, on=list(ID), how="left_semi").select("component").distinct()
    members = known.join(components, on="component", how="left_semi").select(*ID)
    return settled(members.unionAll(every).distinct(), scratch, "set")


def _changed(
    sides: tuple[DataFrame, ...], columns: Sequence[str], day: str, days: Sequence[date]
) -> DataFrame:
    """Rows of those days that one side has and the other lacks, plus `lost`: it was the one before."""
    before, now = own_files(*(side.where(F.col(day).isin(list(days))) for side in sides))
    return differing_rows(before, now, columns)


def own_files(before: DataFrame, now: DataFrame) -> tuple[DataFrame, DataFrame]:
    """What two versions of a table have in files that the other lacks: of common ones no row differs."""
    files = [{file.rsplit("/", 1)[-1] for file in side.inputFiles()} for side in (before, now)]
    common = sorted(files[0] & files[1])
    if not common:
        return before, now
    own = [
        side.where(~F.col("_metadata.file_name").isin(common)) if mine.difference(common) else side.limit(0)
        for side, mine in zip((before, now), files, strict=True)
    ]
    return own[0], own[1]


def _reopened(
    touched: DataFrame,
    links: DataFrame,
    published: DataFrame,
    overrides: tuple[Overrides, Overrides],
    settings: Settings,
) -> DataFrame | None:
    """Touched identifiers that were hubs or ignored and are no longer; None when there can be none.

    A hub can only cease to be one when it lost a link.
    """
    spark = published.sparkSession
    released = sorted(overrides[0].ignored - overrides[1].ignored)
    given = [spark.createDataFrame(released, "id_type string, id_value string")] if released else []
    lost = (
        published.where("status = 'hub'")
        .join(touched.where("lost"), on=list(ID), how="left_semi")
        .select(*ID)
    )
    if not lost.isEmpty():
        theirs = linked_to(links, lost)
        still = persons.hubs_of(pairs_ever(theirs), settings).select(*ID)
        given.append(lost.join(still, on=list(ID), how="left_anti"))
    if not given:
        return None
    return given[0] if len(given) == 1 else given[0].unionAll(given[1])


def _neighbours(links: DataFrame, identifiers: DataFrame) -> DataFrame:
    rows = linked_to(links, identifiers)
    ends = [rows.select(F.col(t).alias(ID[0]), F.col(v).alias(ID[1])) for t, v in ENDS]
    return ends[0].unionAll(ends[1])


def linked_to(links: DataFrame, identifiers: DataFrame) -> DataFrame:
    """The links of which one end at least is among `identifiers` (each once)."""
    named = identifiers.select(*ID)
    flags: list[Column] = []
    rows = links
    for number, (kind, value) in enumerate(ENDS):
        flag = f"_end_{number}"
        rows = rows.join(named.toDF(kind, value).withColumn(flag, F.lit(True)), on=[kind, value], how="left")
        flags.append(F.col(flag))
    return rows.where(F.coalesce(*flags, F.lit(False))).select(*links.columns)
