"""Bad days of a service on a real Kafka that may be stopped and started again."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from prometheus_client import REGISTRY

from c2c_stream.broker import kafka_topics, kafka_transactions
from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.protocol import Broker, Produced
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.engine.workers import AsyncWorker, Worker
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.records import File
from c2c_stream.settings import KafkaSettings
from tests.engine.service import eventually, serving
from tests.engine.stages import Async, passed
from tests.engine.test_runner import UNKNOWN_SCHEMA
from tests.kafka import cluster
from tests.kafka.cluster import Brokers
from tests.kafka.runs import Outside, fresh_run, quick, seated
from tests.kafka.test_service import COUNT, Seat, came_out, files, once, pure

# Longer than a transaction may take, and than any retry of a record.
OUTAGE_S = 30.0
# A service looks at the brokers once a second.
SHORT_OUTAGE_S = 4.0


@pytest.fixture
def run(kafka: str) -> Outside:
    return Outside(fresh_run(kafka, partitions=2))


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    with cluster.running(tmp_path / "kafka", 1) as found:
        yield found


def patient_run(brokers: Brokers) -> Outside:
    """Return a run whose members are given the time that production gives them."""
    settings = KafkaSettings(instance="one", partitions=2)
    made = KafkaRun(Cluster(brokers.address, "main", settings))
    made.create()
    made.close()
    return Outside(Cluster(brokers.address, "main", settings))


def test_who_has_lost_all_partitions_is_not_ready_until_the_brokers_are_back(
    brokers: Brokers,
) -> None:
    run = patient_run(brokers)
    run.cluster = Cluster(run.cluster.servers, "main", quick(run.cluster.settings))
    alone = {"hold": "ingester"}  # as on Kafka: it asks for no group but its own
    with serving(Seat(run, "one"), "collector", pure(), **alone) as service:
        eventually(lambda: service.broker and service.broker.assigned())
        eventually(lambda: not service.health.not_ready)
        brokers.kill(0)
        eventually(lambda: not service.broker.assigned())
        threading.Event().wait(SHORT_OUTAGE_S)
        assert "goes on when" in service.health.not_ready
        brokers.start(0)
        run.feed(*files(COUNT))
        eventually(lambda: run.has_read("collector", "files"))
        eventually(lambda: not service.health.not_ready)


def test_brokers_that_are_away_for_long_cost_no_work_and_make_no_dead_letter(
    brokers: Brokers,
) -> None:
    run = patient_run(brokers)
    run.feed(*files(COUNT))
    calls: list[str] = []

    def judge(record: File) -> Outcome:
        calls.append(record.file_id)
        return passed(record)

    slow = {"flush_age_s": 5.0, "flush_records": 10**6}
    with serving(run, "collector", pure(judge), **slow) as service:
        eventually(lambda: len(calls) == COUNT)
        brokers.kill(0)
        eventually(lambda: service.health.not_ready)
        threading.Event().wait(OUTAGE_S)
        assert service.thread.is_alive()
        assert "goes on when" in service.health.not_ready
        brokers.start(0)
        eventually(lambda: run.has_read("collector", "files"))
        eventually(lambda: not service.health.not_ready)
    assert sorted(calls, key=int) == [str(n) for n in range(COUNT)]
    assert came_out(run) == once(COUNT)
    assert run.records("dead-letters") == []


def test_what_a_stage_depends_on_may_be_away_for_longer_than_any_retry(run: Outside) -> None:
    attempts: Counter[str] = Counter()
    limit = 3

    class Server(Async):
        async def judge(self, record: File, place: Place) -> Outcome:  # noqa: ARG002  # its shape
            attempts[record.file_id] += 1
            if sum(attempts.values()) < 10 * limit:
                raise Unavailable("the model server is away")
            return passed(record)

    def waiting(_: Broker) -> Worker:
        return AsyncWorker(Server(), 60.0)

    run.feed(*files(COUNT))
    with serving(run, "collector", waiting, max_attempts=limit, retry_base_s=0.001) as service:
        eventually(lambda: service.health.not_ready == "the model server is away")
        eventually(lambda: run.has_read("collector", "files"))
    assert max(attempts.values()) > limit
    assert came_out(run) == once(COUNT)
    assert run.records("dead-letters") == []


def test_of_two_services_of_one_name_the_older_one_leaves_and_says_why(run: Outside) -> None:
    fed = iter(range(10**6))

    def feed_until(over: Callable[[], bool]) -> None:
        def fed_one() -> bool:
            run.feed(File(file_id=str(next(fed))))
            return over()

        eventually(fed_one)

    def make_older() -> None:
        with serving(Seat(run, "one"), "collector", pure()) as older:
            feed_until(lambda: run.end("functions") > 0)
            with serving(Seat(run, "one"), "collector", pure()) as newer:
                feed_until(lambda: not older.thread.is_alive())
                eventually(lambda: run.has_read("collector", "files"))
                assert newer.thread.is_alive()

    with pytest.raises(Fatal, match=r"fenced twice .* give each its own kafka\.instance"):
        make_older()
    assert came_out(run) == once(next(fed))


def test_a_schema_that_is_unknown_holds_its_partition_and_no_other(run: Outside) -> None:
    run.append(Produced("files", b"0", UNKNOWN_SCHEMA))
    [held] = [p for p, end in run._ends("files").items() if end]
    run.feed(*files(COUNT))

    def others_read() -> bool:
        ends, positions = run._ends("files"), run.positions("collector", "files")
        return all(positions[p].offset == end for p, end in ends.items() if p != held)

    def alarm() -> float | None:
        return REGISTRY.get_sample_value("c2c_held_partitions", {"stage": "collector"})

    with serving(run, "collector", pure()) as service:
        eventually(others_read)
        eventually(lambda: alarm() == 1)
        place = f"files[{held[1]}]@0: schema fingerprint 0707070707070707"
        eventually(lambda: place in service.health.not_ready)
    assert 0 < came_out(run).total() < COUNT
    assert came_out(run) - once(COUNT) == Counter()
    assert run.positions("collector", "files")[held].offset == 0
    assert run.records("dead-letters") == []


class Hanging:
    """A producer that does not come back from adding positions, as librdkafka's may."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def send_offsets_to_transaction(self, *_: object) -> None:
        threading.Event().wait()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


def test_a_producer_that_does_not_come_back_is_replaced(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    make = Cluster.producer

    def producer(self: Cluster, service: str, on_error: OnError) -> Any:
        real = make(self, service, on_error)
        made.append(real if made else Hanging(real))
        return made[-1]

    monkeypatch.setattr(Cluster, "producer", producer)
    monkeypatch.setattr(kafka_transactions, "COMMIT_S", 0.2)
    monkeypatch.setattr(kafka_transactions, "CALL_S", 2.0)
    run.feed(*files(COUNT))
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("collector", "files"))
    assert len(made) > 1
    assert came_out(run) == once(COUNT)


def test_who_is_unknown_to_the_brokers_asks_nothing_that_may_end_the_process(
    run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(AdminClient, "describe_consumer_groups")
    seated(run.cluster).close()


def test_leaders_that_have_moved_are_found(tmp_path: Path) -> None:
    with cluster.running(tmp_path / "kafka", 3) as brokers:
        settings = KafkaSettings(instance="one", partitions=3, replication=3)
        where = Cluster(brokers.address, "main", settings)
        made = KafkaRun(where)
        made.create()
        made.close()
        admin = where.admin(lambda _: None)
        every = [("files", number) for number in range(3)]

        def found() -> bool:
            try:
                return set(kafka_topics.ends(where, admin, every).values()) == {0}
            except Unavailable:
                return False

        eventually(found)
        brokers.kill(0)
        brokers.await_in_sync(wanted=False)
        eventually(found)
