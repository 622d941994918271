"""A slow stage on a real Kafka: it slows the ingester, and nobody is thrown out for being slow."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import pytest

from c2c_stream import metrics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.protocol import Broker, Partition
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import KeyedWorker, PureWorker, SourceWorker, Worker
from c2c_stream.records import File, Function, Repository
from c2c_stream.topics import key_of
from tests.engine.service import eventually, serving
from tests.engine.stages import Chunks, Pure, passed
from tests.kafka.runs import Outside, fresh_run

BOUND = 50
# More than a service takes in at once.
MANY = 1500
# The client's least: it must be above the session's timeout.
POLL_INTERVAL_S = 2.5


def holding() -> bool:
    """Say whether the ingester holds its intake."""
    return bool(metrics.BACKPRESSURE.labels("ingester")._value.get())


def source(_: Broker) -> Worker:
    return SourceWorker(Chunks())


def pure(_: Broker) -> Worker:
    return PureWorker(Pure())


class Last:
    """A stage that nothing follows."""

    def process(self, record: Function, state: Mapping[str, bytes]) -> Outcome:  # noqa: ARG002  # as KeyedStage
        return Outcome()


def last(broker: Broker) -> Worker:
    return KeyedWorker(Last(), broker.state())


def test_the_ingester_holds_on_a_slow_stage_that_is_not_the_next_one(kafka: str) -> None:
    run = Outside(fresh_run(kafka))
    flow = {"hold": "ingester", "hold_lag_records": BOUND}
    with serving(run, "ingester", source, **flow) as ingester, serving(run, "collector", pure):
        run.feed(Repository(url=str(2 * BOUND)))
        eventually(lambda: run.end("functions") > BOUND and run.has_read("collector", "files"))
        eventually(holding)
        before = run.end("files")
        run.feed(Repository(url=str(BOUND)))
        ingester.ticks(50)
        assert run.end("files") == before
        with serving(run, "curator", last):
            eventually(lambda: not holding())
            eventually(lambda: run.has_read("curator", "functions") and run.end("files") > before)
            eventually(lambda: run.has_read("ingester", "repos"))


def test_a_stage_in_between_does_not_hold_where_the_ingester_does(kafka: str) -> None:
    run = Outside(fresh_run(kafka))
    run.feed(*(File(file_id=str(n)) for n in range(4 * BOUND)))
    with serving(run, "collector", pure, hold="ingester", hold_lag_records=1, flush_records=BOUND):
        eventually(lambda: run.has_read("collector", "files"))
    assert Counter(map(key_of, run.records("functions"))) == Counter(map(str, range(4 * BOUND)))


def test_a_stage_whose_record_takes_longer_than_a_poll_may_keeps_its_partitions(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fresh_run(kafka)
    properties = made.settings.properties | {
        "max.poll.interval.ms": str(int(1000 * POLL_INTERVAL_S))
    }
    settings = made.settings.model_copy(update={"properties": properties})
    run = Outside(Cluster(made.servers, made.run, settings))
    run.feed(*(File(file_id=str(n)) for n in range(MANY)))
    gone: list[AbstractSet[Partition]] = []
    monkeypatch.setattr(Runner, "lost", lambda _, partitions: gone.append(partitions))
    begun, gate, calls = threading.Event(), threading.Event(), list[str]()

    class Slow(Pure):
        def process(self, records: Sequence[File]) -> list[Outcome]:
            calls.extend(record.file_id for record in records)
            begun.set()
            gate.wait(60)
            return [passed(record) for record in records]

    with serving(run, "collector", lambda _: PureWorker(Slow()), window_records=1) as service:
        assert begun.wait(60)
        until = SystemClock().now() + 2 * POLL_INTERVAL_S
        while SystemClock().now() < until:
            service.ticks(1)
        assert not gone
        gate.set()
        eventually(lambda: run.has_read("collector", "files"))
        assert not gone
    assert Counter(calls) == Counter(map(str, range(MANY)))
