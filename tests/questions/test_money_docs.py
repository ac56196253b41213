"""The examples of the docs are questions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from trailhouse.settings import Questions

DOCS = Path(__file__).resolve().parents[2] / "docs" / "questions"


@pytest.mark.parametrize("topic", ["attribution", "revenue", "experiments", "activation", "feelings"])
def test_the_example_of_a_page_loads(topic: str) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / f"{topic}.md").read_text(), flags=re.DOTALL)
    given = yaml.safe_load(example)
    questions = Questions.model_validate(given)
    assert {one.name for one in questions.all} >= {one["name"] for kind in given.values() for one in kind}
