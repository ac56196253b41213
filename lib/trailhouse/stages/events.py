"""`events`: records to canonical rows, or to quarantine with every reason.

The order is that of semantics.md: parse, quarantine, refuse, times, ids, normalise, mark blocked
values, privacy, enrich. All of it is one projection over the records; only the user agents and
(if set) addresses to places and the hashes of identifiers pass through Python, in Arrow batches.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from trailhouse.columns import REPLAY_CHUNK
from trailhouse.enrich import campaigns, devices, pages, places, privacy, scores, urls
from trailhouse.identity.normalise import is_blocked, normalised
from trailhouse.settings import Settings
from trailhouse.sources import Source
from trailhouse.sources.cast import filled, nothing, present, texts
from trailhouse.tables import events, events_quarantine

EXTRA = ("reasons", "refused", "raw", "file", "blocked_ids")
"""Columns of a prepared row besides those of `events`."""

TOLD = ("event_time", "device")
"""Columns that are made of others unless the record itself tells them."""

PLACED = ("line", "first_batch", "quarantined_time", "requeued_run", "released_run")
"""Columns of quarantine that the records alone do not tell."""

_PLACE = ("country", "region", "city")
_KEPT_BYTES = 64 * 1024
_DENIED = (
    "denied",
    "deny",
    "refused",
    "rejected",
    "declined",
    "opt_out",
    "opted_out",
    "withdrawn",
    "revoked",
    "no",
)
_TYPED = {"anonymous_id": "anonymous_id", "user_id": "user_id", "previous_id": "anonymous_id"}
# Narrow order of section 1, then delivery facts: two deliveries may differ in these alone. Then `last_tie`;
# rows that differ in their file are the same event: which file is told must not change from run to run.
_WINNER = ("received_time", "content_hash", "sent_time", "event_time", "_tie", "file")


def prepare(
    records: DataFrame, source: Source, settings: Settings, geo: places.Database | None = None
) -> DataFrame:
    """The columns of `events`, and EXTRA, one row a record.

    A row with `reasons` is for quarantine and holds its bytes in `raw`; one with `refused` is
    counted and goes; the others are candidates. `blocked_ids` tells that an identifier names
    nobody. Write it to storage before asking more than one thing of it: a filter on top would be
    moved down to the files, with all of parsing written out in its condition. `geo` tells places by
    addresses. Raises SettingsError for settings that cannot be kept.
    """
    parsed = source.parse(records, settings).withColumn("source", F.lit(source.name))
    missing = {name: nothing(name) for name in TOLD if name not in parsed.columns}
    timed = _with_times(parsed.withColumns(missing), settings)
    judged = _with_reasons(timed, settings)
    consented = _with_consent(judged, settings)
    # As it came, and for those alone whose tracker names no place; it goes with the frame.
    located = consented.withColumn("address", F.when(F.col("geo").isNull(), F.col("ip")))
    private = _with_privacy(_with_signs(located, settings), settings)
    return _enriched(private, settings, geo)


def _with_times(frame: DataFrame, settings: Settings) -> DataFrame:
    """event_time as told, else the client's clock corrected; never later than arrival plus the tolerance."""
    client, sent, received = F.col("client_time"), F.col("sent_time"), F.col("received_time")
    drift = F.unix_micros(received) - F.unix_micros(sent)
    corrected = F.coalesce(F.col("event_time"), F.timestamp_micros(F.unix_micros(client) + drift), client)
    tolerance = int(settings.events.future_tolerance.total_seconds() * 1_000_000)
    future = F.coalesce(F.unix_micros("corrected") > F.unix_micros(received) + tolerance, F.lit(False))
    flagged = F.concat("flags", F.when(future, F.array(F.lit("future_time"))).otherwise(texts([])))
    return (
        frame.withColumn("corrected", corrected)
        .withColumn("event_time", F.when(future, received).otherwise(F.col("corrected")))
        .withColumn("flags", flagged)
    )


def _with_reasons(frame: DataFrame, settings: Settings) -> DataFrame:
    """What no source can tell alone: a missing name or identifier, times out of bounds."""
    earliest = F.lit(settings.events.earliest.isoformat()).cast("timestamp")
    latest = F.lit(settings.events.latest.isoformat()).cast("timestamp")

    def outside(name: str) -> Column:
        # Beside the other reasons: an unreadable time is null, and is told of by the source.
        return (F.col(name) < earliest) | (F.col(name) >= latest)

    single = F.coalesce(*[present(F.col(name)) for name in _TYPED])
    named = single.isNotNull() | (F.size("identifiers") > 0)
    told = F.concat_ws("; ", "reasons")
    wrong_name = told.contains("name of a wrong type")
    wrong_type = told.contains("type not known") | told.contains("no type")
    wrong_id = told.contains("identifier of a wrong type")
    more = texts(
        [
            F.when(F.col("event_name").isNull() & ~wrong_name & ~wrong_type, F.lit("no name")),
            F.when(~F.coalesce(named, F.lit(False)) & ~wrong_id, F.lit("no identifier")),
            F.when(outside("event_time") | outside("received_time"), F.lit("time out of bounds")),
        ]
    )
    # One that only seemed to be a recording, for which there is another limit.
    limit = settings.raw.max_record_bytes
    recorded = F.coalesce(F.col("event_name") == REPLAY_CHUNK, F.lit(False))
    large = (F.octet_length("raw") > limit) & ~recorded
    more = F.when(large, texts([F.lit(f"record larger than {limit} bytes")])).otherwise(more)
    # Without a content hash there is no record whose parts could be judged.
    reasons = F.when(F.col("content_hash").isNull(), F.col("reasons")).otherwise(F.concat("reasons", more))
    return frame.withColumn("reasons", reasons)


def denied() -> Column:
    """Whether the record itself says that its person does not consent."""
    return F.coalesce(F.col("consent").isin(*_DENIED), F.lit(False))


def _with_consent(frame: DataFrame, settings: Settings) -> DataFrame:
    good = F.size("reasons") == 0
    if settings.privacy.consent_denied == "drop":
        return frame.withColumn("refused", good & (F.col("refused") | denied()))
    stripped = (
        "anonymous_id",
        "user_id",
        "previous_id",
        "identifiers",
        "account_id",
        "client_session_id",
        "ip",
        "traits",
    )
    frame = frame.withColumn("refused", good & F.col("refused"))
    return frame.withColumns({name: F.when(~denied(), F.col(name)) for name in stripped})


def _with_signs(frame: DataFrame, settings: Settings) -> DataFrame:
    """Normalised identifiers, `blocked_ids`, `internal`: read before privacy takes their grounds away.

    A blank identifier counts as blocked, and becomes null: it names nobody and says nothing.
    """
    trimmed = {name: normalised(F.lit(kind), F.col(name), settings) for name, kind in _TYPED.items()}
    clean = {name: F.nullif(value, F.lit("")) for name, value in trimmed.items()}
    clean["identifiers"] = F.transform_values(
        "identifiers", lambda key, value: normalised(key, value, settings)
    )
    singles = [is_blocked(F.col(name), settings) for name in _TYPED]
    others = F.exists(F.map_values("identifiers"), lambda value: is_blocked(value, settings))
    blocked = reduce(lambda a, b: a | b, singles) | F.coalesce(others, F.lit(False))
    frame = frame.withColumn("blocked_ids", blocked).withColumns(clean)
    return frame.withColumn("internal", scores.internal(settings))


def _with_privacy(frame: DataFrame, settings: Settings) -> DataFrame:
    rules = settings.privacy
    page, element = F.col("page"), F.col("element")
    url = page["url"]
    frame = frame.withColumns(
        {"url_host": urls.host(url), "url_path": urls.path(url), "url_query": urls.query(url)}
    )
    # Most trackers send no more than the id.
    typed = "click_id_type" in frame.schema["campaign"].dataType.fieldNames()  # type: ignore[attr-defined]
    told = F.col("campaign.click_id_type") if typed else F.lit(None).cast("string")
    # The campaign is read from the whole query, before its parameters go.
    frame = frame.withColumns(
        {
            "campaign": campaigns.campaign(F.col("campaign"), told, F.col("url_query")),
            "ip": privacy.address(F.col("ip"), settings),
            "properties": privacy.without_properties(F.col("properties"), privacy.dropped(settings)),
            "traits": privacy.without_properties(F.col("traits"), privacy.dropped(settings)),
        }
    )
    if rules.query_parameters is not None:
        allowed = rules.query_parameters
        clean = page
        for name in ("url", "referrer"):
            clean = clean.withField(name, urls.keep_parameters(page[name], allowed))
        frame = frame.withColumns(
            {
                "page": F.when(page.isNotNull(), clean),
                "element": F.when(
                    element.isNotNull(),
                    element.withField("href", urls.keep_parameters(element["href"], allowed)),
                ),
            }
        )
    return _with_hashes(frame, settings)


def _with_hashes(frame: DataFrame, settings: Settings) -> DataFrame:
    """Identifiers and address as HMAC; blocked values stay readable, since they name nobody."""
    names = [
        *(_TYPED if settings.privacy.hash_identifiers else ()),
        *(["ip"] if settings.privacy.ip == "hash" else []),
    ]
    if not names:
        return frame
    keys = F.coalesce(F.map_keys("identifiers"), texts([]))
    values = F.coalesce(F.map_values("identifiers"), texts([]))
    frame = frame.withColumn(
        "plain", F.concat(F.array(*names), values if settings.privacy.hash_identifiers else texts([]))
    )
    frame = frame.withColumn("hashes", privacy.hashed(F.col("plain")))
    kept = F.zip_with(
        "plain", "hashes", lambda plain, code: F.when(is_blocked(plain, settings), plain).otherwise(code)
    )
    frame = frame.withColumn("hashes", kept)
    changed = {name: F.get("hashes", F.lit(i)) for i, name in enumerate(names)}
    if settings.privacy.hash_identifiers:
        rest = F.slice("hashes", len(names) + 1, F.greatest(F.size(keys), F.lit(1)))
        changed["identifiers"] = F.when(F.size(keys) > 0, F.map_from_arrays(keys, rest))
    return frame.withColumns(changed)


def _enriched(frame: DataFrame, settings: Settings, geo: places.Database | None) -> DataFrame:
    good = (F.size("reasons") == 0) & ~F.col("refused")
    place = places.place(F.left("address", F.lit(64)), geo) if geo else nothing("geo")
    # In one step, so that a row goes to Python once.
    facts = frame.withColumns({"facts": devices.user_agent_facts(F.col("user_agent")), "place": place})
    event_id = F.coalesce("event_id", "content_hash")
    kinds = scores.bot_reasons(F.col("facts"))
    page, parts = F.col("page"), pages.Parts(F.col("url_host"), F.col("url_path"))
    complete = facts.withColumns(
        {
            "event_id": event_id,
            "event_key": F.xxhash64(event_id),
            "event_date": F.to_date("event_time"),
            "page": pages.page(page, parts, F.col("event_name"), settings),
            "device": F.coalesce("device", F.col("facts.device")),
            "geo": F.coalesce("geo", filled({part: F.col("place")[part] for part in _PLACE})),
            "bot_reasons": kinds,
            "is_bot": scores.is_bot(kinds),
            # Bytes are for quarantine alone; carrying them along doubles what is staged. A recording is
            # judged later.
            "raw": F.when(
                (~good & (F.size("reasons") > 0)) | (F.col("event_name") == REPLAY_CHUNK), F.col("raw")
            ),
        }
    )
    typed = [F.col(c.name).cast(c.type).alias(c.name) for c in events.TABLE.columns]
    return complete.select(*typed, *EXTRA)


def quarantine(prepared: DataFrame, settings: Settings) -> DataFrame:
    """`events_quarantine` of the bad records, without PLACED, one row a content.

    Where several files hold the same bytes, the first by name stays.
    """
    bad = prepared.where(F.size("reasons") > 0).select(
        F.sha2("raw", 256).alias("content_hash"),
        "source",
        "reasons",
        F.octet_length("raw").cast("bigint").alias("length"),
        "file",
        F.substring("raw", 1, _KEPT_BYTES).alias("raw"),
    )
    first = Window.partitionBy("content_hash").orderBy(F.col("file").asc_nulls_last())
    once = bad.withColumn("nth", F.row_number().over(first)).where(F.col("nth") == 1)
    if settings.privacy.quarantine == "hash_only":
        once = once.withColumn("raw", F.lit(None).cast("binary"))
    names = [c.name for c in events_quarantine.TABLE.columns if c.name not in PLACED]
    return once.select(*names)


def last_tie() -> Column:
    """A hash of all that two deliveries of one content at one time may still differ in.

    Trackers put it beside an event when they export it, so that it is in no content hash: a person as known
    by then, ids that have been merged since.
    """
    return F.xxhash64(F.sort_array(F.map_entries("identifiers")), "properties")


def winners(candidates: DataFrame) -> DataFrame:
    """One row an event_id: the least (received_time, nulls last, content hash, rest); copies leave one.

    Rows whose key no other row has pass without a shuffle. Reads its input three times, twice of
    that one column, so it should lie in storage.
    """
    doubled = F.broadcast(doubled_keys(candidates))
    single = candidates.join(doubled, on="event_key", how="left_anti")
    several = candidates.join(doubled, on="event_key", how="left_semi")
    order = Window.partitionBy("event_id").orderBy(*[F.col(name).asc_nulls_last() for name in _WINNER])
    least = (
        several.withColumn("_tie", last_tie())
        .withColumn("nth", F.row_number().over(order))
        .where(F.col("nth") == 1)
    )
    return single.select(*candidates.columns).unionByName(least.select(*candidates.columns))


def duplicates(candidates: DataFrame) -> DataFrame:
    """For each event_id that comes more than once: `copies` beside the winner, and how many `conflicting`.

    A copy conflicts when its content hash is another than the winner's.
    """
    doubled = F.broadcast(doubled_keys(candidates))
    several = candidates.join(doubled, on="event_key", how="left_semi")
    received = F.col("received_time")
    contents = several.groupBy("event_id", "content_hash").agg(
        F.count(F.lit(1)).alias("rows"), F.min(F.struct(received.isNull(), received)).alias("received")
    )
    total = F.sum("rows")
    winner = F.min(F.struct("received", "content_hash", "rows"))
    counted = contents.groupBy("event_id").agg(
        (total - 1).alias("copies"), (total - winner["rows"]).alias("conflicting")
    )
    return counted.where(F.col("copies") > 0)


def doubled_keys(candidates: DataFrame) -> DataFrame:
    """`event_key` of those that come more than once."""
    return (
        candidates.groupBy("event_key")
        .agg(F.count(F.lit(1)).alias("rows"))
        .where(F.col("rows") > 1)
        .select("event_key")
    )
