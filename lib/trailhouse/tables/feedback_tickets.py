"""`feedback_tickets`: after which pages people write to the support."""

from trailhouse.contract import Column, Table

TABLE = Table(
    name="feedback_tickets",
    sentence="Support tickets per 1,000 people, by the page that they saw before.",
    grain=("page_group",),
    columns=(
        Column(
            "page_group", "STRING", "The page seen last before the ticket; 'unknown': none in a day.", True
        ),
        Column("tickets", "BIGINT", "Tickets.", True, low=1),
        Column("ticket_persons", "BIGINT", "Persons who wrote them.", True, low=0),
        Column("persons", "BIGINT", "Persons who ever saw the page; null for 'unknown'.", low=1),
        Column("per_thousand", "DECIMAL(18,4)", "1,000 x tickets / persons.", low=0),
        Column("low", "DECIMAL(18,4)", "Lower end of its interval, of a Poisson count.", low=0),
        Column("high", "DECIMAL(18,4)", "Upper end.", low=0),
    ),
)
