"""Which identifier type speaks louder: user_id, email, others alphabetical, anonymous_id last."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_FIRST = {"user_id": "0", "email": "1", "anonymous_id": "3"}
_OTHER = "2"


def rank(id_type: str) -> str:
    """A text that sorts as the type's priority does: the lesser, the louder."""
    return _FIRST.get(id_type, _OTHER) + id_type


def rank_of(id_type: Column) -> Column:
    """`rank` as a Spark expression."""
    group = F.lit(_OTHER)
    for name, place in _FIRST.items():
        group = F.when(id_type == name, F.lit(place)).otherwise(group)
    return F.concat(group, id_type)
