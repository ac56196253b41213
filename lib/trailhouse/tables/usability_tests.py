"""`usability_tests`: results of moderated tests, which people import; the suite only reads them."""

from trailhouse.contract import Column, Table

SUCCESS = ("success", "partial", "failure")

TABLE = Table(
    name="usability_tests",
    sentence="One row a participant and task of a usability test, as imported from a CSV file.",
    grain=("study", "participant", "task"),
    lawful=False,
    optional=True,
    columns=(
        Column("study", "STRING", "Name of the test.", True),
        Column("participant", "STRING", "Who took part.", True),
        Column("task", "STRING", "What they were asked to do.", True),
        Column("success", "STRING", "How it went.", True, values=SUCCESS),
        Column("time_us", "BIGINT", "Time on the task, microseconds; null: not measured.", low=1),
        Column("errors", "BIGINT", "Errors made; null: not counted.", low=0),
        Column("sus", "DECIMAL(5,2)", "The participant's System Usability Scale score.", low=0, high=100),
        Column("row_hash", "STRING", "Hash of the row's content.", True),
        Column("imported_at", "TIMESTAMP", "When it was imported.", True),
        Column("file", "STRING", "Name of the file it came from.", True),
    ),
)
