#!/usr/bin/env python3
"""Writes docs/signals.md from the registry of signals: `python scripts/signal_kinds.py`.

With `--check` nothing is written; the exit code is 1 when the page is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lib"))

from trailhouse.signals.kind import Happening, Kind, Preset  # noqa: E402
from trailhouse.signals.registry import KINDS  # noqa: E402

PAGE = ROOT / "docs" / "signals.md"
HEAD = """# Signals

Generated from `lib/trailhouse/signals` by `scripts/signal_kinds.py`; change the registry, not this page.

A signal is a sign of struggle, found in `activity` and `page_views` by a rule with thresholds, and never
taken from a tracker's own verdict: a changed rule finds the signals of all of history again. A row of
`signals` says kind, preset and version of the rule, person, session, view, page group, element, start,
end and size.

## Presets

`signals.KIND` names a preset, or several to be found side by side:

    spark-submit ... jobs/run_all.py --start activity --set 'signals.rage_click=[posthog, datadog]'

The first one counts in `sessions`, `person_days`, `pages`, the metrics and the report; the
others are rows of `signals` alone, marked `extra`. After a change of these settings

    python -m trailhouse rescore

finds the signals of all of history again and says, by kind and preset, how many came and went; the next
run of the suite carries it through the tables behind. To compare and keep both, `branch` the lake first.

## What counts as friction

A session struggled, and a page had friction in it, with a signal of the first preset of
{struggles}.
The others are told and counted on their own: {others};
a quick back or a form left may be a decision, and needs no struggle.

## What is not collected

The table `capabilities` says, by app, platform and UTC day, how many events carried each input. Where an
input did not come at all, what needs it is null in `sessions` ("not collected"), not 0. It goes by day,
for all views of an app: on a page where nothing ever moves no mark of a change would come either.

So a day on which an app that reports errors had none is null in `error_clicks`, too, though the app reports
errors on other days: nothing that was sent on that day tells a quiet day from a tracker that was off. Asked
of all days instead, one event of a new kind would restate all of history
([decision 016](decisions/016-sessions-by-touched-runs.md)). Whoever knows that an app reports errors may
read such a day as one without: `coalesce(error_clicks, 0)`. A sum over sessions passes over null; the
denominator of a share of sessions is those that could be judged, `count(error_clicks)`.

## How they are found

All kinds but excessive scrolling in one pass: activity is cut to the rows and columns that matter,
shuffled and sorted once by view, later events first, so that "the next answer" and "the next error" are
running values. What other views tell comes from `page_views` and joins that stream as rows. Excessive
scrolling is decided over `page_views`, by page group and week, and its week is judged again when one of
its days changes.
"""


def page(kinds: Iterable[Kind]) -> str:
    """The whole page as Markdown: how signals work, then a section a kind."""
    kinds = list(kinds)
    head = HEAD.format(
        struggles=_listed(kind for kind in kinds if kind.struggle),
        others=_listed(kind for kind in kinds if not kind.struggle),
    )
    return "\n".join([head, *("\n".join(_section(kind)) for kind in kinds)])


def _listed(kinds: Iterable[Kind]) -> str:
    names = [f"`{kind.name}`" for kind in kinds]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _section(kind: Kind) -> list[str]:
    needs = f"Needs {', '.join(f'`{name}`' for name in kind.needs)}." if kind.needs else "Needs nothing more."
    friction = "It counts as friction." if kind.struggle else "It is no friction by itself."
    return [
        f"## `{kind.name}`",
        "",
        kind.sentence,
        "",
        f"Counted in `sessions.{kind.counted_as}`. {needs} {friction} Version {kind.version} of the rule.",
        "",
        f"Left out: {kind.suppressed[0].lower()}{kind.suppressed[1:]}",
        "",
        "| Preset | Rule | Thresholds |",
        "|---|---|---|",
        *(_row(preset) for preset in kind.presets),
        "",
        *(line for preset in kind.presets for line in _example(preset)),
    ]


def _row(preset: Preset) -> str:
    thresholds = ", ".join(
        f"{name} {value}" for name, value in preset.thresholds.items() if value is not None
    )
    return f"| `{preset.name}` | {preset.sentence} | {thresholds or '-'} |"


def _example(preset: Preset) -> list[str]:
    events = "; ".join(map(_event, preset.example.events[:8]))
    more = f"; and {len(preset.example.events) - 8} more" if len(preset.example.events) > 8 else ""
    found = ", ".join(f"at {start} ms of size {size}" for start, size in preset.example.expected)
    return [
        f"Example of `{preset.name}`. {preset.example.sentence}",
        "",
        f"    {events}{more}",
        f"    found: {found}",
        "",
    ]


_USUAL = {"selector": "button", "tag": "button", "interactive": True, "navigation": None}


def _event(event: Happening) -> str:
    fields = {name: value for name, value in event.fields.items() if _USUAL.get(name, event) != value}
    told = ", ".join(f"{name} {value}" for name, value in fields.items())
    return f"{event.ms} {event.name}" + (f" ({told})" if told else "")


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    wanted, check = page(KINDS), parser.parse_args().check
    if check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
