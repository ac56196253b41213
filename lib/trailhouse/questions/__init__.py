"""Questions, and their answers as DataFrames.

from trailhouse.questions import Funnel, ask
funnel = Funnel(steps=["/pricing", "signup", "order"], window="7d", breakdowns=["device_type"])
ask(funnel, "var/lake").show()
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """The models of questions, `Filter`, `Step` and `ask`: late, as tables read modules of this package."""
    from trailhouse.settings import questions

    if name == "ask":
        from trailhouse.ask.answer import ask

        return ask
    model = getattr(questions, name, None)
    if isinstance(model, type):
        return model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from trailhouse.settings import questions

    return sorted([*questions.__all__, "ask"])
