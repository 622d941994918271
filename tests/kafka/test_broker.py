"""What Kafka's clients say on bad days, and what we make of it."""

from contextlib import closing
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from c2c_stream.broker import kafka_errors, kafka_layout
from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster, servers_of
from c2c_stream.broker.kafka_errors import cause_of, translated, translating
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.protocol import Delivered, Position, Produced
from c2c_stream.errors import C2CError, Fatal, SettingsError, Unavailable
from c2c_stream.settings import KafkaSettings
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run, other_instance, seated

FILES = ("files", 0)


@pytest.mark.parametrize(
    ("code", "kind", "hint"),
    [
        (KafkaError._AUTHENTICATION, Fatal, "credentials"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, Fatal, "grant this right"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, SettingsError, "c2c topics create"),
        (KafkaError._AUTO_OFFSET_RESET, Fatal, "removed before they were read"),
        (KafkaError._TRANSPORT, Unavailable, "it goes on"),
        (KafkaError._TIMED_OUT, Unavailable, "it goes on"),
        (KafkaError.COORDINATOR_NOT_AVAILABLE, Unavailable, "it goes on"),
        (KafkaError.FENCED_LEADER_EPOCH, Unavailable, "it goes on"),
        (KafkaError._FENCED, Fatal, "start again"),
        (KafkaError.INVALID_TXN_STATE, Fatal, "start again"),
    ],
)
def test_each_error_says_what_to_do(code: int, kind: type[C2CError], hint: str) -> None:
    error = translated(KafkaError(code), "commit of main-sink")
    assert type(error) is kind
    assert str(error).startswith("commit of main-sink: ")
    assert hint in str(error)


def test_the_cause_of_a_fenced_flush_is_found_and_a_bug_stays_one() -> None:
    fenced = SystemError("returned a result with an exception set")
    fenced.__cause__ = KafkaException(KafkaError(KafkaError._FENCED))
    found = cause_of(fenced)
    assert found is not None
    assert found.code() == KafkaError._FENCED
    with pytest.raises(SystemError, match="bug"), translating("it"):
        raise SystemError("bug")


@pytest.mark.parametrize("broker", ["kafka://", "kafka://host", "kafka://h:1,", "kafka://h:x"])
def test_an_address_that_is_none_is_a_wrong_setting(broker: str) -> None:
    with pytest.raises(SettingsError, match="kafka://HOST:PORT"):
        servers_of(broker)


def test_a_login_in_an_address_is_a_wrong_setting_and_is_not_told() -> None:
    """It would stand in every line that names the brokers, and in the file of the run."""
    with pytest.raises(SettingsError, match=r"kafka\.password_file") as caught:
        servers_of("kafka://me:secret@host:9092")
    assert "secret" not in str(caught.value)


def test_an_unknown_property_is_a_wrong_setting_and_its_value_is_not_told() -> None:
    settings = KafkaSettings(properties={"sasl.pasword": "secret"})
    with pytest.raises(SettingsError, match=r"sasl\.pasword") as caught:
        KafkaBroker(Cluster("127.0.0.1:1", "main", settings), "collector")
    assert "secret" not in str(caught.value)


def test_brokers_that_are_away_at_the_start_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_layout, "ANSWER_S", 0.2)
    cluster = Cluster("127.0.0.1:1", "main", KafkaSettings())
    with closing(KafkaBroker(cluster, "sink")) as broker:
        for _ in range(3):
            with pytest.raises(
                Unavailable, match=r"127\.0\.0\.1:1.*goes on when the brokers answer"
            ):
                broker.poll(1, 0.0)


def test_brokers_that_are_away_are_given_up_where_one_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_layout, "ANSWER_S", 0.2)
    monkeypatch.setattr(kafka_errors, "SAY_AFTER_S", 0.1)
    cluster = Cluster("127.0.0.1:1", "main", KafkaSettings(give_up_s=0.3))
    said: list[str] = []
    with closing(KafkaBroker(cluster, "sink")) as broker:
        with pytest.raises(Unavailable):
            broker.poll(1, 0.0)
        with pytest.raises(Fatal, match=r"127\.0\.0\.1:1.*\(waited \d+ s: kafka\.give_up_s"):
            broker.poll(1, 0.0)
    with closing(KafkaRun(cluster, say=said.append)) as run, pytest.raises(Fatal, match="127"):
        run.exists()
    assert len(said) == 1
    assert said[0].startswith("waiting for kafka://127.0.0.1:1: ")


def test_a_missing_topic_is_named(kafka: str) -> None:
    cluster = Cluster(kafka, "nowhere", KafkaSettings())
    with (
        closing(KafkaBroker(cluster, "sink")) as broker,
        pytest.raises(SettingsError, match=r"lacks nowhere\.samples.*c2c topics create"),
    ):
        broker.poll(1, 0.0)


def read(broker: KafkaBroker, count: int) -> list[Delivered]:
    found: list[Delivered] = []
    while len(found) < count:
        found += broker.poll(100, 1.0)
    return found


def test_an_older_producer_of_the_same_name_is_fenced_once_and_goes_then(kafka: str) -> None:
    cluster = fresh_run(kafka)
    older, newer = (Transactions(cluster, "collector", lambda _: None) for _ in range(2))
    record = (cluster.topic("files"), 0, Produced("files", b"", b"x"))
    older.commit([record], [], None)
    newer.commit([record], [], None)
    for fenced in (older, newer):
        with pytest.raises(Unavailable, match=r"fenced .* has the same kafka\.instance"):
            fenced.commit([record], [], None)
        assert not fenced.settle(lambda: False)
        fenced.commit([record], [], None)
    with pytest.raises(Fatal, match=r"fenced twice .* kafka\.instance"):
        older.commit([record], [], None)
    assert Outside(cluster).end("files") == 2 * 4


def test_a_commit_whose_end_was_not_heard_is_not_made_twice(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    run.append(Produced("files", b"", b"a"), Produced("files", b"", b"b"))
    outputs = [Produced("functions", b"", b"x")]
    with closing(seated(cluster)) as broker:
        first = read(broker, 2)[0]
        position = Position(first.offset + 1, "m")
        transactions = broker._commits._transactions
        finish = Transactions._finish

        def unheard(self: Transactions, deadline: float) -> None:
            finish(self, deadline)
            self.unsettled, self._producer = True, None
            raise Unavailable("the answer was lost")

        monkeypatch.setattr(Transactions, "_finish", unheard)
        with pytest.raises(Unavailable, match="lost"):
            broker.commit(outputs, {FILES: position}, {})
        monkeypatch.undo()
        assert transactions.unsettled
        broker.commit(outputs, {FILES: position}, {})
        assert not transactions.unsettled
        assert broker.assigned() == {FILES: position}
        assert run.end("functions") == 2  # the record, and the mark of one transaction

        transactions.unsettled, transactions._producer = True, None
        with pytest.raises(Fatal, match="stored after all"):
            broker.commit(outputs, {FILES: Position(first.offset + 2)}, {})


def test_a_move_whose_end_was_not_heard_is_in_no_ones_way(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    run.append(Produced("files", b"", b"a"), Produced("files", b"", b"b"))
    with closing(seated(cluster)) as broker:
        first = read(broker, 2)[0].offset
        finish = Transactions._finish

        def unheard(self: Transactions, deadline: float) -> None:
            finish(self, deadline)
            self.unsettled, self._producer = True, None
            raise Unavailable("the answer was lost")

        monkeypatch.setattr(Transactions, "_finish", unheard)
        with pytest.raises(Unavailable, match="lost"):
            broker.commit([], {FILES: Position(first + 1, "m")}, {})
        monkeypatch.undo()
        behind = Position(first + 2, "n")
        broker.commit([Produced("functions", b"", b"x")], {FILES: behind}, {})
        assert broker.assigned()[FILES].metadata == "n"
    assert run.end("functions") == 2


def test_an_end_that_was_not_heard_is_of_no_interest_once_its_partitions_are_gone(
    kafka: str,
) -> None:
    cluster = fresh_run(kafka)
    Outside(cluster).append(Produced("files", b"", b"a"), Produced("files", b"", b"b"))
    with closing(seated(cluster)) as broker:
        position = Position(read(broker, 2)[0].offset + 1, "m")
        broker._commits._unsettled = {("files", 1): Position(7)}
        broker._commits._transactions.unsettled, broker._commits._transactions._producer = (
            True,
            None,
        )
        broker.commit([], {FILES: position}, {})
        assert broker.assigned() == {FILES: position}


def test_a_commit_that_was_not_stored_is_made_again(kafka: str) -> None:
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    run.append(Produced("files", b"", b"a"), Produced("files", b"", b"b"))
    with closing(seated(cluster)) as broker:
        position = Position(read(broker, 2)[0].offset + 1, "m")
        broker._commits._unsettled = {FILES: position}
        broker._commits._transactions.unsettled, broker._commits._transactions._producer = (
            True,
            None,
        )
        broker.commit([Produced("functions", b"", b"x")], {FILES: position}, {})
    assert run.end("functions") == 2
    assert run.positions("collector", "files")[FILES] == position


def test_who_is_no_member_any_more_commits_nothing(kafka: str) -> None:
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    run.append(Produced("files", b"", b"a"))
    with closing(seated(cluster)) as broker:
        position = Position(read(broker, 1)[0].offset + 1, "m")
        member = broker._consumer
        # To the brokers it has no group: they would take the commit and check nothing.
        broker._commits._consumer = cluster.observer("collector", lambda _: None, stable=True)
        with closing(broker._commits._consumer), pytest.raises(Unavailable, match="no member"):
            broker.commit([Produced("functions", b"", b"x")], {FILES: position}, {})
        broker._commits._consumer = member
    assert run.end("functions") == 0
    assert run.positions("collector", "files")[FILES] == Position(0)


def test_a_partition_that_was_held_for_long_still_comes_to_its_end(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.kafka_reading.HOLD_S", 0.0)
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    with closing(seated(cluster)) as broker:
        for n in range(3):
            run.append(Produced("files", b"", b"%d" % n))
            [record] = read(broker, 1)
            for _ in range(20):
                assert broker.poll(0, 0.02) == []
            broker.commit([], {FILES: Position(record.offset + 1, str(n))}, {})
            eventually(lambda: broker.poll(1, 0.02) or run.has_read("collector", "files"))


def test_a_partition_that_was_held_when_it_was_lost_is_read_when_it_comes_back(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.kafka_reading.HOLD_S", 0.0)
    cluster = fresh_run(kafka)
    Outside(cluster).append(Produced("files", b"", b"a"))
    with closing(seated(cluster)) as broker:
        eventually(lambda: broker.poll(0, 0.02) or broker._reading.held)
        at = [broker._reading.at(FILES)]
        broker._on_lost(broker._consumer, at)
        broker._consumer.incremental_unassign(at)
        assert broker.poll(0, 0.02) == []
        broker._on_assign(broker._consumer, at)
        eventually(lambda: broker.poll(1, 0.02))


def test_what_is_assigned_to_a_seat_that_is_being_left_is_not_looked_at(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a consumer closes its client answers no question; to ask would hold up the leaving."""
    cluster = fresh_run(kafka)
    broker = seated(cluster)
    consumer = broker._consumer

    def close() -> None:
        broker._on_assign(consumer, [broker._reading.at(FILES)])
        consumer.close()

    monkeypatch.setattr(broker, "_consumer", SimpleNamespace(close=close))
    asked = []
    monkeypatch.setattr("c2c_stream.broker.kafka._committed", lambda *at: asked.append(at))
    broker.close()
    assert not asked


def test_a_run_is_fed_once_whoever_is_killed_when(kafka: str) -> None:
    cluster = fresh_run(kafka, partitions=2)
    sources = [Produced("repos", b"%d" % n, b"r") for n in range(5)]
    for instance in ("one", "one", "two"):
        with closing(KafkaRun(other_instance(cluster, instance))) as run:
            assert run.exists()
            run.feed(sources)
    with closing(KafkaRun(cluster)) as run:
        positions = run.positions()
    assert {at.topic for at in positions if at.lag} == {"repos"}
    assert 5 <= sum(at.lag for at in positions) <= 7
