"""Hold the books of all stages against each other. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from c2c_stream.engine.books import Books
from c2c_stream.topics import DEAD_LETTERS, REJECTIONS, SERVICES, SETTLEMENTS, output_of


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


def imbalances(accounts: Iterable[Account], fed: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each thing that is not accounted for; none if the books balance.

    `fed` counts, by topic, the records that no service put out: they came from outside.
    """
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
            yield from _handed_on(accounts, topic.name, books_of(accounts, service).out, fed)
    everything = sum((account.books for account in accounts), Books())
    yield from _handed_on(accounts, REJECTIONS.name, everything.rejections, fed)
    yield from _handed_on(accounts, DEAD_LETTERS.name, everything.dead, fed)
    yield from _handed_on(accounts, SETTLEMENTS.name, 0, fed)


def _handed_on(
    accounts: list[Account], topic: str, out: int, fed: Mapping[str, int]
) -> Iterator[str]:
    came = out + fed.get(topic, 0)
    parts = [a for a in accounts if a.topic == topic]
    most = sum(a.books.read + a.waiting for a in parts)
    least = sum(a.books.read + (a.waiting if a.exact else 0) for a in parts)
    if not least <= came <= most:
        taken = most if came > most else least
        yield f"{topic}: {came} records were put on it, read and waiting are {taken}"
