"""`identities`: which identifiers are one person, by constrained connected components.

1. Fold events into sightings, and these into links by day and identifiers with their first_seen.
2. Leave out the links of hubs.
3. Connected components over the others (an engine; it writes to the scratch folder).
4. Take components apart that break a rule.
5. Name persons by their oldest identifier.
"""

from __future__ import annotations

from pyspark.sql import functions as F

from trailhouse.identity import links, persons
from trailhouse.identity.components import connected_components
from trailhouse.identity.settle import settled
from trailhouse.stage import Check, Context, Frames, Stage


def transform(inputs: Frames, context: Context) -> Frames:
    """`identity_links`, `identities` and `identity_conflicts` from `events`."""
    settings, scratch = context.settings, context.scratch
    # 1. Written down, as all that follows reads them several times.
    shown = settled(links.sightings(inputs["events"], settings), scratch, "sightings")
    daily = links.daily_links(shown)
    seen = links.seen_identifiers(shown)
    pairs = settled(links.pairs_ever(daily), scratch, "pairs")

    # 2.
    hubs = settled(persons.hubs(pairs, settings), scratch, "hubs")
    marked = persons.marked(pairs, hubs)
    open_pairs = marked.filter(F.col("hub").isNull())

    # 3.
    labels = connected_components(open_pairs.select("a", "b"), settings, scratch)

    # 4.
    broken = persons.over_merged(seen, labels, settings)
    to_resolve = settled(persons.links_to_resolve(open_pairs, labels, broken), scratch, "over-merged")
    members = persons.resolved_members(to_resolve, settings)
    refused = persons.refused_links(to_resolve, settings)

    return {
        "identity_links": daily,
        # 5.
        "identities": persons.with_person(seen, labels, members, hubs),
        "identity_conflicts": persons.hub_conflicts(marked).union(refused),
    }


CHECKS = (
    Check(
        table="identity_links",
        name="lesser_identifier_first",
        sentence="A link names the lesser identifier by (type, value) first.",
        condition="type_a < type_b OR (type_a = type_b AND value_a < value_b)",
    ),
    Check(
        table="identity_links",
        name="times_within_the_day",
        sentence="First and last time of a link lie in order and on its UTC day.",
        condition="first_time <= last_time AND to_date(first_time) = link_date "
        "AND to_date(last_time) = link_date",
    ),
    Check(
        table="identity_links",
        name="some_source_saw_it",
        sentence="A link names the sources that saw it.",
        condition="size(sources) > 0",
    ),
    Check(
        table="identities",
        name="person_id_is_a_hash",
        sentence="A person id is 32 hexadecimal digits.",
        condition="length(person_id) = 32 AND person_id NOT RLIKE '[^0-9a-f]'",
    ),
    Check(
        table="identities",
        name="shared_and_hub_stand_alone",
        sentence="A shared identifier or a hub shares its person with no other identifier.",
        query="SELECT person_id FROM {batch} GROUP BY person_id "
        "HAVING count(*) > 1 AND count_if(status <> 'own') > 0",
    ),
    Check(
        table="identities",
        name="one_account_a_person",
        sentence="Two user_ids are one person: expected only where the settings do not call user_id unique.",
        query="SELECT person_id FROM {batch} WHERE id_type = 'user_id' "
        "GROUP BY person_id HAVING count(*) > 1",
        severity="warn",
    ),
    Check(
        table="identities",
        name="no_hubs",
        sentence="An identifier is linked to so many others that its links were left out; block its value?",
        condition="status <> 'hub'",
        severity="warn",
    ),
    Check(
        table="identity_conflicts",
        name="lesser_identifier_first",
        sentence="A refused link names the lesser identifier by (type, value) first.",
        condition="type_a < type_b OR (type_a = type_b AND value_a < value_b)",
    ),
)

STAGE = Stage(
    name="identities",
    reads=("events",),
    writes=("identity_links", "identities", "identity_conflicts"),
    transform=transform,
    checks=CHECKS,
    settings=("identity",),
)
