"""Gates: what a table must hold to before a reader sees it, as data, and the one runner that judges it."""

from trailhouse.gates.results import Outcome

__all__ = ["Outcome"]
