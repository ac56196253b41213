"""How people come in: visitors of the public pages, sign-up, invitations, onboarding, and log-ins."""

from __future__ import annotations

import datetime as dt

import numpy as np

from ..rows import Bools, Ints
from . import app
from .calendar import DAY
from .cast import HARD_STEP, STEPS
from .scene import Scene
from .story import Episode
from .subscriptions import TRIAL

VARIANTS = ("control", "treatment")


def tell(scene: Scene) -> None:
    """All episodes of this module."""
    _visitors(scene)
    _sign_up(scene)
    _join(scene)
    _onboard(scene)
    _log_in(scene)
    _dashboard(scene)


def _land(scene: Scene, episode: Episode) -> Ints:
    story = scene.story
    if not story.landings:
        story.landings += [(referrer, campaign) for _, referrer, _, campaign in app.LANDINGS]
    return episode.rng.choice(len(app.LANDINGS), len(episode), p=[w for w, *_ in app.LANDINGS])


def _home(scene: Scene, episode: Episode) -> None:
    """The home page, whose third section holds people."""
    landing = _land(scene, episode)
    queries = [app.LANDINGS[i][2] for i in landing.tolist()]
    episode.open("home", "/", queries, landing=landing, roams=False)
    episode.wait(4, 7)
    on = episode.chance(0.8)
    for section in (1, 2, 3):
        episode.scroll(section * 800, on)
        before = episode.t.copy()
        episode.wait(3, 6, on)
        if section == 2:
            extra = scene.effects.held_seconds
            episode.wait(extra * 0.8, extra * 1.2, on)
        scene.story.add(f"seconds_at_{section * 800}_px", (episode.t - before)[on] / 1000)
        on &= episode.chance(0.75)


def _visitors(scene: Scene) -> None:
    """People who look, and do not sign up; some begin to."""
    episode = scene.episode("enter", scene.cast.account[scene.visits.person] < 0)
    _home(scene, episode)
    on = episode.chance(0.6)
    episode.scroll(0, on)
    episode.click("a.to-pricing", on, reacts=False)
    episode.open("pricing", where=on)
    episode.wait(8, 40, on)
    on &= episode.chance(0.2)
    episode.click("a.to-signup", on, reacts=False)
    episode.open("signup", where=on)
    episode.tell("form_start", '"form_id":"signup"', 900, on)
    episode.tell("form_change", '"form_id":"signup","field":"email"', 2500, on)
    episode.tell("form_abandon", '"form_id":"signup","field":"card"', 5000, on)
    episode.close()


def _identify(scene: Scene, episode: Episode, role: str) -> None:
    """Identify and group: from here on messages carry the user id."""
    cast, people = scene.cast, scene.person(episode).tolist()
    accounts = scene.account(episode)
    industries = [app.INDUSTRIES[i] for i in cast.industry[accounts].tolist()]
    episode.t += 400
    episode.signed_in()
    traits = [
        f',"traits":{{"email":"{cast.user_id(p)}@mail.example","role":"{role}","industry":"{industry}"}}'
        for p, industry in zip(people, industries, strict=True)
    ]
    episode.say("identify", traits, 1)
    named = scene.accounts(episode)
    groups = [
        f',"groupId":"{a}","traits":{{"name":"Company {a}","industry":"{industry}"}}'
        for a, industry in zip(named, industries, strict=True)
    ]
    episode.say("group", groups, 3)


def _sign_up(scene: Scene) -> None:
    """The owner of an account finds the app, signs up, and begins a trial."""
    visits, cast = scene.visits, scene.cast
    episode = scene.episode("enter", visits.first & cast.owner[visits.person])
    _home(scene, episode)
    episode.scroll(0)
    episode.click("a.to-pricing", reacts=False)
    episode.open("pricing")
    episode.wait(8, 40)
    episode.click("a.to-signup", reacts=False)
    episode.open("signup")
    episode.tell("form_start", '"form_id":"signup"', 900)
    episode.wait(10, 30)
    episode.tell("form_change", '"form_id":"signup","field":"email"')
    episode.click("button#create-account")
    episode.tell("form_submit", '"form_id":"signup"', 90)
    _identify(scene, episode, "owner")
    account = scene.account(episode)
    ends = scene.start_ms + scene.subscriptions.trial[account] + TRIAL * DAY
    for kind, properties in (
        ("Signed Up", ['"method":"password"'] * len(episode)),
        ("trial_start", [f'"trial_end":"{_iso(t)}","plan":"trial"' for t in ends.tolist()]),
    ):
        tails = [
            f',"groupId":"{a}","properties":{{{p}}}'
            for a, p in zip(scene.accounts(episode), properties, strict=True)
        ]
        episode.say(kind, tails, 4)
    episode.close()


def _iso(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _join(scene: Scene) -> None:
    """Others of the account follow an invitation."""
    visits, cast = scene.visits, scene.cast
    first = visits.first & ~cast.owner[visits.person] & (cast.account[visits.person] >= 0)
    episode = scene.episode("enter", first)
    episode.open("invite")
    episode.wait(5, 20)
    episode.click("button#join")
    _identify(scene, episode, "member")
    episode.tell("Invitation Accepted", wait=4)
    episode.close()


def _onboard(scene: Scene) -> None:
    """Six pages; where the button of the fourth lies below the fold, few who leave have seen it."""
    visits, cast = scene.visits, scene.cast
    episode = scene.episode("onboarding", visits.first & cast.owner[visits.person])
    account = scene.account(episode)
    last, moved = cast.last_step[account], scene.release()[episode.visits] > 0
    moved &= scene.effects.fold_week > 0
    for step in range(1, STEPS + 1):
        here, goes_on = last >= step - 1, last >= step
        path = f"/onboarding/step-{step}"
        long = here & moved if step == HARD_STEP else np.zeros(len(episode), bool)
        episode.open("onboarding", path, where=here & ~long, roams=False)
        episode.open("onboarding-long", path, where=long, roams=False)
        episode.wait(4, 12, here)
        episode.click("button.choice", here)
        episode.wait(2, 5, here)
        if step == HARD_STEP:
            _look_down(episode, long, goes_on)
        episode.click("button.next-step", goes_on)
        episode.tell("Onboarding Step Completed", f'"step":{step}', 300, goes_on)
        leaves = here & ~goes_on
        episode.wait(10, 40, leaves)
        scene.story.count(f"onboarding_step_{step}", goes_on, here)
    episode.close()


def _look_down(episode: Episode, long: Bools, goes_on: Bools) -> None:
    """Who goes on scrolls as far as it takes to see the button; who leaves seldom does."""
    box, screen = episode.box("button.next-step"), episode.story.screen[episode.visits]
    needed = box[:, 1] + box[:, 3] + 60 - screen
    below = long & (needed > 0)
    finds = below & (goes_on | episode.chance(0.1))
    episode.scroll(needed, finds)
    episode.wait(2, 4, finds)
    tries = below & ~finds & episode.chance(0.5)
    episode.scroll(np.maximum(needed // 4, 20), tries)


def _log_in(scene: Scene) -> None:
    episode = scene.episode("enter", scene.visits.logs_in)
    episode.open("login", roams=False)
    episode.wait(3, 12)
    episode.click("button#login")
    episode.t += 300
    episode.signed_in()
    episode.say("login", [f',"groupId":"{a}","properties":{{}}' for a in scene.accounts(episode)], 5)
    episode.close()


def _dashboard(scene: Scene) -> None:
    """Where every visit of a member begins, and an experiment shows without effect."""
    visits, cast = scene.visits, scene.cast
    last = np.append(cast.last_step, 0)[cast.account[visits.person]]
    # Who leaves onboarding leaves; who completes it, and who is invited, sees the dashboard.
    stays = ~cast.owner[visits.person] | (last == STEPS)
    member = (cast.account[visits.person] >= 0) & (~visits.first | stays)
    episode = scene.episode("dashboard", member & ~visits.cancels)
    episode.open("dashboard")
    variants = [VARIANTS[v] for v in cast.variant[scene.person(episode)].tolist()]
    episode.tell(
        "experiment_exposure",
        [f'"experiment_id":"dashboard_layout","variation_id":"{v}"' for v in variants],
    )
    episode.wait(3, 15)
    episode.close()
