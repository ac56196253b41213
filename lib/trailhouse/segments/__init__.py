"""Segments: who is a member since when, what members share, who is like them, which there are besides."""
