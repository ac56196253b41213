"""Why: from a number to its reasons, its people and its price."""
