"""What the app's server tells: trials that end, subscriptions that begin, and payments."""

from __future__ import annotations

import numpy as np

from . import app
from .calendar import DAY
from .corners import plan_on
from .scene import Scene
from .subscriptions import TRIAL

Message = tuple[int, int, str, str]
"""(account, ms since the world's start, canonical name, what follows the message's context)"""


def messages(scene: Scene) -> list[Message]:
    """All messages that fall within the world."""
    drawn = scene.subscriptions
    end = scene.days * DAY
    found: list[Message] = []

    def say(account: int, at: int, name: str, properties: str) -> None:
        tail = f',"groupId":"{scene.cast.account_id(account)}","properties":{{{properties}}}'
        found.append((account, at, name, tail))

    for account, trial in enumerate(drawn.trial.tolist()):
        over = trial + TRIAL * DAY
        if over < end:
            say(account, over, "trial_end", '"plan":"trial"')
        for k, at in enumerate(drawn.payments(account, end)):
            plan = int(plan_on(scene, np.array([account]), np.array([at // DAY]))[0])
            price = app.PRICES[plan]
            if k == 0:
                say(
                    account,
                    at,
                    "subscription_start",
                    f'"subscription_id":"s-{account}","plan":"{app.PLANS[plan]}","interval":"month",'
                    f'"revenue":{price},"currency":"USD"',
                )
            paid = f'"order_id":"inv-{account}-{k + 1}","revenue":{price},"currency":"USD"'
            say(account, at + 2000, "order", paid)
    return found
