"""Which rows of activity, and which sessions, a run has to make anew: closed sets, never too few."""
