"""A repository of thousands of files on a real Kafka; the ingester is killed in its middle.

Its full size: benchmarks/large_repository.py.
"""

import random
from pathlib import Path

from c2c_stream.ingest.stage import check_source
from tests.engine.service import eventually
from tests.kafka.large import arrived, ingesting, killed_on_the_way, make_repository, paths_of
from tests.kafka.runs import Outside, fresh_run

FILES = 6000
KILLS = 4
MOST_BYTES = 4 * 1024 * 1024


def test_a_large_repository_comes_whole_and_once_though_the_ingester_is_killed_in_it(
    kafka: str, tmp_path: Path
) -> None:
    repository = make_repository(tmp_path / "large", FILES)
    cluster = fresh_run(kafka, partitions=1)
    run = Outside(cluster)
    run.feed(check_source(str(repository)))
    assert killed_on_the_way(run, tmp_path / "out", FILES, KILLS, random.Random(10)) > KILLS // 2
    with ingesting(cluster, tmp_path / "out"):
        eventually(lambda: run.has_read("ingester", "repos"))
    found = arrived(cluster)

    assert found.paths == paths_of(repository)
    assert len(found.transactions) > KILLS
    assert max(found.transactions) <= MOST_BYTES
    books = run.books("ingester", "repos")
    assert books.balanced()
    assert (books.read, books.out) == (1, FILES)
