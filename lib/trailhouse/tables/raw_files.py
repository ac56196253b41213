"""`raw_files`: every reading of a raw file, with its size and time at that moment."""

from trailhouse.contract import Column, Table

STATES = ("read", "unreadable", "held", "released", "rejected")

TABLE = Table(
    name="raw_files",
    sentence="One row a reading of a raw file; the newest of a file tells what is known of it.",
    grain=("file", "run_id", "stream", "batch"),
    lawful=False,
    columns=(
        Column("file", "STRING", "The file.", True),
        Column("size", "BIGINT", "Its bytes when it was read.", True, low=0),
        Column("modified_time", "TIMESTAMP", "When it had been written last.", True),
        Column(
            "state",
            "STRING",
            "unreadable: left out whole, tried again; held: its batch failed checks; released, rejected: "
            "what was decided of it then.",
            True,
            values=STATES,
        ),
        Column("reason", "STRING", "Why it was left out, or the checks that hold it."),
        Column("read_time", "TIMESTAMP", "When it was read.", True),
        Column("run_id", "STRING", "The run.", True),
        Column("stream", "STRING", "The stream of the batch, as in the ledger's note.", True),
        Column("batch", "BIGINT", "The batch.", True, low=0),
    ),
)
