"""SASL_SSL, SCRAM and ACLs on a real Kafka: least rights suffice, and one less is named."""

import os
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.protocol import Broker, Produced
from c2c_stream.broker.rights import Right, rights_of
from c2c_stream.broker.run import REPLAYER
from c2c_stream.engine import replaying
from c2c_stream.engine.workers import KeyedWorker, PureWorker, Worker
from c2c_stream.errors import Fatal
from c2c_stream.records import File, Function
from c2c_stream.topics import SERVICES, held_by, key_of
from tests.e2e.chain import c2c
from tests.e2e.following import write_feed
from tests.engine.make import CODEC
from tests.engine.service import eventually, serving
from tests.engine.stages import Keyed, Pure
from tests.ingest.support import Git
from tests.kafka.runs import PATIENCE_S, Outside, fresh_run, seated
from tests.kafka.secured import PASSWORD, Secured
from tests.processes import kill, lines, start

SERVICE = "serv1ce-s3cret"
RUN = "lacking"


@pytest.fixture(scope="module")
def node(secured_kafka: Secured) -> Secured:
    """Return the node with a user whose rights each test grants."""
    secured_kafka.add_user("service", SERVICE)
    return secured_kafka


@pytest.fixture
def run(node: Secured) -> Outside:
    """Return a fresh run, seen by somebody who may do everything."""
    return Outside(fresh_run(node.address, settings=node.settings("admin", PASSWORD)))


@pytest.fixture(scope="module")
def lacking(node: Secured) -> Cluster:
    """Return a run for those who may do too little."""
    made = fresh_run(node.address, settings=node.settings("admin", PASSWORD))
    return of_service(node, made)


def of_service(node: Secured, cluster: Cluster, instance: str = "one") -> Cluster:
    """Return the run for the user whose rights the test grants."""
    more = {"instance": instance, "properties": cluster.settings.properties}
    return Cluster(cluster.servers, cluster.run, node.settings("service", SERVICE, **more))


class Seat:
    """The way of the user with few rights into a run."""

    def __init__(self, node: Secured, run: Outside) -> None:
        self._node, self._run = node, run

    def seat(self, service: str) -> Broker:
        self._node.grant("service", rights_of(self._run.cluster.run, service, hold="each"))
        return KafkaBroker(of_service(self._node, self._run.cluster), service)


def came_out(run: Outside, topic: str) -> Counter[str]:
    return Counter(key_of(record) for record in run.records(topic))


def came_past(run: Outside, target: int) -> bool:
    return run.end("functions") >= target


@pytest.mark.parametrize("service", SERVICES)
def test_the_rights_of_a_service_are_enough_to_take_its_seat(
    node: Secured, lacking: Cluster, service: str
) -> None:
    node.grant("service", rights_of(lacking.run, service))
    with closing(seated(lacking, service)) as broker:
        for topic in held_by(service, "ingester"):
            assert broker.lag_of(topic.consumer, topic.name) == 0
        assert set(broker.ends().values()) == {0}


def test_with_its_rights_a_service_passes_records(node: Secured, run: Outside) -> None:
    run.feed(*(File(file_id=str(n)) for n in range(50)))
    run.append(Produced("files", b"k", b"garbage"))
    with serving(Seat(node, run), "collector", lambda _: PureWorker(Pure())) as service:
        eventually(lambda: service.error or run.has_read("collector", "files"))
    assert came_out(run, "functions") == Counter(str(n) for n in range(50))
    assert len(run.records("dead-letters")) == 1


def test_with_its_rights_a_keyed_stage_goes_on_from_its_state(node: Secured, run: Outside) -> None:
    def keyed(broker: Broker) -> Worker:
        return KeyedWorker(Keyed(), broker.state())

    for source in ("a", "b"):
        run.feed(*(Function(function_id=str(n), occurrence_id=source) for n in range(50)))
        with serving(Seat(node, run), "curator", keyed) as service:
            eventually(lambda: service.error or run.has_read("curator", "functions"))
    assert came_out(run, "candidates") == Counter(str(n) for n in range(50))
    assert run.books("curator", "functions").rejected == 50


def test_with_its_rights_a_service_that_is_killed_puts_everything_out_once(
    node: Secured, run: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3000
    node.grant("service", rights_of(run.cluster.run, "collector", hold="each"))
    for name, value in {
        "security_protocol": "SASL_SSL",
        "username": "service",
        "password": SERVICE,
        "ca_file": str(node.ca_file),
    }.items():
        monkeypatch.setenv(f"C2C_KAFKA__{name.upper()}", value)
    run.feed(*(File(file_id=str(n)) for n in range(count)))
    for target in (count // 4, count // 2):
        process = start("tests.kafka.passing", node.address, run.cluster.run, "one", "pure")
        try:
            eventually(partial(came_past, run, target))
        finally:
            kill(process)
    process = start("tests.kafka.passing", node.address, run.cluster.run, "one", "pure")
    try:
        assert lines(process, 1)
        eventually(lambda: run.has_read("collector", "files"))
    finally:
        kill(process)
    assert came_out(run, "functions") == Counter(str(n) for n in range(count))


@pytest.mark.parametrize(
    ("service", "right"),
    [(service, right) for service in ("ingester", "curator") for right in rights_of(RUN, service)],
    ids=lambda value: str(value).replace(" ", "-"),
)
def test_a_right_that_is_missing_is_named(
    node: Secured, lacking: Cluster, service: str, right: Right
) -> None:
    rights = rights_of(lacking.run, service)
    gone = rights[rights_of(RUN, service).index(right)]
    node.grant("service", [one for one in rights if one != gone])
    with (
        closing(KafkaBroker(of_service(node, lacking), service)) as broker,
        pytest.raises(Fatal) as caught,
    ):
        eventually(lambda: broker.poll(0, 0.05) or broker.assigned())
    told = str(caught.value)
    if gone.resource == "transactionalId":
        assert told.startswith(f"transactional id {lacking.run}-{service}-one: ")
    else:
        assert f"service lacks {gone};" in told
    assert "grant" in told


def c2c_as(node: Secured, user: str, password: str, *arguments: str) -> "tuple[int, str]":
    """Run a command as a user; return its code and all that it printed."""
    environment = {
        "C2C_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "C2C_KAFKA__USERNAME": user,
        "C2C_KAFKA__PASSWORD": password,
        "C2C_KAFKA__CA_FILE": str(node.ca_file),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        done = c2c(*arguments, "--broker", f"kafka://{node.address}")
    return done.returncode, done.stdout + done.stderr


def test_the_roles_beside_services_have_what_their_commands_need(
    node: Secured, tmp_path: Path
) -> None:
    def as_service(*arguments: str) -> str:
        code, told = c2c_as(node, "service", SERVICE, *arguments)
        assert code == 0, told
        return told

    node.grant("service", rights_of("ops", "operator"))
    assert "ops.functions\n" in as_service("topics", "create", "--run", "ops")
    assert "as meant" in as_service("topics", "verify", "--run", "ops")
    assert "ops.functions" in as_service("topics", "describe", "--run", "ops")
    assert "books: balanced" in as_service("status", "--run", "ops")
    node.grant("service", rights_of("ops", "feeder"))
    assert "1 source on ops.repos" in as_service("ingest", os.__file__, "--run", "ops")
    git = Git(tmp_path / "shop")
    head = git.commit({"a.py": "1"})
    feed = str(write_feed(tmp_path, git.path))
    node.grant("service", rights_of("ops", "follower"))
    assert head in as_service("follow", feed, "--once", "--run", "ops")
    assert "nothing moved" in as_service("follow", feed, "--once", "--run", "ops")
    node.grant("service", rights_of("ops", "settler"))
    for action in ("list", "replay", "drop"):
        execute = () if action == "list" else ("--execute",)
        as_service("dead-letters", action, "--run", "ops", *execute)
    node.grant("service", rights_of("ops", "operator"))
    assert "deleted topic ops.repos" in as_service("topics", "delete", "--run", "ops", "--execute")


def copied(node: Secured, old: Cluster, new: Cluster) -> int:
    """Copy the topic `files` as `c2c replay` does, as the user whose rights the test grants."""
    with (
        closing(KafkaRun(of_service(node, old), PATIENCE_S)) as before,
        closing(KafkaRun(of_service(node, new), PATIENCE_S)) as after,
    ):
        assert before.exists()
        assert after.exists()
        with closing(after.feeder(REPLAYER)) as feeder:
            replaying.begin(before, after, feeder, "files", None)
            return sum(replaying.copy(before, feeder, "files", CODEC))


def test_a_replay_has_what_it_needs_in_both_runs_and_one_right_less_is_named(
    node: Secured, run: Outside
) -> None:
    into = fresh_run(node.address, settings=node.settings("admin", PASSWORD))
    run.feed(*(File(file_id=str(n)) for n in range(50)))
    rights = (*rights_of(run.cluster.run, "reader"), *rights_of(into.run, "replayer"))
    for gone, told in (
        (Right("topic", run.cluster.topic("files"), "Read"), "uthorization failed"),
        (Right("topic", into.topic("files"), "Write"), "Write on topic"),
        (Right("topic", into.topic("settlements"), "Read"), "uthorization failed"),
        (Right("group", f"{into.run}-replayer", "Read"), "Read on group"),
        (Right("transactionalId", f"{into.run}-replayer-", "Write", True), "transactional id"),
    ):
        assert gone in rights
        node.grant("service", [right for right in rights if right != gone])
        with pytest.raises(Fatal, match=rf"{told}.*grant"):
            copied(node, run.cluster, into)
    node.grant("service", rights)
    assert copied(node, run.cluster, into) == 50
    assert Outside(into).records("files") == run.records("files")


def test_who_may_not_make_topics_is_told_so(node: Secured) -> None:
    node.grant("service", [])
    code, told = c2c_as(node, "service", SERVICE, "topics", "create", "--run", "forbidden")
    assert code == 8
    assert "topic forbidden.repos: Authorization failed" in told
    assert "grant this right" in told
