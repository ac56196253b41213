"""Signs of struggle, computed from raw facts by named presets (docs/signals.md)."""
