"""Commands of `python -m trailhouse` that are of no one part of the suite, and what all commands share."""
