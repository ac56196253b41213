"""What the person at the terminal sees while the suite runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape


@dataclass
class Line:
    """The outcome of one stage, told when it ends."""

    text: str = "done"

    def done(self, text: str) -> None:
        """What to print beside the stage's name."""
        self.text = text


class Progress:
    """A spinner at a terminal, one line a stage anywhere else."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=False, highlight=False, soft_wrap=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[Line]:
        """Shows that `name` is under way, then its outcome and seconds."""
        line, started = Line(), time.perf_counter()
        if self.console.is_terminal:
            with self.console.status(f"[bold]{escape(name)}[/bold] ..."):
                yield line
        else:
            yield line
        seconds = time.perf_counter() - started
        self.console.print(
            f"[green]✓[/green] [bold]{escape(name):<17}[/bold] {seconds:6.1f} s  {escape(line.text)}"
        )

    def warn(self, text: str) -> None:
        """Something that holds nothing but ought to be seen."""
        self.console.print(f"[yellow]! {escape(text)}[/yellow]")

    def fail(self, text: str) -> None:
        """The one sentence that a run ends with."""
        self.console.print(f"[red]✗[/red] {escape(text)}")
