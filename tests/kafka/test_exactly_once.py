"""Services on a real Kafka that are killed, and that share and take over partitions."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from c2c_stream.records import File, Record, Repository
from c2c_stream.topics import key_of
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run
from tests.kafka.services import serve, serving
from tests.processes import kill, lines

KILLS = 4
RECORDS = 7 * 900


def files(count: int, start_at: int = 0) -> list[File]:
    return [File(file_id=str(n)) for n in range(start_at, start_at + count)]


def counted(records: list[Record]) -> Counter[str]:
    return Counter(key_of(record) for record in records)


def past(run: Outside, topic: str, target: int) -> Callable[[], bool]:
    return lambda: run.end(topic) >= target


@pytest.mark.parametrize("shape", ["pure", "async", "source"])
def test_a_service_that_is_killed_puts_everything_out_exactly_once(kafka: str, shape: str) -> None:
    service, came_from, went_to = ("collector", "files", "functions")
    if shape == "source":
        service, came_from, went_to = ("ingester", "repos", "files")
    inputs: list[Record] = [*files(RECORDS)] if shape != "source" else [Repository(str(RECORDS))]
    moments = random.Random(shape)
    run = Outside(fresh_run(kafka, partitions=2))
    run.feed(*inputs)
    for _ in range(KILLS):
        target = run.end(went_to) + moments.randint(1, 900)
        process = serve(run.cluster, "one", shape)
        eventually(past(run, went_to, min(target, RECORDS)))
        kill(process)
    with serving(run.cluster, "one", shape=shape):
        eventually(lambda: run.has_read(service, came_from))
    assert counted(run.records(went_to)) == Counter(str(n) for n in range(RECORDS))
    books = run.books(service, came_from)
    assert books.balanced()
    assert (books.read, books.out) == (len(inputs), RECORDS)


def test_partitions_that_change_hands_under_load_double_and_lose_nothing(kafka: str) -> None:
    run = Outside(fresh_run(kafka, partitions=4))
    run.feed(*files(RECORDS))
    with serving(run.cluster, "one", shape="async"):
        for fed in (2 * RECORDS, 3 * RECORDS):
            run.feed(*files(RECORDS, start_at=fed - RECORDS))
            with serving(run.cluster, "two", shape="async"):
                eventually(past(run, "functions", fed // 2))
        eventually(lambda: run.has_read("collector", "files"))
    books = run.books("collector", "files")
    assert books.balanced()
    assert books.read == 3 * RECORDS
    assert counted(run.records("functions")) == Counter(str(n) for n in range(3 * RECORDS))


def test_a_service_that_leaves_is_followed_by_the_other(kafka: str) -> None:
    run = Outside(fresh_run(kafka, partitions=4))
    with serving(run.cluster, "two", shape="pure"):
        dying = serve(run.cluster, "one", "pure")
        assert lines(dying, 1)
        run.feed(*files(1000))
        kill(dying)
        eventually(lambda: run.has_read("collector", "files"))
    assert counted(run.records("functions")) == Counter(str(n) for n in range(1000))
