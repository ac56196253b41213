"""PostHog's exported events, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import by_name, line, of_files
from trailhouse.settings import Settings
from trailhouse.sources import SOURCES

DEVICE = "0190a1b2-0000-7000-8000-00000000000d"
OTHER = "0190a1b2-0000-7000-8000-00000000000e"
OLD = "17a1b2c3d4e5f6-0a1b2c3d4e5f60-1a2b3c4-1fa400-17a1b2c3d4e6a7"
URL = "https://shop.example/product/12?utm_source=mail"
BROWSER = {
    "$lib": "web",
    "$device_id": DEVICE,
    "distinct_id": DEVICE,
    "$is_identified": False,
    "$process_person_profile": False,
}


def event(uuid: str | None, name: Any, properties: Any = None, /, **fields: Any) -> dict[str, Any]:
    """A good event of an unknown browser; a field given as None is left out."""
    whole = {
        "uuid": uuid,
        "event": name,
        "timestamp": "2026-03-02T10:00:00.250000+00:00",
        "created_at": "2026-03-02T10:00:05.000000+00:00",
        "distinct_id": DEVICE,
        "properties": {**BROWSER, **properties} if isinstance(properties, dict) else properties or BROWSER,
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


def server(uuid: str, name: str, distinct_id: str, /, **properties: Any) -> dict[str, Any]:
    """An event of a server's library, which marks nobody."""
    own = {"$lib": "posthog-python", "$lib_version": "6.7.0", **properties}
    return event(uuid, name, json.dumps(own), distinct_id=distinct_id)


CHAIN = (
    'span.label:nth-child="2"nth-of-type="1"text="Buy \\"now\\"; it:s here";'
    'a.btn.md:flex:attr__class="btn md:flex"attr__href="/cart?a=1;b"href="/cart?a=1;b"nth-child="3"'
    'nth-of-type="1";'
    'div:attr__id="shelf"attr_id="shelf"nth-child="1"nth-of-type="1";'
    'body:nth-child="2"nth-of-type="1"'
)
FIELD = (
    'input.wide:attr__id="mail"attr__name="email"attr_id="mail"nth-child="1"nth-of-type="1";'
    'form:attr__id="signup"attr_id="signup"nth-child="2"nth-of-type="1"'
)
LONG = "div:attr__style=" + '"' + "a" * 3000 + '\\"' * 500 + '"' + 'nth-child="1"text="deep"'
LEAVE = {
    "$pageview_id": "v-2",
    "$prev_pageview_id": "v-1",
    "$prev_pageview_pathname": "/product/12",
    "$prev_pageview_duration": 12.5,
    "$prev_pageview_max_scroll": 600,
    "$prev_pageview_max_content": 1400,
    "$prev_pageview_max_content_percentage": 0.7,
}
PERSON = {"email": "Ann@Shop.example", "$os": "Mac OS X", "visits": 3}

GOOD: list[dict[str, Any]] = [
    event("plain", "onboarding step", {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}),
    event(
        "page",
        "$pageview",
        {
            "$current_url": URL,
            "$host": "shop.example",
            "$pathname": "/product/12",
            "title": "A cup",
            "$referrer": "https://a.example/",
            "$referring_domain": "a.example",
            "$pageview_id": "v-1",
            "$session_id": "s-1",
            "$window_id": "w-1",
            "$viewport_width": 390,
            "$viewport_height": 844.5,
            "$screen_width": 390,
            "$raw_user_agent": "Mozilla/5.0",
            "$browser_language": "de-DE",
            "$app_version": "1.2",
            "$ip": "203.0.113.7",
            "$geoip_country_code": "DE",
            "$geoip_country_name": "Germany",
            "$geoip_subdivision_1_name": "Berlin",
            "$geoip_city_name": "Berlin",
            "utm_source": "mail",
            "utm_campaign": "spring",
            "gclid": "g-1",
            "token": "phc_key",
            "$sent_at": "2026-03-02T09:00:00Z",
            "navigation_type": "popstate",
            "$groups": {"company": "acme", "team": "red"},
        },
        elements_chain="",
        person_id="p-1",
        person_properties=PERSON,
        _inserted_at="2026-03-02T10:00:09.000000+00:00",
    ),
    event(
        "encoded",
        "$pageview",
        json.dumps({**BROWSER, "$current_url": URL, "$referrer": "$direct", "extra": 1}),
        team_id=7,
    ),
    event(
        "screen",
        "$screen",
        {"$lib": "posthog-ios", "$screen_name": "Basket", "$locale": "en-GB"},
    ),
    event("leave", "$pageleave", LEAVE),
    event("click", "$autocapture", {"$event_type": "click", "$ce_version": 1}, elements_chain=CHAIN),
    event(
        "touch", "$autocapture", {"$event_type": "touch", "$lib": "posthog-react-native", "$os_name": "iOS"}
    ),
    event("change", "$autocapture", {"$event_type": "change"}, elements_chain=FIELD),
    event("submit", "$autocapture", {"$event_type": "submit"}, elements_chain=FIELD.split(";")[1]),
    event("drag", "$autocapture", {"$event_type": "drag"}),
    event("long", "$autocapture", {"$event_type": "click"}, elements_chain=LONG),
    event("bare", "$autocapture", {"$event_type": "click", "$el_text": "Go"}, elements_chain="canvas;div:"),
    event("rage", "$rageclick", {"$event_type": "click"}, elements_chain=CHAIN),
    event(
        "identify",
        "$identify",
        {
            "distinct_id": "u-1",
            "$user_id": "u-1",
            "$is_identified": True,
            "$anon_distinct_id": DEVICE,
            "$set": {"email": "A@b.example", "plan": "pro"},
            "$set_once": {"first": "x", "phone": "1"},
        },
        distinct_id="u-1",
    ),
    event("set", "$set", {"$set": {"plan": "free"}}),
    event("set-column", "$set", BROWSER, set='{"plan": "free"}', set_once='{"a": 1}'),
    event("alias-js", "$create_alias", {"alias": "u-1"}),
    server("alias-user", "$create_alias", "u-1", alias=OTHER),
    server("alias-swapped", "$create_alias", OTHER, alias="u-1"),
    server("merge", "$merge_dangerously", OTHER, alias="old"),
    server(
        "group",
        "$groupidentify",
        "$company_acme",
        **{
            "$group_type": "company",
            "$group_key": "acme",
            "$group_set": {"seats": 3},
        },
    ),
    event("exception", "$exception", {"$exception_list": [{"type": "TypeError", "value": "x"}]}),
    event("vital", "$web_vitals", {"$web_vitals_LCP_value": 812.5}),
    event("flag", "$feature_flag_called", {"$feature_flag": "new-cart", "$feature_flag_response": True}),
    event("flag-nameless", "$feature_flag_called", {"$feature_flag_response": "b"}),
    event("shown", "survey shown", {"$survey_id": "s-9", "$survey_name": "Net Promoter Score (NPS)"}),
    event(
        "answered",
        "survey sent",
        {
            "$survey_id": "s-9",
            "$survey_name": "Our NPS",
            "$survey_questions": [{"id": "q-1", "question": "?"}, {"id": "q-2", "question": "Why?"}],
            "$survey_response_q-1": 9,
            "$survey_response_q-2": "fast",
            "$survey_completed": True,
        },
    ),
    event("answered-old", "survey sent", {"$survey_id": "s-8", "$survey_response": "good"}),
    event("answered-part", "survey sent", {"$survey_id": "s-9", "$survey_completed": False}),
    event("dismissed", "survey dismissed", {"$survey_id": "s-9", "$survey_name": "nothing"}),
    event("heatmap", "$$heatmap", {"$heatmap_data": {URL: [{"x": 1, "y": 2, "type": "mousemove"}]}}),
    event("opt-in", "$opt_in"),
    event("paid", "order placed", {"revenue": 19.99, "currency": "eur", "$revenue": 25, "sku": "c-1"}),
    event("known", "x", {"$user_id": "u-1", "$is_identified": True, "distinct_id": "u-1"}, distinct_id="u-1"),
    event("identified", "x", {"$is_identified": True}, distinct_id=OTHER),
    event("after-reset", "x", {"distinct_id": OTHER}, distinct_id=OTHER),
    event("two-ids", "x", {"$user_id": "u-1"}),
    event("cookieless", "x", '{"$lib": "web"}', distinct_id="cookieless_ab12"),
    server("server", "x", OTHER),
    server("personless", "x", OTHER, **{"$process_person_profile": False}),
    event("unmarked-uuid", "x", '{"a": 1}', distinct_id=OTHER),
    event("unmarked-old", "x", '{"a": 1}', distinct_id=OLD),
    event("unmarked-name", "x", '{"a": 1}', distinct_id="ann@shop.example"),
    event("number-id", "x", '{"a": 1}', distinct_id=42),
    event("android", "x", {"$lib": "posthog-android"}),
    event("flutter", "x", {"$lib": "posthog-flutter", "$os": "Android"}),
    event("unknown-lib", "x", {"$lib": "own"}),
    event("inserted", "x", created_at=None, inserted_at="2026-03-02 10:00:07.5"),
    event("future", "x", timestamp="2026-03-02T10:20:05.000001+00:00"),
    event("epoch", "x", timestamp=1772445600500),
    event(
        "wrong",
        "$pageview",
        {
            "$current_url": {"a": 1},
            "$viewport_width": "wide",
            "$viewport_height": 844,
            "title": ["a"],
            "$session_id": "[object Object]",
        },
    ),
    event("wrong-leave", "$pageleave", {"$prev_pageview_max_scroll": "far"}),
    event("pulled", "$pageleave", {"$prev_pageview_max_scroll": -3}),
    event("wrong-money", "order placed", {"revenue": "a lot", "currency": "EUR"}),
    event("wrong-title", "x", {"title": ["a"]}),
    event("wrong-set", "$set", {"$set": "none"}),
    event("properties-text", "x", "none"),
    event("foreign", "x", {}, extra={"a": 1}, site_url="https://eu.posthog.example"),
    event("unicode", "x", {"naïve": "日本"}, distinct_id="Zoë 🦊"),
    event("again", "x", {"a": 1}),
    event("again", "x", {"a": 1}, created_at="2026-03-03T00:00:00+00:00", person_properties=PERSON),
    event("again", "x", {"a": 2}, created_at="2026-03-04T00:00:00+00:00"),
    event("again", "x", {"a": 1}, created_at="2026-03-05T00:00:00+00:00", extra=1),
]

BAD: dict[str, tuple[Any, list[str]]] = {
    "text": ("hello", ["not a JSON object"]),
    "array": ("[1]", ["not a JSON object"]),
    "cut": (line(event("cut", "x"))[:-9], ["not a JSON object"]),
    "rest": (line(event("rest", "x")) + b" x", ["not a JSON object"]),
    "two": (line(event("a", "x")) + line(event("b", "x")), ["not a JSON object"]),
    "two with comma": (line(event("a", "x")) + b"," + line(event("b", "x")), ["not a JSON object"]),
    "single quotes": ("{'uuid': 'q'}", ["not a JSON object"]),
    "not utf-8": (line(event("latin", "x"))[:-1] + b',"a":"\xe9"}', ["not UTF-8"]),
    "large": (event("large", "x", {"a": "x" * 9000}), ["record larger than 9000 bytes"]),
    "no time": (event("no-time", "x", timestamp=None), ["no time"]),
    "bad time": (event("bad-time", "x", timestamp="yesterday"), ["time not readable: timestamp"]),
    "bad created": (event("bad-created", "x", created_at="soon"), ["time not readable: created_at"]),
    "bad inserted": (event("bad-in", "x", _inserted_at={}), ["time not readable: _inserted_at"]),
    "too early": (event("early", "x", timestamp="1989-12-31T23:59:59Z"), ["time out of bounds"]),
    "no name": (event("no-name", None), ["no name"]),
    "blank name": (event("blank-name", " "), ["no name"]),
    "name object": (event("name-object", {"a": 1}), ["name of a wrong type"]),
    "nobody": (event("nobody", "x", '{"a": 1}', distinct_id=None), ["no identifier"]),
    "blank nobody": (event("blank", "x", '{"a": 1}', distinct_id="  "), ["no identifier"]),
    "id object": (event("o", "x", distinct_id={"a": 1}), ["identifier of a wrong type: distinct_id"]),
    "uuid array": (event(None, "x", uuid=[1]), ["identifier of a wrong type: uuid"]),
    "user object": (event("u", "x", {"$user_id": {}}), ["identifier of a wrong type: $user_id"]),
    "two users": (
        line(event("u2", "x", {"$user_id": "u"})).replace(b'"u"', b'"u", "$user_id": "v"'),
        ["identifier of a wrong type: $user_id"],
    ),
    "alias object": (event("al", "$create_alias", {"alias": {}}), ["identifier of a wrong type: alias"]),
    "all": ({"uuid": "x"}, ["no time", "no name", "no identifier"]),
}


@pytest.fixture(scope="module")
def found(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """Every case prepared in one pass: good ones by their uuid, bad ones by their bytes' name."""
    file = tmp_path_factory.mktemp("posthog") / "export.jsonl"
    file.write_bytes(
        b"\n".join([b"", b"  ", *map(line, [*GOOD, *(record for record, _ in BAD.values())])]) + b"\r\n"
    )
    settings = Settings.model_validate({"raw": {"max_record_bytes": 9000}, "privacy": {"ip": "truncate"}})
    rows = by_name(of_files(spark, "posthog", [file], settings), BAD)
    assert sum(map(len, rows.values())) == len(GOOD) + len(BAD), "blank lines are no records"
    return rows


@pytest.fixture(scope="module")
def rows(found: dict[str, list[Row]]) -> dict[str, Row]:
    return {name: several[0] for name, several in found.items()}


def left(row: Row) -> Any:
    """What stays in `properties` besides what every event of a browser carries there."""
    kept = json.loads(row.properties)
    return {key: value for key, value in kept.items() if key not in BROWSER}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_goes_to_quarantine_with_every_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


@pytest.mark.parametrize("name", sorted({case["uuid"] for case in GOOD}))
def test_a_good_record_has_no_reason_and_keeps_no_bytes(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].reasons, rows[name].raw, rows[name].refused) == ([], None, False)


def test_every_kind_of_event_has_its_canonical_name(rows: dict[str, Row]) -> None:
    expected = {
        "page": "page_view", "screen": "screen_view", "leave": "visibility", "click": "click",
        "touch": "click", "change": "form_change", "submit": "form_submit",
        "drag": "$autocapture", "rage": "$rageclick",
        "identify": "identify", "set": "identify", "alias-js": "alias", "merge": "alias", "group": "group",
        "exception": "error", "vital": "web_vital", "flag": "experiment_exposure", "shown": "survey_shown",
        "answered": "survey_response", "answered-part": "survey sent", "dismissed": "survey_dismissed",
        "heatmap": "$$heatmap", "opt-in": "$opt_in", "plain": "onboarding step",
    }  # fmt: skip
    assert {name: rows[name].event_name for name in expected} == expected


def test_a_page_view_fills_the_columns_and_leaves_what_it_does_not_know(rows: dict[str, Row]) -> None:
    row = rows["page"]
    page = row.page
    assert (page.url, page.title, page.referrer, page.view_id) == (URL, "A cup", "https://a.example/", "v-1")
    assert (row.client_session_id, row.tab_id, row.language, row.release) == ("s-1", "w-1", "de-DE", "1.2")
    assert row.viewport.asDict() == {"width": 390, "height": 845}
    assert row.geo.asDict() == {"country": "DE", "region": "Berlin", "city": "Berlin"}
    assert (row.ip, row.user_agent) == ("203.0.113.0", "Mozilla/5.0")
    assert (row.campaign.source, row.campaign.name, row.campaign.click_id) == ("mail", "spring", "g-1")
    assert (row.app_id, row.platform, row.account_id, row.navigation_type) == (
        "phc_key",
        "web",
        "acme",
        "back_forward",
    )
    assert (row.source, row.flags, row.identifiers) == ("posthog", [], {"email": "ann@shop.example"})
    # The address and the parts of URLs stand in no second place.
    assert left(row) == {
        "$screen_width": 390,
        "$geoip_country_name": "Germany",
        "gclid": "g-1",
        "$sent_at": "2026-03-02T09:00:00Z",
        "$groups": {"company": "acme", "team": "red"},
        "$record": {"person_id": "p-1", "person_properties": PERSON},
    }


def test_properties_may_be_an_object_or_its_text(rows: dict[str, Row]) -> None:
    assert (rows["encoded"].app_id, rows["encoded"].page.referrer, rows["encoded"].platform) == (
        "7",
        None,
        "web",
    )
    assert left(rows["encoded"]) == {"extra": 1}


def test_the_time_is_taken_as_corrected_and_arrival_as_created(rows: dict[str, Row]) -> None:
    row = rows["page"]
    # The device sent it an hour behind; the timestamp has been corrected by that already.
    assert row.event_time == datetime(2026, 3, 2, 10, 0, 0, 250_000)
    assert (row.sent_time, row.received_time) == (None, datetime(2026, 3, 2, 10, 0, 5))
    assert rows["inserted"].received_time == datetime(2026, 3, 2, 10, 0, 7, 500_000)
    assert (rows["future"].event_time, rows["future"].flags) == (
        datetime(2026, 3, 2, 10, 0, 5),
        ["future_time"],
    )
    assert rows["epoch"].event_time == datetime(2026, 3, 2, 10, 0, 0, 500_000)


def test_a_click_has_the_element_of_its_chain(rows: dict[str, Row]) -> None:
    row = rows["click"]
    assert row.element.asDict(True) == {
        # From the nearest element with an id; values may hold quotes, colons and semicolons.
        "selector": "div#shelf > a.btn.md:flex:nth-child(3) > span.label:nth-child(2)",
        "text": 'Buy "now"; it:s here',
        "tag": "span",
        "href": "/cart?a=1;b",
        "interactive": True,
        "box": None,
        "x": None,
        "y": None,
    }
    assert left(row) == {"$ce_version": 1, "$record": {"elements_chain": CHAIN}}
    long, bare = rows["long"].element, rows["bare"].element
    assert (long.text, long.selector, long.interactive) == ("deep", "div:nth-child(1)", None)
    assert (bare.text, bare.tag, bare.selector) == ("Go", "canvas", "div > canvas")
    assert rows["touch"].element is None


def test_form_events_name_their_form_and_field(rows: dict[str, Row]) -> None:
    assert rows["change"].form.asDict() == {"id": "signup", "field": "email"}
    assert rows["change"].element.selector == "input#mail"
    assert rows["submit"].form.asDict() == {"id": "signup", "field": None}
    assert rows["click"].form is None


def test_a_rage_click_is_no_second_click(rows: dict[str, Row]) -> None:
    row = rows["rage"]
    assert (row.event_name, row.element.text) == ("$rageclick", 'Buy "now"; it:s here')
    assert left(row)["$event_type"] == "click"


def test_a_page_that_is_left_tells_how_far_it_was_scrolled(rows: dict[str, Row]) -> None:
    row = rows["leave"]
    assert (row.scroll_offset, row.page.view_id) == (600, "v-1")
    assert row.document.asDict() == {"width": None, "height": 2000}
    assert left(row) == LEAVE
    assert rows["pulled"].scroll_offset == 0, "a page pulled past its top counts as its top"


def test_a_screen_is_named_as_its_title(rows: dict[str, Row]) -> None:
    row = rows["screen"]
    assert (row.page.title, row.page.group, row.language, row.platform) == (
        "Basket",
        "Basket",
        "en-GB",
        "ios",
    )


def ids(row: Row) -> tuple[str | None, str | None, str | None]:
    return row.user_id, row.anonymous_id, row.previous_id


def test_an_identify_links_the_anonymous_id_to_the_user(rows: dict[str, Row]) -> None:
    row = rows["identify"]
    assert ids(row) == ("u-1", DEVICE, None)
    assert json.loads(row.traits) == {"email": "A@b.example", "plan": "pro"}
    assert row.identifiers == {"email": "a@b.example", "phone": "1"}
    assert left(row) == {"$set_once": {"first": "x", "phone": "1"}}
    assert (ids(rows["set"]), rows["set"].traits) == ((None, DEVICE, None), '{"plan":"free"}')
    assert json.loads(rows["set-column"].traits) == {"plan": "free"}
    assert left(rows["set-column"]) == {"$record": {"set_once": {"a": 1}}}


def test_an_alias_finds_its_user_whichever_id_comes_first(rows: dict[str, Row]) -> None:
    assert ids(rows["alias-js"]) == ("u-1", None, DEVICE)
    assert ids(rows["alias-user"]) == ("u-1", None, OTHER)
    assert ids(rows["alias-swapped"]) == ("u-1", None, OTHER)
    assert ids(rows["merge"]) == (OTHER, None, "old")
    assert json.loads(rows["alias-user"].properties) == {"$lib": "posthog-python", "$lib_version": "6.7.0"}


def test_a_group_that_nobody_sent_names_no_user(rows: dict[str, Row]) -> None:
    row = rows["group"]
    assert (ids(row), row.account_id, row.traits) == ((None, "$company_acme", None), "acme", '{"seats":3}')


@pytest.mark.parametrize(
    ("name", "user", "anonymous"),
    [
        ("plain", None, DEVICE),
        ("known", "u-1", None),
        ("identified", OTHER, None),
        ("after-reset", None, OTHER),
        ("two-ids", "u-1", DEVICE),
        ("cookieless", None, "cookieless_ab12"),
        ("server", OTHER, None),
        ("personless", None, OTHER),
        ("unmarked-uuid", None, OTHER),
        ("unmarked-old", None, OLD),
        ("unmarked-name", "ann@shop.example", None),
        ("number-id", "42", None),
    ],
)
def test_the_distinct_id_is_a_user_or_a_device(
    rows: dict[str, Row], name: str, user: str | None, anonymous: str | None
) -> None:
    assert ids(rows[name]) == (user, anonymous, None)


def test_an_id_stands_in_no_second_place(rows: dict[str, Row]) -> None:
    kept = json.loads(rows["plain"].properties)
    assert {"distinct_id", "$device_id"} & set(kept) == set()
    assert "$user_id" not in json.loads(rows["known"].properties)
    # A device's id that no column has would be lost.
    assert json.loads(rows["after-reset"].properties)["$device_id"] == DEVICE


def test_the_platform_is_told_by_the_library(rows: dict[str, Row]) -> None:
    names = ("plain", "touch", "android", "flutter", "server", "unknown-lib", "unmarked-uuid")
    expected = ["web", "ios", "android", "android", "server", None, None]
    assert [rows[name].platform for name in names] == expected


def test_surveys_flags_and_consent_fill_their_columns(rows: dict[str, Row]) -> None:
    assert rows["shown"].survey.asDict() == {"id": "s-9", "kind": "nps", "score": None, "answer": None}
    assert rows["answered"].survey.asDict() == {"id": "s-9", "kind": "nps", "score": 9, "answer": "fast"}
    assert rows["answered-old"].survey.asDict() == {
        "id": "s-8",
        "kind": None,
        "score": None,
        "answer": "good",
    }
    assert (rows["dismissed"].survey.id, rows["dismissed"].survey.kind) == ("s-9", None)
    assert rows["answered-part"].survey is None
    assert left(rows["answered"])["$survey_response_q-2"] == "fast"
    assert [one.asDict() for one in rows["flag"].experiments] == [{"name": "new-cart", "variant": "true"}]
    assert left(rows["flag"]) == {}
    # Without a name there is no experiment to hold it.
    assert left(rows["flag-nameless"]) == {"$feature_flag_response": "b"}
    assert rows["opt-in"].consent == "opt_in"


def test_a_heatmap_stays_one_event_with_its_points(rows: dict[str, Row]) -> None:
    assert left(rows["heatmap"]) == {"$heatmap_data": {URL: [{"x": 1, "y": 2, "type": "mousemove"}]}}


def test_a_custom_event_keeps_its_properties_with_their_types_and_may_tell_of_money(
    rows: dict[str, Row],
) -> None:
    assert left(rows["plain"]) == {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}
    assert (rows["paid"].value, rows["paid"].currency) == (Decimal("25.0000"), "EUR")
    # The other revenue was not taken, so it stays.
    assert left(rows["paid"]) == {"revenue": 19.99, "sku": "c-1"}


def test_a_field_of_a_wrong_type_is_null_flagged_and_kept(rows: dict[str, Row]) -> None:
    row = rows["wrong"]
    wrong = ("$current_url", "$viewport_width", "title")
    assert set(row.flags) == {f"wrong_type:properties.{key}" for key in wrong}
    assert (row.page, row.viewport, row.client_session_id) == (None, None, "[object Object]")
    assert left(row) == {
        "$current_url": {"a": 1},
        "$viewport_width": "wide",
        "$viewport_height": 844,
        "title": ["a"],
    }
    leave = rows["wrong-leave"]
    assert (leave.scroll_offset, leave.flags) == (None, ["wrong_type:properties.$prev_pageview_max_scroll"])
    money = rows["wrong-money"]
    assert (money.value, money.flags) == (None, ["wrong_type:properties.revenue"])
    assert left(money) == {"revenue": "a lot"}
    assert rows["wrong-title"].flags == [], "a custom event may name its own so"
    assert (rows["wrong-set"].traits, rows["wrong-set"].flags) == (None, ["wrong_type:properties.$set"])
    assert left(rows["wrong-set"]) == {"$set": "none"}
    text = rows["properties-text"]
    assert (text.flags, text.user_id, text.anonymous_id) == (["wrong_type:properties"], None, DEVICE)
    assert json.loads(text.properties) == {"properties": "none"}


def test_what_no_column_takes_is_kept(rows: dict[str, Row]) -> None:
    assert rows["foreign"].app_id == "https://eu.posthog.example"
    assert left(rows["foreign"]) == {"$record": {"extra": '{"a":1}'}}
    assert (rows["unicode"].anonymous_id, left(rows["unicode"])) == ("Zoë 🦊", {"naïve": "日本"})


def test_another_export_of_an_event_has_the_same_content(found: dict[str, list[Row]]) -> None:
    first, again, changed, more = sorted(found["again"], key=lambda row: row.received_time)
    assert first.content_hash == again.content_hash
    assert len({first.content_hash, changed.content_hash, more.content_hash}) == 3


def test_files_end_as_the_exports_name_them() -> None:
    source = SOURCES["posthog"]
    assert {".jsonl", ".jsonl.gz"} <= set(source.suffixes)
    assert source.lines
