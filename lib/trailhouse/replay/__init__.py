"""Recordings of sessions: what rrweb wrote, put in order, and played in one HTML file."""
