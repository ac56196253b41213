"""PostHog's `properties` to canonical columns; what no column takes stays as JSON."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.enrich import campaigns
from trailhouse.sources import cast, json_records, posthog_elements
from trailhouse.sources import posthog_names as names

_GROUPS = f"STRUCT<{', '.join(f'`{kind}`: STRING' for kind in names.ACCOUNTS)}>"
_QUESTIONS = "ARRAY<STRUCT<id: STRING>>"
_NO_REFERRER = "$direct"


def with_properties(frame: DataFrame) -> DataFrame:
    """`keys` of the properties, `twice`: those that come more than once, `p`: what is read of the others."""
    text, keys, twice = F.col("r_properties"), F.col("keys"), F.col("twice")
    keyed = frame.withColumn("keys", F.json_object_keys(text))
    counted = keyed.withColumn("twice", json_records.repeated(keys))
    single = json_records.unambiguous_text(text, keys, twice)
    return counted.withColumn("p", F.from_json(single, names.PROPERTIES, cast.JSON))


def with_typed(frame: DataFrame) -> DataFrame:
    """`s` (properties that are text), `n` (numbers), `wrong`, `further`, each computed once."""
    p = F.col("p")
    casts = {
        "$viewport_width": cast.size(p["$viewport_width"]),
        "$viewport_height": cast.size(p["$viewport_height"]),
        "$prev_pageview_max_scroll": cast.integer(p["$prev_pageview_max_scroll"]),
        "$prev_pageview_max_content": cast.number(p["$prev_pageview_max_content"]),
        "$prev_pageview_max_content_percentage": cast.number(p["$prev_pageview_max_content_percentage"]),
        "$revenue": cast.money(p["$revenue"]),
        "revenue": cast.money(p["revenue"]),
    }
    texts = {key: cast.scalar(p[key]) for key in (*names.TEXTS, *names.OWN_TEXTS)}
    typed = frame.select(
        "*",
        F.struct(*[column.alias(key) for key, column in texts.items()]).alias("s"),
        F.struct(*[column.alias(key) for key, column in casts.items()]).alias("n"),
        json_records.further(names.VALUES).alias("further"),
    )
    return typed.withColumn("wrong", F.array_union(_wrong(), json_records.among(F.col("twice"), names.READ)))


def _wrong() -> Column:
    """ARRAY of the properties of a wrong type that a column would have taken."""
    p, s, n, name = F.col("p"), F.col("s"), F.col("n"), F.col("event_name")
    asked = {
        **dict.fromkeys(("title", "navigation_type"), name == "page_view"),
        **dict.fromkeys(("$revenue", "revenue", "$currency", "currency"), _is_custom()),
        "$prev_pageview_max_scroll": name == "visibility",
    }
    typed = {key: s[key] for key in (*names.TEXTS, *names.OWN_TEXTS)}
    typed |= {
        key: n[key]
        for key in ("$viewport_width", "$viewport_height", "$prev_pageview_max_scroll", "$revenue", "revenue")
    }
    broken = {key: p[key].isNotNull() & column.isNull() for key, column in typed.items()}
    return cast.texts(
        [F.when(asked[key] & bad if key in asked else bad, F.lit(key)) for key, bad in broken.items()]
    )


def columns() -> dict[str, Column]:
    """The columns that the properties and the elements chain fill."""
    s, n, name = F.col("s"), F.col("n"), F.col("event_name")
    null = F.lit(None).cast("string")

    def text(key: str) -> Column:
        return cast.present(s[key])

    elements, chain = F.col("elements"), F.col("r_elements_chain")
    left, scrolled = name == "visibility", n["$prev_pageview_max_scroll"]
    title = F.coalesce(text("$title"), F.when(name == "page_view", text("title")), text("$screen_name"))
    # A leaving page names itself as the one before.
    view = F.coalesce(F.when(left, text("$prev_pageview_id")), text("$pageview_id"))
    return {
        "app_id": F.coalesce(
            cast.present(F.col("r_team_id")), text("token"), cast.present(F.col("r_site_url"))
        ),
        "platform": _platform(),
        "release": text("$app_version"),
        "account_id": _account(),
        "client_session_id": text("$session_id"),
        "tab_id": text("$window_id"),
        "navigation_type": F.when(name == "page_view", _navigation()),
        "page": F.struct(
            text("$current_url").alias("url"),
            title.alias("title"),
            F.nullif(text("$referrer"), F.lit(_NO_REFERRER)).alias("referrer"),
            view.alias("view_id"),
        ),
        "viewport": cast.sizes(n["$viewport_width"], n["$viewport_height"]),
        "document": F.when(left, _document()),
        "pointer": null,
        "element": posthog_elements.element(elements, chain, s["$el_text"]),
        "scroll_offset": F.when(left & scrolled.isNotNull(), F.greatest(scrolled, F.lit(0))),
        "media": cast.nothing("media"),
        "form": F.when(name.isin("form_change", "form_submit"), posthog_elements.form(elements)),
        "search": cast.nothing("search"),
        "survey": F.when(name.isin(*names.SURVEY), _survey()),
        "campaign": _campaign(),
        "user_agent": text("$raw_user_agent"),
        "geo": _geo(),
        "ip": F.coalesce(cast.present(F.col("r_ip")), text("$ip")),
        "language": F.coalesce(text("$browser_language"), text("$locale")),
        "consent": F.when(F.col("event") == "$opt_in", F.lit("opt_in")),
        "experiments": _experiments(),
        "value": F.when(_is_custom(), F.coalesce(n["$revenue"], n["revenue"])),
        "currency": F.when(_is_custom(), F.upper(F.coalesce(text("$currency"), text("currency")))),
        "traits": _traits(),
        "flags": _flags(),
    }


def _is_custom() -> Column:
    """Whether the project named the event itself, so that it may tell of money."""
    event = F.col("event")
    return ~event.startswith("$") & ~event.isin(*names.NAMES)


def _platform() -> Column:
    s = F.col("s")
    library = F.lower(s["$lib"])
    system = F.lower(F.concat_ws(" ", s["$os"], s["$os_name"]))
    mobile = F.when(system.contains("android"), F.lit("android")).when(
        system.contains("ios") | system.contains("ipados"), F.lit("ios")
    )
    return (
        F.when(library.isin(*names.WEB), F.lit("web"))
        .when(library.isin(*names.IOS), F.lit("ios"))
        .when(library.isin(*names.ANDROID), F.lit("android"))
        .when(library.isin(*names.MOBILE), mobile)
        .when(library.isin(*names.SERVER), F.lit("server"))
    )


def _account() -> Column:
    groups = F.from_json(F.col("p")["$groups"], _GROUPS, cast.JSON)
    named = F.coalesce(*[cast.present(cast.scalar(groups[kind])) for kind in names.ACCOUNTS])
    return F.when(F.col("event_name") == "group", cast.present(F.col("s")["$group_key"])).otherwise(named)


def _navigation() -> Column:
    return cast.lookup(names.NAVIGATIONS, F.col("s")["navigation_type"])


def _document() -> Column:
    """The page's height, from the lowest point seen in px and as a share of it; the width is not told."""
    n = F.col("n")
    share = n["$prev_pageview_max_content_percentage"]
    height = cast.size(F.when(share > 0, n["$prev_pageview_max_content"] / share))
    return F.when(height > 0, F.struct(F.lit(None).cast("int").alias("width"), height.alias("height")))


def _survey() -> Column:
    """The first answer as the score where it is a number, with the next as the answer; else as the answer."""
    p, s = F.col("p"), F.col("s")
    ids = F.from_json(p["$survey_questions"], _QUESTIONS, cast.JSON)
    every = F.from_json(F.col("r_properties"), json_records.TEXTS, cast.JSON)

    def response(place: int, key: str) -> Column:
        # Newer libraries name an answer by its question's id.
        by_id = F.concat(F.lit("$survey_response_"), F.get(ids, F.lit(place))["id"])
        return cast.present(cast.scalar(F.coalesce(p[key], F.try_element_at(every, by_id))))

    first, second = response(0, "$survey_response"), response(1, "$survey_response_1")
    score = F.when(first.rlike(r"^\d{1,3}$"), cast.integer(first))
    kinds = [
        F.when(s["$survey_name"].rlike(words), F.lit(kind)) for kind, words in names.SURVEY_KINDS.items()
    ]
    answered = F.col("event_name") == "survey_response"
    return F.struct(
        cast.present(s["$survey_id"]).alias("id"),
        F.coalesce(*kinds).alias("kind"),
        F.when(answered, score).alias("score"),
        F.when(answered, F.when(score.isNull(), first).otherwise(second)).alias("answer"),
    )


def _campaign() -> Column:
    s = F.col("s")
    fields = {key: cast.present(s[name]) for key, name in campaigns.UTM.items()}
    fields["click_id"] = F.coalesce(*[cast.present(s[key]) for key in campaigns.CLICK_IDS])
    return cast.filled(fields)


def _geo() -> Column:
    s = F.col("s")
    return cast.filled({part: cast.present(s[key]) for part, key in names.GEO.items()})


def _experiments() -> Column:
    s = F.col("s")
    return json_records.experiments(F.col("event_name"), s["$feature_flag"], s["$feature_flag_response"])


def _traits() -> Column:
    p, name = F.col("p"), F.col("event_name")
    given = F.when(name == "identify", F.coalesce(p["$set"], F.col("r_set"))).when(
        name == "group", p["$group_set"]
    )
    return F.when(given.startswith("{"), given)


def _flags() -> Column:
    whole = F.when(~F.col("r_properties").startswith("{"), F.lit("wrong_type:properties"))
    p, name = F.col("p"), F.col("event_name")
    traits = [
        F.when((name == event) & ~p[key].startswith("{"), F.lit(f"wrong_type:properties.{key}"))
        for event, key in (("identify", "$set"), ("group", "$group_set"))
    ]
    return F.concat(cast.texts([whole, *traits]), json_records.flags(F.col("wrong"), "properties."))


def with_taken(frame: DataFrame) -> DataFrame:
    """`taken` (the properties that columns take in this event), `left` (the keys of the others)."""
    taken = frame.withColumn("taken", _taken())
    return taken.withColumn("left", F.array_except("keys", "taken"))


def _taken() -> Column:
    """ARRAY of the properties that columns take in this event."""
    p, s, name, people = F.col("p"), F.col("s"), F.col("event_name"), F.col("people")
    by_name = F.when(F.lit(False), F.array().cast("array<string>"))
    for event, keys in names.TAKEN_BY.items():
        traits = [key for key in keys if key in ("$set", "$group_set")]
        plain = [F.lit(key) for key in keys if key not in traits]
        # Traits that are no object stay.
        by_name = by_name.when(
            name == event, F.array(*plain, *[F.when(p[key].startswith("{"), F.lit(key)) for key in traits])
        )
    n = F.col("n")
    url, referrer = s["$current_url"].isNotNull(), s["$referrer"].isNotNull()
    sized = cast.sizes(n["$viewport_width"], n["$viewport_height"]).isNotNull()
    conditions = {
        # The same value in a second place, which hashing and cleaning would not reach.
        "distinct_id": p["distinct_id"] == F.col("distinct"),
        "$user_id": F.col("known_user") == people["user_id"],
        "$anon_distinct_id": F.col("event") == "$identify",
        "$pageview_id": (name != "visibility") | s["$prev_pageview_id"].isNull(),
        "title": (name == "page_view") & s["$title"].isNull(),
        "$device_id": s["$device_id"].isin(people["anonymous_id"], people["previous_id"]),
        "$host": url,
        "$pathname": url,
        "$referring_domain": referrer,
        "$viewport_width": sized,
        "$viewport_height": sized,
        "token": F.col("r_team_id").isNull(),
        "$screen_name": s["$title"].isNull() & ((name != "page_view") | s["title"].isNull()),
        # Without the flag's name there is no experiment to hold it.
        "$feature_flag_response": (name == "experiment_exposure") & s["$feature_flag"].isNotNull(),
        "$event_type": (F.col("event") == "$autocapture") & (name != "$autocapture"),
        "navigation_type": (name == "page_view") & _navigation().isNotNull(),
        "$revenue": _is_custom(),
        "revenue": _is_custom() & n["$revenue"].isNull(),
        "$currency": _is_custom(),
        "currency": _is_custom() & s["$currency"].isNull(),
    }
    given = [F.when(condition, F.lit(key)) for key, condition in conditions.items()]
    always = F.array(*map(F.lit, names.TAKEN), *given)
    found = F.concat(always, by_name.otherwise(F.array().cast("array<string>")))
    # A null among them would make every look for another key null.
    return F.array_except(found, F.concat("wrong", F.array(F.lit(None).cast("string"))))


def properties() -> Column:
    """What no column took: properties, then what else the record holds as `$record`."""
    text = F.col("r_properties")
    left = F.col("left")
    own = (
        F.when(F.size(left) > 0, json_records.members(text, left))
        .when(left.isNotNull(), F.lit("{}"))
        .when(text.isNotNull(), F.to_json(F.struct(text.alias("properties"))))
    )
    return cast.joined([own, _rest_of_record()])


def _rest_of_record() -> Column:
    p = F.col("p")

    def document(key: str, value: Column) -> Column:
        as_text = F.to_json(F.struct(value.alias(key)))
        return F.when(cast.nested(value), json_records.under(key, value)).otherwise(as_text)

    # `set` and `set_once` repeat the properties of that name.
    is_traits = (F.col("event_name") == "identify") & F.col("r_set").startswith("{")
    repeated = p["$set"].isNotNull() | F.coalesce(is_traits, F.lit(False))
    app = F.col("r_team_id").isNull() & F.col("s")["token"].isNull()
    plain = {
        "elements_chain": F.nullif(F.col("r_elements_chain"), F.lit("")),
        "site_url": F.when(~app, F.nullif(F.col("r_site_url"), F.lit(""))),
        "person_id": F.col("r_person_id"),
    }
    further = F.map_filter("map", lambda key, _: F.array_contains(F.col("further"), key))
    inner = cast.joined(
        [
            F.to_json(F.struct(*[column.alias(key) for key, column in plain.items()])),
            document("person_properties", F.col("r_person_properties")),
            document("set", F.when(~repeated, F.col("r_set"))),
            document("set_once", F.when(p["$set_once"].isNull(), F.col("r_set_once"))),
            F.when(F.size("further") > 0, F.to_json(further)),
        ]
    )
    return json_records.under("$record", inner)
