"""Screenshots of pages that the user gives, as data URIs."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

from trailhouse.errors import SettingsError
from trailhouse.report.maps import Screenshots

MOST_BYTES = 2 * 1024 * 1024
_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def read_screenshots(given: Mapping[str, str | Mapping[str, str]]) -> Screenshots:
    """Data URIs of `report.screenshots`: page group -> path, or -> {device type: path}.

    SettingsError for a file that is not there, is neither PNG nor JPEG by its first bytes, or is larger than
    2 MiB: the report holds them all.
    """
    return {(page, device): _uri(page, path) for page, device, path in _files(given)}


def _files(given: Mapping[str, str | Mapping[str, str]]) -> Iterator[tuple[str, str | None, str]]:
    for page, where in given.items():
        if isinstance(where, str):
            yield page, None, where
        else:
            for device, path in where.items():
                yield page, device, path


def _uri(page: str, path: str) -> str:
    told = f"report.screenshots, page {page}: {path}"
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{told} can not be read ({error.strerror or error}): name a file") from None
    if len(content) > MOST_BYTES:
        size = f"{len(content) / 2**20:.1f} MiB"
        raise SettingsError(f"{told} has {size}, 2 MiB at most: make it smaller, or save it as JPEG")
    for kind, signature in _SIGNATURES.items():
        if content.startswith(signature):
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    raise SettingsError(f"{told} is neither PNG nor JPEG: save it as one of them")
