"""What is planted, how large it is, and what the same number is where nothing is planted."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any


def _size(size: float, none: float, about: str) -> Any:
    """An effect: its size, the size that is no effect, and how events show it."""
    return field(default=size, metadata={"none": none, "about": about})


@dataclass(frozen=True)
class Effects:
    """Sizes of all planted effects; shares lie in 0 to 1."""

    step4_share: float = _size(
        0.75, 1 / 6, "of those who leave onboarding, the share that reaches step 4 and does not complete it"
    )
    fold_week: float = _size(
        3,
        0,
        "from this week of the world on step 4's button lies below the fold of laptops and phones; 0: never",
    )
    completed_of_converters: float = _size(
        0.80, 0.55, "of the accounts whose trial converts, the share that completed onboarding"
    )
    import_failure: float = _size(0.31, 0, "share of the attempts to import contacts that fail")
    failure_churn: float = _size(
        0.10, 0, "added to the monthly cancel rate of accounts with a failed import in the 30 days before"
    )
    failure_csat: float = _size(
        0.55, 0, "taken from the share of top-two answers (0.80) after an import that failed"
    )
    reason_share: float = _size(0.25, 0, "share of the cancellations that name import_contacts as the reason")
    mood_churn: float = _size(0.12, 0, "added to the monthly cancel rate of accounts in a low mood")
    mood_scores: float = _size(0.45, 0, "added to the share of NPS detractors (0.15) in a low mood")
    export_before_cancel: float = _size(
        0.60, 0, "share of the cancelled accounts that export contacts in the 14 days before"
    )
    detour_share: float = _size(
        0.40, 0, "share of the begun campaigns that leave for templates, help or earlier e-mails"
    )
    slow_seconds: float = _size(
        20, 0, "seconds that previewing a segment takes longer from release 2.3.0 (the world's middle) on"
    )
    phone_slower: float = _size(1.25, 1, "time that people on phones need for a task, as a multiple")
    screenshot_clicks: float = _size(
        0.55, 0.02, "share of the views of /automations with a click on the screenshot beside the button"
    )
    button_ignored: float = _size(
        0.18, 0, "taken from the share of views of /automations with a click on its button (0.30)"
    )
    agency_tries: float = _size(
        1.8, 1, "how much oftener people of agencies click that button, as a multiple"
    )
    empty_search: float = _size(0.30, 0, "share of the first searches after log-in without a result")
    u_turns: float = _size(0.35, 0, "share of the views of /reports left by the back button within 5 s")
    unexpected: float = _size(
        0.008, 0, "share of visits that go from /billing to /legal/data-processing, an error before it"
    )
    activation: float = _size(
        0.35, 0, "taken from the chance to be back in days 28 to 34 (0.70) without 3 tags in the first 7 days"
    )
    compared_plans: float = _size(
        0.20, 0, "added to the share of upgrades (0.10) among visitors of the offer who compare plans"
    )
    held_seconds: float = _size(15, 0, "seconds that the home page's third section holds people longer")
    taste: float = _size(
        0.60,
        0,
        "share of the templates of campaigns taken from one's own category; the others come from all five",
    )
    experiment: float = _size(0, 0, "null control: dashboard_layout is shown at random and changes nothing")

    def given(self, sizes: dict[str, float]) -> Effects:
        """With other sizes; ValueError names one that does not exist or lies outside of its bounds."""
        known = {one.name for one in fields(self)}
        for name, value in sizes.items():
            if name not in known:
                raise ValueError(f"there is no effect {name!r}; there are: {', '.join(sorted(known))}")
            if not 0 <= value <= (1 if _is_share(name) else 100):
                raise ValueError(f"{name} cannot be {value:g}")
        if sizes.get("experiment"):
            raise ValueError("experiment is the null control: it has no size")
        return replace(self, **sizes)


_OTHER_UNITS = frozenset({"fold_week", "slow_seconds", "phone_slower", "agency_tries", "held_seconds"})


def _is_share(name: str) -> bool:
    return name not in _OTHER_UNITS


def none_of(one: Field[Any]) -> float:
    """The size at which an effect is not there."""
    return float(one.metadata["none"])


def nothing() -> Effects:
    """The null world: every effect at the size that is none."""
    return Effects(**{one.name: none_of(one) for one in fields(Effects)})


def parse(given: list[str], null: bool) -> Effects:
    """Effects from `name=size` or `name=none`, over the defaults or the null world; ValueError for others."""
    sizes: dict[str, float] = {}
    nones = {one.name: none_of(one) for one in fields(Effects)}
    for text in given:
        name, _, size = text.partition("=")
        try:
            sizes[name] = nones[name] if size == "none" and name in nones else float(size)
        except ValueError:
            raise ValueError(f"{text!r} is not name=size or name=none") from None
    return (nothing() if null else Effects()).given(sizes)


COMPLETION, CONVERSION = 0.55, 0.60
"""Shares of the accounts that complete onboarding, and whose trial converts."""
NPS = {"promoter": 0.50, "detractor": 0.15}
CSAT_TOP_TWO, CANCEL_RATE, LOW_MOOD = 0.80, 0.05, 0.30
BUTTON_CLICKS, UPGRADE, BACK, BASE_EXPORTS = 0.30, 0.10, 0.70, 0.004
