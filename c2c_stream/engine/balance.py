"""Hold the books of all stages against each other. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from c2c_stream.engine.books import Books
from c2c_stream.topics import DEAD_LETTERS, REJECTIONS, SERVICES, output_of


@dataclass(frozen=True, slots=True)
class Account:
    """One service's books on one partition; `waiting` records are written and not yet read.

    Unless `exact`, that is the most that may wait: some of it may be no record.
    """

    service: str
    topic: str
    books: Books
    waiting: int
    exact: bool = True


def books_of(accounts: Iterable[Account], service: str) -> Books:
    """Return a service's books over all its topics."""
    return sum((a.books for a in accounts if a.service == service), Books())


def waiting_of(accounts: Iterable[Account], service: str) -> int:
    """Return how many records wait for a service."""
    return sum(a.waiting for a in accounts if a.service == service)


def imbalances(accounts: Iterable[Account]) -> Iterator[str]:
    """Yield a sentence for each thing that is not accounted for; none if the books balance."""
    accounts = list(accounts)
    for account in accounts:
        b = account.books
        if b.read != b.processed + b.dead:
            yield f"{account.service}: read {b.read} records, accounted for {b.processed + b.dead}"
        if b.found != b.out + b.rejected:
            yield f"{account.service}: found {b.found} items, accounted for {b.out + b.rejected}"
    for service in SERVICES:
        topic = output_of(service)
        if topic:
            yield from _handed_on(accounts, topic.name, books_of(accounts, service).out, service)
    everything = sum((account.books for account in accounts), Books())
    yield from _handed_on(accounts, REJECTIONS.name, everything.rejections, "all stages")
    yield from _handed_on(accounts, DEAD_LETTERS.name, everything.dead, "all stages")


def _handed_on(accounts: list[Account], topic: str, out: int, who: str) -> Iterator[str]:
    parts = [a for a in accounts if a.topic == topic]
    most = sum(a.books.read + a.waiting for a in parts)
    least = sum(a.books.read + (a.waiting if a.exact else 0) for a in parts)
    if not least <= out <= most:
        taken = most if out > most else least
        yield f"{topic}: {who} put {out} records out, read and waiting are {taken}"
