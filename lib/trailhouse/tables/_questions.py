"""Columns that the tables of answers share."""

from trailhouse.contract import Column

ASKED = (
    Column("question", "STRING", "Name of the question.", True),
    Column("definition", "STRING", "Its text, as declared.", True),
    Column("version", "STRING", "Hash of its definition: another definition has another version.", True),
    Column("unit", "STRING", "What is counted.", True, values=("person", "account", "session", "device")),
)
"""What every answer says of its question."""
