"""The shop's site: page templates, their elements, the catalogue, and the browsers that visit it.

Boxes are given for the desktop layout; the narrow layout stacks the same elements in one column.
"""

from __future__ import annotations

from .layout import Box, Browser, Element, Layout, Site, Template

HOST = "https://www.shop.example"

_NAV = Element("nav a.categories", "Categories", "a", (220, 20, 120, 32), "/category/garden")
_LOGO = Element("header .logo", "Shop", "a", (40, 16, 120, 40), "/")
_FOOT = Element("footer a.imprint", "Imprint", "a", (80, 1500, 90, 24), "/help/imprint")


def _template(name: str, heights: tuple[int, int], *elements: Element) -> Template:
    return Template(name, heights, (*elements, _NAV, _LOGO, _FOOT))


TEMPLATES: tuple[Template, ...] = (
    _template(
        "home",
        (2600, 4200),
        Element("a.hero-cta", "Shop the sale", "a", (480, 420, 240, 56), "/category/sale"),
        Element("button.carousel-next", ">", "button", (1180, 360, 44, 44)),
        Element(".teaser p", "Free delivery over 50", "p", (120, 900, 400, 60), interactive=False),
    ),
    _template(
        "category",
        (3200, 6000),
        Element("a.product-tile", "Details", "a", (320, 380, 260, 320), "/product/1"),
        Element("button.filter-price", "Under 50", "button", (60, 400, 160, 36)),
        Element("button.load-more", "More", "button", (560, 2400, 200, 48)),
    ),
    _template(
        "product",
        (2400, 3900),
        Element("a.related", "You may also like", "a", (120, 1500, 260, 300), "/product/2"),
        Element("button.add-to-cart", "Add to cart", "button", (860, 520, 280, 56)),
        Element("img.zoom-image", "", "img", (120, 160, 560, 560), interactive=False),
        Element("button.play", "Play", "button", (360, 900, 88, 88)),
        Element("button.gallery-thumb", "", "button", (120, 740, 96, 96)),
    ),
    _template(
        "cart",
        (1400, 1900),
        Element("a.to-checkout", "To checkout", "a", (860, 640, 280, 56), "/checkout"),
        Element("button.remove-item", "Remove", "button", (760, 300, 90, 32)),
    ),
    _template(
        "checkout",
        (1800, 2600),
        Element("a.back-to-cart", "Back to cart", "a", (120, 120, 140, 28), "/cart"),
        Element("button#apply-coupon", "Apply coupon", "button", (880, 420, 160, 44)),
        Element("input#email", "", "input", (120, 260, 420, 44)),
        Element("input#address", "", "input", (120, 340, 420, 44)),
        Element("input#card", "", "input", (120, 420, 420, 44)),
        Element("button#pay", "Pay now", "button", (120, 900, 420, 60)),
    ),
    _template(
        "confirmation",
        (1200, 1500),
        Element("a.continue", "Continue shopping", "a", (480, 600, 240, 48), "/"),
        Element("a.receipt", "Receipt", "a", (480, 520, 160, 32), "/account"),
    ),
    _template(
        "account",
        (1500, 2100),
        Element("a.orders", "Your orders", "a", (120, 260, 220, 40), "/account"),
        Element("input#login-email", "", "input", (480, 320, 320, 44)),
        Element("button#login", "Log in", "button", (480, 480, 320, 52)),
        Element("button#logout", "Log out", "button", (1040, 24, 100, 36)),
    ),
    _template(
        "search",
        (2800, 5200),
        Element("a.result", "Details", "a", (320, 300, 640, 140), "/product/3"),
        Element("button.sort", "Sort", "button", (1000, 220, 140, 36)),
        Element("button.filter-apply", "Apply filters", "button", (60, 700, 180, 44)),
    ),
    _template(
        "help",
        (2200, 3600),
        Element("a.help-link", "Related article", "a", (120, 1200, 300, 28), "/help/returns"),
        Element("button.was-helpful", "Yes", "button", (480, 1400, 80, 36)),
        Element("h2.looks-like-link", "Delivery times", "h2", (120, 500, 320, 40), interactive=False),
    ),
    _template(
        "pricing",
        (2000, 3300),
        Element("a.choose-plan", "Choose", "a", (760, 700, 200, 48), "/signup"),
        Element("button.yearly", "Yearly", "button", (560, 240, 120, 40)),
        Element(".plan-card", "Plus", "div", (440, 320, 280, 420), interactive=True),
    ),
    _template(
        "signup",
        (1300, 1700),
        Element("a.terms", "Terms", "a", (480, 780, 80, 24), "/help/terms"),
        Element("input#name", "", "input", (480, 300, 320, 44)),
        Element("input#signup-email", "", "input", (480, 380, 320, 44)),
        Element("button#create-account", "Create account", "button", (480, 640, 320, 52)),
    ),
    _template(
        "onboarding",
        (1000, 1400),
        Element("button.next-step", "Next", "button", (720, 640, 160, 48)),
        Element("button.choice", "This one", "button", (400, 360, 200, 120)),
    ),
    _template(
        "blog",
        (4800, 8200),
        Element("a.read-more", "Read more", "a", (320, 3600, 160, 32), "/blog/next"),
        Element("a.inline-product", "our pots", "a", (380, 1600, 80, 24), "/product/4"),
        Element("article p", "", "p", (320, 900, 640, 300), interactive=False),
    ),
)
TEMPLATE_ID = {template.name: i for i, template in enumerate(TEMPLATES)}

CATEGORIES = ("garden", "kitchen", "lighting", "textiles", "storage", "desk", "outdoor", "sale")
HELP = ("returns", "delivery", "payment", "warranty", "contact", "sizes")
POSTS = (
    "balcony-herbs",
    "small-kitchens",
    "warm-light",
    "linen-care",
    "desk-order",
    "rain-barrels",
    "repair-guide",
    "spring-list",
    "wool-rugs",
    "quiet-rooms",
)
QUERIES = ("lamp", "herb pot", "linen", "desk shelf", "rug", "rain barrel", "cushion", "hook", "mug", "tray")
EMPTY_QUERIES = ("zeppelin", "gift cardd", "sofa bed xxl")
PRODUCTS = 60
PRICES = tuple(round(7.9 + (i * 37 % 113) * 1.25, 2) for i in range(PRODUCTS))


def _narrow(box: Box) -> Box:
    x, y, w, h = box
    return 16 + x % 90, int(y * 1.2) + 40, min(w, 260), max(h, 44)


SITE = Site(HOST, "shop", TEMPLATES, (Layout(lambda box: box), Layout(_narrow, pointer="touch")))

# selectors that lead to a page of another kind: a click there is followed by that page, not a mutation
PLAIN_ELEMENTS = tuple(
    tuple(
        k
        for k, e in enumerate(t.elements)
        if e.tag == "button"
        and e.selector
        not in {
            "button#apply-coupon",
            "button#pay",
            "button#login",
            "button#logout",
            "button#create-account",
            "button.add-to-cart",
            "button.play",
            "button.next-step",
        }
    )
    or (len(t.elements) - 1,)
    for t in TEMPLATES
)


BROWSERS: tuple[Browser, ...] = (
    Browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36",
        (1440, 900),
        0,
        0.27,
    ),
    Browser(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.6 Safari/605.1.15",
        (1680, 1050),
        0,
        0.12,
    ),
    Browser("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", (1920, 1080), 0, 0.08),
    Browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        (1280, 720),
        0,
        0.07,
    ),
    Browser(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.6 Mobile/15E148 Safari/604.1",
        (390, 844),
        1,
        0.22,
    ),
    Browser(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Mobile Safari/537.36",
        (412, 915),
        1,
        0.18,
    ),
    Browser("ShopApp/3.2 (iPhone; iOS 17.6; Scale/3.00)", (390, 844), 1, 0.03, "analytics-ios", "3.2.0"),
    Browser("ShopApp/3.2 (Linux; Android 14; Pixel 8)", (412, 915), 1, 0.03, "analytics-android", "3.2.0"),
)
TABLET = Browser(
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.6 Mobile/15E148 Safari/604.1",
    (820, 1180),
    1,
    0.0,
)
KIOSK = Browser(
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    (1080, 1920),
    0,
    0.0,
)
CRAWLERS: tuple[Browser, ...] = tuple(
    Browser(agent, (1024, 768), 0, 0.0)
    for agent in (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    )
)

# (weight, referrer, query string of the landing page, campaign object or None)
LANDINGS: tuple[tuple[float, str, str, str], ...] = (
    (0.34, "https://www.google.com/", "", ""),
    (0.28, "", "", ""),
    (
        0.11,
        "https://www.google.com/",
        "?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0K{n}",
        '{"source":"google","medium":"cpc","name":"spring"}',
    ),
    (
        0.08,
        "https://www.facebook.com/",
        "?utm_source=facebook&utm_medium=paid_social&utm_campaign=lookalike",
        '{"source":"facebook","medium":"paid_social","name":"lookalike"}',
    ),
    (0.07, "https://www.instagram.com/", "", ""),
    (0.06, "https://www.bing.com/", "", ""),
    (0.06, "https://gardenblog.example/best-pots", "", ""),
)
NEWSLETTER = (
    "https://mail.example/",
    "?utm_source=newsletter&utm_medium=email&utm_campaign=weekly",
    '{"source":"newsletter","medium":"email","name":"weekly"}',
)
