"""The work that people come for: campaigns (with detours), imports (that fail), segments (that got slow)."""

from __future__ import annotations

import numpy as np

from ..rows import Bools, Floats, Ints
from . import app
from .effects import CSAT_TOP_TWO
from .scene import Scene
from .story import Episode

CAMPAIGN, IMPORT, SEGMENT = range(3)
TASKS = ("create_campaign", "import_contacts", "build_segment")
DETOURS = ("templates", "help", "earlier e-mails")
DETOUR_SHARES, RETURNS = (0.5, 0.3, 0.2), 0.65
SENT = {"straight": 0.80, "returned": 0.70}
"""Share of campaigns that get sent, without a detour and after one."""
SLOW_RELEASE = 2


def tell(scene: Scene) -> None:
    """All episodes of this module."""
    _tag(scene)
    _campaign(scene)
    _import(scene)
    _segment(scene)


def _lognormal(episode: Episode, seconds: float, slower: Floats) -> Ints:
    """ms around this median, by visit."""
    found = 1000 * seconds * slower * np.exp(0.35 * episode.rng.standard_normal(len(episode)))
    return np.asarray(found.astype(np.int64))


def _slower(scene: Scene, episode: Episode) -> Floats:
    return np.where(episode.layout == app.PHONE, scene.effects.phone_slower, 1.0)


def template_of(scene: Scene, episode: Episode) -> tuple[Ints, Ints]:
    """(category, number) of a template: one of the person's own category, or any."""
    taste = scene.cast.taste[scene.person(episode)]
    anything = episode.rng.integers(0, len(app.CATEGORIES), len(episode))
    category = np.where(episode.chance(scene.effects.taste), taste, anything)
    number = episode.rng.integers(0, app.TEMPLATES_A_CATEGORY, len(episode))
    return category, (category + 1) * 100 + number


def _tag(scene: Scene) -> None:
    """Contacts get tags, each by a click of its own."""
    tags = scene.visits.tags
    episode = scene.episode("tags", tags > 0)
    left = tags[episode.visits]
    episode.open("contacts")
    episode.wait(3, 8)
    for k in range(int(tags.max(initial=0))):
        on = left > k
        episode.click("button.tag", on)
        episode.tell("Contact Tagged", '"tag":"vip"', 200, on)
        episode.wait(2, 6, on)
    episode.close()


def _campaign(scene: Scene) -> None:
    """The main call to action; some wander off before they design anything, and not all come back."""
    episode = scene.episode("campaign", scene.visits.does["campaign"])
    slower, n = _slower(scene, episode), len(episode)
    episode.open("dashboard")
    episode.hover("a.create-campaign", 0.9)
    episode.click("a.create-campaign", reacts=False)
    episode.open("campaign-new", "/campaigns/new")
    episode.tell("Campaign Started", wait=200)
    begun = episode.t.copy()
    episode.wait(3, 8)
    off = episode.chance(scene.effects.detour_share)
    where = np.where(off, episode.rng.choice(len(DETOURS), n, p=DETOUR_SHARES), -1)
    category, number = template_of(scene, episode)
    _wander(scene, episode, where, number)
    back = off & episode.chance(RETURNS)
    episode.open("campaign-new", "/campaigns/new", where=back, back=True)
    episode.wait(2, 6, back)
    on = ~off | back
    episode.click("button.to-design", on, reacts=False)
    episode.open("campaign-design", "/campaigns/new/design", where=on)
    names = [
        f'"template_id":"t-{k}","category":"{app.CATEGORIES[c]}"'
        for c, k in zip(category, number, strict=True)
    ]
    episode.tell("Template Chosen", names, 2500, on)
    episode.spend(_lognormal(episode, 60, slower), on)
    sends = on & episode.chance(np.where(off, SENT["returned"], SENT["straight"]))
    episode.click("button.to-review", sends, reacts=False)
    episode.tell("Campaign Designed", wait=100, where=sends)
    episode.open("campaign-review", "/campaigns/new/review", where=sends)
    episode.spend(_lognormal(episode, 20, slower), sends)
    episode.click("button.send", sends)
    episode.tell("Campaign Sent", where=sends)
    episode.attempt(CAMPAIGN, begun, sends, where, back)
    episode.close()
    count = scene.story.count
    count("own_category", category == scene.cast.taste[scene.person(episode)], on)
    count("detour_share", off)
    count("detour_returned", back, off)
    for k, name in enumerate(DETOURS):
        count(f"detour_to_{name}", where == k, off)
    count("sent_without_detour", sends, ~off)
    count("sent_after_return", sends, back)


def _wander(scene: Scene, episode: Episode, where: Ints, template: Ints) -> None:
    """Two pages of one of the three places, or more seconds on one."""
    library, support, earlier = (where == k for k in range(3))
    episode.click("a.template-library", library, reacts=False)
    episode.open("templates", where=library)
    episode.wait(8, 30, library)
    looks = library & episode.chance(0.7)
    episode.click("a.template", looks, reacts=False)
    episode.open("template", [f"/templates/{k}" for k in template.tolist()], where=looks)
    episode.wait(5, 20, looks)
    episode.click("a.get-help", support, reacts=False)
    episode.open("help", "/help/first-campaign", where=support)
    episode.wait(15, 50, support)
    episode.click("a.earlier", earlier, reacts=False)
    episode.open("campaigns", where=earlier)
    episode.wait(4, 10, earlier)
    episode.click("a.campaign", earlier, reacts=False)
    old = [f"/campaigns/{10_000 + v % 5000}" for v in episode.visits.tolist()]
    episode.open("campaign", old, where=earlier)
    episode.wait(8, 25, earlier)


def _import(scene: Scene) -> None:
    """A list of contacts is read in; for some it fails, and they say so."""
    visits = scene.visits
    episode = scene.episode("import", visits.does["import"])
    fails, slower = visits.does["import_fails"][episode.visits], _slower(scene, episode)
    works = ~fails
    episode.open("import", "/contacts/import")
    episode.tell("Import Started", wait=500)
    begun = episode.t.copy()
    episode.spend(_lognormal(episode, 25, slower))
    episode.click("button.start-import", works)
    episode.wait(3, 9, works)
    episode.tell("Contacts Imported", where=works)
    episode.click("button.start-import", fails)
    episode.tell("error", '"message":"column of row 2 could not be read"', 500, fails)
    rages = fails & episode.chance(0.4)
    episode.rage("button.start-import", 4, rages)
    episode.wait(3, 6, fails)
    episode.attempt(IMPORT, begun, works)
    _asked(scene, episode, fails)
    writes = fails & episode.chance(0.15)
    lines = episode.rng.choice(app.IMPORT_COMMENTS, len(episode))
    episode.tell("feedback", [f'"rating":1,"text":"{text}"' for text in lines], 4000, writes)
    complains = fails & episode.chance(0.12)
    episode.open("support", where=complains)
    episode.wait(20, 60, complains)
    episode.tell("support_ticket", f'"text":"{app.TICKETS["import"]}"', 300, complains)
    episode.close()
    scene.story.count("import_failure", fails)


def _asked(scene: Scene, episode: Episode, fails: Bools) -> None:
    """Three of ten are asked how content they are; three of five of these answer."""
    asked = episode.chance(0.3)
    ids = '"survey_id":"after_import","kind":"csat"'
    episode.tell("survey_shown", ids, 900, asked)
    answers = asked & episode.chance(0.6)
    top = episode.chance(np.where(fails, CSAT_TOP_TWO - scene.effects.failure_csat, CSAT_TOP_TWO))
    score = np.where(top, episode.rng.integers(4, 6, len(episode)), episode.rng.integers(1, 4, len(episode)))
    told = [f'{ids},"score":{s}' for s in score.tolist()]
    episode.tell("survey_response", told, 4000, answers)
    scene.story.count("csat_top_two_after_success", top, answers & ~fails)
    scene.story.count("csat_top_two_after_failure", top, answers & fails)


def _segment(scene: Scene) -> None:
    """A segment of contacts; its preview takes longer from one release on."""
    episode = scene.episode("segment", scene.visits.does["segment"])
    slower = _slower(scene, episode)
    slow = scene.release()[episode.visits] >= SLOW_RELEASE
    episode.open("segment", "/contacts/segments/new")
    episode.tell("Segment Started", wait=300)
    begun = episode.t.copy()
    episode.spend(_lognormal(episode, 25, slower))
    episode.click("button.add-condition")
    episode.tell("Segment Condition Added", wait=100)
    episode.spend(_lognormal(episode, 10, slower))
    episode.click("button.preview")
    episode.spend(np.where(slow, int(1000 * scene.effects.slow_seconds), 0))
    episode.tell("Segment Previewed", wait=900)
    episode.spend(_lognormal(episode, 10, slower))
    saves = episode.chance(0.9)
    episode.click("button.save-segment", saves)
    episode.tell("Segment Saved", where=saves)
    episode.attempt(SEGMENT, begun, saves)
    episode.close()
