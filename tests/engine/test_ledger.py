from typing import Any

import pytest

from c2c_stream.broker.protocol import Position
from c2c_stream.engine.books import Books, from_metadata, to_metadata
from c2c_stream.engine.ledger import Ledger
from c2c_stream.errors import Fatal
from c2c_stream.settings import EngineSettings
from tests.engine.make import delivered, place, settled

SETTINGS = EngineSettings(flush_records=2, flush_bytes=1024)
FILES, OTHER = ("files", 0), ("files", 1)


def test_a_commit_moves_each_partition_with_its_own_books() -> None:
    ledger = Ledger({FILES: Position(3, to_metadata(Books(read=3))), OTHER: Position(0)}, SETTINGS)
    ledger.deliver(delivered(3))
    ledger.deliver(delivered(9, partition=1))
    ledger.add(place(9, 1), settled("b"), 1.0, done=True)
    commit = ledger.commit()
    assert commit
    assert commit.positions == {
        OTHER: Position(10, to_metadata(Books(read=1, processed=1, found=1, out=1)))
    }
    ledger.committed(commit, 1.0)
    ledger.add(place(3), settled("a"), 1.0, done=True)
    commit = ledger.commit()
    assert commit
    assert commit.positions[FILES] == Position(
        4, to_metadata(Books(read=4, processed=1, found=1, out=1))
    )
    assert [output.value for output in commit.outputs] == [b"a"]


def test_a_commit_that_failed_is_the_same_again_whatever_came_since() -> None:
    ledger = Ledger({FILES: Position(0)}, SETTINGS)
    for offset in (0, 1):
        ledger.deliver(delivered(offset))
    ledger.add(place(0), settled("a"), 0.0, done=True)
    first = ledger.commit()
    ledger.add(place(1), settled("b"), 0.0, done=True)
    second = ledger.commit()
    assert first is second
    assert first
    assert [output.value for output in first.outputs] == [b"a"]
    ledger.committed(first, 0.0)
    third = ledger.commit()
    assert third
    assert [output.value for output in third.outputs] == [b"b"]


def test_what_was_taken_away_is_in_no_commit_and_may_come_back() -> None:
    ledger = Ledger({FILES: Position(0), OTHER: Position(0)}, SETTINGS)
    ledger.deliver(delivered(0))
    ledger.deliver(delivered(0, partition=1))
    ledger.add(place(0), settled("a"), 0.0, done=True)
    ledger.add(place(0, 1), settled("b"), 0.0, done=True)
    assert ledger.commit()
    dropped = ledger.forget({FILES})
    assert [result.outputs[0].value for result in dropped] == [b"a"]
    commit = ledger.commit()
    assert commit
    assert commit.positions.keys() == {OTHER}
    assert ledger.forget({OTHER})
    assert ledger.commit() is None
    assert (ledger.records, ledger.size, ledger.finished_size) == (0, 0, 0)
    ledger.open({FILES: Position(7, to_metadata(Books(read=7, processed=7)))})
    ledger.deliver(delivered(7))
    ledger.add(place(7), settled("c"), 0.0, done=True)
    commit = ledger.commit()
    assert commit
    assert from_metadata(commit.positions[FILES].metadata, "").read == 8


def test_the_committed_cursor_belongs_to_the_first_record_only() -> None:
    ledger = Ledger({FILES: Position(4, to_metadata(Books(cursor="c")))}, SETTINGS)
    assert ledger.deliver(delivered(6)) == "c"
    assert ledger.deliver(delivered(7)) is None
    ledger.add(place(6), settled("a"), 0.0, done=True)
    ledger.add(place(7), settled("b"), 0.0, done=True)
    commit = ledger.commit()
    assert commit
    ledger.committed(commit, 0.0)
    assert ledger.deliver(delivered(8)) is None


def test_a_chunk_commits_its_cursor_and_stays_at_the_record() -> None:
    ledger = Ledger({FILES: Position(0)}, SETTINGS)
    ledger.deliver(delivered(0))
    ledger.add(place(0), settled("a", cursor="one"), 0.0, done=False)
    ledger.add(place(0), settled("b", cursor="two"), 0.0, done=False)
    commit = ledger.commit()
    assert commit
    books = Books(found=2, out=2, cursor="two")
    assert commit.positions == {FILES: Position(0, to_metadata(books))}
    ledger.committed(commit, 0.0)
    assert ledger.records == 1
    assert ledger.commit() is None


def ledger_of(*offsets: int, partitions: int = 1, **limits: Any) -> Ledger:
    """Return a ledger with the same offsets delivered of each partition."""
    settings = EngineSettings(flush_age_s=1.0, **({"flush_records": 3} | limits))
    made = Ledger({("files", n): Position(0) for n in range(partitions)}, settings)
    for n in range(partitions):
        for offset in offsets:
            made.deliver(delivered(offset, partition=n))
    return made


def test_a_finished_prefix_is_due_once_it_is_old_enough() -> None:
    ledger = ledger_of(7)
    ledger.add(place(7), settled("a"), 100.0, done=True)
    assert not ledger.due(100.9)
    assert ledger.due(101.0)


def test_finished_prefixes_are_due_once_they_are_large_enough_together() -> None:
    ledger = ledger_of(1, partitions=2, flush_bytes=1024)
    ledger.add(place(1), settled("a", size=1023), 0.0, done=True)
    assert not ledger.due(0.0)
    ledger.add(place(1, 1), settled("b"), 0.0, done=True)
    assert ledger.due(0.0)


def test_finished_prefixes_are_due_once_they_have_enough_records_together() -> None:
    ledger = ledger_of(1, partitions=3)
    for partition in range(2):
        ledger.add(place(1, partition), settled("a"), 0.0, done=True)
        assert not ledger.due(0.0)
    ledger.add(place(1, 2), settled("a"), 0.0, done=True)
    assert ledger.due(0.0)


def test_nothing_is_due_behind_a_record_that_is_not_finished() -> None:
    ledger = ledger_of(1, 2, 3, 4, 5)
    for offset in (2, 3, 4, 5):
        ledger.add(place(offset), settled("a", size=10**7), 0.0, done=True)
    assert not ledger.due(1000.0)
    assert ledger.commit() is None


def test_the_bounds_of_a_commit_hold_for_all_partitions_together_and_each_has_its_turn() -> None:
    ledger = ledger_of(1, 2, partitions=3, flush_bytes=1024)
    for partition in range(3):
        for offset in (1, 2):
            ledger.add(place(offset, partition), settled("a", size=500), partition, done=True)
    taken = []
    while commit := ledger.commit():
        assert sum(result.size for result in commit.settled) <= 1024
        taken.append({p: prefix.next_offset for (_, p), prefix in commit.prefixes.items()})
        ledger.committed(commit, 10.0)
    assert taken == [{0: 3}, {1: 3}, {2: 3}]
    assert (ledger.records, ledger.size, ledger.finished_size) == (0, 0, 0)


def test_a_later_put_of_a_key_wins() -> None:
    ledger = Ledger({FILES: Position(0)}, SETTINGS)
    for offset, value in ((0, b"old"), (1, b"new")):
        ledger.deliver(delivered(offset))
        result = settled("a")
        object.__setattr__(result, "puts", {"k": value})
        ledger.add(place(offset), result, 0.0, done=True)
    commit = ledger.commit()
    assert commit
    assert commit.puts == {FILES: {"k": b"new"}}


def test_it_knows_what_it_holds_and_the_oldest_of_it() -> None:
    ledger = Ledger({FILES: Position(0), OTHER: Position(0)}, SETTINGS)
    assert ledger.oldest_produced_at is None
    assert not ledger.has_prefix
    records = [delivered(8), delivered(2, partition=1)]
    for record in records:
        ledger.deliver(record)
    assert ledger.records == 2
    assert ledger.size == sum(len(record.value) for record in records)
    assert ledger.oldest_produced_at == 1002.0
    ledger.add(place(2, 1), settled("a", size=1024), 5.0, done=True)
    assert (ledger.has_prefix, ledger.finished_size) == (True, 1024)
    assert ledger.due(5.0)


def test_foreign_metadata_stops_the_service() -> None:
    with pytest.raises(Fatal, match=r"files\[0\]@4"):
        Ledger({FILES: Position(4, "who knows")}, SETTINGS)
