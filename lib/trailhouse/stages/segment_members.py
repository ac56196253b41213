"""The stage `segment_members`: who is a member of which declared segment since when, and how many are."""

from __future__ import annotations

from trailhouse.identity.settle import settled
from trailhouse.questions.rows import no_rows
from trailhouse.segments.rules import last_day, members
from trailhouse.segments.sizes import overlap, sizes
from trailhouse.settings import Settings
from trailhouse.stage import Check, Context, Frames, Stage
from trailhouse.tables import TABLES


def transform(inputs: Frames, context: Context) -> Frames:
    """Memberships are written to the scratch folder first: all three tables are counted from them."""
    rules, project = context.settings.segments.rules, context.settings.project
    if not rules:
        return {name: no_rows(TABLES[name], inputs["activity"]) for name in STAGE.writes}
    found = settled(members(rules, inputs, project, context.settings.profiles), context.scratch, "members")
    as_of = last_day(inputs["watermark"], project)
    made = {
        "segment_members": found,
        "segments": sizes(rules, found, inputs["profiles"], as_of),
        "segment_overlap": overlap(rules, found, as_of),
    }
    return {name: frame.select(*TABLES[name].schema.names) for name, frame in made.items()}


def declared(settings: Settings) -> bool:
    """Whether there is any segment."""
    return bool(settings.segments.rules)


STAGE = Stage(
    name="segment_members",
    reads=("profiles", "activity", "sessions", "watermark"),
    writes=("segment_members", "segments", "segment_overlap"),
    transform=transform,
    settings=("segments.rules", "project", "profiles.traits"),
    pins={"activity": "person_days", "sessions": "person_days"},
    wanted=declared,
    version=2,
    checks=(
        Check(
            "segment_members",
            "stretches_are_apart",
            "A person's stretches in a segment do not touch each other, and each has a day.",
            query=(
                "SELECT segment, person_id, valid_from FROM (SELECT *, lead(valid_from) OVER "
                "(PARTITION BY segment, person_id ORDER BY valid_from) AS later FROM {batch}) "
                "WHERE valid_from >= valid_to OR later <= coalesce(valid_to, later)"
            ),
        ),
        Check(
            "segments",
            "members_are_persons",
            "Members are persons, and were members on some day; one who joined lately was none before.",
            "size <= ever AND ever <= persons AND joined_28 - left_28 <= size",
        ),
        Check(
            "segment_overlap",
            "parts_make_sizes",
            "Members of both segments and of one alone add up to the size of each.",
            query=(
                "SELECT o.a, o.b FROM {batch} o JOIN {segments} a ON a.segment = o.a "
                "JOIN {segments} b ON b.segment = o.b "
                "WHERE o.both + o.only_a <> a.size OR o.both + o.only_b <> b.size"
            ),
        ),
    ),
)
