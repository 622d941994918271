"""A service that is killed at random moments and started again."""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.engine.books import Books
from c2c_stream.records import File, Record, Repository
from c2c_stream.topics import key_of
from tests.engine.service import Run, eventually
from tests.processes import kill, start

KILLS = 20
RECORDS = 21 * 400


FILES: list[Record] = [File(file_id=str(n)) for n in range(RECORDS)]
REPOS: list[Record] = [Repository(url=str(RECORDS))]


@pytest.mark.parametrize("shape", ["pure", "async", "source"])
def test_a_service_that_is_killed_puts_everything_out_exactly_once_in_order(
    run_folder: Path, shape: str
) -> None:
    service, came_from, went_to = ("collector", "files", "functions")
    if shape == "source":
        service, came_from, went_to = ("ingester", "repos", "files")
    inputs = REPOS if shape == "source" else FILES
    moments = random.Random(shape)
    run = Run(run_folder)
    with closing(run.log):
        run.feed(*inputs)
        for _ in range(KILLS):
            target = run.end(went_to) + moments.randint(1, 350)
            process = start("tests.engine.passing", run_folder, service, shape)
            eventually(past(run, went_to, target))
            kill(process)
        process = start("tests.engine.passing", run_folder, service, shape)
        eventually(lambda: run.has_read(came_from))
        kill(process)

        assert [key_of(r) for r in run.records(went_to)] == [str(n) for n in range(RECORDS)]
        books = Books(len(inputs), len(inputs), 0, RECORDS, RECORDS)
        assert run.books(came_from) == books


def past(run: Run, topic: str, target: int) -> Callable[[], bool]:
    return lambda: run.end(topic) >= min(target, RECORDS)
