"""Settings of lifecycle."""

from __future__ import annotations

from typing import ClassVar

from trailhouse.settings.questions.intervals import Returning


class Lifecycle(Returning):
    """Who is new, returning, resurrecting or dormant, a period; the days asked for are those of the rows."""

    kind: ClassVar[str] = "lifecycle"
