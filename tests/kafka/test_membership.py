"""Both group protocols, and static members: kills, rebalances, a second of the same name."""

import signal
from collections import Counter
from contextlib import closing
from functools import partial

import pytest

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.errors import Fatal
from c2c_stream.records import File
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import key_of
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run, seated
from tests.processes import kill, lines, start

RECORDS = 3000


@pytest.fixture(params=["classic", "consumer"])
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the protocol that services use, those in processes, too."""
    monkeypatch.setenv("C2C_KAFKA__GROUP_PROTOCOL", request.param)
    return str(request.param)


def run_with(kafka: str, protocol: str, **more: object) -> Outside:
    settings = KafkaSettings.model_validate({"group_protocol": protocol, **more})
    return Outside(fresh_run(kafka, partitions=4, settings=settings))


def files(count: int, start_at: int = 0) -> list[File]:
    return [File(file_id=str(n)) for n in range(start_at, start_at + count)]


def came_past(run: Outside, target: int) -> bool:
    return run.end("functions") >= target


def test_kills_and_rebalances_double_and_lose_nothing(kafka: str, protocol: str) -> None:
    run = run_with(kafka, protocol)
    where = ("tests.kafka.passing", kafka, run.cluster.run)
    steady = start(*where, "steady", "async")
    try:
        assert lines(steady, 1)
        for part in range(1, 4):
            run.feed(*files(RECORDS, start_at=(part - 1) * RECORDS))
            passing = start(*where, "passing", "async")
            assert lines(passing, 1)
            eventually(partial(came_past, run, part * RECORDS // 2))
            if part == 2:
                passing.send_signal(signal.SIGTERM)
                passing.communicate()
            else:
                kill(passing)
        eventually(lambda: run.has_read("collector", "files"))
    finally:
        kill(steady)
    found = Counter(key_of(record) for record in run.records("functions"))
    assert found == Counter(str(n) for n in range(3 * RECORDS))
    books = run.books("collector", "files")
    assert books.balanced()
    assert books.read == 3 * RECORDS


def described(run: Outside) -> tuple[str, list[str | None]]:
    """Return the type of the collector's group as the brokers know it, and its static members."""
    admin = run.cluster.admin(lambda _: None)
    [answer] = admin.describe_consumer_groups([run.cluster.group("collector")]).values()
    group = answer.result()
    return group.type.name.lower(), [member.group_instance_id for member in group.members]


def test_the_group_is_of_the_protocol_that_is_set(kafka: str, protocol: str) -> None:
    run = run_with(kafka, protocol, static_membership=True)
    with closing(seated(run.cluster, "collector")):
        assert described(run) == (protocol, ["one"])


def test_what_moved_while_there_was_no_room_is_read_where_it_comes_back(
    kafka: str, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.kafka_reading.HOLD_S", 0.0)
    run = run_with(kafka, protocol)
    run.feed(*files(100))
    read: set[bytes] = set()
    with closing(seated(run.cluster)) as staying:
        with closing(run.seat("collector", "two")) as leaving:
            eventually(lambda: shared(staying, leaving))
            read.update(record.key for record in staying.poll(1, 0.05))  # there is room again
        eventually(lambda: took(staying, read) == 100)


def took(broker: KafkaBroker, read: set[bytes]) -> int:
    """Add what is there to what was read; return how much that is."""
    read.update(record.key for record in broker.poll(10, 0.05))
    return len(read)


def test_a_static_member_comes_back_to_its_partitions(kafka: str, protocol: str) -> None:
    made = run_with(kafka, protocol, static_membership=True).cluster
    # Nobody is evicted here, however slow the machine is.
    patient = made.settings.model_copy(update={"properties": {}})
    mine = Cluster(kafka, made.run, patient)
    other = Cluster(kafka, made.run, patient.model_copy(update={"instance": "two"}))
    with closing(KafkaBroker(other, "collector")) as staying:
        first = KafkaBroker(mine, "collector")
        eventually(lambda: shared(first, staying))
        had = set(first.assigned())
        first.close()
        with closing(KafkaBroker(mine, "collector")) as again:
            eventually(lambda: staying.poll(0, 0.05) or again.poll(0, 0.05) or again.assigned())
            assert set(again.assigned()) == had
            assert len(staying.assigned()) == 4 - len(had)


def shared(one: KafkaBroker, other: KafkaBroker) -> bool:
    """Say whether each of the two has half; both take part in the rebalance."""
    one.poll(0, 0.05)
    other.poll(0, 0.05)
    return len(one.assigned()) == len(other.assigned()) == 2


def test_the_older_of_two_static_members_of_one_name_leaves(kafka: str) -> None:
    run = run_with(kafka, "classic", static_membership=True)
    with (
        closing(seated(run.cluster, "collector")) as older,
        closing(seated(run.cluster, "collector")),
        pytest.raises(Fatal, match=r"kafka\.instance; give each its own"),
    ):
        eventually(lambda: older.poll(0, 0.05))
