"""Lines and files as broken trackers, shippers and disks leave them, with what is to become of each."""

from __future__ import annotations

import base64
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sources.reading import line, message

LIMIT = 1024 * 1024
"""`raw.max_record_bytes`, as it is when nobody sets it."""
LINES = 1000
"""How many malformed lines there are in all."""
KEPT, REFUSED = "kept", "refused"
NO_OBJECT = "not a JSON object"


@dataclass(frozen=True)
class Kind:
    """A kind of line: `make` gives the line of a number, each another.

    `verdict` is KEPT, REFUSED (by consent) or the reasons in quarantine, separated by `; `. There are
    `most` of it, or as many as of the others.
    """

    name: str
    make: Callable[[int], bytes]
    verdict: str = NO_OBJECT
    most: int = LINES


def good(n: int, **fields: Any) -> bytes:
    """A line that is an event, but for these fields."""
    return line(message(f"{n}", **fields))


def text(n: int, old: str, new: str) -> bytes:
    """A good line with another text in place of one that it holds."""
    whole = good(n).decode()
    assert old in whole
    return whole.replace(old, new).encode()


def bytes_(n: int, new: bytes) -> bytes:
    """A good line with these bytes in the name of its event."""
    return good(n).replace(b"Heartbeat", b"Heart" + new)


def noise(n: int) -> bytes:
    """Bytes without an order; no line end is among them."""
    drawn = random.Random(n).randbytes(200)
    return drawn.replace(b"\n", b"-").replace(b"\r", b"-") + b"\xff"


def properties(n: int, value: str) -> bytes:
    """A good line with this JSON, as it stands, in its properties."""
    return text(n, '"type": "track"', f'"type": "track", "properties": {{"value": {value}}}')


TIME = '"originalTimestamp": "2026-03-02T10:00:00.000Z"'
UNREADABLE_TIME = "time not readable: originalTimestamp"
FAR = "9999-12-31T23:59:59Z"
DEEP = 10_000

KINDS = (
    # Not the JSON of one object.
    Kind("cut", lambda n: good(n)[: 20 + n % 150] + str(n).encode()),
    Kind("cut within an escape", lambda n: good(n, x="é")[:-10] + b"\\u00" + str(n).encode()),
    Kind("without its beginning", lambda n: good(n)[1:]),
    Kind("something behind it", lambda n: good(n) + b" x"),
    Kind("a comma behind it", lambda n: good(n) + b","),
    Kind("a comma too many", lambda n: good(n)[:-1] + b",}"),
    Kind("two objects", lambda n: good(n) + good(n)),
    Kind("an array", lambda n: b"[" + good(n) + b"]"),
    Kind("a number", lambda n: b"%d" % n),
    Kind("a text", lambda n: b'"%d"' % n),
    Kind(
        "a word", lambda n: (b"null", b"true", b"false", b"NaN", b"undefined")[n % 5] + b" " * (n % 9), most=5
    ),
    Kind("single quotes", lambda n: good(n).replace(b'"', b"'")),
    Kind("keys without quotes", lambda n: good(n).replace(b'"type"', b"type")),
    Kind("a comment", lambda n: b"/* a */ " + good(n)),
    Kind("not a number", lambda n: properties(n, "NaN")),
    Kind("a number with a leading zero", lambda n: properties(n, f"0{n}")),
    Kind("a number without an end", lambda n: properties(n, "9" * 2_000)),
    Kind("a tab within a text", lambda n: bytes_(n, b"\t")),
    Kind("a NUL before it", lambda n: b"\0" + good(n)),
    Kind("a NUL within", lambda n: bytes_(n, b"\0")),
    Kind("a byte order mark within", lambda n: b"\xef\xbb\xbf " + good(n)),
    Kind("deep nesting", lambda n: b"%d" % n + b"[" * DEEP + b"]" * DEEP),
    Kind("deep properties", lambda n: properties(n, '{"a":' * DEEP + "1" + "}" * DEEP)),
    Kind("a very long key", lambda n: text(n, '"type"', f'"{"k" * 60_000}": 1, "type"'), most=5),
    Kind("a line of CSV", lambda n: b"%d,track,Heartbeat,2026-03-02" % n),
    Kind("a line of markup", lambda n: b"<event id='%d'>Heartbeat</event>" % n),
    Kind("base64", lambda n: base64.b64encode(good(n))),
    # Not text.
    Kind("bytes that are no UTF-8", lambda n: bytes_(n, b"\xff\xfe"), "not UTF-8"),
    Kind("a character cut", lambda n: bytes_(n, "é".encode()[:1]), "not UTF-8"),
    Kind("a character too long", lambda n: bytes_(n, b"\xc0\xaf"), "not UTF-8"),
    Kind("half a surrogate pair as bytes", lambda n: bytes_(n, b"\xed\xa0\x80"), "not UTF-8"),
    Kind("noise", noise, "not UTF-8"),
    # Too much.
    Kind("twenty megabytes", lambda n: good(n, x="y" * 20_000_000), f"record larger than {LIMIT} bytes", 1),
    Kind(
        "more than a record may have",
        lambda n: good(n, x="y" * LIMIT),
        f"record larger than {LIMIT} bytes",
        4,
    ),
    Kind("a name of a megabyte", lambda n: good(n, event="y" * 1_000_000), KEPT, 2),
    # An object, and no event.
    Kind("no members", lambda n: b"{" + b" " * n + b"}", "no type; no time; no identifier"),
    Kind(
        "a field twice",
        lambda n: text(n, '"type"', '"event": "Other", "type"'),
        "named more than once: event",
    ),
    Kind("no time", lambda n: good(n, originalTimestamp=None), "no time"),
    Kind("no name", lambda n: good(n, event=None), "no name"),
    Kind("no identifier", lambda n: good(n, anonymousId=None), "no identifier"),
    Kind("no type", lambda n: good(n, type=None), "no type"),
    Kind("a type of its own", lambda n: good(n, type=f"t{n}"), "type not known: t{n}"),
    Kind(
        "an identifier that is an object",
        lambda n: good(n, anonymousId={"id": 1}),
        "identifier of a wrong type: anonymousId",
    ),
    Kind("a name that is a list", lambda n: good(n, event=["a", "b"]), "name of a wrong type"),
    Kind("a word for a time", lambda n: good(n, originalTimestamp="soon"), UNREADABLE_TIME),
    Kind("a day that is none", lambda n: good(n, originalTimestamp="2026-02-30T10:00:00Z"), UNREADABLE_TIME),
    Kind("before 1970 in seconds", lambda n: text(n, TIME, f'"originalTimestamp": -{n}'), UNREADABLE_TIME),
    Kind("year 99999", lambda n: good(n, originalTimestamp="99999-03-02T10:00:00Z"), UNREADABLE_TIME),
    Kind("a time without end", lambda n: text(n, TIME, '"originalTimestamp": 1e999'), UNREADABLE_TIME),
    Kind(
        "a time of 400 digits",
        lambda n: text(n, TIME, f'"timestamp": {"1" * 400}'),
        "time not readable: timestamp",
    ),
    Kind("year 9999", lambda n: good(n, originalTimestamp=FAR), KEPT),
    Kind(
        "year 9999, and no arrival",
        lambda n: good(n, originalTimestamp=FAR, receivedAt=None),
        "time out of bounds",
    ),
    Kind("year 1", lambda n: good(n, originalTimestamp="0001-01-01T00:00:00Z"), "time out of bounds"),
    # Odd, and an event.
    Kind("a number beyond all", lambda n: properties(n, "1e999"), KEPT),
    Kind("a number of 400 digits", lambda n: properties(n, "7" * 400), KEPT),
    Kind("half a surrogate pair", lambda n: bytes_(n, b"\\ud800"), KEPT),
    Kind("a key with a NUL", lambda n: text(n, '"type"', '"a\\u0000b": 1, "type"'), KEPT),
    Kind("an empty key", lambda n: text(n, '"type"', '"": 1, "type"'), KEPT),
    Kind(
        "wrong types where none is needed",
        lambda n: good(n, context=7, properties=["a"], traits="t", integrations=None),
        KEPT,
    ),
    Kind("consent denied", lambda n: good(n, context={"consent": {"status": "denied"}}), REFUSED),
)


def verdict(kind: Kind, n: int) -> str:
    """What is to become of the line of this number."""
    return kind.verdict.replace("{n}", str(n))


def lines() -> list[tuple[Kind, int, bytes]]:
    """All malformed lines, the kinds in turn, with their numbers; no two are the same."""
    found: list[tuple[Kind, int, bytes]] = []
    counts: dict[str, int] = dict.fromkeys((kind.name for kind in KINDS), 0)
    while len(found) < LINES:
        for kind in KINDS:
            if counts[kind.name] < kind.most and len(found) < LINES:
                counts[kind.name] += 1
                number = len(found) + 1
                found.append((kind, number, kind.make(number)))
    return found


def ndjson(*records: bytes, end: bytes = b"\n") -> bytes:
    """The records as lines."""
    return b"".join(record + end for record in records)


def event(event_id: str) -> bytes:
    """The line of a good event."""
    return line(message(event_id))


def packed(*ids: str) -> bytes:
    """A gzip of good events of these ids."""
    return gzip.compress(ndjson(*map(event, ids)), mtime=0)


HALF = packed(*(f"half-{n}" for n in range(500)))

WHOLE: dict[str, tuple[bytes, set[str]]] = {
    "members.json.gz": (packed("member-1") + packed("member-2"), {"member-1", "member-2"}),
    "mark.json": (b"\xef\xbb\xbf" + ndjson(event("mark")), {"mark"}),
    "crlf.json": (ndjson(event("crlf-1"), event("crlf-2"), end=b"\r\n"), {"crlf-1", "crlf-2"}),
    "no end.json": (event("no end"), {"no end"}),
    "folder.json/within.json": (ndjson(event("within")), {"within"}),
    "dt=2026-03-02/part": (ndjson(event("part")), {"part"}),
}
"""Odd files by their paths, and the events in them."""

BY_NAME = (
    "a b.json",
    "50%20.json",
    "100%.json",
    'it\'s "quoted".json',
    "a,b.json",
    "[1] {a} *?.json",
    "back\\slash.json",
    "zwölf 東京 🎈.json",
    "two\nlines.json",
    "2026-03-02T10:00:00.json",
    "#a?b=c&d.json",
)
"""Names of files that are read as any other."""

BAD_LINES: dict[str, tuple[bytes, dict[bytes, str]]] = {
    # Lines end with a line feed: these two events are one line.
    "cr.json": (
        ndjson(event("cr-1"), event("cr-2"), end=b"\r"),
        {event("cr-1") + b"\r" + event("cr-2"): NO_OBJECT},
    ),
    "utf16.json": (
        ndjson(event("wide")).decode().encode("utf-16"),
        {event("wide").decode().encode("utf-16"): "not UTF-8", b"\0": NO_OBJECT},
    ),
}
"""Files without an event, and the reasons of their records in the order of their lines."""

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "half.json.gz": (HALF[: len(HALF) // 2], "Unexpected end of input stream"),
    "garbage behind.json.gz": (packed("garbage") + b"garbage", "Unexpected end of input stream"),
    "zeros behind.json.gz": (packed("zeros") + bytes(100), "not a gzip file"),
    "plain.json.gz": (ndjson(event("plain")), "not a gzip file"),
    "no table.parquet": (b"PAR1", "is not a Parquet file"),
}
"""Files that are left out whole, and a part of the reason that is told."""

EMPTY = ("empty.json", "empty.json.gz", "empty.parquet")
