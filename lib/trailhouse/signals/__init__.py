"""Signs of struggle, computed from raw facts by named presets: rage clicks, dead clicks, U-turns."""
