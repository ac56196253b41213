"""How questions of who comes back are declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tests.conftest import ROOT
from trailhouse.questions import lifecycle, retention, stickiness
from trailhouse.settings import Lifecycle, Project, Questions, Retention, Stickiness


def test_an_event_is_a_bare_name_a_page_or_a_step_with_conditions() -> None:
    bare = Retention.model_validate({"start": "order", "event": "/pricing"})
    assert bare.start is not None
    assert bare.event is not None
    assert (bare.start.event, bare.event.label) == ("order", "/pricing")
    step = {"event": "order", "where": [{"field": "value", "op": "above", "value": 100}]}
    assert "value > 100" in Retention.model_validate({"event": step}).text


@pytest.mark.parametrize(
    "given", ["1, 2-3, 4-7", [1, "2 - 3", [4, 7]], [(1, 1), (2, 3), (4, 7)]], ids=["text", "list", "pairs"]
)
def test_brackets_are_written_as_people_write_them(given: Any) -> None:
    question = Retention.model_validate({"counted": "brackets", "brackets": given})
    assert question.lines == ((0, 0), (1, 1), (2, 3), (4, 7))
    assert question.last_period == 7
    assert Retention.model_validate({"counted": "brackets", "brackets": 3}).lines == ((0, 0), (3, 3))


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (Retention, {"counted": "brackets"}, "brackets belong to counted: brackets"),
        (Retention, {"brackets": "1-2"}, "brackets belong to counted: brackets"),
        (Retention, {"counted": "brackets", "brackets": "2-3, 3-4"}, "in order, apart"),
        (Retention, {"counted": "brackets", "brackets": "0-3"}, "in order, apart"),
        (Retention, {"counted": "brackets", "brackets": "4-3"}, "in order, apart"),
        (Retention, {"counted": "brackets", "brackets": "one"}, "'one' is no bracket of periods"),
        (Retention, {"counted": "brackets", "brackets": 1.5}, "'1.5' is no bracket of periods"),
        (Retention, {"unit": "session"}, "a session does not come back"),
        (Lifecycle, {"unit": "session"}, "a session does not come back"),
        (Stickiness, {"within": "range"}, "within: range needs from_day"),
        (Stickiness, {"within": "month", "interval": "week"}, "a month is made of days"),
    ],
)
def test_what_can_not_be_counted_is_told(kind: type[Any], given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        kind.model_validate(given)


def test_the_text_of_a_question_tells_all_of_its_options() -> None:
    project = Project(timezone="Europe/Berlin", week_start="sunday")
    given = {
        "start": "sign_up",
        "event": "order",
        "starts": "recurring",
        "counted": "brackets",
        "brackets": "1, 2-3",
        "minimum": 2,
        "base": "previous",
        "unit": "account",
    }
    assert retention.definition(Retention.model_validate(given), project) == (
        "every sign_up, then order, at least 2 times; brackets week 1, 2-3, as a share of the period before, "
        "weeks from sunday in Europe/Berlin, accounts"
    )
    assert retention.definition(Retention(clock="rolling"), project) == (
        "first ever any event, then any event; on week 0 to 8, "
        "weeks of 168 h from the start, cohorts by week in Europe/Berlin, persons"
    )
    assert lifecycle.definition(Lifecycle(), project) == (
        "any event by week from sunday in Europe/Berlin, new of all history, persons"
    )
    assert stickiness.definition(Stickiness(), project) == (
        "days of a month with any event, Europe/Berlin, persons"
    )


def test_the_examples_of_the_docs_are_questions() -> None:
    text = Path(ROOT, "docs", "questions", "retention.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    questions = Questions.model_validate(yaml.safe_load(example))
    assert (len(questions.retention), len(questions.lifecycle), len(questions.stickiness)) == (2, 1, 1)
