"""What the person at the terminal sees while the suite runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.status import Status


def how_many(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2,000 files`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


@dataclass
class Line:
    """The outcome of one stage, told when it ends."""

    text: str = "done"

    def done(self, text: str) -> None:
        """What to print beside the stage's name."""
        self.text = text


class Progress:
    """A spinner at a terminal that names the stages under way, one line an ended stage anywhere."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=False, highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._under_way: list[str] = []
        self._spinner: Status | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[Line]:
        """Shows that `name` is under way, then its outcome and seconds; stages may overlap."""
        line, started = Line(), time.perf_counter()
        self._show(lambda names: names.append(name))
        try:
            yield line
        finally:
            self._show(lambda names: names.remove(name))
        seconds = time.perf_counter() - started
        self.console.print(
            f"[green]✓[/green] [bold]{escape(name):<17}[/bold] {seconds:6.1f} s  {escape(line.text)}"
        )

    def _show(self, change: Callable[[list[str]], None]) -> None:
        with self._lock:
            change(self._under_way)
            if not self.console.is_terminal:
                return
            text = f"[bold]{escape(', '.join(self._under_way))}[/bold] ..."
            if not self._under_way:
                if self._spinner:
                    self._spinner.stop()
                self._spinner = None
            elif self._spinner:
                self._spinner.update(text)
            else:
                self._spinner = self.console.status(text)
                self._spinner.start()

    def note(self, text: str) -> None:
        """Something decided on the way."""
        self.console.print(f"  {escape(text)}")

    def warn(self, text: str) -> None:
        """Something that holds nothing but ought to be seen."""
        self.console.print(f"[yellow]! {escape(text)}[/yellow]")

    def fail(self, text: str) -> None:
        """The one sentence that a run ends with."""
        self.console.print(f"[red]✗[/red] {escape(text)}")
