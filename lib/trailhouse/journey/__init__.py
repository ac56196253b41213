"""Journeys: what one person did, visit by visit, as a page to read; and which visits are worth reading."""
