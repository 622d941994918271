"""The curator's keyed state on a real Kafka: a topic, and a file that is a copy of it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker import kafka_state
from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_state import State
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Position
from c2c_stream.broker.state_file import StateFile
from c2c_stream.errors import Unavailable
from c2c_stream.records import Function
from c2c_stream.topics import key_of
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run, other_instance, seated
from tests.kafka.services import serve, serving
from tests.processes import kill

AT = ("functions", 0)
COUNT = 3000
KILLS = 4


@pytest.fixture
def cluster(kafka: str, tmp_path: Path) -> Cluster:
    """Return a run whose curator keeps a file."""
    made = fresh_run(kafka)
    settings = made.settings.model_copy(update={"state_folder": tmp_path / "state"})
    return Cluster(made.servers, made.run, settings)


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where each restored partition was read from."""
    offsets: list[int] = []
    read = State._read

    def told(self: State, number: int, begin: int, end: int) -> Iterator[tuple[str, bytes]]:
        offsets.append(begin)
        return read(self, number, begin, end)

    monkeypatch.setattr(State, "_read", told)
    monkeypatch.setattr(kafka_state, "NOTE_EVERY", 10)
    return offsets


def put(broker: KafkaBroker, *names: str, value: bytes) -> None:
    """Commit values and a position that was not there before."""
    metadata = broker.assigned()[AT].metadata + "m"
    broker.commit([], {AT: Position(0, metadata)}, {AT: dict.fromkeys(names, value)})


NAMES = [f"k{n}" for n in range(30)]
OLD_AND_NEW = {name: b"new" if name == "k3" else b"old" for name in NAMES}


def filled(cluster: Cluster) -> Path:
    """Let a curator put 30 values and one of them again; return its file."""
    with closing(seated(cluster, "curator")) as broker:
        for first in range(0, 30, 5):
            put(broker, *NAMES[first : first + 5], value=b"old")
        put(broker, "k3", value=b"new")
        assert dict(broker.state()) == OLD_AND_NEW
    assert cluster.settings.state_folder
    [path] = cluster.settings.state_folder.glob("*.sqlite")
    return path


def test_a_warm_file_is_read_on_from_where_it_stands(cluster: Cluster, began: list[int]) -> None:
    filled(cluster)
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == OLD_AND_NEW
        put(broker, "more", value=b"1")
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == OLD_AND_NEW | {"more": b"1"}
    assert began[0] == 0
    assert 0 < began[1] < began[2]


@pytest.mark.parametrize("wrong", ["ahead of its topic", "of another topic", "torn"])
def test_a_file_that_is_not_a_copy_is_made_anew(
    cluster: Cluster, began: list[int], wrong: str
) -> None:
    path = filled(cluster)
    if wrong == "torn":
        path.write_bytes(b"x" * 100_000)
    else:
        with closing(StateFile(path)) as file:
            [(log,)] = file._database.execute("SELECT log FROM parts").fetchall()
            stands = (0, log, 10**6) if wrong == "ahead of its topic" else (0, "another", 1)
            file.put([(0, "never put", b"")], [stands])
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == OLD_AND_NEW
        assert "never put" not in broker.state()
    assert began == [0, 0]


def test_a_partition_that_comes_back_has_what_others_put_meanwhile(
    cluster: Cluster, began: list[int]
) -> None:
    filled(cluster)
    with closing(seated(other_instance(cluster, "two"), "curator")) as broker:
        put(broker, "k5", "theirs", value=b"2")
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == OLD_AND_NEW | {"k5": b"2", "theirs": b"2"}
    assert began[:2] == [0, 0]
    assert began[2] > 0


def test_what_was_not_committed_moves_no_file(
    cluster: Cluster, began: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(cluster)
    with closing(seated(cluster, "curator")) as broker, monkeypatch.context() as patch:
        patch.setattr(State, "_ends", lambda *_: {0: 10**6})  # another owner has put more
        patch.setattr(Transactions, "commit", refused)
        with pytest.raises(Unavailable):
            put(broker, *NAMES, value=b"3")
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == OLD_AND_NEW
    assert 0 < began[1] <= began[2] < 100


def refused(*_: object) -> None:
    raise Unavailable("of an old generation")


def functions(count: int, source: str) -> list[Function]:
    return [Function(function_id=str(n), occurrence_id=source) for n in range(count)]


def past(run: Outside, target: int) -> Callable[[], bool]:
    return lambda: run.end("candidates") >= target


def test_the_first_of_each_wins_through_kills_rebalances_and_warm_restarts(
    kafka: str, tmp_path: Path
) -> None:
    made = fresh_run(kafka, partitions=4)
    settings = made.settings.model_copy(update={"state_folder": tmp_path})
    cluster = Cluster(made.servers, made.run, settings)
    run, moments = Outside(cluster), random.Random("state")
    run.feed(*functions(COUNT, "a"))
    for number in range(KILLS):
        with serving(cluster, *(["two"] if number % 2 else []), shape="keyed"):
            process = serve(cluster, "one", "keyed")
            eventually(past(run, min(COUNT, run.end("candidates") + moments.randint(1, 600))))
            kill(process)
    run.feed(*functions(COUNT, "b"))
    with serving(cluster, "one", "two", shape="keyed"):
        eventually(lambda: run.has_read("curator", "functions"))
    assert Counter(key_of(record) for record in run.records("candidates")) == Counter(
        str(n) for n in range(COUNT)
    )
    books = run.books("curator", "functions")
    assert books.balanced()
    assert (books.out, books.rejected) == (COUNT, COUNT)
