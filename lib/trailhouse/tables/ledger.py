"""`ledger`: what every run read, kept, dropped and decided."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="ledger",
    sentence="One row a run, stage and table: records in = kept + duplicate + quarantined + refused.",
    grain=("run_id", "stage", "table_name", "batch"),
    lawful=False,
    columns=(
        Column("run_id", "STRING", "The run.", True),
        Column("at", "TIMESTAMP", "When the row was written.", True),
        Column("stage", "STRING", "The stage.", True),
        Column("table_name", "STRING", "The table.", True),
        Column("batch", "BIGINT", "Batch of the events stream; -1 elsewhere.", True),
        Column(
            "action",
            "STRING",
            "What happened to the table; released, rejected: what was decided of a held batch.",
            True,
            values=("published", "unchanged", "held", "released", "rejected"),
        ),
        Column("table_version", "BIGINT", "Its version afterwards."),
        Column("rows", "BIGINT", "Its rows afterwards.", low=0),
        Column("records_in", "BIGINT", "Records read.", low=0),
        Column("kept", "BIGINT", "Records that became rows.", low=0),
        Column("duplicate", "BIGINT", "Records of an id that another record won.", low=0),
        Column("quarantined", "BIGINT", "Records that are not events.", low=0),
        Column("refused", "BIGINT", "Records that consent or erasure keeps out.", low=0),
        Column("replaced", "BIGINT", "Of the kept: took the place of a published row.", low=0),
        Column("conflicting", "BIGINT", "Of the duplicates: same id, other content.", low=0),
        Column("late", "BIGINT", "Of the kept: older than the newest day published before.", low=0),
        Column("late_days", "MAP<INT, BIGINT>", "Of the late: how many, by days behind that newest day."),
        Column("bot", "BIGINT", "Of the kept: bots.", low=0),
        Column("internal", "BIGINT", "Of the kept: own staff.", low=0),
        Column("blocked_ids", "BIGINT", "Of the kept: with a blocked identifier value.", low=0),
        Column("restated", "BIGINT", "Closed sessions of before that are others now, or gone.", low=0),
        Column("split", "BIGINT", "Published sessions whose events lie in several sessions now.", low=0),
        Column("joined", "BIGINT", "Sessions whose events were published in several.", low=0),
        Column("seconds", "DECIMAL(12,3)", "How long the stage took.", low=0),
        Column("note", "STRING", "Anything else worth telling."),
    ),
)
