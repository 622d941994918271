"""Mutants of the core that break exactly-once, and the public oracle that catches each.

| mutant | what it does | how it is caught |
| --- | --- | --- |
| X1 | emits out of order, commits the watermark only | inputs that ended twice |
| X2 | commits work of a revoked partition under the generation of now | inputs that ended twice |
| Outside | commits its offsets outside of the transaction | inputs that ended twice |
| Kept | keeps the results of a revoked partition | inputs that ended twice |
| Another | after a commit whose answer was lost makes another one | inputs that ended twice |

The unchanged core passes the same oracle in test_core.py. `Outside` and `Kept` are caught on a real
Kafka, too: tests/kafka/test_mutants.py.
"""

from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.test_core import CoreMachine
from tests.engine.toy import Member


class X1(Member):
    """Emits finished results out of order and commits the watermark only."""

    def commit(self, *, lost: str = "") -> None:
        if lost or self.generation != self.broker.generation:
            super().commit(lost=lost)
            return
        for window in self.ledger._windows.values():
            for entry in window._entries.values():
                if entry.done:
                    self.broker.appended += [o for r in entry.results for o in r.outputs]
                    entry.results = [replace(result, outputs=()) for result in entry.results]
        super().commit()


class X2(Member):
    """Asks for the generation when it commits, and has not heard yet of what it lost."""

    def commit(self, *, lost: str = "") -> None:
        self.generation = self.broker.generation
        super().commit(lost=lost)


class Outside(Member):
    """Appends in a transaction and commits the offsets after it: a crash comes in between."""

    def commit(self, *, lost: str = "") -> None:
        commit = self.ledger.commit()
        if commit and lost == "request" and self.generation == self.broker.generation:
            self.broker.appended += commit.outputs
        super().commit(lost=lost)


class Kept(Member):
    """Keeps what it has of a revoked partition and commits it in the new generation."""

    def lose(self, partitions: set[tuple[str, int]]) -> None:
        self.flights.forget(partitions)
        for partition in partitions:
            del self.epochs[partition], self.next[partition]


class Another(Member):
    """After a commit whose answer was lost it makes another one."""

    def commit(self, *, lost: str = "") -> None:
        super().commit(lost=lost)
        self.ledger._pending = None


@pytest.mark.parametrize("mutant", [X1, X2, Outside, Kept, Another])
def test_a_mutant_of_the_core_is_caught(mutant: type[Member]) -> None:
    class Mutated(CoreMachine):
        make = mutant

    fair = settings(
        max_examples=2000,
        stateful_step_count=60,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    with pytest.raises(AssertionError, match=r"ended \d times"):
        run_state_machine_as_test(Mutated, settings=fair)
