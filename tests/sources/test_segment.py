"""Segment messages, one golden case a rule; all of them go through Spark in one pass."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.sources.reading import by_name, line, message, prepared
from trailhouse.settings import Settings

PAGE = {
    "url": "https://shop.example/product/12?utm_source=mail",
    "title": "A cup",
    "referrer": "https://a.example/",
}
BOX = {"x": 10, "y": 20, "width": 30.4, "height": 40}


def track(message_id: str, event: str, /, **properties: Any) -> dict[str, Any]:
    return message(message_id, event=event, properties=properties)


GOOD: list[dict[str, Any]] = [
    message("plain"),
    message(
        "page",
        type="page",
        event=None,
        name="Cups",
        properties=PAGE,
        context={"page": {"url": "x", "viewId": "v"}},
    ),
    message(
        "page-name", type="page", event=None, name="Cups", context={"page": {"url": "https://s.example/"}}
    ),
    message("screen", type="screen", event=None, name="Basket"),
    message(
        "context",
        writeKey="key",
        context={
            "page": {"url": "https://s.example/a", "navigationType": "reload"},
            "viewport": {"width": 390, "height": 844.5},
            "document": {"width": 390, "height": 1400},
            "app": {"name": "shop", "version": "1.2"},
            "campaign": {"source": "news", "medium": "email", "name": "spring"},
            "consent": {"status": "Granted"},
            "traits": {"email": " Ann@Shop.example "},
            "externalIds": [{"id": 77, "type": "CRM"}, {"id": "78", "type": "crm"}, {"id": "", "type": "x"}],
            "sessionId": 1690000000,
            "tabId": "t",
            "locale": "de-DE",
            "sequence": 5,
            "groupId": "acme",
            "timezone": "Europe/Berlin",
        },
    ),
    track(
        "click",
        "Element Clicked",
        selector="[data-id=buy]",
        text="Buy",
        tag="button",
        interactive=True,
        x=12.5,
        y="40",
        box=BOX,
        pointer="touch",
        colour="red",
    ),
    track("scroll", "Page Scrolled", offset=240),
    track("form", "Form Changed", form_id="f", field="name"),
    track("media", "Video Content Playing", asset_id="a", title="T", position=3.5, total_length=60),
    track("search", "Products Searched", query="cup", results=3),
    track("cart", "Product Added", price=2.5, quantity=3, currency="eur", sku="c-1"),
    track(
        "order",
        "Order Completed",
        revenue=19.99,
        total=25,
        currency="EUR",
        products=[{"sku": "c-1", "price": 1.5}],
    ),
    track("order-total", "Order Completed", total="25.10", currency="EUR"),
    track("exposure", "Experiment Viewed", experiment_id="e", variation_name="B", variation_id="b"),
    track("exposure-nameless", "Experiment Viewed", variation_id="b"),
    track("exposure-wrong", "Experiment Viewed", experiment_id={"a": 1}, experiment_name="e"),
    track("wrong-currency", "Order Completed", total=5, currency={"code": "EUR"}),
    track("survey", "Survey Answered", survey_id="s", kind="NPS", score=9, answer="good"),
    track("feedback", "Feedback Given", rating=2, text="slow"),
    track("pinned", "Feedback Given", rating=1, text="dead", selector="#buy", x=3, y="4", trigger="exit"),
    track("ticket", "Support Ticket Created", subject="help"),
    track("custom", "Onboarding Step Completed", step=2, nested={"b": 1.5, "a": [True, None]}),
    message(
        "identify", type="identify", event=None, userId="u-1", traits={"email": "A@b.example", "plan": "pro"}
    ),
    message("alias", type="alias", event=None, userId="u-1", previousId="device-0", anonymousId=None),
    message("group", type="group", event=None, groupId="acme", traits={"seats": 3}),
    message("server", channel="server"),
    message("ios", context={"library": {"name": "analytics-ios"}}),
    message("kotlin", context={"library": {"name": "analytics-kotlin"}}),
    message("python", context={"library": {"name": "analytics-python"}}),
    message("no-sequence", context={"sequence": "first"}),
    message(
        "page-text", context={"page": "home", "locale": "en", "viewport": {"width": "wide", "height": 1}}
    ),
    message("context-text", context="none"),
    message("properties-text", properties="none"),
    track(
        "wrong-click", "Element Clicked", selector={"a": 1}, x="left", y=4, interactive="maybe", box="none"
    ),
    track("wrong-order", "Order Completed", revenue="a lot", total=5, currency="EUR"),
    track("wrong-pointer", "Mouse Moved", x=1, y=2, pointer="finger"),
    message("unicode", userId="Zoë 🦊", properties={"naïve": "日本"}),
    message("number-id", userId=42),
    message("blank-id", userId="  "),
    message("foreign", extra={"a": 1}, traits={"plan": "x"}),
    message("twice-below", properties={"a": 1}),
]

TIMES: dict[str, tuple[dict[str, Any], str]] = {
    # client + (received - sent): the client's clock is an hour slow
    "drift": (
        {"originalTimestamp": "2026-03-02T09:00:00Z", "sentAt": "2026-03-02T09:00:01Z"},
        "2026-03-02 10:00:00",
    ),
    "offset": ({"originalTimestamp": "2026-03-02T11:00:00.123456789+01:00"}, "2026-03-02 10:00:00.123456"),
    "no-offset": ({"originalTimestamp": "2026-03-02 10:00:00.5"}, "2026-03-02 10:00:00.5"),
    "epoch-ms": ({"originalTimestamp": 1772445600500}, "2026-03-02 10:00:00.5"),
    "epoch-s": ({"originalTimestamp": 1772445600}, "2026-03-02 10:00:00"),
    "timestamp": ({"originalTimestamp": None, "timestamp": "2026-03-02T10:00:00Z"}, "2026-03-02 10:00:00"),
    "no-received": ({"originalTimestamp": "2026-03-02T09:00:00Z", "receivedAt": None}, "2026-03-02 09:00:00"),
    "no-sent": ({"originalTimestamp": "2026-03-02T09:00:00Z", "sentAt": None}, "2026-03-02 09:00:00"),
    # 15 min after 10:00:01 is still the client's; a microsecond later it is the arrival
    "at-tolerance": ({"originalTimestamp": "2026-03-02T10:15:01Z"}, "2026-03-02 10:15:01"),
    "future": ({"originalTimestamp": "2026-03-02T10:15:01.000001Z"}, "2026-03-02 10:00:01"),
    # A clock of 1970 is mended by the drift, and so is within bounds.
    "clock-reset": (
        {"originalTimestamp": "1970-01-01T00:00:00Z", "sentAt": "1970-01-01T00:00:01Z"},
        "2026-03-02 10:00:00",
    ),
}

BAD: dict[str, tuple[Any, list[str]]] = {
    "text": ("hello", ["not a JSON object"]),
    "number": ("5", ["not a JSON object"]),
    "array": ("[1]", ["not a JSON object"]),
    "cut": (line(message("cut"))[:-9], ["not a JSON object"]),
    "rest": (line(message("rest")) + b" x", ["not a JSON object"]),
    "two": (line(message("a")) + line(message("b")), ["not a JSON object"]),
    "two with comma": (line(message("a")) + b"," + line(message("b")), ["not a JSON object"]),
    "single quotes": ("{'messageId': 'q'}", ["not a JSON object"]),
    "not a number": ('{"messageId": "nan", "x": NaN}', ["not a JSON object"]),
    "deep": ('{"a":' + "[" * 2000 + "]" * 2000 + "}", ["not a JSON object"]),
    "not utf-8": (line(message("latin"))[:-1] + b',"a":"\xe9"}', ["not UTF-8"]),
    "large": (message("large", properties={"a": "x" * 5000}), ["record larger than 5000 bytes"]),
    "no time": (message("no-time", originalTimestamp=None), ["no time"]),
    "bad time": (
        message("bad-time", originalTimestamp="yesterday"),
        ["time not readable: originalTimestamp"],
    ),
    "time of day": (message("hour", originalTimestamp="T10:00"), ["time not readable: originalTimestamp"]),
    "no such day": (message("feb", originalTimestamp="2026-02-30"), ["time not readable: originalTimestamp"]),
    "bad sent": (message("bad-sent", sentAt={}), ["time not readable: sentAt"]),
    "too early": (message("early", originalTimestamp="1989-12-31T23:59:59Z"), ["time out of bounds"]),
    "too late": (
        message("late", originalTimestamp="2100-01-01T00:00:00Z", receivedAt=None),
        ["time out of bounds"],
    ),
    "no name": (message("no-name", event=None), ["no name"]),
    "blank name": (message("blank-name", event=" "), ["no name"]),
    "name object": (message("name-object", event={"a": 1}), ["name of a wrong type"]),
    "nobody": (message("nobody", anonymousId=None), ["no identifier"]),
    "blank nobody": (message("blank-nobody", anonymousId="  "), ["no identifier"]),
    "id object": (message("id-object", anonymousId={"a": 1}), ["identifier of a wrong type: anonymousId"]),
    "no type": (message("no-type", type=None), ["no type"]),
    "type": (message("type", type="Delete"), ["type not known: delete"]),
    "all": ({"type": "track"}, ["no time", "no name", "no identifier"]),
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Every case prepared in one pass: good ones by their message id, bad ones by their bytes' name."""
    times = [message(name, **fields) for name, (fields, _) in TIMES.items()]
    settings = Settings.model_validate(
        {"raw": {"max_record_bytes": 5000}, "identity": {"blocked": ["device-0"]}}
    )
    lines = [
        b"",
        b"  ",
        b"\r",
        *GOOD[:-1],
        line(GOOD[-1]).replace(b'{"a": 1}', b'{"a": {"b": 1, "b": 2}}'),
        line(message("context-twice", context={"locale": "en", "tabId": "t"})).replace(
            b'"locale":', b'"locale": "de", "locale":'
        ),
        *times,
        *(record for record, _ in BAD.values()),
    ]
    found = prepared(spark, tmp_path_factory.mktemp("segment"), lines, settings)
    assert len(found) == len(GOOD) + 1 + len(TIMES) + len(BAD), "blank lines are no records"
    return {name: row for name, [row] in by_name(found, BAD).items()}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_goes_to_quarantine_with_every_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].reasons == BAD[name][1]


@pytest.mark.parametrize("name", [case["messageId"] for case in GOOD] + list(TIMES))
def test_a_good_record_has_no_reason_and_keeps_no_bytes(rows: dict[str, Row], name: str) -> None:
    assert (rows[name].reasons, rows[name].raw, rows[name].refused) == ([], None, False)


@pytest.mark.parametrize("name", TIMES)
def test_event_time_is_the_clients_clock_corrected(rows: dict[str, Row], name: str) -> None:
    expected = datetime.fromisoformat(TIMES[name][1])
    assert rows[name].event_time == expected
    assert rows[name].event_date == date(2026, 3, 2)
    assert rows[name].flags == (["future_time"] if name == "future" else [])


def test_common_fields_go_to_their_columns(rows: dict[str, Row]) -> None:
    row = rows["context"]
    assert (
        row.app_id,
        row.release,
        row.account_id,
        row.client_session_id,
        row.tab_id,
        row.language,
        row.sequence,
    ) == (
        "key",
        "1.2",
        "acme",
        "1690000000",
        "t",
        "de-DE",
        5,
    )
    assert (row.viewport.asDict(), row.document.asDict()) == (
        {"width": 390, "height": 845},
        {"width": 390, "height": 1400},
    )
    assert (row.navigation_type, row.consent, row.source, row.platform) == (
        "reload",
        "granted",
        "segment",
        "web",
    )
    assert (row.campaign.source, row.campaign.medium, row.campaign.name) == ("news", "email", "spring")


def test_identifiers_are_normalised_and_the_first_of_a_type_stays(rows: dict[str, Row]) -> None:
    assert rows["context"].identifiers == {"email": "ann@shop.example", "crm": "77"}
    assert rows["identify"].identifiers == {"email": "a@b.example"}
    assert rows["number-id"].user_id == "42"
    assert rows["blank-id"].user_id is None


def test_a_page_calls_own_properties_come_before_its_context(rows: dict[str, Row]) -> None:
    page = rows["page"].page
    assert (page.url, page.host, page.path, page.group) == (
        PAGE["url"],
        "shop.example",
        "/product/12",
        "/product/*",
    )
    assert (page.title, page.referrer, page.view_id) == ("A cup", "https://a.example/", "v")
    assert rows["page"].event_name == "page_view"
    assert rows["page"].campaign.source == "mail"
    assert rows["page"].properties is None, "url, title and referrer are taken"


def test_the_name_of_a_page_or_screen_stands_for_a_missing_title(rows: dict[str, Row]) -> None:
    assert rows["page-name"].page.title == "Cups"
    screen = rows["screen"]
    assert (screen.event_name, screen.page.title, screen.page.path, screen.page.group) == (
        "screen_view",
        "Basket",
        "Basket",
        "Basket",
    )


def test_a_click_fills_the_element_and_leaves_what_it_does_not_know(rows: dict[str, Row]) -> None:
    row = rows["click"]
    element = row.element.asDict(True)
    assert element == {
        "selector": "[data-id=buy]",
        "text": "Buy",
        "tag": "button",
        "href": None,
        "interactive": True,
        # 12.5 rounds away from zero, a number in quotes is read, 30.4 rounds down
        "x": 13,
        "y": 40,
        "box": {"x": 10, "y": 20, "width": 30, "height": 40},
    }
    assert (row.event_name, row.pointer, row.properties) == ("click", "touch", '{"colour":"red"}')


def test_tracked_names_fill_their_structs(rows: dict[str, Row]) -> None:
    assert (rows["scroll"].event_name, rows["scroll"].scroll_offset) == ("scroll", 240)
    assert (rows["form"].event_name, rows["form"].form.asDict()) == (
        "form_change",
        {"id": "f", "field": "name"},
    )
    assert rows["media"].media.asDict() == {"id": "a", "title": "T", "position": 3.5, "length": 60.0}
    assert rows["search"].search.asDict() == {"term": "cup", "results": 3, "rank": None}
    assert rows["survey"].survey.asDict() == {"id": "s", "kind": "nps", "score": 9, "answer": "good"}
    assert rows["feedback"].survey.asDict() == {"id": None, "kind": "feedback", "score": 2, "answer": "slow"}
    assert rows["feedback"].element is None
    pinned = rows["pinned"]
    assert (pinned.survey.answer, pinned.element.selector, pinned.element.text) == ("dead", "#buy", None)
    assert (pinned.element.x, pinned.element.y, pinned.properties) == (3, 4, '{"trigger":"exit"}')
    assert (rows["ticket"].event_name, rows["ticket"].properties) == ("support_ticket", '{"subject":"help"}')
    assert [e.asDict() for e in rows["exposure"].experiments] == [{"name": "e", "variant": "b"}]
    assert rows["exposure"].properties == '{"variation_name":"B"}'
    # Without a name there is no experiment to hold the variant.
    assert rows["exposure-nameless"].properties == '{"variation_id":"b"}'


def test_money_is_price_times_quantity_or_the_first_of_revenue_and_total(rows: dict[str, Row]) -> None:
    assert (rows["cart"].value, rows["cart"].currency) == (Decimal("7.5000"), "EUR")
    assert json.loads(rows["cart"].properties) == {"price": 2.5, "quantity": 3, "sku": "c-1"}
    assert (rows["order"].value, rows["order-total"].value) == (Decimal("19.9900"), Decimal("25.1000"))
    # The total was not taken, so it stays.
    assert json.loads(rows["order"].properties) == {"total": 25, "products": [{"sku": "c-1", "price": 1.5}]}
    assert rows["order-total"].properties is None


def test_a_custom_event_keeps_its_name_and_its_properties_with_their_types(rows: dict[str, Row]) -> None:
    row = rows["custom"]
    assert row.event_name == "Onboarding Step Completed"
    assert json.loads(row.properties) == {"step": 2, "nested": {"b": 1.5, "a": [True, None]}}


def test_identify_alias_and_group_carry_who_belongs_together(rows: dict[str, Row]) -> None:
    assert (rows["identify"].user_id, json.loads(rows["identify"].traits)) == (
        "u-1",
        {"email": "A@b.example", "plan": "pro"},
    )
    assert (rows["alias"].user_id, rows["alias"].previous_id, rows["alias"].anonymous_id) == (
        "u-1",
        "device-0",
        None,
    )
    assert (rows["group"].account_id, rows["group"].traits) == ("acme", '{"seats":3}')


def test_platform_is_told_by_channel_and_library(rows: dict[str, Row]) -> None:
    names = ("plain", "server", "ios", "kotlin", "python", "page")
    assert [rows[name].platform for name in names] == ["web", "server", "ios", "android", "server", "web"]


def test_a_field_of_a_wrong_type_is_null_flagged_and_kept_as_text(rows: dict[str, Row]) -> None:
    click = rows["wrong-click"]
    assert set(click.flags) == {
        f"wrong_type:properties.{key}" for key in ("selector", "x", "interactive", "box")
    }
    assert (click.element.selector, click.element.x, click.element.y, click.element.interactive) == (
        None,
        None,
        4,
        None,
    )
    assert json.loads(click.properties) == {
        "selector": {"a": 1},
        "x": "left",
        "interactive": "maybe",
        "box": "none",
    }
    order = rows["wrong-order"]
    assert (order.value, order.flags) == (Decimal("5.0000"), ["wrong_type:properties.revenue"])
    assert json.loads(order.properties) == {"revenue": "a lot"}
    exposure, currency = rows["exposure-wrong"], rows["wrong-currency"]
    assert exposure.flags == ["wrong_type:properties.experiment_id"]
    assert (exposure.experiments[0].name, exposure.properties) == ("e", '{"experiment_id":{"a":1}}')
    assert (currency.currency, currency.flags) == (None, ["wrong_type:properties.currency"])
    pointer = rows["wrong-pointer"]
    assert (pointer.pointer, json.loads(pointer.properties)) == (None, {"pointer": "finger"})


def test_a_wrong_part_of_the_context_leaves_the_other_parts(rows: dict[str, Row]) -> None:
    row = rows["page-text"]
    assert set(row.flags) == {"wrong_type:context.page", "wrong_type:context.viewport"}
    assert (row.language, row.page, row.viewport) == ("en", None, None)
    assert json.loads(row.properties)["$context"] == {
        "page": "home",
        "viewport": {"width": "wide", "height": 1},
    }
    twice = rows["context-twice"]
    assert (twice.language, twice.tab_id, twice.flags) == (None, "t", ["wrong_type:context.locale"])
    assert twice.properties == '{"$context":{"locale":"de","locale":"en"}}'
    assert rows["no-sequence"].sequence is None
    assert rows["no-sequence"].flags == ["wrong_type:context.sequence"]
    assert json.loads(rows["context-text"].properties) == {"$context": {"context": "none"}}
    assert rows["context-text"].flags == ["wrong_type:context"]
    assert json.loads(rows["properties-text"].properties) == {"properties": "none"}


def test_what_no_column_takes_is_kept(rows: dict[str, Row]) -> None:
    assert json.loads(rows["context"].properties) == {"$context": {"timezone": "Europe/Berlin"}}
    assert json.loads(rows["foreign"].properties) == {
        "$record": {"extra": '{"a":1}', "traits": '{"plan":"x"}'}
    }
    # A name that comes twice below the top level cannot be taken apart, and is kept as it came.
    assert rows["twice-below"].properties == '{"a":{"b":1,"b":2}}'
    assert rows["plain"].properties is None


def test_text_of_any_script_survives(rows: dict[str, Row]) -> None:
    assert (rows["unicode"].user_id, rows["unicode"].properties) == ("Zoë 🦊", '{"naïve":"日本"}')


def test_a_blocked_identifier_stays_in_the_row_and_is_told(rows: dict[str, Row]) -> None:
    assert rows["alias"].blocked_ids
    assert not rows["plain"].blocked_ids
    # A blank one counts as blocked; it is no value to keep.
    assert rows["blank-id"].blocked_ids
