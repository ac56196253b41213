"""A simulated shop with known truth: raw events in Segment's wire format, and what is true of them.

The modules, in the order in which they work: `site` (the pages), `people` (who has which devices),
`journeys` and `pages` (what they do on a visit), `extras` (crawlers, kiosks, idle tabs), `streams`
(views to events, vectorised), `faults` (what goes wrong on the way), `wire` (lines and files),
`oracle` and `truth` (what a perfect pipeline would find). No Spark, and nothing of the suite itself:
the truth must not share code with what it judges.
"""
