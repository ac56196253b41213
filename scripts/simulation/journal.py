"""What the simulated people did: visits, views, single events and planted signals, as growing columns."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .devices import Device
from .kinds import KIND
from .layout import Site

NEVER = 1 << 60


@dataclass
class Journal:
    """Columns of three tables (visit_, view_, event_), and the planted signals.

    Times are ms: `visit_start` since the epoch, all `_at` and `view_start` since the visit's start,
    `event_offset` since the view's start.
    """

    site: Site

    visit_device: list[int] = field(default_factory=list)
    visit_start: list[int] = field(default_factory=list)
    visit_anonymous: list[int] = field(default_factory=list)
    visit_user: list[int] = field(default_factory=list)
    visit_login_at: list[int] = field(default_factory=list)
    visit_logout_at: list[int] = field(default_factory=list)
    visit_end: list[int] = field(default_factory=list)
    visit_release: list[str] = field(default_factory=list)

    view_visit: list[int] = field(default_factory=list)
    view_start: list[int] = field(default_factory=list)
    view_template: list[int] = field(default_factory=list)
    view_path: list[str] = field(default_factory=list)
    view_search: list[str] = field(default_factory=list)
    view_title: list[str] = field(default_factory=list)
    view_referrer: list[str] = field(default_factory=list)
    view_campaign: list[str] = field(default_factory=list)
    view_navigation: list[str] = field(default_factory=list)
    view_tab: list[int] = field(default_factory=list)
    view_account: list[str] = field(default_factory=list)
    """The account that messages of the view name; "" = none."""
    view_dwell: list[int] = field(default_factory=list)
    view_browse: list[int] = field(default_factory=list)
    """From this offset on people move about freely; before it, what the page's script did."""
    view_engaged: list[int] = field(default_factory=list)
    view_leads_on: list[bool] = field(default_factory=list)
    """Ends with a click on the page's first element."""
    view_seen: list[bool] = field(default_factory=list)
    """Has a page_view (or screen_view) of its own."""

    event_view: list[int] = field(default_factory=list)
    event_offset: list[int] = field(default_factory=list)
    event_kind: list[int] = field(default_factory=list)
    event_tail: list[str] = field(default_factory=list)
    event_ident: list[int] = field(default_factory=list)
    """-1 = by the visit's log-in."""
    event_email: list[str] = field(default_factory=list)
    event_previous: list[str] = field(default_factory=list)
    event_server: list[bool] = field(default_factory=list)

    signals: list[tuple[str, int, str, int, int, int, int]] = field(default_factory=list)
    """(kind, view, selector, start offset, end offset, size, number of the first event or -1)."""
    planned: dict[str, int] = field(default_factory=dict)
    """Counts of what was planted on purpose."""

    def count(self, what: str, n: int = 1) -> None:
        """Count something planted."""
        self.planned[what] = self.planned.get(what, 0) + n

    def add_visit(self, device: Device, user: int, signed_in: bool) -> int:
        """Begin a visit; its start is set when its length is known."""
        self.visit_device.append(device.number)
        self.visit_start.append(0)
        self.visit_anonymous.append(device.anonymous)
        self.visit_user.append(user)
        self.visit_login_at.append(-NEVER if signed_in else NEVER)
        self.visit_logout_at.append(NEVER)
        self.visit_end.append(0)
        self.visit_release.append(device.browser.release)
        return len(self.visit_device) - 1

    def add_view(
        self,
        visit: int,
        start: int,
        template: str,
        path: str,
        title: str,
        search: str = "",
        referrer: str = "",
        campaign: str = "",
        navigation: str = "link",
        tab: int = 0,
        seen: bool = True,
    ) -> int:
        """Begin a view of a page `start` ms after the visit's."""
        self.view_visit.append(visit)
        self.view_start.append(start)
        self.view_template.append(self.site.template_id[template])
        self.view_path.append(path)
        self.view_search.append(search)
        self.view_title.append(title)
        self.view_referrer.append(referrer)
        self.view_campaign.append(campaign)
        self.view_navigation.append(navigation)
        self.view_tab.append(tab)
        self.view_account.append("")
        self.view_dwell.append(0)
        self.view_browse.append(0)
        self.view_engaged.append(0)
        self.view_leads_on.append(False)
        self.view_seen.append(seen)
        return len(self.view_visit) - 1

    def add_event(
        self,
        view: int,
        offset: int,
        name: str,
        tail: str = ',"properties":{}',
        email: str = "",
        previous: str = "",
        ident: int = -1,
        server: bool = False,
    ) -> int:
        """Add one event; `tail` is the JSON that follows the message's context."""
        self.event_view.append(view)
        self.event_offset.append(offset)
        self.event_kind.append(KIND[name])
        self.event_tail.append(tail)
        self.event_ident.append(ident)
        self.event_email.append(email)
        self.event_previous.append(previous)
        self.event_server.append(server)
        return len(self.event_view) - 1


class Page:
    """The view that a person is on: a clock `t` (ms since it opened) and what they do there."""

    def __init__(self, journal: Journal, rng: random.Random, view: int, template: str, layout: int) -> None:
        self.journal, self.rng, self.view, self.template, self.layout = journal, rng, view, template, layout
        self.t = 0

    def event(self, name: str, properties: str = "", wait: int = 150, **more: str | int | bool) -> int:
        """An event with these properties (inner JSON), `wait` ms after the one before."""
        self.t += wait
        return self.journal.add_event(self.view, self.t, name, f',"properties":{{{properties}}}', **more)  # type: ignore[arg-type]

    def point(self, selector: str) -> tuple[int, int]:
        """A random point within an element's box."""
        site = self.journal.site
        x, y, w, h = site.boxes[self.layout, site.element_id[self.template, selector]].tolist()
        return x + int(self.rng.random() * w), y + int(self.rng.random() * h)

    def click(
        self, selector: str, wait: int | None = None, at: tuple[int, int] | None = None, reacts: bool = True
    ) -> int:
        """A click, and (unless it does not react) the page's mutation after it."""
        self.t += self.rng.randint(1600, 3200) if wait is None else wait
        x, y = at or self.point(selector)
        site = self.journal.site
        tail = site.click_tails[self.layout][site.element_id[self.template, selector]]
        number = self.journal.add_event(
            self.view, self.t, "click", f',"properties":{{"x":{x},"y":{y},{tail}}}'
        )
        if reacts:
            self.journal.add_event(self.view, self.t + 60, "mutation")
        return number

    def rage(self, selector: str) -> None:
        """3 to 7 clicks, each within 30 px (Manhattan) and 1000 ms of the one before; some exactly there."""
        rng = self.rng
        size = rng.choice((3, 3, 4, 4, 5, 6, 7))
        edge = rng.random() < 0.1
        x, y = self.point(selector)
        first = self.click(selector, at=(x, y))
        start = self.t
        for k in range(1, size):
            if edge:
                x, y = (x + 15, y - 15) if k % 2 else (x - 30, y)
                x, y = max(x, 0), max(y, 0)
            else:
                x, y = x + rng.randint(-9, 9), y + rng.randint(-9, 9)
            self.click(selector, wait=1000 if edge else rng.randint(140, 420), at=(x, y))
        self.signal("rage_click", selector, start, self.t, size, first)
        self.t += 1500

    def near_miss(self, selector: str) -> None:
        """Clicks that come close to a rage burst and are none: too slow, too far, or only two."""
        x, y = self.point(selector)
        how = self.rng.choice(("slow", "far", "double"))
        first = self.click(selector, at=(x, y))
        start = self.t
        for k in (1,) if how == "double" else (1, 2):
            at = (x + 31 * (k % 2), y) if how == "far" else (x, y)
            self.click(selector, wait=1001 if how == "slow" else 400, at=at)
        self.signal("near_miss", selector, start, self.t, 2 if how == "double" else 3, first)
        self.t += 1500

    def dead(self, selector: str) -> None:
        """A click after which nothing happens on this view for more than seven seconds."""
        self.event("mutation", wait=100)  # so that this view's tracker is known to send such marks
        first = self.click(selector, reacts=False)
        self.signal("dead_click", selector, self.t, self.t, 1, first)
        self.t += 7500

    def thrash(self, draw: random.Random) -> None:
        """The pointer thrown to and fro across the page: seven to nine points, then a rest."""
        size, y = draw.randint(7, 9), draw.randint(200, 500)
        numbers, times = [], []
        for k in range(size):
            self.t += draw.randint(150, 350)
            x = 300 + 260 * (k % 2) + draw.randrange(20)
            numbers.append(self._move(x, y))
            times.append(self.t)
        # Straight down, and later: whichever way the pointer takes from there, it is none of these turns.
        self.t += 3000
        self._move(x, y + 300)
        self.signal("thrashed_cursor", "", times[1], times[-2], size - 2, numbers[1])
        self.t += 500

    def _move(self, x: int, y: int) -> int:
        tail = f',"properties":{{"x":{x},"y":{y},"selector":"main"}}'
        return self.journal.add_event(self.view, self.t, "mouse_move", tail)

    def signal(self, kind: str, selector: str, start: int, end: int, size: int, first: int) -> None:
        """Write down a planted signal."""
        self.journal.signals.append((kind, self.view, selector, start, end, size, first))
