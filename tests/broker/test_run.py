"""What commands rely on in a run, whatever holds it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Delivered, Produced
from c2c_stream.broker.run import SETTLER, RunLog, Span
from c2c_stream.errors import C2CError
from tests.kafka.runs import fresh_run

FILES, FUNCTIONS = ("files", 0), ("functions", 0)
HEADERS = (("traceparent", b"00-\xff"), ("", b""))


def produced(*values: bytes, topic: str = "files") -> list[Produced]:
    return [Produced(topic, b"k" + value, value, HEADERS) for value in values]


@pytest.fixture(params=["local", "kafka"])
def opening(request: pytest.FixtureRequest, run_folder: Path) -> Callable[[], RunLog]:
    """Return what opens one fresh run, as commands on several machines do."""
    if request.param == "local":
        return lambda: LocalRun(run_folder, "main")
    cluster = fresh_run(request.getfixturevalue("kafka"))
    hosts = iter("abcdefgh")

    def open_run() -> RunLog:
        settings = cluster.settings.model_copy(update={"instance": next(hosts)})
        return KafkaRun(Cluster(cluster.servers, cluster.run, settings))

    return open_run


@pytest.fixture
def run(opening: Callable[[], RunLog]) -> Iterator[RunLog]:
    with closing(opening()) as run:
        yield run


def everything(run: RunLog, topic: str) -> list[Delivered]:
    return list(run.records(topic, run.spans(topic)))


def test_what_is_fed_is_read_back_byte_for_byte(run: RunLog) -> None:
    bytes_of_all = bytes(range(256))
    with closing(run.feeder(SETTLER)) as feeder:
        feeder.append({FILES: produced(bytes_of_all, b"")}, {FILES: "m"})
    found = everything(run, "files")
    assert [(r.key, r.value, r.headers) for r in found] == [
        (b"k" + value, value, HEADERS) for value in (bytes_of_all, b"")
    ]
    assert {(r.topic, r.partition) for r in found} == {FILES}
    assert everything(run, "functions") == []


def test_records_and_marks_move_together_and_are_seen_from_outside(run: RunLog) -> None:
    assert run.standing().marks[SETTLER] == {}
    with closing(run.feeder(SETTLER)) as feeder:
        assert feeder.marks() == {}
        outputs = {FILES: produced(b"a"), FUNCTIONS: produced(b"b", topic="functions")}
        feeder.append(outputs, {FILES: "one", FUNCTIONS: "ü" * 2000})
        feeder.append({}, {FILES: "two"})
    with closing(run.feeder(SETTLER)) as taken_over:
        assert taken_over.marks() == {FILES: "two", FUNCTIONS: "ü" * 2000}
    standing = run.standing()
    assert standing.marks[SETTLER] == {FILES: "two", FUNCTIONS: "ü" * 2000}
    assert list(standing.positions) == list(run.positions())
    assert {at.topic for at in standing.positions if at.lag} == {"files", "functions"}


def test_two_who_feed_under_one_name_do_not_both_get_through(
    opening: Callable[[], RunLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.local_seat.SEAT_S", 0.0)
    with closing(opening()) as one, closing(opening()) as other:
        first = one.feeder(SETTLER)
        first.append({FILES: produced(b"1")}, {FILES: "1"})

        def both() -> None:
            with closing(other.feeder(SETTLER)) as second:
                second.append({FILES: produced(b"2")}, {FILES: "2"})
            first.append({FILES: produced(b"1")}, {FILES: "1"})

        with pytest.raises(C2CError, match=r"already at work|fenced"):
            both()
        first.close()
        values = [record.value for record in everything(one, "files")]
        assert values in ([b"1"], [b"1", b"2"])


def test_a_part_of_a_topic_is_read_by_its_offsets(run: RunLog) -> None:
    run.append(produced(*(b"%d" % n for n in range(10))))
    found = everything(run, "files")
    part = Span(found[3].offset, found[7].offset)
    assert list(run.records("files", {FILES: part})) == found[3:7]
    assert list(run.records("files", {FILES: replace(part, end=part.first)})) == []
    assert run.spans("files")[FILES].first == found[0].offset
    assert run.spans("files")[FILES].end > found[-1].offset


def test_a_time_is_the_first_offset_that_was_written_then_or_later(run: RunLog) -> None:
    run.append(produced(b"old"))
    [old] = everything(run, "files")
    while time.time() < old.produced_at + 0.05:
        time.sleep(0.01)
    between = old.produced_at + 0.02
    run.append(produced(b"young"))
    young = everything(run, "files")[1]
    assert run.since("files", 0.0) == {FILES: old.offset}
    assert old.offset < run.since("files", between)[FILES] <= young.offset
    assert run.since("files", young.produced_at + 60) == {FILES: run.spans("files")[FILES].end}
