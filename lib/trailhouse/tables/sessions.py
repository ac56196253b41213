"""`sessions`: one row a session."""

from trailhouse.contract import Column, Table
from trailhouse.signals.registry import KINDS
from trailhouse.tables import _shapes as shapes


def _unless_collected(needs: tuple[str, ...]) -> str:
    """When a count of signals is null: those of an app that sends none of what they need."""
    inputs = " or ".join(needs)
    return f"; null: its app sent no {inputs} on that UTC day (docs/signals.md)" if needs else ""


TABLE = Table(
    name="sessions",
    sentence="One row a session: a person's visit, cut by the rules of settings.sessions.",
    grain=("session_id",),
    partition_by=("session_date",),
    columns=(
        Column("session_id", "STRING", "Hash of the definition and the first event's id.", True),
        Column("person_id", "STRING", "Whose session it is: the person of its first event.", True),
        Column("session_date", "DATE", "Day of its start in the project's zone.", True),
        Column("start_time", "TIMESTAMP", "Its first client event.", True),
        Column("end_time", "TIMESTAMP", "Its last client event.", True),
        Column("duration_us", "BIGINT", "From start to end, in microseconds.", True, low=0),
        Column("events", "BIGINT", "Events in it.", True, low=1),
        Column("views", "BIGINT", "Rows of page_views.", True, low=0),
        Column("page_views", "BIGINT", "Views with a real page_view or screen_view.", True, low=0),
        Column("distinct_pages", "BIGINT", "Distinct paths seen.", True, low=0),
        Column("clicks", "BIGINT", "Clicks and taps.", True, low=0),
        Column("entry_page", "STRING", "Path of the first view."),
        Column("exit_page", "STRING", "Path of the last view."),
        Column("entry_page_group", "STRING", "Template of the first view."),
        Column("exit_page_group", "STRING", "Template of the last view."),
        Column("referrer", "STRING", "Referring URL of the first view."),
        Column("channel", "STRING", "Channel of its first touch, by the ordered rules.", True),
        Column("last_channel", "STRING", "Channel of its last touch, a campaign or another site.", True),
        Column("campaign", shapes.CAMPAIGN, "Campaign of the first event that has one."),
        Column("device", shapes.DEVICE, "Device of the first event that tells."),
        Column("geo", shapes.GEO, "Place of the first event that tells."),
        Column("language", "STRING", "Language of the first event that tells."),
        Column("app_id", "STRING", "Write key or site of the first event."),
        Column("platform", "STRING", "Platform of the first event."),
        Column("anonymous_id", "STRING", "Device id of the first event that tells."),
        Column("user_id", "STRING", "Account of the last event that tells."),
        Column("client_session_id", "STRING", "The tracker's session of the first event that tells."),
        Column("engaged_us", "BIGINT", "Sum over its views, in microseconds.", True, low=0),
        Column("max_scroll_pct", "INT", "Deepest scroll of its views, percent.", low=0, high=100),
        Column("is_engaged", "BOOLEAN", "10 s engaged, or two views, or a conversion.", True),
        Column("is_bounce", "BOOLEAN", "Not engaged (preset single_view: one view, no interaction).", True),
        Column("converted", "BOOLEAN", "Holds a conversion event.", True),
        Column("conversions", "BIGINT", "Conversion events.", True, low=0),
        Column("conversion_names", "ARRAY<STRING>", "Which conversions, each once, sorted.", True),
        Column("value", shapes.MONEY, "Value of its conversions by currency, sorted.", True),
        *(
            Column(
                kind.counted_as,
                "BIGINT",
                f"Signals {kind.name} of its first preset{_unless_collected(kind.needs)}.",
                required=not kind.needs,
                low=0,
            )
            for kind in KINDS
        ),
        Column("is_bot", "BOOLEAN", "Left out of metrics.", True),
        Column("bot_reasons", "ARRAY<STRING>", "All signs of a bot, sorted.", True),
        Column("internal", "BOOLEAN", "Own staff.", True),
        Column("run_start", "TIMESTAMP", "Start of the run it is cut from.", True),
        Column("run_end", "TIMESTAMP", "End of that run.", True),
        Column("closed", "BOOLEAN", "The watermark is later than end + timeout.", True),
    ),
)
