"""Where a local run stands: the books of every service as of one moment."""

from dataclasses import dataclass

from c2c_stream.broker.run import RunLog
from c2c_stream.engine.balance import Account, books_of, imbalances, waiting_of
from c2c_stream.engine.books import Books, from_metadata
from c2c_stream.topics import SERVICES


@dataclass(frozen=True, slots=True)
class Progress:
    """The accounts of all services on all their topics."""

    accounts: tuple[Account, ...]

    def books(self, service: str) -> Books:
        """Return a service's books over all its topics."""
        return books_of(self.accounts, service)

    def waiting(self, service: str) -> int:
        """Return how many records wait for a service."""
        return waiting_of(self.accounts, service)

    def read(self, topic: str) -> int:
        """Return how many records of a topic its consumer has read."""
        return sum(account.books.read for account in self.accounts if account.topic == topic)

    def dead(self) -> int:
        """Return the dead letters of all services."""
        return sum(account.books.dead for account in self.accounts)

    def imbalances(self) -> list[str]:
        """Return what is not accounted for."""
        return list(imbalances(self.accounts))

    def finished(self, service: str, stopped: frozenset[str] = frozenset()) -> bool:
        """Say whether nothing waits for a service and nothing more can come.

        `stopped` are services that feed no more, whatever waits for them.
        """
        upto = SERVICES[: SERVICES.index(service) + 1]
        return all(name in stopped or self.waiting(name) == 0 for name in upto)


def progress_of(log: RunLog) -> Progress:
    """Return where the run stands now."""
    return Progress(
        tuple(
            Account(
                at.service,
                at.topic,
                from_metadata(at.position.metadata, at.topic),
                at.lag,
                exact=at.exact,
            )
            for at in log.positions()
        )
    )
