"""Each planted effect: what it is, how large it was planted, and what came out in this world."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from ..rows import Bools, Ints
from . import app
from .calendar import BACK_FROM, BACK_TO, DAY, FIRST_DAYS
from .cast import STEPS
from .effects import BACK, COMPLETION, CONVERSION, Effects, none_of
from .subscriptions import EXPORT_DAYS, MONTH, NEVER, NO_DAY, TRIAL
from .work import CAMPAIGN, IMPORT, SEGMENT, SLOW_RELEASE
from .world import World

GRACE_DAYS = 1


def share(hits: Bools | Ints, among: Bools | None = None) -> dict[str, object]:
    """Hits, of how many, and their quotient (null of nothing)."""
    of = np.ones(len(hits), bool) if among is None else among
    return _share(int((hits.astype(bool) & of).sum()), int(of.sum()))


def _share(hits: int, n: int) -> dict[str, object]:
    return {"hits": hits, "n": n, "share": round(hits / n, 6) if n else None}


def measure(world: World) -> dict[str, dict[str, object]]:
    """By effect: about, planted, none, realised; beside them the sizes that are always there."""
    counted = {name: _share(*pair) for name, pair in world.scene.story.counts.items()}
    found: dict[str, object] = {
        "step4_share": _onboarding(world)["left_at_step_4"],
        "fold_week": _fold(world),
        "completed_of_converters": _trials(world)["completed_of_converters"],
        "import_failure": {**counted["import_failure"], "persons_by_month": failing_by_month(world)},
        "failure_churn": _renewals(world, 2),
        "failure_csat": _of(counted, "csat_top_two_after_"),
        "reason_share": counted["reason_share"],
        "mood_churn": _renewals(world, 3),
        "mood_scores": _of(counted, "detractors_"),
        "export_before_cancel": _exports(world),
        "detour_share": {
            **counted["detour_share"],
            **_of(counted, "detour_returned"),
            **_of(counted, "detour_to_"),
            **_of(counted, "sent_"),
        },
        "slow_seconds": _slow(world),
        "phone_slower": _phones(world),
        "screenshot_clicks": counted["screenshot_clicked"],
        "button_ignored": counted["button_clicked"],
        "agency_tries": _of(counted, "button_clicked_by_"),
        "empty_search": {**counted["empty_search"], "found": counted["found_after_search"]},
        "u_turns": counted["u_turns"],
        "unexpected": share(
            world.scene.visits.does["unexpected"], ~world.scene.visits.first & ~world.scene.visits.cancels
        ),
        "activation": _activation(world),
        "compared_plans": _of(counted, "upgraded_"),
        "held_seconds": {"page": "/", "from_px": 1600, **_means(world, "seconds_at_")},
        "taste": counted["own_category"],
        "experiment": _experiment(world),
    }
    effects = {
        one.name: {
            "about": one.metadata["about"],
            "planted": getattr(world.effects, one.name),
            "none": none_of(one),
            "realised": found[one.name],
        }
        for one in fields(Effects)
    }
    effects["onboarding"] = {
        "about": "owners by the steps they complete; the share that completes all six",
        "planted": COMPLETION,
        "realised": _onboarding(world),
    }
    effects["trials"] = {
        "about": "trials whose end and a day of grace lie within the world, and those that convert",
        "planted": CONVERSION,
        "realised": _trials(world),
    }
    return effects


def _of(counted: dict[str, dict[str, object]], prefix: str) -> dict[str, object]:
    return {name: value for name, value in counted.items() if name.startswith(prefix)}


def _means(world: World, prefix: str) -> dict[str, object]:
    sums = world.scene.story.sums.items()
    return {name: round(total / n, 3) for name, (total, n) in sums if name.startswith(prefix) and n}


def _onboarding(world: World) -> dict[str, object]:
    cast = world.scene.cast
    left = cast.last_step < STEPS
    return {
        "accounts": len(cast.last_step),
        "completed": share(~left),
        "left_at_step_4": share(cast.left_at_hard, left),
        "by_last_step": {str(k): int((cast.last_step == k).sum()) for k in range(STEPS + 1)},
    }


def _fold(world: World) -> dict[str, object]:
    cast, scene = world.scene.cast, world.scene
    never = not world.effects.fold_week
    day = world.start.toordinal() + scene.release_days()[1]
    return {
        "release": app.RELEASES[1],
        "from_day": None if never else str(world.start.fromordinal(day)),
        "device_classes": ["laptop", "phone"],
        "reached_step_4_affected": share(~cast.left_at_hard, cast.affected & (cast.last_step >= 3)),
        "reached_step_4_others": share(~cast.left_at_hard, ~cast.affected & (cast.last_step >= 3)),
    }


def converted(world: World) -> tuple[Bools, Bools]:
    """By account: whether the trial is over within the world (with its grace), and whether it converted."""
    drawn = world.scene.subscriptions
    # What is known is what had been received when the last message came.
    known = int(world.deliveries.received.max()) - world.scene.start_ms
    over = drawn.trial + (TRIAL + GRACE_DAYS) * DAY <= known
    return over, drawn.start < NEVER


def _trials(world: World) -> dict[str, object]:
    over, converts = converted(world)
    done = world.scene.cast.last_step == STEPS
    return {
        "converted": share(converts, over),
        "completed_of_converters": share(done, over & converts),
        "converted_of_completers": share(converts, over & done),
        "converted_of_others": share(converts, over & ~done),
    }


def failing_by_month(world: World) -> list[int]:
    """Distinct people with a failed import, by 30 days of the world."""
    visits = world.scene.visits
    failed = visits.does["import_fails"]
    months = visits.day[failed] // MONTH
    pairs = np.unique(np.stack([months, visits.person[failed]]), axis=1)
    return [int(n) for n in np.bincount(pairs[0], minlength=-(-world.days // MONTH))]


def _renewals(world: World, column: int) -> dict[str, object]:
    rows = np.array(world.scene.subscriptions.renewals, np.int64).reshape(-1, 5)
    hit, left = rows[:, column] > 0, rows[:, 4] > 0
    return {"with": share(left, hit), "without": share(left, ~hit)}


def _exports(world: World) -> dict[str, object]:
    scene = world.scene
    visits, drawn = scene.visits, scene.subscriptions
    account = scene.cast.account[visits.person]
    until = np.append(drawn.cancel_day, NO_DAY)[account] - visits.day
    near = visits.does["export"] & (until < EXPORT_DAYS) & (account >= 0)
    exported = np.zeros(len(drawn.cancel_day), bool)
    exported[account[near]] = True
    return share(exported, drawn.cancel_day < NO_DAY)


def seconds_of(world: World, task: int) -> tuple[Ints, Ints, Bools]:
    """Of an attempt each: ms that it took, number of its visit, whether it was completed."""
    attempts = world.scene.story.attempts.columns()
    mine = attempts["task"] == task
    length = (attempts["end"] - attempts["start"])[mine]
    visit: Ints = world.assembled.episode_visit[attempts["episode"][mine]]
    return length, visit, attempts["completed"][mine] > 0


def _slow(world: World) -> dict[str, object]:
    length, visit, done = seconds_of(world, SEGMENT)
    late = world.scene.release()[visit] >= SLOW_RELEASE
    before, after = (length[done & side].mean() / 1000 for side in (~late, late))
    return {
        "release": app.RELEASES[SLOW_RELEASE],
        "from_day": str(world.start.fromordinal(world.start.toordinal() + world.scene.release_days()[2])),
        "step": "Segment Condition Added > Segment Previewed",
        "mean_seconds_before": round(float(before), 3),
        "mean_seconds_after": round(float(after), 3),
        "n_before": int((done & ~late).sum()),
        "n_after": int((done & late).sum()),
    }


def _phones(world: World) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, task in (("import_contacts", IMPORT), ("create_campaign", CAMPAIGN)):
        length, visit, done = seconds_of(world, task)
        phone = world.scene.story.layout[visit] == app.PHONE
        found[name] = {
            "median_seconds_on_phones": round(float(np.median(length[done & phone])) / 1000, 3),
            "median_seconds_elsewhere": round(float(np.median(length[done & ~phone])) / 1000, 3),
        }
    return found


def returned(world: World) -> tuple[Bools, Bools]:
    """By person: whether days 28 to 34 lie within the world, and whether they came then."""
    scene = world.scene
    visits, joined = scene.visits, scene.cast.joined
    since = visits.day - joined[visits.person]
    back = np.zeros(scene.cast.people, bool)
    back[visits.person[(since >= BACK_FROM) & (since <= BACK_TO)]] = True
    return (joined + BACK_TO < world.days) & (scene.cast.account >= 0), back


def tags_of_first_days(world: World) -> Ints:
    """By person: tags in the first seven days."""
    visits, joined = world.scene.visits, world.scene.cast.joined
    early = visits.day - joined[visits.person] < FIRST_DAYS
    return np.bincount(
        visits.person[early], weights=visits.tags[early], minlength=world.scene.cast.people
    ).astype(np.int64)


def _activation(world: World) -> dict[str, object]:
    known, back = returned(world)
    reached = tags_of_first_days(world) >= 3
    return {
        "event": "Contact Tagged",
        "times": 3,
        "days": FIRST_DAYS,
        "reached": share(reached, known),
        "back_of_reached": share(back, known & reached),
        "back_of_others": share(back, known & ~reached),
        "planted_back_of_reached": BACK,
    }


def _experiment(world: World) -> dict[str, object]:
    known, back = returned(world)
    variant = world.scene.cast.variant
    return {name: share(back, known & (variant == k)) for k, name in enumerate(("control", "treatment"))}
