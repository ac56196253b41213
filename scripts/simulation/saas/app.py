"""The app's site: its pages and elements, the screens of its visitors, and what is told in words."""

from __future__ import annotations

from ..layout import Box, Browser, Element, Layout, Site, Template

HOST = "https://app.postbox.example"
RELEASES = ("2.1.0", "2.2.0", "2.3.0")
"""2.2.0 moves the button of step 4 down, 2.3.0 makes the preview slow."""
WIDE, LAPTOP, PHONE = 0, 1, 2


def _laptop(box: Box) -> Box:
    x, y, w, h = box
    return x * 2 // 3, y, min(w, 800), h


def _phone(box: Box) -> Box:
    x, y, w, h = box
    return 16 + x % 60, int(y * 1.2) + 40, min(w, 320), max(h, 44)


def _button(name: str, text: str, y: int = 480, x: int = 480) -> Element:
    return Element(name, text, "button", (x, y, 220, 48))


def _link(name: str, text: str, href: str, y: int = 300, x: int = 320) -> Element:
    return Element(name, text, "a", (x, y, 240, 40), href)


def _page(name: str, height: int, *elements: Element) -> Template:
    return Template(name, (height, height, int(height * 1.4)), elements)


TEMPLATES: tuple[Template, ...] = (
    _page("home", 3600, _link("a.to-pricing", "Pricing", "/pricing", 420)),
    _page("pricing", 2400, _link("a.to-signup", "Start free trial", "/signup", 640)),
    _page("signup", 1000, _button("button#create-account", "Create account", 620)),
    _page("invite", 1000, _button("button#join", "Join", 620)),
    _page(
        "onboarding",
        1000,
        _button("button.next-step", "Next", 560),
        Element("button.choice", "This one", "button", (400, 320, 240, 120)),
    ),
    _page(
        "onboarding-long",
        1500,
        _button("button.next-step", "Next", 930),
        Element("button.choice", "This one", "button", (400, 320, 240, 120)),
        Element("img.editor-preview", "", "img", (400, 460, 640, 420), interactive=False),
    ),
    _page("login", 900, _button("button#login", "Log in", 520)),
    _page(
        "dashboard",
        1800,
        _link("a.create-campaign", "Create campaign", "/campaigns/new", 180, 900),
        _link("a.automations", "Automations", "/automations", 24, 300),
        _link("a.contacts", "Contacts", "/contacts", 24, 500),
        _link("a.reports", "Reports", "/reports", 24, 700),
        Element("input#search", "", "input", (1000, 24, 240, 40)),
    ),
    _page("search", 1600, _link("a.result", "Open", "/help/article", 260)),
    _page("help", 2000, _link("a.related", "Related", "/help/other", 900)),
    _page("campaigns", 1700, _link("a.campaign", "Last e-mail", "/campaigns/c-1", 320)),
    _page("campaign", 1900, _link("a.duplicate", "Duplicate", "/campaigns/new", 260)),
    _page(
        "campaign-new",
        1400,
        _button("button.to-design", "Design", 700),
        _link("a.template-library", "Template library", "/templates", 320, 900),
        _link("a.get-help", "Help", "/help/first-campaign", 24, 1000),
        _link("a.earlier", "Earlier e-mails", "/campaigns", 380, 900),
    ),
    _page("campaign-design", 2200, _button("button.to-review", "Review", 760)),
    _page("campaign-review", 1300, _button("button.send", "Send", 640)),
    _page("templates", 3000, _link("a.template", "Preview", "/templates/t-1", 420)),
    _page("template", 1800, _button("button.use-template", "Use", 560)),
    _page("contacts", 1700, _button("button.tag", "Tag", 340), _button("button.export", "Export", 340, 760)),
    _page("import", 1200, _button("button.start-import", "Import", 560)),
    _page(
        "segment",
        1400,
        _button("button.add-condition", "Add condition", 420),
        _button("button.preview", "Preview", 520),
        _button("button.save-segment", "Save", 640),
    ),
    _page(
        "automations",
        1500,
        _button("button.start-automation", "Start", 380, 900),
        Element("img.automation-screenshot", "", "img", (200, 200, 640, 420), interactive=False),
    ),
    _page("reports", 2600, _button("button.range", "Last 30 days", 160)),
    _page(
        "upgrade",
        2000,
        _button("button.choose-plan", "Upgrade", 620),
        _button("button.compare-plans", "Compare plans", 260),
    ),
    _page("billing", 1300, _link("a.cancel-plan", "Cancel plan", "/billing/cancel", 640)),
    _page("cancel", 1100, _button("button.confirm-cancel", "Cancel my plan", 600)),
    _page("support", 1200, _button("button.send-ticket", "Send", 620)),
    _page("legal", 4200, _link("a.download", "Download", "/legal/data-processing.pdf", 300)),
)
SITE = Site(
    HOST, "postbox", TEMPLATES, (Layout(lambda box: box), Layout(_laptop), Layout(_phone, pointer="touch"))
)

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
BROWSERS: tuple[Browser, ...] = (
    Browser(_WINDOWS + "Chrome/131.0.0.0 Safari/537.36", (1920, 1080), WIDE, 0.25),
    Browser(_WINDOWS + "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", (1366, 768), LAPTOP, 0.25),
    Browser(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.6 Safari/605.1.15",
        (1440, 820),
        LAPTOP,
        0.20,
    ),
    Browser(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.6 Mobile/15E148 Safari/604.1",
        (390, 844),
        PHONE,
        0.17,
    ),
    Browser(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Mobile Safari/537.36",
        (412, 915),
        PHONE,
        0.13,
    ),
)

PRICES = (29, 79, 199, 399)
PLANS = ("starter", "growth", "pro", "scale")
INDUSTRIES = ("agency", "retail", "nonprofit", "software")
CATEGORIES = ("newsletter", "welcome", "sale", "event", "survey")
TEMPLATES_A_CATEGORY = 8
QUERIES = ("welcome e-mail", "subject line", "open rate", "unsubscribe link", "newsletter template")
GAPS = ("sms", "landing page", "whatsapp")
"""What people look for and the app does not have."""
REASONS = ("too_expensive", "missing_feature", "switched_tool", "no_longer_needed")
IMPORT_REASON = "import_contacts"
IMPORT_COMMENTS = (
    "importing my contacts fails again and again",
    "the import of my list never finishes",
    "could not import the csv with our contacts",
)
OTHER_COMMENTS = ("fine so far", "easy to use", "lovely templates", "good value", "clear and simple")
TICKETS = {
    "import": "My contacts cannot be imported, the file is refused",
    "other": "How do I change the sender name?",
}
LANDINGS: tuple[tuple[float, str, str, str], ...] = (
    (0.45, "https://www.google.com/", "", ""),
    (0.30, "", "", ""),
    (
        0.15,
        "https://www.google.com/",
        "?utm_source=google&utm_medium=cpc&utm_campaign=trial",
        '{"source":"google","medium":"cpc","name":"trial"}',
    ),
    (0.10, "https://mailblog.example/tools", "", ""),
)
"""(share, referrer, query string, campaign object) of the first page of a person's first visit."""
