"""Followed repositories on a real Kafka."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_known import KafkaKnown
from c2c_stream.broker.protocol import Produced
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.records import Repository
from tests.e2e.following import following, is_one_chain, moves, start, write_feed
from tests.engine.make import CODEC
from tests.engine.service import eventually
from tests.ingest.support import Git
from tests.kafka.runs import PATIENCE_S, Outside, fresh_run

KILLS = 5


@pytest.fixture
def cluster(kafka: str) -> Cluster:
    return fresh_run(kafka, partitions=2)


def record(name: str) -> Produced:
    return Produced("repos", b"key", CODEC.encode(Repository(name)))


def opened(known: KafkaKnown) -> Mapping[str, bytes]:
    """Open it; the leader of a topic that was just made is not known everywhere at once."""
    return patiently(known.open, PATIENCE_S)


def test_a_follower_that_is_killed_puts_every_move_once(cluster: Cluster, tmp_path: Path) -> None:
    git, log = Git(tmp_path / "shop"), tmp_path / "log"
    git.commit({"a.py": "1"})
    feed = write_feed(tmp_path, git.path)
    options = ("--broker", f"kafka://{cluster.servers}", "--run", cluster.run)
    run, moments = Outside(cluster), random.Random(8)
    for _ in range(KILLS):
        # Each transaction adds a mark, too: offsets grow by two a move.
        target = run.end("repos") + moments.randint(1, 4)
        process = start(feed, log, *options)
        while run.end("repos") < target:
            assert process.poll() is None, log.read_text()
            git.commit({"a.py": f"{moments.random()}"})
        process.kill()
        process.wait()
    head = git.run("rev-parse", "main")
    with following(feed, log, *options):
        eventually(lambda: moves(run.records("repos"))["main"][-1][1] == head)
    assert is_one_chain(moves(run.records("repos"))["main"], git, "main")


def test_what_is_put_is_known_to_the_next_follower(cluster: Cluster) -> None:
    first = KafkaKnown(cluster)
    assert opened(first) == {}
    first.put([record("1")], {"a": b"1", "b": b"1"})
    first.put([], {"a": b"2"})
    first.close()
    second = KafkaKnown(cluster)

    assert opened(second) == {"a": b"2", "b": b"1"}
    second.close()


def test_a_second_follower_ends_the_first_which_then_puts_nothing(cluster: Cluster) -> None:
    first, second = KafkaKnown(cluster), KafkaKnown(cluster)
    assert opened(first) == opened(second) == {}
    with pytest.raises(Unavailable, match="fenced"):
        first.put([record("1")], {"a": b"1"})
    second.put([record("2")], {"a": b"2"})

    assert opened(first) == {"a": b"2"}
    assert Outside(cluster).records("repos") == [Repository("2")]
    first.close()
    second.close()


def test_what_cannot_be_remembered_is_not_put_either(cluster: Cluster) -> None:
    known = KafkaKnown(cluster)
    opened(known)
    with pytest.raises(Fatal, match="too large"):
        known.put([record("1")], {"a": b"x" * 20_000_000})

    assert opened(known) == {}
    assert Outside(cluster).records("repos") == []
    known.close()
