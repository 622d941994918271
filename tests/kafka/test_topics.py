"""A run's topics on a real Kafka: made, shown, checked, and changed under services' feet."""

import json
from contextlib import closing

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_layout import describe, kept_for, partitions
from c2c_stream.broker.protocol import Position, Produced
from c2c_stream.errors import Fatal, SettingsError
from c2c_stream.topics import MIB
from tests.e2e.chain import c2c, c2c_json
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run, seated


def configure(cluster: Cluster, topic: str, key: str, value: str) -> None:
    """Change one property of a topic."""
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, cluster.topic(topic), incremental_configs=[entry])
    admin = cluster.admin(lambda _: None)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()
    eventually(lambda: describe(cluster, admin, [topic])[topic].properties[key] == value)


def grow(cluster: Cluster, topic: str, count: int) -> None:
    """Give a topic more partitions."""
    new = NewPartitions(cluster.topic(topic), count)
    admin = cluster.admin(lambda _: None)
    for future in admin.create_partitions([new]).values():
        future.result()
    eventually(lambda: partitions(cluster, admin, [topic])[topic] == count)


def remove_before(cluster: Cluster, offset: int) -> None:
    """Remove what stands before an offset of files[0], as retention does."""
    admin = cluster.admin(lambda _: None)
    at = TopicPartition(cluster.topic("files"), 0, offset)
    for future in admin.delete_records([at]).values():
        future.result()


def quick_to_see(cluster: Cluster) -> Cluster:
    """Return the same cluster for clients that look for new partitions all the time."""
    properties = {**cluster.settings.properties, "topic.metadata.refresh.interval.ms": "200"}
    settings = cluster.settings.model_copy(update={"properties": properties})
    return Cluster(cluster.servers, cluster.run, settings)


def where(cluster: Cluster) -> tuple[str, ...]:
    return ("--broker", f"kafka://{cluster.servers}", "--run", cluster.run)


def test_topics_are_described_and_verified_in_words(kafka: str) -> None:
    cluster = fresh_run(kafka, partitions=2)
    Outside(cluster).append(Produced("files", b"", b"a"))
    named = {one["topic"]: one for one in c2c_json("topics", "describe", *where(cluster))}
    files = named[f"{cluster.run}.files"]
    assert (files["partitions"], files["replicas"], files["in_sync"]) == (2, 1, 1)
    assert (files["cleanup"], files["retention_ms"]) == ("delete", 7 * 24 * 3_600_000)
    assert files["max_message_bytes"] == 5 * MIB
    assert (sum(files["start_offsets"]), sum(files["end_offsets"])) == (0, 2)
    assert named[f"{cluster.run}.curator-state"]["cleanup"] == "compact"
    table = c2c("topics", "describe", *where(cluster)).stdout
    assert f"{cluster.run}.files" in table
    assert "168 h" in table

    meant = ("--partitions", "2")
    good = c2c("topics", "verify", *where(cluster), *meant)
    assert (good.returncode, good.stdout) == (0, f"all topics of {cluster.run} are as meant\n")
    asked_for = (*where(cluster), *meant)
    assert c2c_json("topics", "verify", *asked_for) == {"run": cluster.run, "differences": []}
    configure(cluster, "files", "retention.ms", "1000")
    configure(cluster, "samples", "max.message.bytes", str(MIB))
    bad = c2c("topics", "verify", *where(cluster), *meant)
    assert bad.returncode == 10
    told = bad.stdout.splitlines()
    assert [line.split(", ")[0] for line in told] == [
        f"{cluster.run}.files has retention.ms 1 s",
        f"{cluster.run}.samples has max.message.bytes 1 MiB",
    ]
    asked = c2c("topics", "verify", *asked_for, "--json")
    assert asked.returncode == 10
    assert json.loads(asked.stdout)["differences"] == told


@pytest.mark.parametrize(
    ("retention_ms", "told"),
    [
        (-1, "for ever"),
        (0, "0 ms"),
        (1, "1 ms"),
        (1500, "1,500 ms"),
        (30_000, "30 s"),
        (5_400_000, "90 min"),
        (604_800_000, "168 h"),
    ],
)
def test_a_retention_is_told_in_a_whole_number(retention_ms: int, told: str) -> None:
    assert kept_for(retention_ms) == told


def test_a_table_names_its_topics_in_full(kafka: str) -> None:
    cluster = fresh_run(kafka)
    table = c2c("topics", "describe", *where(cluster), columns=80).stdout
    assert f"{cluster.run}.curator-state " in table


def test_more_replicas_than_brokers_are_a_wrong_setting(kafka: str) -> None:
    nowhere = ("--broker", f"kafka://{kafka}", "--run", "nowhere")
    refused = c2c("topics", "create", *nowhere, "--replication", "3")
    assert refused.returncode == 2
    assert "ask for no more --replication than there are brokers" in refused.stderr


def test_a_run_without_topics_is_told(kafka: str) -> None:
    nowhere = ("--broker", f"kafka://{kafka}", "--run", "nowhere")
    described = c2c("topics", "describe", *nowhere)
    assert described.returncode == 9
    assert "has no topic of the run nowhere" in described.stderr
    verified = c2c("topics", "verify", *nowhere)
    assert verified.returncode == 10
    assert verified.stdout.startswith("nowhere.repos is missing\n")
    asked = c2c("status", *nowhere)
    assert asked.returncode == 2
    assert "the run nowhere has not begun" in asked.stderr


def test_a_run_that_is_named_is_meant_wherever_the_broker_is_named(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C2C_BROKER", f"kafka://{kafka}")
    run = fresh_run(kafka).run
    monkeypatch.setenv("C2C_RUN", run)
    found = c2c("status")
    assert found.returncode == 0
    assert found.stdout.startswith(f"run {run} on kafka://{kafka}\n")
    asked = c2c("status", "--run", "nowhere")
    assert asked.returncode == 2
    assert "the run nowhere has not begun" in asked.stderr


@pytest.mark.parametrize(
    ("topic", "key", "value", "words"),
    [
        ("files", "max.message.bytes", str(MIB), "larger records would be refused"),
        ("functions", "max.message.bytes", str(MIB), "larger records would be refused"),
        ("files", "cleanup.policy", "compact", "records would vanish"),
    ],
)
def test_a_service_does_not_start_on_a_topic_that_would_lose_records(
    kafka: str, topic: str, key: str, value: str, words: str
) -> None:
    cluster = fresh_run(kafka)
    configure(cluster, topic, key, value)
    with (
        closing(KafkaBroker(cluster, "collector")) as broker,
        pytest.raises(SettingsError, match=rf"{cluster.run}\.{topic} has .*{words}"),
    ):
        broker.poll(1, 0.0)


def test_a_service_does_not_start_where_keys_have_parted_from_their_state(kafka: str) -> None:
    cluster = fresh_run(kafka, partitions=2)
    grow(cluster, "functions", 3)
    with (
        closing(KafkaBroker(cluster, "curator")) as broker,
        pytest.raises(SettingsError, match=r"functions has 3 partitions and .* has 2: the count"),
    ):
        broker.poll(1, 0.0)


def test_a_service_with_state_stops_when_its_topic_grows(kafka: str) -> None:
    cluster = quick_to_see(fresh_run(kafka, partitions=2))
    with closing(KafkaBroker(cluster, "curator")) as broker:
        eventually(lambda: broker.poll(0, 0.05) or broker.assigned())
        grow(cluster, "functions", 3)
        grow(cluster, "curator-state", 3)
        with pytest.raises(Fatal, match=r"had 2 partitions .* keys have parted from their state"):
            eventually(lambda: broker.poll(0, 0.05))


def test_a_service_with_state_does_not_start_on_topics_that_have_grown(kafka: str) -> None:
    cluster = fresh_run(kafka, partitions=2)
    at = ("functions", 0)
    with closing(seated(cluster, "curator")) as broker:
        broker.commit([], {at: Position(0, "m")}, {at: {"k": b"v"}})
    with closing(seated(cluster, "curator")) as broker:
        assert dict(broker.state()) == {"k": b"v"}
    grow(cluster, "functions", 3)
    grow(cluster, "curator-state", 3)
    with (
        closing(KafkaBroker(cluster, "curator")) as broker,
        pytest.raises(Fatal, match=r"put when there were 2 partitions, and there are 3: the count"),
    ):
        eventually(lambda: broker.poll(0, 0.05) or broker.assigned())


def test_partitions_that_are_added_while_a_service_runs_are_read(kafka: str) -> None:
    cluster = quick_to_see(fresh_run(kafka, partitions=1))
    with closing(KafkaBroker(cluster, "collector")) as broker:
        eventually(lambda: broker.poll(0, 0.05) or broker.assigned())
        grow(cluster, "files", 3)
        producer = cluster.producer("other", lambda _: None)
        producer.init_transactions(30)
        producer.begin_transaction()
        for number in range(3):
            producer.produce(cluster.topic("files"), b"%d" % number, partition=number)
        producer.commit_transaction(30)
        found: dict[int, bytes] = {}

        def all_read() -> bool:
            found.update({one.partition: one.value for one in broker.poll(10, 0.05)})
            return len(found) == 3

        eventually(all_read)
        assert found == {0: b"0", 1: b"1", 2: b"2"}
        moved = {("files", number): Position(1, "m") for number in found}
        broker.commit([], moved, {})
        assert set(broker.assigned()) == set(moved)


def test_records_that_were_removed_before_the_first_read_are_an_incident(kafka: str) -> None:
    cluster = fresh_run(kafka)
    Outside(cluster).append(Produced("files", b"", b"a"), Produced("files", b"", b"b"))
    remove_before(cluster, 1)
    with (
        closing(KafkaBroker(cluster, "collector")) as broker,
        pytest.raises(Fatal, match=r"files\[0\] begins at 1, .* removed before they were read"),
    ):
        eventually(lambda: broker.poll(1, 0.05))


def test_records_that_were_removed_before_the_next_read_are_an_incident(kafka: str) -> None:
    cluster = fresh_run(kafka)
    run = Outside(cluster)
    run.append(*(Produced("files", b"", b"%d" % n) for n in range(5)))
    with closing(KafkaBroker(cluster, "collector")) as broker:
        eventually(lambda: broker.poll(1, 0.05))
        broker.commit([], {("files", 0): Position(1, "m")}, {})
    remove_before(cluster, 3)
    with (
        closing(KafkaBroker(cluster, "collector")) as broker,
        pytest.raises(Fatal, match="removed before they were read"),
    ):
        eventually(lambda: broker.poll(1, 0.05))
