"""`event_origins`: the raw file that each event came from."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="event_origins",
    sentence="The raw file that the row of each event was made from, and the run that published it.",
    grain=("event_id",),
    lawful=False,
    columns=(
        Column("event_id", "STRING", "The event.", True),
        Column("file", "STRING", "The file of the record that won (of equal ones the first by name).", True),
        Column("run_id", "STRING", "The run that published it, as in the ledger.", True),
        Column("batch", "BIGINT", "The batch of that run.", True, low=0),
    ),
)
