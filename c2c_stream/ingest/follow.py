"""What has moved, and when to ask again. Pure: callers pass now and jitter.

A move is told as a record of its own, which stands for the files that differ between two commits:
the one that the record before it told of, and the one that the branch is at now. So every file of
every commit that was told of is some record's to bring, whatever becomes of the others: a record
that fails is a dead letter, and replaying it brings exactly what it had to. Nobody need know which
commit was "fully ingested", and no order among records is relied upon.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from c2c_stream.records import Repository

# A repository that does not answer is asked less and less often, down to this: also one that is
# asked so seldom because a webhook wakes it, since the answer may be to a push.
LONGEST_WAIT_S: Final = 900.0
# Of a wait: repositories that were started together do not stay together.
JITTER: Final = 0.1


def moves_of(url: str, known: Mapping[str, str], heads: Mapping[str, str]) -> list[Repository]:
    """Return a record for each branch that is not where it was `known` to be, in its order.

    A branch that is new is compared with another one of the repository, if any is known: most of
    its files have travelled with that.
    """
    told = dict(known)
    moves = []
    for branch, commit in heads.items():
        base = told.get(branch) or next(iter(told.values()), "")
        if told.get(branch) != commit:
            moves.append(Repository(url, revision=commit, branch=branch, base=base))
            told[branch] = commit
    return moves


def to_read(moves: Iterable[Repository]) -> list[Repository]:
    """Return the moves that bring files: not a new branch at a commit that has travelled."""
    return [move for move in moves if move.base != move.revision]


@dataclass(slots=True)
class Turn:
    """When a repository is asked next."""

    interval_s: float
    due_at: float
    failures: int = 0
    # When the first question was put that has had no answer since.
    silent_since: float | None = None

    def asked(self, now: float) -> None:
        """Take note of a question; it is due until it has an answer that was put."""
        self.due_at = min(self.due_at, now)
        if self.silent_since is None:
            self.silent_since = now

    def answered(self, now: float, jitter: float) -> None:
        """Take note of an answer. `jitter` is in [0, 1)."""
        self.failures = 0
        self.silent_since = None
        self._wait(self.interval_s, now, jitter)

    def failed(self, now: float, jitter: float) -> None:
        """Take note that there was none: each wait is twice the one before it."""
        self.failures += 1
        wait_s = self.interval_s * 2.0 ** min(self.failures, 32)
        self._wait(min(wait_s, LONGEST_WAIT_S), now, jitter)

    def _wait(self, wait_s: float, now: float, jitter: float) -> None:
        self.due_at = now + wait_s * (1 + JITTER * (2 * jitter - 1))
