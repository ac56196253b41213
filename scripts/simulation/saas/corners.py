"""The rest of a visit: searches, the ignored button, turns, offers, surveys, tickets, good-byes."""

from __future__ import annotations

import numpy as np

from ..rows import Bools, Ints
from . import app
from .effects import BUTTON_CLICKS, NPS
from .scene import Scene
from .story import Episode
from .subscriptions import NO_DAY
from .work import template_of


def tell(scene: Scene) -> None:
    """All episodes of this module."""
    _search(scene)
    _browse(scene)
    _automations(scene)
    _reports(scene)
    _upgrade(scene)
    _export(scene)
    _survey(scene)
    _unexpected(scene)
    _ticket(scene)
    _cancel(scene)


def _search(scene: Scene) -> None:
    """What people look for after log-in; what is not there they look for once more, in other words."""
    episode = scene.episode("search", scene.visits.does["search"])
    rng, n = episode.rng, len(episode)
    empty = episode.chance(scene.effects.empty_search)
    known, gap = rng.integers(0, len(app.QUERIES), (2, n)), rng.integers(0, len(app.GAPS), n)
    words = [app.GAPS[g] if e else app.QUERIES[k] for g, e, k in zip(gap, empty, known[0], strict=True)]
    _look_for(episode, words, np.where(empty, 0, 3 + known[0]), np.ones(n, bool))
    again = empty & episode.chance(0.4)
    _look_for(episode, [app.QUERIES[k] for k in known[1]], 3 + known[1], again)
    opens = (~empty | again) & episode.chance(0.75)
    rank = rng.integers(1, 4, n)
    episode.click("a.result", opens, reacts=False)
    episode.tell("Result Opened", [f'"rank":{r}' for r in rank.tolist()], 50, opens)
    episode.open("help", [f"/help/{q.replace(' ', '-')}" for q in words], where=opens & ~empty)
    episode.open("help", "/help/subject-line", where=opens & empty)
    episode.wait(8, 40, opens)
    episode.close()
    scene.story.count("empty_search", empty)
    scene.story.count("found_after_search", opens)


def _look_for(episode: Episode, words: list[str], found: Ints, on: Bools) -> None:
    episode.open("search", search=[f"?q={w.replace(' ', '+')}" for w in words], where=on)
    told = [f'"query":"{w}","results":{r}' for w, r in zip(words, found.tolist(), strict=True)]
    episode.tell("search", told, 200, on)
    episode.wait(4, 12, on)


def _browse(scene: Scene) -> None:
    """A look into the template library, without a campaign in mind."""
    episode = scene.episode("browse", scene.visits.does["browse"])
    episode.open("templates")
    for again in (False, True):
        if again:
            episode.open("templates", back=True)
        category, number = template_of(scene, episode)
        episode.wait(5, 20)
        episode.click("a.template", reacts=False)
        episode.open("template", [f"/templates/{k}" for k in number.tolist()])
        episode.wait(8, 20)
    uses = episode.chance(0.3)
    told = [
        f'"template_id":"t-{k}","category":"{app.CATEGORIES[c]}"'
        for c, k in zip(category.tolist(), number.tolist(), strict=True)
    ]
    episode.click("button.use-template", uses)
    episode.tell("Template Chosen", told, 200, uses)
    episode.close()


def _automations(scene: Scene) -> None:
    """The button of a feature, and a screenshot beside it that looks like one and does nothing."""
    effects, visits = scene.effects, scene.visits
    episode = scene.episode("automations", visits.does["automations"])
    account = scene.account(episode)
    agency = scene.cast.industry[account] == app.INDUSTRIES.index("agency")
    tries = (BUTTON_CLICKS - effects.button_ignored) * np.where(agency, effects.agency_tries, 1)
    clicks, deceived = episode.chance(tries), episode.chance(effects.screenshot_clicks)
    episode.open("automations", roams=False)
    episode.wait(2, 5)
    episode.tell("mutation", wait=100)
    episode.hover("img.automation-screenshot", 1.2, deceived)
    episode.click("img.automation-screenshot", deceived, reacts=False)
    episode.wait(8, 12, deceived)
    episode.wait(1, 6)
    episode.hover("button.start-automation", 0.8, clicks)
    episode.click("button.start-automation", clicks)
    episode.tell("Automation Created", wait=700, where=clicks)
    episode.wait(2, 10)
    episode.close()
    count = scene.story.count
    count("button_clicked", clicks)
    count("screenshot_clicked", deceived)
    count("button_clicked_by_agencies", clicks, agency)
    count("button_clicked_by_others", clicks, ~agency)
    _run_automations(scene, episode.visits[clicks])


def _run_automations(scene: Scene, created: Ints) -> None:
    """Half of those who tried it use it on later visits, too."""
    visits, rng = scene.visits, scene.story.rng
    first = np.full(scene.cast.people, NO_DAY)
    np.minimum.at(first, visits.person[created], visits.day[created])
    adopts = rng.random(scene.cast.people) < 0.5
    later = adopts[visits.person] & (visits.day > first[visits.person]) & ~visits.cancels
    episode = scene.episode(
        "automations", later & (rng.random(len(visits)) < 0.5) & ~visits.does["automations"]
    )
    episode.open("automations", "/automations/run", roams=False)
    episode.wait(4, 15)
    episode.tell("Automation Run")
    episode.close()


def _reports(scene: Scene) -> None:
    """Some turn back at once."""
    episode = scene.episode("reports", scene.visits.does["reports"])
    turns = episode.chance(scene.effects.u_turns)
    episode.open("campaigns")
    episode.wait(3, 10)
    episode.open("reports", roams=False)
    episode.wait(1.5, 4.2, turns)
    episode.wait(15, 60, ~turns)
    episode.open("campaigns", where=turns, back=True)
    episode.wait(4, 12, turns)
    episode.close()
    scene.story.count("u_turns", turns)


def _upgrade(scene: Scene) -> None:
    """The offer of the next larger plan; who compares plans takes it oftener."""
    drawn = scene.subscriptions
    episode = scene.episode("upgrade", scene.visits.does["upgrade"])
    account = scene.account(episode)
    compares, takes = drawn.compares[account], drawn.upgrades[account]
    episode.open("upgrade")
    episode.wait(5, 20)
    episode.click("button.compare-plans", compares)
    episode.tell("Plans Compared", where=compares)
    episode.wait(5, 25, compares)
    episode.click("button.choose-plan", takes)
    told = [
        f'"subscription_id":"s-{a}","plan":"{app.PLANS[p + 1]}","interval":"month",'
        f'"revenue":{app.PRICES[p + 1]},"currency":"USD"'
        for a, p in zip(account.tolist(), scene.cast.plan[account].tolist(), strict=True)
    ]
    episode.tell("subscription_change", told, 900, takes)
    episode.close()
    scene.story.count("upgraded_after_comparing", takes, compares)
    scene.story.count("upgraded_without_comparing", takes, ~compares)


def _export(scene: Scene) -> None:
    episode = scene.episode("export", scene.visits.does["export"])
    episode.open("contacts")
    episode.wait(3, 9)
    episode.click("button.export")
    episode.tell("Contacts Exported", wait=200)
    episode.close()


def _survey(scene: Scene) -> None:
    """How likely people are to recommend the app: lower in a low mood."""
    episode = scene.episode("survey", scene.visits.does["survey"])
    rng, n = episode.rng, len(episode)
    ids = '"survey_id":"relationship","kind":"nps"'
    episode.open("dashboard", roams=False)
    episode.tell("survey_shown", ids, 1500)
    low, part = scene.cast.low_mood[scene.account(episode)], rng.random(n)
    detractor = NPS["detractor"] + scene.effects.mood_scores * low
    promoter = NPS["promoter"] * (1 - detractor) / (1 - NPS["detractor"])
    score = np.where(part < detractor, rng.integers(0, 7, n), rng.integers(7, 9, n))
    score = np.where(part >= 1 - promoter, rng.integers(9, 11, n), score)
    texts, writes = rng.choice(app.OTHER_COMMENTS, n), rng.random(n) < 0.3
    told = [
        f'{ids},"score":{s}' + (f',"answer":"{text}"' if w and s > 6 else "")
        for s, text, w in zip(score.tolist(), texts, writes, strict=True)
    ]
    draw = rng.random(n)
    answers = draw < 0.6
    episode.tell("survey_response", told, 5000, answers)
    episode.tell("survey_dismissed", ids, 2500, (draw >= 0.6) & (draw < 0.9))
    episode.close()
    scene.story.count("detractors_in_low_mood", score <= 6, answers & low)
    scene.story.count("detractors_in_good_mood", score <= 6, answers & ~low)


def _unexpected(scene: Scene) -> None:
    """From the bill to the small print, after something broke."""
    episode = scene.episode("unexpected", scene.visits.does["unexpected"])
    episode.open("billing")
    episode.wait(4, 9)
    episode.tell("error", '"message":"invoice could not be loaded"')
    episode.wait(2, 5)
    episode.open("legal", "/legal/data-processing")
    episode.wait(10, 40)
    episode.close()


def _ticket(scene: Scene) -> None:
    episode = scene.episode("ticket", scene.visits.does["ticket"])
    episode.open("support")
    episode.wait(20, 60)
    episode.click("button.send-ticket")
    episode.tell("support_ticket", f'"text":"{app.TICKETS["other"]}"', 300)
    episode.close()


def _cancel(scene: Scene) -> None:
    """The end of a subscription, with its reason."""
    drawn = scene.subscriptions
    episode = scene.episode("cancel", scene.visits.cancels)
    account, rng = scene.account(episode), episode.rng
    named = drawn.names_import[account]
    others = rng.integers(0, len(app.REASONS), len(episode))
    plans = plan_on(scene, account, drawn.cancel_day[account])
    episode.open("billing")
    episode.wait(4, 10)
    episode.click("a.cancel-plan", reacts=False)
    episode.open("cancel", "/billing/cancel")
    episode.wait(5, 25)
    episode.click("button.confirm-cancel")
    told = [
        f'"subscription_id":"s-{a}","plan":"{app.PLANS[p]}","interval":"month","revenue":{app.PRICES[p]},'
        f'"currency":"USD","reason":"{app.IMPORT_REASON if i else app.REASONS[o]}"'
        for a, p, i, o in zip(account.tolist(), plans.tolist(), named.tolist(), others.tolist(), strict=True)
    ]
    episode.tell("subscription_cancel", told, 500)
    episode.close()
    scene.story.count("reason_share", named)


def plan_on(scene: Scene, account: Ints, day: Ints) -> Ints:
    """The plans of accounts on these days."""
    drawn = scene.subscriptions
    moved = drawn.upgrades[account] & (drawn.offer_day[account] <= day)
    found: Ints = scene.cast.plan[account] + moved
    return found
