"""Columns that the tables of answers share."""

from trailhouse.contract import Column, Table

ASKED = (
    Column("question", "STRING", "Name of the question.", True),
    Column("definition", "STRING", "Its text, as declared.", True),
    Column("version", "STRING", "Hash of its definition: another definition has another version.", True),
    Column("unit", "STRING", "What is counted.", True, values=("person", "account", "session", "device")),
)
"""What every answer says of its question."""
BREAKDOWN = (
    Column("breakdown_by", "STRING", "Field that it is broken down by; 'all' for everyone.", True),
    Column("breakdown", "STRING", "Its value; 'all', 'other' beyond the limit, 'unknown'.", True),
)
INTERVAL = Column("interval", "STRING", "Length of a period.", True, values=("day", "week", "month"))


def own_columns(table: Table) -> tuple[Column, ...]:
    """The columns of an answer's table but those of its question."""
    return tuple(column for column in table.columns if column not in ASKED)
