"""A chain that has nothing to do, as Kafka's own tool sees it."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import REPOS, SERVICES, consumed_by
from tests.engine.service import eventually
from tests.kafka.chaos.feed import Feed
from tests.kafka.chaos.fleet import Fleet
from tests.kafka.chaos.run import FAST, environment, is_over
from tests.kafka.chaos.sources import write_sources
from tests.kafka.node import JVM, jars

PARTITIONS = 2
TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
TOOL_S = 120


def lags(address: str, groups: list[str]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Return end and lag by group, topic and partition, in the tool's own words."""
    command = ["java", *JVM, "-cp", f"{jars()}/*", TOOL, "--bootstrap-server", address]
    asked = [word for group in groups for word in ("--group", group)]
    done = subprocess.run(
        [*command, "--describe", *asked], capture_output=True, text=True, timeout=TOOL_S, check=True
    )
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    header = next(row for row in rows if "LAG" in row)
    columns = [
        header.index(name) for name in ("GROUP", "TOPIC", "PARTITION", "LOG-END-OFFSET", "LAG")
    ]
    picked = [[row[n] for n in columns] for row in rows if row[0] in groups]
    return {(group, topic, number): (end, lag) for group, topic, number, end, lag in picked}


@pytest.mark.timeout(600)
def test_the_lag_of_every_group_is_exactly_zero(kafka: str, tmp_path: Path) -> None:
    where = Cluster(kafka, "idle", KafkaSettings(instance="feeder", partitions=PARTITIONS))
    groups = Groups(where, lambda _: None, stable=False)
    admin = where.admin(lambda _: None)
    names = [f"{service}-a" for service in SERVICES]
    fleet = Fleet(FAST, environment(tmp_path, kafka, where.run), tmp_path / "logs", names)
    wanted = {s: [(t.name, n) for t in consumed_by(s) for n in range(PARTITIONS)] for s in SERVICES}

    def all_read() -> bool:
        return all(
            found[at].offset == end
            for service, every in wanted.items()
            for found in [groups.positions(service, every)]
            for at, end in kafka_topics.ends(where, admin, every).items()
        )

    with closing(KafkaRun(where)) as run, closing(groups):
        run.create()
        sources = write_sources(tmp_path / "sources", 200, seed=1).sources
        Feed(kafka, where.topic(REPOS.name), sources).finish()
        fleet.start()
        try:
            eventually(lambda: is_over(run))
            eventually(lambda: patiently(all_read, 60.0))
            told = lags(kafka, [where.group(service) for service in SERVICES])
        finally:
            fleet.kill()
    assert set(told) == {
        (where.group(service), where.topic(topic), str(number))
        for service, every in wanted.items()
        for topic, number in every
    }
    assert sum(int(end) for end, _ in told.values()) > 0
    # Of a partition without any record a group has no position.
    assert {at: lag for at, (end, lag) in told.items() if lag != "0" and end != "0"} == {}
