"""Writes conf/questions/schema.json, by which editors complete and check files of questions.

python scripts/question_schema.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lib"))

from trailhouse.settings.questions import Questions  # noqa: E402

FILE = ROOT / "conf" / "questions" / "schema.json"


def schema() -> str:
    """The JSON schema of a file of questions: the section `questions` of the settings without its path."""
    found = Questions.model_json_schema()
    del found["properties"]["path"]
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "Questions"}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
