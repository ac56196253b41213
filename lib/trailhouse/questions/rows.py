"""Frames of answers: what every row says of its question, and none for questions that nobody asked."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.contract import Table
from trailhouse.settings import Question


def no_rows(table: Table, like: DataFrame) -> DataFrame:
    """No rows of the table's columns, in the session of `like`."""
    columns = [F.lit(None).cast(column.type).alias(column.name) for column in table.columns]
    return like.select(*columns).where(F.lit(False))


def told(question: Question, definition: str) -> tuple[Column, ...]:
    """The columns of tables/_questions.ASKED for a question with this text."""
    return (
        F.lit(question.name).alias("question"),
        F.lit(definition).alias("definition"),
        F.lit(question.version).alias("version"),
        F.lit(question.unit).alias("unit"),
    )
