"""Walks people through the site: which pages, in which order, how long, and what changes between visits.

People of a household never visit at the same time, and at least 36.5 minutes lie between their visits,
so that the planned visits of one owner never run into each other, whoever turns out to own an event.
"""

from __future__ import annotations

import random

from . import pages, site
from .journal import Journal, Page
from .pages import Visit
from .people import Plan, Population

BETWEEN_VISITS = 36 * 60_000 + 30_000
MAX_VIEWS = 15
TIMEOUT = 1_800_000
QUICK_BACK = 5000

_NEXT: dict[str, tuple[tuple[str, float], ...]] = {
    "home": (
        ("category", 0.34),
        ("product", 0.16),
        ("search", 0.16),
        ("blog", 0.06),
        ("pricing", 0.06),
        ("help", 0.04),
        ("account", 0.04),
        ("exit", 0.14),
    ),
    "category": (("product", 0.58), ("category", 0.1), ("search", 0.06), ("home", 0.04), ("exit", 0.22)),
    "product": (
        ("product", 0.2),
        ("category", 0.16),
        ("cart", 0.1),
        ("home", 0.05),
        ("help", 0.04),
        ("exit", 0.45),
    ),
    "search": (("product", 0.55), ("search", 0.15), ("exit", 0.3)),
    "cart": (("checkout", 0.3), ("product", 0.3), ("exit", 0.4)),
    "checkout": (("cart", 0.3), ("exit", 0.7)),
    "confirmation": (("account", 0.15), ("home", 0.12), ("exit", 0.73)),
    "account": (("home", 0.3), ("product", 0.2), ("exit", 0.5)),
    "help": (("home", 0.2), ("pricing", 0.1), ("help", 0.2), ("exit", 0.5)),
    "blog": (("blog", 0.25), ("product", 0.2), ("home", 0.1), ("exit", 0.45)),
    "pricing": (("signup", 0.12), ("home", 0.25), ("help", 0.1), ("exit", 0.53)),
    "signup": (("onboarding", 1.0),),
    "onboarding": (("home", 0.7), ("exit", 0.3)),
}
_ARRIVE = (
    ("home", 0.34),
    ("category", 0.16),
    ("product", 0.2),
    ("blog", 0.15),
    ("pricing", 0.06),
    ("help", 0.05),
    ("search", 0.04),
)


def _draw(rng: random.Random, options: tuple[tuple[str, float], ...]) -> str:
    left = rng.random()
    for name, weight in options:
        left -= weight
        if left < 0:
            return name
    return options[-1][0]


def walk_all(rng: random.Random, population: Population, journal: Journal, start_ms: int, ties: int) -> None:
    """Walk all planned visits; `ties` of them hold a pause of exactly the timeout, as many 1 ms more."""
    pauses = [TIMEOUT, TIMEOUT + 1] * ties
    household, free = -1, 0
    for plan in population.plans:
        if plan.household != household:
            household, free = plan.household, 0
        at = max(plan.start, free)
        visit, pause = _walk(rng, population, journal, plan, pauses[-1] if pauses else 0)
        if pause:
            journal.count("pause_at_timeout" if pause == TIMEOUT else "pause_over_timeout")
            pauses.pop()
        journal.visit_start[visit] = start_ms + at
        free = at + journal.visit_end[visit] + BETWEEN_VISITS


class _Walker:
    """Opens and closes the pages of one visit."""

    def __init__(self, visit: Visit, layout: int) -> None:
        self.visit, self.layout = visit, layout
        self.tab = visit.number * 4
        self.location = ("", "", "")
        self.argument = 0
        self.must_sign_in = False

    def open(
        self,
        template: str,
        navigation: str = "link",
        referrer: str | None = None,
        campaign: str = "",
        query: str = "",
        step: int = 0,
        again: tuple[str, str, str] | None = None,
    ) -> Page:
        visit, rng = self.visit, self.visit.rng
        before = site.HOST + self.location[0] + self.location[1]
        self.location = again or self._address(template, query, step)
        path, search, title = self.location
        view = visit.journal.add_view(
            visit.number,
            visit.clock,
            template,
            path,
            title,
            search,
            before if referrer is None else referrer,
            campaign,
            navigation,
            self.tab,
        )
        visit.views += 1
        visit.page = Page(visit.journal, rng, view, template, self.layout)
        visit.page.t = 40
        return visit.page

    def _address(self, template: str, query: str, step: int) -> tuple[str, str, str]:
        rng = self.visit.rng
        if template == "category":
            slug = rng.choice(site.CATEGORIES)
            return f"/category/{slug}", query, slug.title()
        if template == "product":
            self.argument = rng.randrange(site.PRODUCTS)
            return f"/product/{self.argument}", query, f"Product {self.argument}"
        if template == "help":
            slug = rng.choice(site.HELP)
            return f"/help/{slug}", query, f"Help: {slug}"
        if template == "blog":
            slug = rng.choice(site.POSTS)
            return f"/blog/{slug}", query, slug.replace("-", " ").capitalize()
        if template == "search":
            term = rng.choice(site.EMPTY_QUERIES if rng.random() < 0.12 else site.QUERIES)
            return "/search", f"{query}&q={term}" if query else f"?q={term}", "Search"
        if template == "onboarding":
            return f"/onboarding/{step}", query, f"Step {step} of 6"
        path = {"home": "/", "confirmation": "/order/confirmation"}.get(template, f"/{template}")
        return path, query, template.capitalize()

    def close(self, leads_on: bool, dwell: int | None = None, engaged: int | None = None) -> None:
        """Leave the page: by default after having looked around for a while."""
        visit, rng, page, journal = self.visit, self.visit.rng, self.visit.page, self.visit.journal
        browse = page.t + 700
        if dwell is None:
            looked = min(int(rng.expovariate(1 / 17_000)), 240_000)
            dwell = max(browse + looked + 1500, 8500)
        engaged = dwell if engaged is None else engaged
        journal.view_browse[page.view] = browse
        if leads_on and rng.random() < 0.03:  # goes for a coffee, with the page open
            dwell += rng.randint(120_000, 1_080_000)
        journal.view_dwell[page.view] = dwell
        journal.view_engaged[page.view] = engaged
        journal.view_leads_on[page.view] = leads_on
        visit.clock += dwell + rng.randint(60, 580)


def _landing(walker: _Walker, newsletter: bool) -> None:
    rng = walker.visit.rng
    if newsletter:
        referrer, query, campaign = site.NEWSLETTER
    else:
        _, referrer, query, campaign = rng.choices(site.LANDINGS, [w for w, _, _, _ in site.LANDINGS])[0]
    walker.open(
        _draw(rng, _ARRIVE),
        referrer=referrer,
        campaign=campaign,
        query=query.replace("{n}", str(rng.randrange(10**6))),
    )


def _walk(
    rng: random.Random, population: Population, journal: Journal, plan: Plan, pause: int
) -> tuple[int, int]:
    person, device = population.people[plan.person], population.devices[plan.device]
    signed_in = device.signed_in == person.number
    number = journal.add_visit(device, device.anonymous, signed_in)
    nowhere = Page(journal, rng, -1, "home", device.browser.layout)
    visit = Visit(journal, rng, population.idents, number, person, device, nowhere)
    if signed_in:
        journal.visit_user[number] = pages.user_ident(visit)
    walker = _Walker(visit, device.browser.layout)
    newsletter = not signed_in and not device.shared and bool(person.email) and rng.random() < 0.07
    _landing(walker, newsletter)
    if rng.random() < 0.012:  # a tab that woke up before the person came back to it
        journal.add_event(visit.page.view, -40_000, "visibility", ',"properties":{"state":"visible"}')
        journal.add_event(visit.page.view, -20_000, "heartbeat")
        journal.count("leading_keep_alive")
    if newsletter:
        email = person.sends_email or ""
        journal.add_event(visit.page.view, 300, "identify", f',"traits":{{"email":"{email}"}}', email=email)
        visit.page.t = 400
    chance = 0.75 if device.shared else 0.4
    login_after = rng.randint(1, 3) if person.user_id and not signed_in and rng.random() < chance else 0
    if login_after or not pause or device.shared:
        pause = 0
    ask, raged_before = rng.random() < 0.14, person.raged
    step, paused = 0, 0
    while True:
        page = visit.page
        goal = _act(walker, step)
        if ask and visit.views == 2:
            pages.nps(visit)
        following = goal or _draw(rng, _NEXT[page.template])
        if following == "onboarding":
            step += 1
        if following == "checkout" and (not person.cart or (device.shared and not visit.signed_in)):
            following = "product"
        if following == "signup" and visit.signed_in:
            following = "home"
        if visit.views >= MAX_VIEWS and not login_after:
            following = "exit"
        if (
            login_after
            and following != "confirmation"
            and (visit.views >= login_after or following == "exit")
        ):
            login_after = 0
            walker.close(leads_on=False)
            walker.open("account" if person.signed_up else "signup")
            walker.must_sign_in = person.signed_up = True
            continue
        if following == "exit":
            if person.raged and not raged_before and rng.random() < 0.5:
                pages.nps(visit)
            break
        if pause and not paused and page.template in ("home", "category", "blog"):
            paused = pause
            page.click("nav a.categories", wait=2000)
            walker.close(leads_on=False, dwell=page.t + 60 + pause, engaged=0)
            # counted from the mutation that follows the click: the last event before the pause
            visit.clock = journal.view_start[page.view] + page.t + 60 + pause
            walker.open(following, step=step)
            continue
        if page.template in ("category", "search") and following == "product" and rng.random() < 0.07:
            _turn_back(walker)
            following = "product" if rng.random() < 0.7 else "home"
        if page.template == "category":
            _refresh(walker)
        _move_on(walker, following, step)
    leaves = visit.signed_in and (device.shared or rng.random() < 0.03)
    if leaves:
        walker.close(leads_on=False)
        walker.open("account")
        pages.sign_out(visit)
        journal.count("logout")
    if rng.random() < 0.2 and visit.page.t < 1000:
        walker.close(leads_on=False, dwell=rng.randint(1200, 7000))
    else:
        walker.close(leads_on=False)
    if not paused and rng.random() < 0.006:  # an open tab that keeps beating
        last = visit.page.view
        count = rng.randint(3, 10)
        for k in range(1, count + 1):
            journal.add_event(last, journal.view_dwell[last] + 600_000 * k, "heartbeat")
        visit.clock += 600_000 * count
        journal.count("trailing_keep_alive")
    journal.visit_end[number] = visit.clock
    return number, paused


def _act(walker: _Walker, step: int) -> str | None:
    visit = walker.visit
    template = visit.page.template
    if template == "product":
        return pages.product(visit, walker.argument)
    if template == "search":
        return pages.search(visit, walker.location[1].split("q=")[-1])
    if template == "onboarding":
        return pages.onboarding(visit, step)
    if walker.must_sign_in:
        walker.must_sign_in = False
        pages.sign_in(visit)
        return None
    script = pages.SCRIPTS.get(template)
    return script(visit) if script else None


def _turn_back(walker: _Walker) -> None:
    """A U-turn: to a product, and back within seven seconds."""
    visit, rng = walker.visit, walker.visit.rng
    listing, template = walker.location, visit.page.template
    walker.close(leads_on=True)
    page = walker.open("product")
    page.event("product_view", f'"product_id":"p-{walker.argument:03d}"')
    opened = visit.clock
    walker.close(leads_on=False, dwell=rng.randint(1200, 6300), engaged=0)
    page.signal("u_turn", "", 0, visit.clock - opened, 1, -1)
    if visit.clock - opened <= QUICK_BACK:
        page.signal("quick_back", "", 0, visit.clock - opened, 1, -1)
    walker.open(template, navigation="back_forward", again=listing)


def _refresh(walker: _Walker) -> None:
    """Some reload a list of products again and again: three times or more within ten seconds, or just not."""
    visit, draw = walker.visit, walker.visit.aside()
    chance = draw.random()
    if chance >= 0.05:
        return
    wait = draw.randint(900, 2400) if chance < 0.04 else 5001
    pages_seen, first, opened = visit.views, visit.page, 0
    for number in range(3):
        journal, page = visit.journal, visit.page
        dwell = max(page.t + 700, wait if number else 4000)
        journal.view_browse[page.view] = journal.view_dwell[page.view] = dwell
        visit.clock += dwell
        reloaded = walker.open(page.template, navigation="reload", referrer="", again=walker.location)
        if number == 0:
            first, opened = reloaded, visit.clock
    if chance < 0.04:
        first.signal("rapid_refresh", "", 0, visit.clock - opened, 3, -1)
    visit.views = pages_seen


def _move_on(walker: _Walker, following: str, step: int) -> None:
    visit, rng = walker.visit, walker.visit.rng
    if following == "category" and visit.page.template == "product" and rng.random() < 0.4:
        walker.close(leads_on=False)  # back by the browser's button, but not in a hurry
        walker.open("category", navigation="back_forward")
        return
    walker.close(leads_on=following != "confirmation")
    if rng.random() < 0.02:
        walker.tab += 1
    walker.open(following, step=step)
