"""The events stage's run: raw files, each once, into `events` and `events_quarantine`.

A stream over file facts (path, size, time; contents are not read for it) hands out batches of
files (`stream`). Each batch is parsed, judged and published (`batch`) with its number in the commit
(`commits`), so that a replay after a crash at any point changes nothing. The stream's checkpoint
only saves work: a lost one reads every file again, finds every record known, and changes no table.
"""

from trailhouse.ingest.stream import ingest

__all__ = ["ingest"]
