"""Where a local run stands: the books of every service as of one moment."""

from dataclasses import dataclass, field

from c2c_stream.broker.run import RunLog
from c2c_stream.engine import marks
from c2c_stream.engine.balance import Account, books_of, imbalances, waiting_of
from c2c_stream.engine.books import Books, from_metadata
from c2c_stream.engine.marks import Mark
from c2c_stream.topics import SERVICES, consumed_by


@dataclass(frozen=True, slots=True)
class Progress:
    """The accounts of all services on all their topics, and what came from outside."""

    accounts: tuple[Account, ...]
    outside: Mark = field(default_factory=Mark)

    def books(self, service: str) -> Books:
        """Return a service's books over all its topics."""
        return books_of(self.accounts, service)

    def waiting(self, service: str) -> int:
        """Return how many records wait for a service."""
        return waiting_of(self.accounts, service)

    def read(self, topic: str) -> int:
        """Return how many records of a topic its consumer has read."""
        return sum(account.books.read for account in self.accounts if account.topic == topic)

    def fed(self, service: str) -> int:
        """Return how many records came to a service from outside: replayed ones."""
        return sum(self.outside.put.get(topic.name, 0) for topic in consumed_by(service))

    def dead(self) -> int:
        """Return the dead letters of all services."""
        return sum(account.books.dead for account in self.accounts)

    def open_letters(self) -> int:
        """Return the dead letters about which nothing was done yet."""
        return self.dead() - self.outside.settled

    def imbalances(self) -> list[str]:
        """Return what is not accounted for."""
        return list(imbalances(self.accounts, self.outside.put))

    def finished(self, service: str, stopped: frozenset[str] = frozenset()) -> bool:
        """Say whether nothing waits for a service and nothing more can come.

        `stopped` are services that feed no more, whatever waits for them.
        """
        upto = SERVICES[: SERVICES.index(service) + 1]
        return all(name in stopped or self.waiting(name) == 0 for name in upto)


def progress_of(log: RunLog) -> Progress:
    """Return where the run stands now."""
    standing = log.standing()
    accounts = tuple(
        Account(
            at.service,
            at.topic,
            from_metadata(at.position.metadata, at.topic),
            at.lag,
            exact=at.exact,
        )
        for at in standing.positions
    )
    told = [
        marks.from_text(text, f"{name} at {at[0]}[{at[1]}]")
        for name, found in standing.marks.items()
        for at, text in found.items()
    ]
    return Progress(accounts, marks.total(told))


def letters_line(progress: Progress) -> str:
    """Return the number of dead letters, and of those that are still open."""
    dead, left = progress.dead(), progress.open_letters()
    return f"{dead:,}" if dead == left else f"{dead:,}, {left:,} of them open"
