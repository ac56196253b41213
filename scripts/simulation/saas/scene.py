"""What every episode is told from: the cast, their visits, what they pay, and the sizes of the effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rows import Bools, Ints
from .app import RELEASES
from .calendar import Visits
from .cast import Cast
from .effects import Effects
from .story import Episode, Story
from .subscriptions import Subscriptions

PLACES = (
    "enter",
    "onboarding",
    "dashboard",
    "search",
    "browse",
    "tags",
    "campaign",
    "import",
    "segment",
    "automations",
    "reports",
    "upgrade",
    "export",
    "survey",
    "unexpected",
    "ticket",
    "cancel",
)
"""Episodes of a visit in their order."""


@dataclass
class Scene:
    """A world as far as it is drawn before anybody acts."""

    start_ms: int
    days: int
    cast: Cast
    visits: Visits
    subscriptions: Subscriptions
    effects: Effects
    story: Story

    def release_days(self) -> tuple[int, ...]:
        """First day of each release."""
        slips = 14 if not self.effects.fold_week else int(7 * (self.effects.fold_week - 1))
        return (0, slips, max(self.days // 2, slips + 1))

    def release(self) -> Ints:
        """Release by visit: an index of RELEASES."""
        found: Ints = np.searchsorted(self.release_days(), self.visits.day, side="right") - 1
        assert found.max() < len(RELEASES)
        return found

    def episode(self, place: str, among: Bools) -> Episode:
        """An episode of the visits that the mask holds."""
        return self.story.episode(np.flatnonzero(among), PLACES.index(place))

    def person(self, episode: Episode) -> Ints:
        """Who does it."""
        return self.visits.person[episode.visits]

    def account(self, episode: Episode) -> Ints:
        """Their accounts."""
        return self.cast.account[self.person(episode)]

    def accounts(self, episode: Episode) -> list[str]:
        """Ids of their accounts."""
        return [self.cast.account_id(a) for a in self.account(episode).tolist()]
