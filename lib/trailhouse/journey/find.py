"""Sessions worth watching: those that fit a filter, as a frame, and as rows to show.

1. What is asked of a session itself is a condition on `sessions`; what is asked of its signals, pages, events
   and answers is a semi-join with these. All must hold.
2. A session in which a funnel was left before step k: the person's attempt that counts (questions/matcher.py;
   so persons are those of the table `funnels`) does fewer than k steps, and the session is over and lies in
   it, from the one of step 1 to the one of the last step done. A signal asked for besides is at step 1's
   time or later.
3. Bots and own staff are left out unless asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from trailhouse.columns import micros
from trailhouse.errors import SettingsError
from trailhouse.questions.asked import Asked
from trailhouse.questions.matcher import attempts
from trailhouse.settings import Funnel, Settings
from trailhouse.tables.signals import KINDS

Read = Callable[[str], DataFrame]
"""A table by its name."""
Sort = Literal["signals", "newest", "longest"]
ANSWERS = ("survey_response", "feedback")


@dataclass(frozen=True)
class Wanted:
    """A filter; what is not given asks nothing. Pages are groups, or paths as they are.

    `signals` are kinds, each of which the session has, `on` the page of these. `before_step` is
    `FUNNEL:K`. Days are of the session's start in the project's zone, both included.
    """

    signals: tuple[str, ...] = ()
    on: str | None = None
    page: str | None = None
    event: str | None = None
    before_step: str | None = None
    converted: bool | None = None
    feedback_below: int | None = None
    device: str | None = None
    channel: str | None = None
    country: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    min_duration: timedelta | None = None
    bots: bool = False

    def words(self) -> str:
        """The filter as a sentence's end."""
        signals = " and ".join(kind.replace("_", " ") for kind in self.signals)
        parts = [
            signals and f"with {signals}" + (f" on {self.on}" if self.on else ""),
            self.page and f"that saw {self.page}",
            self.event and f"with an event {self.event}",
            self.before_step and "that left funnel {} before step {}".format(*_parts(self.before_step)),
            {True: "that converted", False: "that did not convert", None: ""}[self.converted],
            self.feedback_below is not None and f"with a score below {self.feedback_below}",
            self.device and f"on {self.device}",
            self.channel and f"of channel {self.channel}",
            self.country and f"from {self.country}",
            self.first_day and f"from {self.first_day}",
            self.last_day and f"up to {self.last_day}",
            self.min_duration and f"of {self.min_duration} or longer",
        ]
        told = ", ".join(part for part in parts if part) or "of all kinds"
        return told + (" (bots and own staff, too)" if self.bots else "")


def checked(wanted: Wanted) -> Wanted:
    """The filter itself. SettingsError, one sentence, for a signal that is none, and parts at odds."""
    for kind in wanted.signals:
        if kind not in KINDS:
            raise SettingsError(f"there is no signal {kind!r}: {_nearest(kind, KINDS)}")
    if wanted.on is not None and not wanted.signals:
        raise SettingsError("--on says on which page a signal is: give --signal, too (or --page)")
    if wanted.first_day and wanted.last_day and wanted.first_day > wanted.last_day:
        raise SettingsError(f"--from {wanted.first_day} comes after --to {wanted.last_day}: swap them")
    return wanted


def funnel_of(text: str, settings: Settings) -> tuple[Funnel, int]:
    """The funnel and the step that `FUNNEL:K` names; SettingsError when the settings have it not."""
    name, step = _parts(text)
    funnels = {funnel.name: funnel for funnel in settings.questions.funnels}
    if name not in funnels:
        raise SettingsError(f"there is no funnel {name!r} in the settings: {_nearest(name, funnels)}")
    count = len(funnels[name].steps)
    if not (step.isdecimal() and 2 <= int(step) <= count):
        raise SettingsError(f"{text!r} names no step of funnel {name}: write {name}:K, K being 2 to {count}")
    read = funnels[name].model_copy(update={"breakdowns": ()}).fields
    of_accounts = sorted(one for one in read if one.startswith(("profile.", "trait.")))
    if funnels[name].unit == "account" and of_accounts:
        raise SettingsError(
            f"funnel {name} asks for {', '.join(of_accounts)} of accounts: the visits of single persons "
            "cannot be told by it"
        )
    return funnels[name], int(step)


def _parts(text: str) -> tuple[str, str]:
    name, _, step = text.rpartition(":")
    return (name, step.strip()) if name else (text, "")


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names) or 'none'}"


def sessions(read: Read, settings: Settings, wanted: Wanted) -> DataFrame:
    """The rows of `sessions` that fit."""
    # 1.
    fits = read("sessions").where(_of_session(wanted))
    left = None
    if wanted.before_step is not None:
        # 2.
        left = _left(read, settings, wanted.before_step)
        started, ended = F.unix_micros("start_time"), F.unix_micros("end_time")
        inside = (started <= F.col("last_us")) & (ended >= F.col("began_us"))
        begins = F.col("session_id") == F.col("began_in")
        fits = fits.join(left, on="person_id", how="inner").where(F.col("closed") & (inside | begins))
        fits = fits.drop("began_in", "last_us", "began_us")
    for kind in wanted.signals:
        fits = fits.join(
            _with_signal(read("signals"), kind, wanted.on, left), on="session_id", how="left_semi"
        )
    if wanted.page is not None:
        fits = fits.join(read("page_views").where(_on(wanted.page)), on="session_id", how="left_semi")
    if wanted.event is not None:
        events = read("activity").where(F.col("event_name") == F.lit(wanted.event))
        fits = fits.join(events, on="session_id", how="left_semi")
    if wanted.feedback_below is not None:
        low = F.col("survey.score") < F.lit(wanted.feedback_below)
        answers = read("activity").where(F.col("event_name").isin(*ANSWERS) & low)
        fits = fits.join(answers, on="session_id", how="left_semi")
    return fits


def _of_session(wanted: Wanted) -> Column:
    asked = F.lit(True)
    # 3.
    if not wanted.bots:
        asked = asked & ~F.col("is_bot") & ~F.col("internal")
    if wanted.converted is not None:
        asked = asked & (F.col("converted") == F.lit(wanted.converted))
    texts = {"device.type": wanted.device, "channel": wanted.channel, "geo.country": wanted.country}
    for name, value in texts.items():
        if value is not None:
            asked = asked & (F.lower(name) == F.lit(value.strip().lower()))
    if wanted.first_day is not None:
        asked = asked & (F.col("session_date") >= F.lit(wanted.first_day))
    if wanted.last_day is not None:
        asked = asked & (F.col("session_date") <= F.lit(wanted.last_day))
    if wanted.min_duration is not None:
        asked = asked & (F.col("duration_us") >= F.lit(micros(wanted.min_duration)))
    return asked


def _on(page: str) -> Column:
    return (F.col("page_group") == F.lit(page)) | (F.col("page_path") == F.lit(page))


def _left(read: Read, settings: Settings, before_step: str) -> DataFrame:
    """Persons who left the funnel before that step: person_id, began_in, began_us, last_us."""
    funnel, step = funnel_of(before_step, settings)
    asked = Asked(_Tables(read), settings.project, settings.profiles)
    began = {"began_in": (F.col("session_id"), 1)}
    # Whatever the funnel counts, what is found is the visits of persons: the attempt of each that counts.
    persons = funnel.model_copy(update={"unit": "person", "count": "units", "breakdowns": ()})
    last = F.element_at("done", -1)
    return (
        attempts(persons, asked, began)
        .where(last["step"] < step)
        .select(
            F.col("unit").alias("person_id"),
            "began_in",
            F.get("done", F.lit(0))["t"].alias("began_us"),
            last["t"].alias("last_us"),
        )
    )


class _Tables(Mapping[str, DataFrame]):
    """Tables, each read when it is asked for."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def __getitem__(self, name: str) -> DataFrame:
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _with_signal(signals: DataFrame, kind: str, on: str | None, left: DataFrame | None) -> DataFrame:
    found = signals.where(F.col("kind") == F.lit(kind))
    if on is not None:
        found = found.where(_on(on))
    if left is not None:
        since = F.unix_micros("start_time") >= F.col("began_us")
        found = found.join(left.select("person_id", "began_us"), on="person_id", how="inner").where(since)
    return found.select("session_id")


def ordered(read: Read, fits: DataFrame, sort: Sort, most: int) -> DataFrame:
    """The first of the sessions, with `signals`: how many of each kind, presets that agree counted once."""
    by_kind = (
        read("signals")
        .groupBy("session_id", "kind")
        .agg(F.count_distinct(F.coalesce("first_event_id", "view_id")).alias("number"))
    )
    counted = by_kind.groupBy("session_id").agg(
        F.sum("number").alias("signals_in_all"),
        F.array_sort(F.collect_list(F.struct("kind", "number"))).alias("signals"),
    )
    orders = {"signals": "signals_in_all", "newest": "start_us", "longest": "duration_us"}
    rows = fits.join(counted, on="session_id", how="left").select(
        "session_id",
        "person_id",
        F.unix_micros("start_time").alias("start_us"),
        "duration_us",
        "views",
        F.coalesce("signals_in_all", F.lit(0)).alias("signals_in_all"),
        "signals",
        "converted",
        "conversion_names",
        "value",
        "is_bounce",
        "channel",
        F.col("device.type").alias("device"),
        F.col("geo.country").alias("country"),
        "entry_page",
        "exit_page",
    )
    return rows.orderBy(F.desc(orders[sort]), F.desc("start_us"), "session_id").limit(most)


def found(
    read: Read, settings: Settings, wanted: Wanted, sort: Sort, most: int
) -> tuple[list[Mapping[str, Any]], int]:
    """The first sessions that fit, and how many do. SettingsError: see `funnel_of`."""
    fits = sessions(read, settings, wanted)
    with ThreadPoolExecutor(max_workers=2) as pool:
        total = pool.submit(fits.count)
        rows = pool.submit(ordered(read, fits, sort, most).collect)
    return [row.asDict(recursive=True) for row in rows.result()], total.result()
