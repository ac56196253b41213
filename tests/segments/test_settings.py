"""Rules of segments as people write them: what is told of wrong ones, where they are read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trailhouse.errors import SettingsError
from trailhouse.settings import Segment, load_settings
from trailhouse.settings.questions.fields import PROFILE_FIELDS
from trailhouse.settings.segment_names import levels, versions, written_out

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("{all: [{did: order, atleast: 2}]}", "unknown setting segments.rules.a.all.0.atleast, did you mean "
         "segments.rules.a.all.0.at_least?"),
        ("{not: {dit: order}}", "did you mean segments.rules.a.not.did?"),
        ("{did: {evnt: order}}", "did you mean segments.rules.a.did.event?"),
        ("{field: profile.contry, value: x}", "did you mean profile.country?"),
        ("{field: country, value: x}", "a person has profile.NAME and trait.NAME"),
        ("{field: profile.country, op: above, value: x}", "above compares with a number"),
        ("{did: order, did_not: order}", "a rule is one of all, any, not, field, did, used, did_not, "
         "in_sequence, segment; found did and did_not"),
        ("{segment: b, within: 2d}", "within belongs to did or used or did_not or in_sequence, "
         "not to segment"),
        ("{segmnt: b}", "did you mean segments.rules.a.segment?"),
        ("{segment: a}", "segments.rules.a.segment = 'a': these go in a circle, a > a; name segments that"),
        ("{any: [{did: x}, {not: {segment: lapsed_buyer}}]}", "segments.rules.a.any.1.not.segment = "
         "'lapsed_buyer': no segment has this name; did you mean lapsed_buyers? there are lapsed_buyers, a"),
        ("{field: profile.plan, value: x}", "profiles of persons have no plan, those of accounts have"),
        ("{did: {event: a, where: [{field: profile.persons_7, op: is_set}]}}", "profile.persons_7: profiles "
         "of persons have no persons_7"),
        ("{}", "found none of them"),
        ("{all: []}", "found none of them"),
        ("{did_not: order, at_least: 2}", "at_least belongs to did or used, not to did_not"),
        ("{did: order, ties: strict}", "ties belongs to in_sequence, not to did"),
        ("{did: order, window: 2h}", "window belongs to in_sequence, not to did"),
        ("{any: [{did: order}], within: 2d}", "within belongs to did or used or did_not or in_sequence, "
         "not to any"),
        ("{did: order, exactly: 0, at_most: 2}", "give exactly, or at_least and at_most, not both"),
        ("{did: order, at_least: 3, at_most: 2}", "at_least 3 is more than at_most 2"),
        ("{did: order, at_least: 3, first_ever: true}", "there is one first_ever"),
        ("{did: order, within: 2d, from_day: 2026-03-02}", "give within, or from_day and to_day, not both"),
        ("{did: order, to_day: 2026-03-01, from_day: 2026-03-02}", "swap them"),
        ("{did: order, within: 12h}", "days are counted whole, such as 7d or 30d"),
        ("{in_sequence: [order]}", "in_sequence takes 2 to 30 steps, not 1"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_named_with_what_is_allowed(rule: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, ["segments.rules.lapsed_buyers={did: x}", f"segments.rules.a={rule}"])
    assert "segments.rules.a" in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"did": "order"}, "did order"),
        ({"did": "order", "at_least": 2, "within": "30d"}, "did order at least 2 times within 30d"),
        ({"did": "a", "at_most": 2, "from_day": "2026-03-02"}, "did a at most 2 times from 2026-03-02"),
        ({"did": "order", "first_ever": True}, "did order for the first time"),
        ({"in_sequence": ["a", "b"], "window": "90m"}, "did a, then b in 90m"),
        ({"in_sequence": ["a", "b"], "ties": "strict"}, "did a, then b, same-time events by the tie-break"),
        (
            {"all": [{"did_not": "a"}, {"any": [{"not": {"did": "b"}}, {"field": "trait.x", "value": 1}]}]},
            "did not a and (not (did b) or trait.x = 1)",
        ),
    ],
)  # fmt: skip
def test_a_rule_tells_itself_in_words(rule: dict[str, Any], text: str) -> None:
    assert Segment.model_validate(rule).text == text


def test_another_rule_has_another_version_and_other_words_have_not() -> None:
    one = Segment.model_validate({"did": "order", "description": "x"})
    assert one.version == Segment.model_validate({"did": "order", "description": "y"}).version
    assert one.version != Segment.model_validate({"did": "order", "at_least": 2}).version


def test_a_segment_of_others_changes_with_them_and_comes_after_them() -> None:
    given = {
        "c": {"any": [{"not": {"segment": "b"}}, {"segment": "a"}]},
        "a": {"did": "order", "description": "x"},
        "b": {"all": [{"segment": "a"}, {"field": "profile.country", "value": "DE"}]},
        "d": {"did": "order"},
    }
    rules = {name: Segment.model_validate(rule) for name, rule in given.items()}
    assert levels(rules) == [("a", "d"), ("b",), ("c",)]
    assert rules["c"].text == "not (in segment b) or in segment a"
    changed = rules | {"a": Segment.model_validate({"did": "order", "at_least": 2})}
    before, after = versions(rules), versions(changed)
    assert {name for name in rules if before[name] != after[name]} == {"a", "b", "c"}
    assert (before["a"], before["a"]) == (rules["a"].version, before["d"])
    whole = written_out(rules["c"], rules)
    assert whole.text == "not (did order and profile.country = DE) or did order"
    assert {leaf.field for leaf in whole.leaves} == {None, "profile.country"}


def test_a_circle_over_files_names_the_file_and_each_segment_in_it(tmp_path: Path) -> None:
    settings = tmp_path / "local.yaml"
    settings.write_text("segments: {path: mine, rules: {a: {segment: b}}}")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "b.yaml").write_text("rules: {b: {all: [{did: x}, {segment: c}]}, c: {did: y}}")
    assert list(load_settings(settings).segments.rules) == ["a", "b", "c"]
    circle = ["segments.rules.b={all: [{did: x}, {segment: c}]}", "segments.rules.c={segment: a}"]
    with pytest.raises(SettingsError, match="these go in a circle, a > b > c > a"):
        load_settings(settings, ["segments.path=", *circle])
    (tmp_path / "mine" / "b.yaml").write_text("rules: {b: {all: [{did: x}, {segment: d}]}, c: {did: y}}")
    with pytest.raises(SettingsError, match=r"b\.yaml: rules\.b\.all\.1\.segment = 'd': no segment has"):
        load_settings(settings)


def test_files_hold_the_rules_and_a_name_stands_for_one(tmp_path: Path) -> None:
    settings = tmp_path / "local.yaml"
    settings.write_text("segments: {path: mine}")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("rules: {a: {did: order}}")
    (tmp_path / "mine" / "b.yaml").write_text("rules: {b: {did: click}}")
    assert list(load_settings(settings).segments.rules) == ["a", "b"]
    with pytest.raises(SettingsError, match=r"a\.yaml: the segment a is declared in the settings, too"):
        load_settings(settings, ["segments.rules.a={did: order}"])
    (tmp_path / "mine" / "b.yaml").write_text("rules: {b: {dit: click}}")
    with pytest.raises(
        SettingsError, match=r"b\.yaml: unknown setting rules\.b\.dit, did you mean rules\.b\.did"
    ):
        load_settings(settings)
    with pytest.raises(SettingsError, match="segments.path: nowhere is there neither"):
        load_settings(settings, ["segments.path=nowhere"])


def test_a_question_can_only_ask_for_a_segment_that_there_is() -> None:
    retention = "questions.retention=[{name: r, segment: buyer}]"
    with pytest.raises(SettingsError, match="asks for the segment buyer: did you mean buyers"):
        load_settings(None, [retention, "segments.rules.buyers={did: order}"])
    load_settings(None, [retention, "segments.rules.buyer={did: order}"])


def test_the_shops_segments_and_those_of_the_docs_are_rules() -> None:
    assert {"buyers", "lapsed_buyers"} <= set(load_settings(ROOT / "conf" / "local.yaml").segments.rules)
    page = (ROOT / "docs" / "questions" / "segments.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    file = ROOT / "docs" / "questions" / "segments.md"
    assert _rules(example), file


def _rules(example: str) -> dict[str, Segment]:
    import yaml

    rules = {name: Segment.model_validate(rule) for name, rule in yaml.safe_load(example)["rules"].items()}
    return rules if levels(rules) else {}


def test_every_field_of_a_profile_can_be_asked_for() -> None:
    for name in PROFILE_FIELDS:
        assert Segment.model_validate({"field": f"profile.{name}", "op": "is_set"}).kind == "field"
