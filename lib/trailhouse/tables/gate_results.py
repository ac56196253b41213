"""`gate_results`: every check of every run, with what was observed."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="gate_results",
    sentence="One row a run, table and check.",
    grain=("run_id", "stage", "table_name", "check_name", "batch"),
    lawful=False,
    columns=(
        Column("run_id", "STRING", "The run.", True),
        Column("at", "TIMESTAMP", "When it was checked.", True),
        Column("stage", "STRING", "The stage.", True),
        Column("table_name", "STRING", "The table.", True),
        Column("batch", "BIGINT", "Batch of the events stream; -1 elsewhere.", True),
        Column("check_name", "STRING", "The check.", True),
        Column("severity", "STRING", "error holds the publish.", True, values=("error", "warn")),
        Column("sentence", "STRING", "What must hold.", True),
        Column("passed", "BOOLEAN", "Whether it holds.", True),
        Column("observed", "STRING", "What was found instead."),
        Column("expected", "STRING", "What was expected."),
        Column("examples", "ARRAY<STRING>", "Grain keys of a few offending rows."),
    ),
)
