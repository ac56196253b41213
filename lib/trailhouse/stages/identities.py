"""`identities`: which identifiers are one person, by constrained connected components.

1. Fold the links of all days into pairs of numbers, and sightings into identifiers.
2. Leave out the links of hubs, and what people said to ignore.
3. Connected components over the others, and over pairs that people said to be one (an engine; it
   writes to the scratch folder).
4. Take components apart that break a rule, or of which people said something.
5. Name persons by their oldest identifier.
6. Say whose shared identifiers were when, and what this run changed.

All of it is closed in components: a run looks at those that changed days, or decisions, touch.
"""

from __future__ import annotations

from trailhouse import scope
from trailhouse.identity import changes, overrides, owners, persons, touched
from trailhouse.identity.apart import resolved
from trailhouse.identity.components import connected_components
from trailhouse.identity.settle import settled, settled_few
from trailhouse.narrowing import UNKNOWN
from trailhouse.stage import Check, Context, Frames, Look, Part, Stage
from trailhouse.storage import NONE

_OUTSIDE = "hubs outside"
_ALL_SIGHTINGS = "all sightings"


def transform(inputs: Frames, context: Context) -> Frames:
    """Persons, refused links, owners, history and changes from links, sightings and overrides."""
    settings, scratch = context.settings, context.scratch
    said = overrides.standing(inputs["identity_overrides"], settings)
    overrides.require_known(said, inputs.get(_ALL_SIGHTINGS, inputs["identity_sightings"]))
    # 1. Written down, as what follows reads it several times.
    daily = persons.numbered(inputs["identity_links"])
    pairs = settled(persons.edges(daily, settings), scratch, "pairs")
    seen = persons.seen(inputs["identity_sightings"])

    # 2.
    many = settled_few(persons.many_links(pairs, settings), scratch, "many")
    hubs = persons.hubs(daily, many, settings)
    if _OUTSIDE in inputs:
        hubs = hubs.unionAll(inputs[_OUTSIDE]).dropDuplicates(list(persons.ID))
    hubs = settled_few(hubs, scratch, "hubs")
    if said.ignored:
        few = persons.ignored(said, daily)
        daily = persons.without(daily, few)
        seen, hubs = (rows.join(few, on=list(persons.ID), how="left_anti") for rows in (seen, hubs))
    unhubbed = daily
    if said.ignored or not hubs.isEmpty():
        unhubbed = persons.without(daily, hubs)
        pairs = settled(persons.edges(unhubbed, settings), scratch, "open")
    if said.always:
        pairs = settled(pairs.unionAll(persons.said_edges(said, hubs, settings)), scratch, "with-said")

    # 3.
    components = connected_components(pairs, settings, scratch)
    placed = settled(persons.placed(seen, components), scratch, "placed")

    # 4.
    broken = settled_few(persons.to_take_apart(placed, settings, said), scratch, "broken")
    ends = settled_few(persons.ends_of(placed, broken), scratch, "ends")
    theirs = persons.with_said(unhubbed, said, hubs)
    apart = settled_few(resolved(persons.links_of(theirs, ends), settings, said), scratch, "apart")

    # 5.
    people = settled(persons.with_person(placed, apart, hubs), scratch, "people")
    conflicts = persons.conflicts(apart, daily, hubs)

    # 6.
    run = changes.Run(context.run, context.at)
    before = changes.Before(
        inputs.get("published identities"),
        inputs.get("published identity_conflicts"),
        inputs.get("published identity_changes"),
        context.versions.get("identities", NONE),
        context.versions.get("identity_conflicts", NONE),
    )
    cause = context.whole or _cause(inputs)
    return {
        "identity_changes": changes.changes(people, conflicts, unhubbed, before, cause, run, scratch),
        "identity_conflicts": conflicts,
        "device_owners": owners.owners(daily, people, settings, scratch),
        "identities": people,
        "identity_history": changes.history(people, inputs.get("published identity_history"), run),
    }


def _cause(inputs: Frames) -> str:
    return "override" if "overrides changed" in inputs else "events"


def narrow(look: Look, context: Context) -> Part | str:
    """The components of identifiers that changed days, or other decisions, touch."""
    days = look.days["identity_links"], look.days["identity_sightings"]
    if days[0] is None or days[1] is None or "identities" not in look.published:
        return UNKNOWN
    before, now = (
        overrides.standing(frames["identity_overrides"], context.settings)
        for frames in (look.before, look.inputs)
    )
    if not (days[0] or days[1] or before != now):
        return Part({}, {})
    both = {name: (look.before[name], look.inputs[name]) for name in ("identity_links", "identity_sightings")}
    published = look.published["identities"]
    keys = touched.closed_set(
        both["identity_links"],
        both["identity_sightings"],
        (days[0], days[1]),
        published,
        (before, now),
        context.settings,
        context.scratch,
    )
    identifiers = list(touched.ID)
    of_one, of_two = scope.of_keys(keys, touched.ID), scope.of_keys(keys, *touched.ENDS)
    scopes = {
        "identities": of_one,
        "device_owners": of_one,
        "identity_history": of_one,
        "identity_conflicts": of_two,
        "identity_changes": changes.scope_of(
            context.versions["identities"], context.versions["identity_conflicts"]
        ),
    }
    inputs = dict(look.inputs)
    # Written down, as the transform goes over them several times.
    inputs["identity_links"] = settled(
        touched.linked_to(look.inputs["identity_links"], keys), context.scratch, "links"
    )
    inputs["identity_sightings"] = look.inputs["identity_sightings"].join(
        keys, on=identifiers, how="left_semi"
    )
    inputs[_ALL_SIGHTINGS] = look.inputs["identity_sightings"]
    inputs[_OUTSIDE] = (
        published.where("status = 'hub'")
        .join(keys, on=identifiers, how="left_anti")
        .select(*touched.ID, "detail")
    )
    inputs |= {f"published {name}": scopes[name].inside(rows) for name, rows in look.published.items()}
    known = "published identities"
    inputs[known] = settled(inputs[known], context.scratch, "known")
    if before != now:
        inputs["overrides changed"] = inputs["identity_overrides"]
    return Part(inputs, scopes)


_ALONE = "SELECT {0} FROM {{batch}} GROUP BY {0} HAVING count(*) > 1 AND count_if(status <> 'own') > 0"
_ONE_ACCOUNT = "SELECT {0} FROM {{batch}} WHERE id_type = 'user_id' GROUP BY {0} HAVING count(*) > 1"
_ONE_PERSON = "SELECT {0} FROM {{batch}} WHERE valid_to IS NULL GROUP BY {0} HAVING count(*) > 1"
CHECKS = (
    Check(
        table="identities",
        name="person_id_is_a_hash",
        sentence="A person id is 32 hexadecimal digits.",
        # Twice as fast as a pattern.
        condition="person_id IS NULL OR length(person_id) = 32 AND lower(person_id) = person_id "
        "AND unhex(person_id) IS NOT NULL",
    ),
    Check(
        table="identities",
        name="shared_and_hub_stand_alone",
        sentence="A shared identifier or a hub shares its person with no other identifier.",
        query=_ALONE.format("person_id"),
        suspects=_ALONE.format("xxhash64(person_id)"),
    ),
    Check(
        table="identities",
        name="one_account_a_person",
        sentence="Two user_ids are one person: expected only where the settings do not call user_id unique, "
        "or where people said so.",
        query=_ONE_ACCOUNT.format("person_id"),
        suspects=_ONE_ACCOUNT.format("xxhash64(person_id)"),
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
    Check(
        table="identity_conflicts",
        name="no_giants",
        sentence="A component that breaks a rule has more links than identity.largest: none of them joins; "
        "block the value that holds it together?",
        condition="reason <> 'size'",
        severity="warn",
    ),
    Check(
        table="device_owners",
        name="intervals_in_order",
        sentence="A log-in ends after it begins.",
        condition="to_time IS NULL OR from_time < to_time",
    ),
    Check(
        table="identity_history",
        name="one_person_at_a_time",
        sentence="An identifier has one person at a time.",
        query=_ONE_PERSON.format("id_type, id_value"),
        suspects=_ONE_PERSON.format("xxhash64(id_type, id_value)"),
    ),
)

STAGE = Stage(
    name="identities",
    reads=("events", "identity_links", "identity_sightings", "identity_overrides"),
    writes=("identity_changes", "identity_conflicts", "device_owners", "identities", "identity_history"),
    transform=transform,
    checks=CHECKS,
    settings=("identity.types", "identity.hub_unique", "identity.hub_any", "identity.largest"),
    # Not read, but remembered: those who read persons read the events that these were made of.
    pins={"events": "identity_links"},
    optional=("identity_overrides",),
    narrow=narrow,
    remembers=("identities", "identity_conflicts", "identity_history", "identity_changes"),
)
