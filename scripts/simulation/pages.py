"""What people do on each kind of page, besides looking around: forms, videos, carts, orders, surveys.

A script works on a `Visit` and returns the template that it leads to, "exit", or None for any.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import site
from .devices import Device, Idents
from .journal import Journal, Page
from .people import Person

CHECKOUT_CONVERSION = {"control": 0.45, "treatment": 0.62}
ONBOARDING = (0.96, 0.92, 0.90, 0.55, 0.93, 0.97)
"""Probability to complete step k once it is shown; the fourth is the hard one."""
NPS_SHARES = {False: (0.50, 0.30, 0.20), True: (0.15, 0.25, 0.60)}
"""Promoters, passives, detractors, by whether the person ever raged before."""
RAGE_AT_COUPON, CSAT_TOP_TWO = 0.16, {False: 0.78, True: 0.40}


@dataclass
class Visit:
    """One person on one device, from arrival to leaving."""

    journal: Journal
    rng: random.Random
    idents: Idents
    number: int
    person: Person
    device: Device
    page: Page
    views: int = 0
    clock: int = 0
    """ms from the visit's start to the opening of `page`."""

    def aside(self) -> random.Random:
        """A stream of draws for this page alone, so that what is planted by it shifts no other draw."""
        return random.Random(self.number * 1000 + self.views)

    @property
    def signed_in(self) -> bool:
        """Whether messages carry the user id now."""
        return self.device.signed_in == self.person.number


def user_ident(visit: Visit) -> int:
    """The ident that this person's messages carry on this device after log-in."""
    user, device = visit.person.user_id or "", visit.device
    if device.padded:
        user = f" {user} "
    anonymous = {"identify": device.anonymous_id, "alias": None, "blank": ""}[device.login]
    return visit.idents.add(anonymous, user)


def sign_in(visit: Visit) -> None:
    """Log in or sign up by the form on this page; from here on messages carry the user id."""
    page, person, device, rng = visit.page, visit.person, visit.device, visit.rng
    new = page.template == "signup"
    form = "signup" if new else "login"
    fields = ("input#name", "input#signup-email") if new else ("input#login-email",)
    page.event("form_start", f'"form_id":"{form}"', wait=400)
    for selector in fields:
        page.click(selector)
        page.event("form_change", f'"form_id":"{form}","field":"{selector[6:]}"', wait=rng.randint(700, 2200))
    page.click("button#create-account" if new else "button#login")
    page.event("form_submit", f'"form_id":"{form}"', wait=90)
    page.t += rng.randint(120, 600)
    visit.journal.visit_login_at[visit.number] = visit.clock + page.t
    visit.journal.visit_user[visit.number] = user_ident(visit)
    if device.login == "alias":
        visit.journal.add_event(
            page.view, page.t, "alias", f',"previousId":"{device.anonymous_id}"', previous=device.anonymous_id
        )
        visit.journal.count("alias")
    else:
        # on a shared device the address would tie the tablet's people together, which no truth could settle
        email = person.sends_email if person.sends_email and not device.shared and rng.random() < 0.75 else ""
        traits = f'"email":"{email}","plan":"basic"' if email else '"plan":"basic"'
        visit.journal.add_event(page.view, page.t, "identify", f',"traits":{{{traits}}}', email=email)
    page.event("Signed Up" if new else "login", '"method":"password"', wait=4)
    if person.group and rng.random() < 0.5:
        visit.journal.add_event(
            page.view,
            page.t + 3,
            "group",
            f',"groupId":"{person.group}","traits":{{"name":"Company {person.group}"}}',
        )
    device.signed_in = person.number
    page.t += 900


def sign_out(visit: Visit) -> None:
    """Log out: later messages carry the anonymous id alone."""
    visit.page.click("button#logout")
    visit.page.event("logout", wait=200)
    visit.journal.visit_logout_at[visit.number] = visit.clock + visit.page.t + 1
    visit.device.signed_in = None
    visit.page.t += 700


def _survey(visit: Visit, kind: str, survey: str) -> None:
    page, rng, raged = visit.page, visit.rng, visit.person.raged
    ids = f'"survey_id":"{survey}","kind":"{kind}"'
    page.event("survey_shown", ids, wait=900)
    draw = rng.random()
    if draw < 0.58:
        if kind == "nps":
            promoter, passive, _ = NPS_SHARES[raged]
            part = rng.random()
            score = (
                rng.choice((9, 10))
                if part < promoter
                else rng.choice((7, 8))
                if part < promoter + passive
                else rng.randint(0, 6)
            )
        else:
            score = rng.choice((4, 5)) if rng.random() < CSAT_TOP_TWO[raged] else rng.randint(1, 3)
        words = ("the coupon does not work", "too slow") if raged else ("fine", "lovely shop", "good prices")
        answer = f',"answer":"{rng.choice(words)}"' if rng.random() < 0.3 else ""
        page.event("survey_response", f'{ids},"score":{score}{answer}', wait=rng.randint(3000, 9000))
    elif draw < 0.88:
        page.event("survey_dismissed", ids, wait=rng.randint(1500, 5000))
    page.t += 800


def _product(product: int, currency: str, quantity: int = 1) -> str:
    return (
        f'"product_id":"p-{product:03d}","name":"Product {product}","price":{site.PRICES[product]},'
        f'"quantity":{quantity},"currency":"{currency}"'
    )


def product(visit: Visit, number: int) -> str | None:
    """View it, perhaps watch its video, look closer, add it to the cart."""
    page, rng, person = visit.page, visit.rng, visit.person
    page.event("product_view", _product(number, person.currency))
    draw = rng.random()
    if draw < 0.12:
        asset = f'"asset_id":"v-{number % 12:02d}","title":"Video {number % 12}"'
        page.click("button.play")
        page.event("media_play", f'{asset},"position":0,"total_length":60', wait=150)
        watched = min(60, int(rng.expovariate(1 / 30)))
        for position in range(10, min(watched, 59) + 1, 10):
            page.event("media_progress", f'{asset},"position":{position},"total_length":60', wait=10_000)
        end = "media_complete" if watched >= 60 else "media_pause"
        page.event(end, f'{asset},"position":{watched},"total_length":60', wait=1 + 1000 * (watched % 10))
    elif draw < 0.14:
        page.dead("img.zoom-image")
    elif draw < 0.145:
        page.rage("button.gallery-thumb")
        person.raged = True
    elif draw < 0.15:
        page.near_miss("button.gallery-thumb")
    if rng.random() < 0.30:
        page.click("button.add-to-cart")
        quantity = rng.choice((1, 1, 1, 2))
        page.event("cart_add", _product(number, person.currency, quantity), wait=120)
        person.cart += [number] * quantity
        page.t += 600
        return "cart" if rng.random() < 0.5 else None
    return None


def search(visit: Visit, query: str) -> str | None:
    """A result list, now and then an empty one, with a filter button that sometimes hangs."""
    page, rng = visit.page, visit.rng
    found = 0 if query in site.EMPTY_QUERIES else 3 + len(query) * 7 % 40
    page.event("search", f'"query":"{query}","results":{found}')
    if rng.random() < 0.02:
        page.rage("button.filter-apply")
        visit.person.raged = True
    return "exit" if not found and rng.random() < 0.4 else None


def cart(visit: Visit) -> str | None:
    """Perhaps throw something out again."""
    person, page, rng = visit.person, visit.page, visit.rng
    if person.cart and rng.random() < 0.12:
        page.click("button.remove-item")
        page.event("cart_remove", _product(person.cart.pop(), person.currency), wait=100)
    return "checkout" if person.cart and rng.random() < 0.6 else None


def checkout(visit: Visit) -> str | None:
    """The form, the broken coupon button, and the experiment on its pay button."""
    page, rng, person = visit.page, visit.rng, visit.person
    value = sum(round(site.PRICES[p] * 100) for p in person.cart) / 100
    page.event("experiment_exposure", f'"experiment_id":"pay_button","variation_id":"{person.variant}"')
    page.event("checkout", f'"value":{value},"currency":"{person.currency}","products":{len(person.cart)}')
    begun = page.event("form_start", '"form_id":"checkout"', wait=500)
    at = page.t
    if rng.random() < RAGE_AT_COUPON:
        page.rage("button#apply-coupon")
        person.raged = True
    elif rng.random() < 0.1:
        page.click("button#apply-coupon")
    for name in ("email", "address", "card"):
        page.click(f"input#{name}")
        page.event("form_change", f'"form_id":"checkout","field":"{name}"', wait=rng.randint(900, 2800))
        if rng.random() < 0.12:  # a correction
            page.event("form_change", f'"form_id":"checkout","field":"{name}"', wait=rng.randint(900, 2800))
    if rng.random() < CHECKOUT_CONVERSION[person.variant]:
        page.click("button#pay")
        page.event("form_submit", '"form_id":"checkout"', wait=90)
        page.t += 400
        return "confirmation"
    if rng.random() < 0.15:
        paid = page.click("button#pay")
        page.event("error", '"message":"card was refused"', wait=400)
        page.signal("error_click", "button#pay", page.t - 400, page.t, 1, paid)
    page.event("form_abandon", '"form_id":"checkout","field":"card"', wait=4000)
    page.signal("form_abandonment", "checkout", at, page.t, 1, begun)
    page.t += 300
    return rng.choice(("exit", "exit", "cart", "help"))


def confirmation(visit: Visit) -> str | None:
    """The order, by the browser or (of those signed in, often) by the shop's server; some come back later."""
    page, rng, person, journal = visit.page, visit.rng, visit.person, visit.journal
    items = person.cart or [0]
    cents = sum(round(site.PRICES[p] * 100) for p in items)
    number = f"o-{visit.number:07d}-{visit.views}"
    order = f'"order_id":"{number}","revenue":{cents / 100},"currency":"{person.currency}"'
    if visit.signed_in and rng.random() < 0.5:
        ident = visit.idents.add(None, person.user_id)
        page.t += 350
        journal.add_event(page.view, page.t, "order", f',"properties":{{{order}}}', ident=ident, server=True)
        journal.count("server_orders")
        if rng.random() < 0.25:
            later = page.t + rng.randrange(3 * 3_600_000, 20 * 3_600_000)
            journal.add_event(
                page.view, later, "refund", f',"properties":{{{order}}}', ident=ident, server=True
            )
            journal.count("refunds")
    else:
        page.event("order", order, wait=350)
    person.cart = []
    if rng.random() < 0.4:
        _survey(visit, "csat", "after_order")
    return None


def onboarding(visit: Visit, step: int) -> str | None:
    """One of six steps."""
    visit.page.click("button.choice")
    if visit.rng.random() < ONBOARDING[step - 1]:
        visit.page.event("Onboarding Step Completed", f'"step":{step}', wait=900)
        visit.page.t += 300
        return "onboarding" if step < 6 else None
    return "exit"


def help_article(visit: Visit) -> str | None:
    """Perhaps a word of feedback, perhaps a click on what only looks like a link."""
    page, rng = visit.page, visit.rng
    draw = rng.random()
    if draw < 0.06:
        page.dead("h2.looks-like-link")
    elif draw < 0.2:
        page.click("button.was-helpful")
        good = rng.random() < 0.6
        page.event(
            "feedback",
            f'"rating":{5 if good else 2},"text":"{"clear" if good else "not what I asked"}"',
            wait=2500,
        )
    return None


def pricing(visit: Visit) -> str | None:
    """A card that looks clickable, says so, and does nothing."""
    if visit.rng.random() < 0.08:
        visit.page.dead(".plan-card")
    return None


def given_up_signup(visit: Visit) -> str | None:
    """Begin to sign up, and leave it at the second field."""
    begun = visit.page.event("form_start", '"form_id":"signup"', wait=400)
    at = visit.page.t
    visit.page.click("input#name")
    visit.page.event("form_change", '"form_id":"signup","field":"name"', wait=visit.rng.randint(700, 2200))
    visit.page.event("form_abandon", '"form_id":"signup","field":"signup-email"', wait=5000)
    visit.page.signal("form_abandonment", "signup", at, visit.page.t, 1, begun)
    return "exit"


def home(visit: Visit) -> str | None:
    """A carousel that some click twice, and a pointer that some lose."""
    draw = visit.aside()
    if visit.page.layout == 0 and draw.random() < 0.03:
        visit.page.thrash(draw)
    if visit.rng.random() < 0.01:
        visit.page.near_miss("button.carousel-next")
    if visit.rng.random() < 0.02:
        visit.page.event("visibility", '"state":"hidden"', wait=800)
        visit.page.event("visibility", '"state":"visible"', wait=4000)
    return None


def nps(visit: Visit) -> None:
    """The question how likely people are to recommend the shop."""
    _survey(visit, "nps", "quarterly")


SCRIPTS: dict[str, Callable[[Visit], str | None]] = {
    "home": home,
    "cart": cart,
    "checkout": checkout,
    "confirmation": confirmation,
    "help": help_article,
    "pricing": pricing,
    "signup": given_up_signup,
}
