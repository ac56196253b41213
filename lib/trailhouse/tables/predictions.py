"""`predictions`: how likely persons are to leave, or to convert."""

from trailhouse.contract import Column, Table
from trailhouse.tables._questions import ASKED

TABLE = Table(
    name="predictions",
    optional=True,
    sentence="One row a question and person: the probability of what comes within the horizon, and why.",
    grain=("question", "person_id"),
    partition_by=("question", "as_of"),
    columns=(
        *ASKED,
        Column("as_of", "DATE", "The last complete day: no feature is later.", True),
        Column("person_id", "STRING", "The person.", True),
        Column("score", "DECIMAL(9,6)", "Probability of the outcome by the model.", True, low=0, high=1),
        Column("decile", "INT", "1: the tenth of persons with the highest scores.", True, low=1, high=10),
        Column(
            "reasons",
            "ARRAY<STRUCT<feature: STRING, value: STRING, weight: DECIMAL(9,4)>>",
            "Up to three features that raise the score most, against the average person (log odds).",
            True,
        ),
    ),
)
