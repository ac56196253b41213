"""`identity_changes`: what each run changed about who is who."""

from trailhouse.contract import Column, Table

CHANGES = ("created", "linked", "merged", "split", "renamed", "removed", "refused", "allowed")

TABLE = Table(
    name="identity_changes",
    sentence="A change of an identifier's person, or of a refused link, with its run and its cause.",
    grain=("change_id",),
    partition_by=("change_date",),
    lawful=False,
    stats=("version",),
    columns=(
        Column("change_id", "STRING", "Hash of the change and of the version that it changes.", True),
        Column(
            "version",
            "BIGINT",
            "Version of the table of persons, or of refused links, that it changes.",
            True,
        ),
        Column("change_date", "DATE", "UTC day of the run.", True),
        Column("at", "TIMESTAMP", "Begin of the run.", True),
        Column("run_id", "STRING", "The run.", True),
        Column(
            "change",
            "STRING",
            "created: new, and of a new person; linked: new, of a known person; merged: its person went "
            "into another; split: it left those it was with; renamed: an older identifier gave the person "
            "another id; removed: no event shows it any more; refused: a link joins nobody; allowed: it is "
            "not refused any more.",
            True,
            values=CHANGES,
        ),
        Column("id_type", "STRING", "Type of the identifier, or of a link's lesser one.", True),
        Column("id_value", "STRING", "Its normalised value.", True),
        Column("person_before", "STRING", "Its person before the run."),
        Column("person_after", "STRING", "Its person after the run."),
        Column("cause", "STRING", "events, override, or why all was made anew.", True),
        Column("reason", "STRING", "Of a refused link: the rule; of a split: shared, hub, or null."),
        Column(
            "type_a", "STRING", "The link that tells why: refused, or the oldest that joins. Its lesser type."
        ),
        Column("value_a", "STRING", "Its lesser value."),
        Column("type_b", "STRING", "Its greater type."),
        Column("value_b", "STRING", "Its greater value."),
    ),
)
