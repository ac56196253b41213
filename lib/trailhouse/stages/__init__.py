"""Stages of the suite."""
