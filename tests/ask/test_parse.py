"""Questions on one line, and in files."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from scripts import question_schema
from trailhouse.ask.answer import MODELS
from trailhouse.ask.parse import parse
from trailhouse.errors import SettingsError
from trailhouse.settings import (
    Attribution,
    Experiment,
    Filter,
    Funnel,
    Metric,
    Prediction,
    Question,
    Questions,
    Retention,
    Step,
    load_settings,
)

KINDS: dict[str, type[Question]] = {
    "funnel": Funnel,
    "retention": Retention,
    "predict": Prediction,
    "experiment": Experiment,
}
ROOT = Path(__file__).resolve().parents[2]


def test_a_line_is_the_question_that_it_says() -> None:
    assert parse("funnel /pricing > signup > order by device, channel within 7d", KINDS) == Funnel(
        name="funnel /pricing > signup > order by device, channel within 7d",
        steps=(Step.model_validate("/pricing"), Step(event="signup"), Step(event="order")),
        breakdowns=("device_type", "session.channel"),
        window=timedelta(days=7),
    )
    found = parse(
        'funnel a [value >= 50.5, properties.plan = pro|"very big"] then \'Step Two\' or b as "c d" '
        "where country is set and browser != Firefox and city is not set in vip "
        "from 2026-01-01 to 2026-01-31 per session breakdown_limit: 3",
        KINDS,
    )
    plan = Filter(field="properties.plan", value=("pro", "very big"))
    first, second = found.model_dump()["steps"]
    assert first["where"][0] == {"field": "value", "op": "at_least", "value": Decimal("50.5")}
    assert first["where"][1] == plan.model_dump()
    assert [one["event"] for one in second["any_of"]] == ["Step Two", "b"]
    assert second["name"] == "c d"
    assert [one.text for one in found.where] == ["country is_set", "browser != Firefox", "city is_not_set"]
    assert (found.segment, found.unit, found.breakdown_limit) == ("vip", "session", 3)
    assert (found.from_day, found.to_day) == (date(2026, 1, 1), date(2026, 1, 31))


def test_the_events_of_a_line_fill_the_places_of_its_kind() -> None:
    asked = parse("retention signup then * every week for 4", KINDS)
    assert isinstance(asked, Retention)
    assert asked.periods == 4
    assert "signup" in str(asked.start)
    credit = parse("attribution by device by: campaign", {"attribution": Attribution})
    assert isinstance(credit, Attribution)
    assert (credit.by, credit.breakdowns) == ("campaign", ("device_type",))


def test_predictions_are_of_churn_or_of_an_event_to_come() -> None:
    churn = parse("predict churn within 30d in vip to 2026-03-02", KINDS)
    assert isinstance(churn, Prediction)
    assert (churn.outcome, churn.horizon, churn.segment) == (None, timedelta(days=30), "vip")
    assert churn.to_day == date(2026, 3, 2)
    again = parse("predict order [value > 9] where country = DE once: false active_within: 7d", KINDS)
    assert isinstance(again, Prediction)
    assert (again.once, again.active_within) == (False, timedelta(days=7))
    assert again.outcome is not None
    assert (again.outcome.text, again.where[0].text) == ("order [value > 9]", "country = DE")
    so_called = parse("predict outcome: churn", KINDS)
    assert isinstance(so_called, Prediction)
    assert so_called.outcome == Step(event="churn")


def test_experiments_have_a_name_and_metrics() -> None:
    found = parse("experiment pay_button on order, signup or paid [value > 9] as won within 7d", KINDS)
    assert isinstance(found, Experiment)
    assert (found.experiment, found.window) == ("pay_button", timedelta(days=7))
    assert [one.name for one in found.metrics] == ["order", "won"]
    assert found.metrics[0] == Metric(name="order", event=Step(event="order"))
    assert found.metrics[1].event.text == "signup or paid [value > 9]"
    euros = '"[{name: m, measure: value, currency: EUR}]"'
    value = parse(f"experiment 'Pay Button' metrics: {euros} variant: trait.group", KINDS)
    assert isinstance(value, Experiment)
    assert (value.experiment, value.variant) == ("Pay Button", "trait.group")
    assert value.metrics == (Metric(name="m", measure="value", currency="EUR"),)


def test_every_line_and_file_of_the_docs_is_a_question() -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / "docs").rglob("*.md")}
    texts[ROOT / "README.md"] = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for text in texts.values() for line in re.findall(r'trailhouse ask "([^"]*)"', text)]
    assert {parse(line, MODELS).kind for line in lines} >= {"funnel", "retention", "prediction", "experiment"}
    for name in ("asking", "predictions"):
        (example,) = re.findall(
            r"```yaml\n(.*?)```", texts[ROOT / f"docs/questions/{name}.md"], flags=re.DOTALL
        )
        assert Questions.model_validate(yaml.safe_load(example)).all, name


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("funel a > b", "did you mean funnel?"),
        ("predct churn", "did you mean predict?"),
        ("predict churn within 12h", "within is a number of whole days, such as 28d"),
        ("predict churn within 7d horizon: 8d", "within is said twice"),
        ("predict churn horizn: 7d", "did you mean horizon:?"),
        ("predict a > b", "takes at most 1 (outcome), not 2"),
        ("predict order by country", "predictions are not broken down"),
        ("predict order from 2026-03-02", "leave the first day out"),
        ("predict churn where country = DE", "churn is that there are none"),
        ("predict churn every week", "takes no every; it takes active_within:, "),
        ("experiment on order", "experiment is missing"),
        ("experiment a on", "at the end; here could stand *, "),
        ("experiment a on order, order", "a metric is named twice"),
        ("funnel a > b on c", "takes no on; it takes "),
        ("funnel a > b by profile.contry", "did you mean profile.country?"),
        ("funnel a > b by profile.views per account", "profiles of accounts have no views, those of persons"),
        ("", "there are experiment, funnel, predict, retention"),
        ("funnel a", "at least 2"),
        ("funnel a > b witin 7d", "not understood at 14 (witin); did you mean within?"),
        ("funnel a > b within week", "at 21 (week); here could stand a length of time such as 7d"),
        ("funnel a > b by", "at the end; here could stand a field"),
        ("funnel a > b by devise", "did you mean device_type?"),
        ("funnel a > b widow: 7d", "a question of kind funnel takes no widow"),
        ("funnel a > b within 7d within 8d", "within is said twice"),
        ("funnel a > b per user", "per = 'user'"),
        ("retention a then b then c", "takes at most 2 (start, event), not 3"),
        ("retention a for 999", "for = 999"),
        ("funnel a > b from 2026-02-30", "this is no day"),
    ],
)
def test_a_wrong_line_says_where_and_what_could_stand_there(line: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(line, KINDS)
    assert told in str(caught.value)


def test_files_of_questions_are_read_by_name_and_beside_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "questions"
    folder.mkdir()
    (tmp_path / "local.yaml").write_text("questions: {path: questions, funnels: [{name: c, steps: [x, y]}]}")
    (folder / "b.yaml").write_text(
        "funnels: [{name: b, steps: [/x, {event: y, where: [{field: value, op: is_set}]}]}]"
    )
    (folder / "a.yml").write_text("funnels: [{name: a, steps: [x, '*']}]\nretention: []")
    found = load_settings(tmp_path / "local.yaml").questions
    assert [funnel.name for funnel in found.funnels] == ["c", "a", "b"]
    assert found.retention == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("funnels: [{name: c, steps: [x, y]}]", "a.yaml: the question c is declared in the settings, too"),
        (
            "funnels: [{name: a, stepps: [x, y]}]",
            "unknown setting funnels.0.stepps, did you mean funnels.0.steps?",
        ),
        ("funnel: []", "did you mean funnels?"),
        ("path: x", "a.yaml: path is a setting"),
        ("- x", "a.yaml holds a list"),
        ("funnels: [", "a.yaml, line 1"),
    ],
)
def test_a_wrong_file_of_questions_is_named_with_its_key(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "a.yaml").write_text(text)
    (tmp_path / "local.yaml").write_text("questions: {path: q, funnels: [{name: c, steps: [x, y]}]}")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "local.yaml")
    assert told in str(caught.value)


def test_a_folder_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match="questions.path: nowhere is no folder"):
        load_settings(None, ["questions.path=nowhere"])


def test_the_schema_for_editors_is_up_to_date_and_fits_the_files() -> None:
    written = question_schema.FILE.read_text(encoding="utf-8")
    assert written == question_schema.schema(), "run python scripts/question_schema.py"
    checker = jsonschema.Draft202012Validator(json.loads(written))
    for file in sorted((ROOT / "conf" / "questions").glob("*.yaml")):
        assert not list(checker.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))), file
    for wrong in ({"name": "x", "steps": ["a"]}, {"name": "x", "steps": ["a", "b"], "window": "7 days"}):
        assert list(checker.iter_errors({"funnels": [wrong]}))
