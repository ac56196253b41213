"""Struct types that more than one table carries, so that they are spelled once."""

MONEY = "ARRAY<STRUCT<currency: STRING, amount: DECIMAL(18,4)>>"
PAGE = (
    "STRUCT<url: STRING, host: STRING, path: STRING, title: STRING, referrer: STRING,"
    " view_id: STRING, `group`: STRING>"
)
SIZE = "STRUCT<width: INT, height: INT>"
BOX = "STRUCT<x: INT, y: INT, width: INT, height: INT>"
ELEMENT = (
    "STRUCT<selector: STRING, text: STRING, tag: STRING, href: STRING, interactive: BOOLEAN,"
    f" box: {BOX}, x: INT, y: INT>"
)
MEDIA = "STRUCT<id: STRING, title: STRING, position: DOUBLE, length: DOUBLE>"
FORM = "STRUCT<id: STRING, field: STRING>"
SEARCH = "STRUCT<term: STRING, results: INT, rank: INT>"
SURVEY = "STRUCT<id: STRING, kind: STRING, score: INT, answer: STRING>"
CAMPAIGN = (
    "STRUCT<source: STRING, medium: STRING, name: STRING, term: STRING, content: STRING,"
    " click_id: STRING, click_id_type: STRING>"
)
DEVICE = "STRUCT<type: STRING, browser: STRING, os: STRING>"
GEO = "STRUCT<country: STRING, region: STRING, city: STRING>"
EXPERIMENTS = "ARRAY<STRUCT<name: STRING, variant: STRING>>"
