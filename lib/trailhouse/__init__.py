"""Trailhouse: behaviour analytics as Spark jobs on open tables."""

__version__ = "0.1.0"
