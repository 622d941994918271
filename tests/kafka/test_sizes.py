"""Records that are larger than a topic takes."""

import pytest
from confluent_kafka import KafkaError, Message, Producer

from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import PureWorker
from c2c_stream.records import File, Function, Rejection
from tests.engine.service import eventually, serving
from tests.engine.stages import Pure, passed
from tests.kafka.runs import Outside, fresh_run

FIFTY_MB = 50_000_000


@pytest.fixture
def run(kafka: str) -> Outside:
    return Outside(fresh_run(kafka))


def test_a_stranger_cannot_produce_a_record_of_fifty_megabytes(kafka: str, run: Outside) -> None:
    refused: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        refused.append(error)

    stranger = Producer({"bootstrap.servers": kafka, "message.max.bytes": 2 * FIFTY_MB})
    stranger.produce(run.cluster.topic("files"), b"x" * FIFTY_MB, on_delivery=delivered)
    assert stranger.flush(60) == 0
    [error] = refused
    assert error is not None
    assert error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert run.end("files") == 0


def test_an_output_of_fifty_megabytes_is_a_rejection_and_stops_nobody(run: Outside) -> None:
    def judge(record: File) -> Outcome:
        if record.file_id == "4":
            return Outcome((Function(function_id="4", code="x" * FIFTY_MB),))
        return passed(record)

    run.feed(*(File(file_id=str(n)) for n in range(10)))
    with serving(run, "collector", lambda _: PureWorker(Pure(judge))) as service:
        eventually(lambda: service.error or run.has_read("collector", "files"))
    assert len(run.records("functions")) == 9
    [rejection] = run.records("rejections")
    assert isinstance(rejection, Rejection)
    [item] = rejection.items
    assert (item.function_id, item.reason) == ("4", "record_too_big")
    assert run.books("collector", "files").balanced()
