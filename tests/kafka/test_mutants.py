"""Mutants on a real Kafka: what they double is found in what came out, and in nothing else.

| mutant | what it does |
| --- | --- |
| offsets outside | commits the outputs in a transaction, and the offsets after it |
| results kept | keeps what it has of a revoked partition, and believes that it owns it |

Each is seen by the oracle that passes without it. The mutants of the core: tests/engine.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from c2c_stream.broker.kafka_reading import Reading
from c2c_stream.broker.kafka_transactions import Addressed, Transactions
from c2c_stream.errors import Unavailable
from tests.engine.service import eventually, serving
from tests.kafka.runs import Outside, fresh_run
from tests.kafka.test_service import COUNT, came_out, files, keep_results, once, pure, taken_over


@pytest.fixture
def run(kafka: str) -> Outside:
    return Outside(fresh_run(kafka, partitions=2))


def doubled(run: Outside) -> Counter[str]:
    """Return what came out more than once; everything must have come out."""
    found = came_out(run)
    assert once(COUNT) - found == Counter()
    return found - once(COUNT)


def disturbed(monkeypatch: pytest.MonkeyPatch, run: Outside, *, outside: bool) -> None:
    """Let a service pass records through whose first commit is broken off."""
    commit: Callable[..., None] = Transactions.commit
    broken: list[bool] = []

    def disturbing(
        self: Transactions, records: Sequence[Addressed], offsets: Sequence[Any], group: Any
    ) -> None:
        if outside:
            commit(self, records, [], None)
        if not broken:
            broken.append(True)
            raise Unavailable("broken off")
        commit(self, [] if outside else records, offsets, group)

    monkeypatch.setattr(Transactions, "commit", disturbing)
    run.feed(*files(COUNT))
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("collector", "files"))


def test_a_commit_that_is_broken_off_doubles_nothing(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    disturbed(monkeypatch, run, outside=False)
    assert not doubled(run)


def test_offsets_that_are_committed_outside_of_the_transaction_are_caught(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    disturbed(monkeypatch, run, outside=True)
    assert doubled(run)


def test_results_of_a_revoked_partition_are_not_committed(run: Outside) -> None:
    taken_over(run)
    assert not doubled(run)


def test_results_of_a_revoked_partition_that_are_kept_are_caught(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_results(monkeypatch)
    monkeypatch.setattr(Reading, "forget", Reading.drop)
    taken_over(run)
    assert doubled(run)
