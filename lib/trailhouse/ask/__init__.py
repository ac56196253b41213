"""Asking: one line of text, or a typed question, answered from a lake."""
