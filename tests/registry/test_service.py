"""Services and commands with a real registry, on the local log and on a real Kafka."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.local import LocalLog
from c2c_stream.broker.protocol import Produced
from c2c_stream.codec import Codec
from c2c_stream.records import RECORDS, File, Origin
from c2c_stream.settings import KafkaSettings
from tests.e2e.chain import STDLIB, c2c, c2c_json, rows_of, run_to_end
from tests.e2e.test_serve import page
from tests.kafka.runs import Outside, fresh_run
from tests.registry.clients import Clients
from tests.registry.door import Door
from tests.registry.versions import version
from tests.sockets import free_ports

PATIENCE_S = 90
SOURCE = b"def clamp(value, low, high):\n    return max(low, min(value, high))\n"


def file(number: int) -> File:
    text = SOURCE.replace(b"clamp", b"clamp%d" % number)
    return File(f"{number:032x}", Origin("r", "c", f"{number}.py", "b"), text)


@contextmanager
def serving(*options: object, ends_with: int = 0) -> Iterator[int]:
    """Run a collector; give the port of its pages; it must leave cleanly on SIGTERM."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", "collector"]
    arguments = [*map(str, options), "--http-port", str(port)]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            assert process.wait(PATIENCE_S) == ends_with, rest


def readiness(port: int) -> str:
    try:
        return page(port, "/readyz")[1]
    except OSError:
        return "no page"


def await_readiness(port: int, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while words not in (found := readiness(port)):
        assert time.monotonic() < deadline, f"{words!r} is not in {found!r}"
        time.sleep(0.05)


def values(cluster: Cluster, topic: str) -> list[bytes]:
    """Return what stands on all partitions of a topic."""
    reader = cluster.reader(lambda _: None)
    counts = range(cluster.settings.partitions)
    reader.assign([TopicPartition(cluster.topic(topic), n, OFFSET_BEGINNING) for n in counts])
    found: list[bytes] = []
    ended: set[int | None] = set()
    while len(ended) < cluster.settings.partitions:
        message = reader.poll(30)
        assert message is not None
        if message.error():
            ended.add(message.partition())
        else:
            found.append(message.value() or b"")
    reader.close()
    return found


def test_both_framings_of_one_topic_are_read_by_a_service_with_a_registry(
    kafka: str, registry: str, clients: Clients
) -> None:
    run = Outside(fresh_run(kafka, partitions=2))
    codec = clients.codec(registry)
    run.append(*(Produced("files", b"%d" % n, codec.encode(file(n))) for n in range(10)))
    run.feed(*map(file, range(10, 20)))
    where = ("--broker", f"kafka://{kafka}", "--run", run.cluster.run)

    with serving(*where) as port:
        await_readiness(port, "none is set; partition held: set schema_registry")
    assert run.records("dead-letters") == []

    with serving(*where, "--schema-registry", registry):
        deadline = time.monotonic() + PATIENCE_S
        while not run.has_read("collector", "files"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    found = values(run.cluster, "functions")
    assert sum(value.startswith(b"\x00") for value in found) >= 10
    names = {getattr(codec.decode(value), "entry_point", "") for value in found}
    assert names == {f"clamp{n}" for n in range(20)}
    assert len(found) == 20
    assert run.records("dead-letters") == []


def test_a_service_waits_for_a_registry_that_is_away(
    door: Door, run_folder: Path, clients: Clients, tmp_path: Path
) -> None:
    clients.codec(door.url)
    log = LocalLog(run_folder, "main")
    log.append([Produced("files", b"", Codec().encode(file(1)))])
    door.shut()
    where = ("--broker", f"local:{run_folder}", "--out", tmp_path, "--schema-registry", door.url)
    with serving(*where) as port:
        await_readiness(port, "it goes on when the registry answers")
    with serving(*where) as port:
        await_readiness(port, "it goes on when the registry answers")
        door.open()
        await_readiness(port, "ok")
        deadline = time.monotonic() + PATIENCE_S
        while not log.read("functions", 0, 1):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert log.read("functions", 0, 1)[0].value.startswith(b"\x00")
    log.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("textwrap", "heapq"):
        text = (STDLIB / f"{name}.py").read_text(encoding="utf-8")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_a_run_with_a_registry_makes_the_rows_that_one_without_makes(
    kafka: str, registry: str, source: Path, tmp_path: Path
) -> None:
    options = ("--keep", "--broker", f"kafka://{kafka}", "--schema-registry", registry)
    refused = run_to_end(source, tmp_path / "with", *options)
    assert refused.code == 2
    assert "put it there with `c2c schemas register" in refused.stderr
    assert not (tmp_path / "with").exists()

    assert c2c("schemas", "register", "--schema-registry", registry).returncode == 0
    run = run_to_end(source, tmp_path / "with", *options)
    assert run.code == 0, run.stdout + run.stderr
    assert run_to_end(source, tmp_path / "without").code == 0

    def rows(out: Path) -> list[dict[str, object]]:
        return sorted(rows_of(out), key=lambda row: str(row["id"]))

    assert rows(tmp_path / "with") == rows(tmp_path / "without") != []

    name = json.loads((tmp_path / "with" / "run.json").read_text(encoding="utf-8"))["run"]
    cluster = Cluster(kafka, name, KafkaSettings())
    for topic in ("repos", "files", "functions", "candidates", "inputs", "cases", "samples"):
        found = values(cluster, topic)
        assert found
        assert all(value.startswith(b"\x00\x00") for value in found), topic


def test_the_commands_register_check_and_list(registry: str, plain: SchemaRegistryClient) -> None:
    where = ("--schema-registry", registry)
    before = c2c("schemas", "list", *where)
    assert before.returncode == 11
    assert before.stdout.count("not registered") == len(RECORDS)
    made = c2c("schemas", "register", *where)
    assert made.returncode == 0, made.stderr
    assert c2c("schemas", "register", *where).stdout == made.stdout
    listed = c2c_json("schemas", "list", *where)
    assert {one["compatibility"] for one in listed} == {"FULL_TRANSITIVE"}
    assert "".join(f"{one['name']}: id {one['schema_id']}\n" for one in listed) == made.stdout
    assert c2c("schemas", "check", *where).returncode == 0

    plain.set_compatibility("c2c.File", "NONE")
    must = version(File, more={"name": "must", "type": "string"})
    plain.register_schema("c2c.File", Schema(must, "AVRO"))
    wrong = c2c("schemas", "check", *where)
    assert wrong.returncode == 11
    assert "old cannot read new: must: it has no default" in wrong.stdout
    refused = c2c("schemas", "register", *where)
    assert refused.returncode == 2
    assert "nothing was registered: c2c.File, version 2" in refused.stderr


def test_a_command_says_that_it_waits(door: Door, tmp_path: Path) -> None:
    door.shut()
    (tmp_path / "code.py").write_bytes(SOURCE)
    command = [sys.executable, "-m", "c2c_stream.cli", "ingest", str(tmp_path / "code.py")]
    environment = {
        "C2C_SCHEMA_REGISTRY": door.url,
        "C2C_REGISTRY__REGISTER_SCHEMAS": "true",
        "C2C_OUT": str(tmp_path / "out"),
    }
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=os.environ | environment
    ) as process:
        assert process.stderr
        assert process.stdout
        assert process.stderr.readline().startswith(f"c2c: waiting: schema registry {door.url}: ")
        door.open()
        assert process.stdout.read().startswith("1 source on main.repos")
        assert process.wait(PATIENCE_S) == 0
