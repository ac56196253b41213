"""The contracts: one file a table."""

from trailhouse.contract import Table
from trailhouse.tables import (
    activity,
    engagement,
    event_catalog,
    event_origins,
    events,
    events_quarantine,
    feedback,
    funnels,
    gate_results,
    heatmaps,
    identities,
    identity_conflicts,
    identity_links,
    ledger,
    page_friction,
    page_views,
    person_days,
    plan_violations,
    profiles,
    raw_files,
    retention,
    sessions,
    signals,
)

_MODULES = (
    events,
    events_quarantine,
    event_catalog,
    plan_violations,
    event_origins,
    raw_files,
    identity_links,
    identities,
    identity_conflicts,
    activity,
    page_views,
    signals,
    sessions,
    person_days,
    profiles,
    engagement,
    funnels,
    retention,
    heatmaps,
    page_friction,
    feedback,
    ledger,
    gate_results,
)

TABLES: dict[str, Table] = {module.TABLE.name: module.TABLE for module in _MODULES}
"""Every table by name, in the order the suite writes them."""
