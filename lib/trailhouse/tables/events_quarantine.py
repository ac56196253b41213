"""`events_quarantine`: every record that could not become an event, with all reasons."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="events_quarantine",
    sentence="Records that are not events, each once, with every reason.",
    grain=("content_hash",),
    private=True,
    columns=(
        Column("content_hash", "STRING", "SHA-256 of the record's bytes.", True),
        Column("source", "STRING", "The source module that read it.", True),
        Column("reasons", "ARRAY<STRING>", "Everything that is wrong with it.", True),
        Column(
            "raw",
            "BINARY",
            "Its first 64 KiB as they came; null under privacy.quarantine = hash_only, and after "
            "privacy.quarantine_retention.",
        ),
        Column("length", "BIGINT", "Its whole length in bytes.", True, low=0),
        Column("file", "STRING", "A file that holds it (the first by name)."),
        Column(
            "line",
            "BIGINT",
            "Its line there, from 1; null where the format has no lines, or the file has over 256 MiB.",
            low=1,
        ),
        Column("first_batch", "BIGINT", "The batch that brought it first.", True, low=0),
        Column("quarantined_time", "TIMESTAMP", "When that was."),
        Column("requeued_run", "STRING", "The run that sent it through again last; null: none did."),
        Column(
            "released_run",
            "STRING",
            "The run since which it is an event (or refused by its consent); null: it is still none.",
        ),
    ),
)
