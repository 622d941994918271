"""A runner on a real Kafka, on a thread of the test."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest
from prometheus_client import REGISTRY

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.protocol import Broker, Position, Produced
from c2c_stream.engine.flights import Flights
from c2c_stream.engine.ledger import Ledger
from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import KeyedWorker, PureWorker, Worker
from c2c_stream.errors import Fatal, Poison
from c2c_stream.records import DeadLetter, File, Function
from c2c_stream.topics import key_of
from tests.engine.service import PATIENCE_S, eventually, serving
from tests.engine.stages import Keyed, Pure, passed
from tests.kafka.runs import Outside, fresh_run

COUNT = 60


class Seat:
    """One instance's way into a run."""

    def __init__(self, run: Outside, instance: str) -> None:
        self._run = run
        self._instance = instance

    def seat(self, service: str) -> Broker:
        return self._run.seat(service, self._instance)


def pure(judge: Callable[[File], Outcome | Exception] = passed) -> Callable[[Broker], Worker]:
    return lambda _: PureWorker(Pure(judge))


def files(count: int) -> list[File]:
    return [File(file_id=str(n)) for n in range(count)]


def came_out(run: Outside, topic: str = "functions") -> Counter[str]:
    return Counter(key_of(record) for record in run.records(topic))


def once(count: int) -> Counter[str]:
    return Counter(str(n) for n in range(count))


@pytest.fixture
def run(kafka: str) -> Outside:
    return Outside(fresh_run(kafka, partitions=2))


def test_a_poisonous_record_and_garbage_are_dead_letters_and_stop_nobody(run: Outside) -> None:
    def judge(record: File) -> Outcome | Exception:
        return Poison("bad") if record.file_id == "4" else passed(record)

    run.feed(*files(10))
    run.append(Produced("files", b"k", b"garbage"))
    with serving(run, "collector", pure(judge)):
        eventually(lambda: run.has_read("collector", "files"))
    letters = [r for r in run.records("dead-letters") if isinstance(r, DeadLetter)]
    assert {(letter.error, letter.key) for letter in letters} == {
        ("Poison", b"4"),
        ("DecodeError", b"k"),
    }
    assert came_out(run) == once(10) - Counter(["4"])
    assert run.books("collector", "files").balanced()


def test_an_idle_groups_lag_is_exactly_zero(run: Outside) -> None:
    with serving(run, "collector", pure()):
        for fed in range(1, 4):
            run.feed(*files(fed))
            eventually(lambda: run.has_read("collector", "files"))
            assert run.end("files") > run.books("collector", "files").read


def taken_over(run: Outside) -> None:
    """Let one service be at work on everything when another takes half away, then finish all."""
    run.feed(*files(COUNT))
    finish = threading.Event()

    def judge(record: File) -> Outcome:
        assert finish.wait(PATIENCE_S)
        return passed(record)

    with serving(Seat(run, "one"), "collector", pure(judge), revoke_s=0.0) as first:
        eventually(lambda: delivered() == COUNT)
        with serving(Seat(run, "two"), "collector", pure()):
            # The first has committed nothing: these are of the second.
            eventually(
                lambda: any(at.offset for at in run.positions("collector", "files").values())
            )
            finish.set()
            first.stop()
            if first.error:
                raise first.error
            eventually(lambda: run.has_read("collector", "files"))


def anything_committed(run: Outside) -> bool:
    """Say whether a partition has a position."""
    return any(at.offset for at in run.positions("collector", "files").values())


def delivered() -> float | None:
    """Return how many records are delivered and uncommitted."""
    return REGISTRY.get_sample_value("c2c_window_records", {"stage": "collector"})


def test_results_of_a_revoked_partition_are_dropped(run: Outside) -> None:
    taken_over(run)
    assert came_out(run) == once(COUNT)
    assert run.books("collector", "files").read == COUNT


def test_a_service_that_keeps_results_of_a_revoked_partition_is_found(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_results(monkeypatch)
    with pytest.raises(Fatal, match=r"no position of \S+-collector is at or before"):
        taken_over(run)


def keep_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine keep what it has of partitions that are revoked."""
    monkeypatch.setattr(Ledger, "forget", lambda *_: [])
    monkeypatch.setattr(Flights, "forget", lambda *_: [])


def test_what_is_finished_is_committed_before_a_partition_is_given_away(run: Outside) -> None:
    run.feed(*files(COUNT))
    calls: list[str] = []

    def judge(record: File) -> Outcome:
        calls.append(record.file_id)
        return passed(record)

    lazy = {"flush_age_s": 60.0, "flush_records": 10**6}
    with serving(Seat(run, "one"), "collector", pure(judge), **lazy):
        eventually(lambda: len(calls) == COUNT)
        with serving(Seat(run, "two"), "collector", pure(judge)):
            eventually(lambda: run.has_read("collector", "files"))
    assert sorted(calls, key=int) == list(map(str, range(COUNT)))
    assert came_out(run) == once(COUNT)


def test_keyed_state_follows_its_partition(run: Outside) -> None:
    def keyed(broker: Broker) -> Worker:
        return KeyedWorker(Keyed(), broker.state())

    def feed(source: str) -> None:
        run.feed(*(Function(function_id=str(n), occurrence_id=source) for n in range(COUNT)))

    feed("a")
    with serving(Seat(run, "one"), "curator", keyed):
        eventually(lambda: run.has_read("curator", "functions"))
    feed("b")
    with serving(Seat(run, "one"), "curator", keyed):
        with serving(Seat(run, "two"), "curator", keyed):
            eventually(lambda: run.has_read("curator", "functions"))
        feed("c")
        eventually(lambda: run.has_read("curator", "functions"))
    assert came_out(run, "candidates") == once(COUNT)
    books = run.books("curator", "functions")
    assert (books.found, books.out, books.rejected) == (3 * COUNT, COUNT, 2 * COUNT)


def test_state_without_a_position_is_an_incident(run: Outside) -> None:
    at = ("functions", 0)
    broker = run.seat("curator")
    while not broker.assigned():
        broker.poll(0, 0.1)
    broker.commit([], {at: Position(0, "m")}, {at: {"k": b"v"}})
    broker.close()
    other = Cluster(run.cluster.servers, run.cluster.run, run.cluster.settings)
    admin = other.admin(lambda _: None)
    for future in admin.delete_consumer_groups([other.group("curator")]).values():
        future.result()
    again = run.seat("curator")
    with (
        closing(again),
        pytest.raises(Fatal, match="holds state, but the group has no position"),
    ):
        eventually(lambda: again.poll(0, 0.1) or again.assigned())
