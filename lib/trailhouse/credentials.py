"""Settings hold no credentials: where one stands in them it is refused, and not shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

CREDENTIAL = "credential"
"""Type of a validation error whose input must not be shown."""

_SECRET_NAME = re.compile(
    r"(access|secret|account|encryption|private|api)[._-]?key|passw(or)?d|(sas|session|auth)[._-]?token",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"aws\.(accessKeyId|secretAccessKey|sessionToken)|\bA[KS]IA[0-9A-Z]{16}\b")
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<host>[^/]*)(?P<path>.*)", re.DOTALL)


def spark_conf(value: Any) -> Any:
    """Spark's settings as Spark takes them: texts. An error that names the key of a credential."""
    if not isinstance(value, Mapping):
        return value
    for name, text in value.items():
        if _SECRET_NAME.search(str(name)) or _SECRET_VALUE.search(str(text)):
            raise _refused(str(name))
    return {name: json.dumps(v) if isinstance(v, bool | int | float) else v for name, v in value.items()}


def place(value: str) -> str:
    """A path or URL as Hadoop takes it. An error that does not show it when it holds a credential."""
    url = _URL.match(value)
    if url is None:
        return value
    user = url["host"].rpartition("@")[0]
    if ":" in user or (user and url["scheme"].startswith("s3")):
        raise _refused("what stands before the @ of the URL")
    if url["scheme"] in ("s3", "s3n"):
        raise ValueError("Hadoop reads S3 as s3a: write s3a://bucket/...")
    # Hadoop takes a bucket without a path for its user's home in it.
    return value if url["path"] or not url["host"] else f"{value}/"


def _refused(what: str) -> PydanticCustomError:
    return PydanticCustomError(
        CREDENTIAL,
        "{what} holds a credential, and settings hold none: give it by the environment "
        "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or the store's own chain of providers",
        {"what": what},
    )
