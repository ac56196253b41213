"""Columns of shares with their intervals."""

from trailhouse.contract import Column

SHARE = "DECIMAL(9,6)"


def share(name: str, sentence: str, stem: str = "", *, required: bool = False) -> tuple[Column, ...]:
    """The share `name`, and STEM_low and STEM_high of Wilson's interval; low and high without a stem."""
    before = f"{stem}_" if stem else ""
    return (
        Column(name, SHARE, sentence, required, low=0, high=1),
        Column(f"{before}low", SHARE, "Lower end of its 95 % interval (Wilson).", required, low=0, high=1),
        Column(f"{before}high", SHARE, "Upper end of it.", required, low=0, high=1),
    )
