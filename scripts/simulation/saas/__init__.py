"""A simulated e-mail marketing app with planted effects: raw events in Segment's wire format, and the truth.

The modules, in the order in which they work: `effects` (what is planted, and how large), `app` (its pages),
`cast` (accounts, people, devices), `calendar` (who comes when), `subscriptions` (who pays, upgrades,
leaves), `story` (many visits walked in step), `arrival`, `work`, `corners` and `billing` (what happens on
them), `assemble` (one table of events), `world`, `truth` and `realised` (what was planted, as it came out).
Everything is drawn for all people at once; nothing is walked a person at a time.
"""
