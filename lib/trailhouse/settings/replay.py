"""Settings of recordings."""

from __future__ import annotations

from pydantic import Field

from trailhouse.settings.section import Place, Section


class Replay(Section):
    max_chunk: int = Field(
        16 * 1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="bytes of the largest record that holds a recorded chunk; others: raw.max_record_bytes",
    )
    path: Place = Field(
        "", description="folder of recorded chunks that events name by their path there; empty: raw.path"
    )
    decode: bool = Field(
        True, description="whether recordings give events of kinds that the tracker itself does not send"
    )
