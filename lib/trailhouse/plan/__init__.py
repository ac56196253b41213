"""The tracking plan: its files, how events are held to it, and how one is drafted from the catalog."""
