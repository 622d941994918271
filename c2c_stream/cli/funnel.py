"""The live funnel of a run: a table in a terminal, one line every 10 s without one."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from c2c_stream.cli.progress import Progress
from c2c_stream.engine.books import Books
from c2c_stream.topics import SERVICES

LINE_EVERY_S = 10.0
# Rates are over this many looks, so that they are readable and still follow.
LOOKS = 20
UNITS = {
    "ingester": "files",
    "collector": "functions",
    "curator": "candidates",
    "writer": "inputs",
    "executor": "cases",
    "formatter": "samples",
    "sink": "rows",
}


@dataclass(slots=True)
class Funnel:
    """Shows where a run stands. `look` is called about twice a second."""

    console: Console
    idle: str = "finishing"
    _looks: deque[tuple[float, Progress]] = field(default_factory=lambda: deque(maxlen=LOOKS))
    _line_at: float = 0.0
    _waiting: list[str] = field(default_factory=list)
    _live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def look(self, now: float, progress: Progress, waiting: Sequence[str] = ()) -> None:
        """Show the run as it stands at `now` (monotonic seconds), and what services wait for."""
        self._looks.append((now, progress))
        news = [line for line in waiting if line not in self._waiting]
        self._waiting = list(waiting)
        if self._live:
            self._live.update(self.view())
            return
        for line in news:
            self._print(line)
        if now - self._line_at >= LINE_EVERY_S:
            self._line_at = now
            self._print(f"{self._left()}: {line_of(progress)}")

    def view(self) -> Group:
        """Return what the last look shows: the table, and what services wait for."""
        return Group(self.table(), *(Text(line) for line in self._waiting))

    def table(self) -> Table:
        """Return the funnel as a table, one row a stage."""
        progress = self._looks[-1][1]
        table = Table(title=self._left(), title_justify="left", box=None, pad_edge=False)
        table.add_column("stage")
        for name in ("in", "out", "rejected", "dead", "per second", "waiting"):
            table.add_column(name, justify="right")
        for service in SERVICES:
            books = progress.books(service)
            out = progress.read("samples") if service == "sink" else books.out
            table.add_row(
                service,
                f"{books.read:,}",
                f"{out:,} {UNITS[service]}",
                f"{books.rejected:,}",
                f"{books.dead:,}",
                f"{self._rate(service):,.0f}",
                f"{progress.waiting(service):,}",
            )
        return table

    def _print(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _rate(self, service: str) -> float:
        """Return records a second over the last looks."""
        (began, first), (now, last) = self._looks[0], self._looks[-1]
        return (last.books(service).read - first.books(service).read) / max(now - began, 0.5)

    def _left(self) -> str:
        """Return an estimate of the time left; none while the sources are still being read."""
        progress = self._looks[-1][1]
        if not progress.finished("ingester"):
            return "reading the sources"
        # The sink waits for others: it stores a shard when it is full, or when nothing comes.
        behind = {s: n for s in SERVICES[:-1] if (n := progress.waiting(s))}
        if not behind:
            return self.idle
        waits = [n / rate for s, n in behind.items() if (rate := self._rate(s)) > 0]
        return f"about {max(waits):.0f} s left" if waits else f"{sum(behind.values()):,} wait"


def line_of(progress: Progress) -> str:
    """Return the funnel in one line."""
    counts = [f"{progress.books(s).out:,} {UNITS[s]}" for s in SERVICES[:-1]]
    return " > ".join(counts) + f" > {progress.read('samples'):,} rows"


def totals(progress: Progress) -> dict[str, dict[str, int]]:
    """Return the books of every service as plain numbers."""
    return {service: _plain(progress, service) for service in SERVICES}


def _plain(progress: Progress, service: str) -> dict[str, int]:
    b: Books = progress.books(service)
    return {
        "read": b.read,
        "processed": b.processed,
        "dead": b.dead,
        "found": b.found,
        "out": b.out,
        "rejected": b.rejected,
        "waiting": progress.waiting(service),
        "replayed": progress.fed(service),
    }
