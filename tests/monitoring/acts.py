"""What is done to a run so that it fails, and what a person does beside the runbook's commands."""

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from shutil import copytree
from typing import Any, Final

import fastavro
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from c2c_stream.avro import SCHEMAS, crc64, parsed, schema_of
from c2c_stream.codec import MARKER
from c2c_stream.engine.books import Books, from_metadata, to_metadata
from c2c_stream.records import File
from tests.monitoring.prometheus import await_
from tests.monitoring.scene import DISK_MIB, FEED, MODEL, PARTITIONS, Scene

# More than two breakers take, and a rest.
GARBAGE: Final = 240
# Functions that wait, or whose inputs are lost.
SOME: Final = 6
FULL: Final = 0.95


# --- the curator does not start: a setting that nobody can read was rolled out


def bad_setting(scene: Scene) -> None:
    pod = scene.pod("curator-0")
    scene.kubelet.restart(pod, lambda: pod.environment.update(C2C_KAFKA__PARTITIONS="many"))
    good = str(PARTITIONS)

    def undo() -> None:
        scene.kubelet.restart(pod, lambda: pod.environment.update(C2C_KAFKA__PARTITIONS=good))

    scene.undoes = undo


# --- the model server


def hang(scene: Scene) -> None:
    model = scene.pod(MODEL).process
    assert model
    model.send_signal(signal.SIGSTOP)
    scene.write_functions(SOME)


def one_writer(scene: Scene) -> None:
    scene.standin.replicas("writer", 1)


def no_memory(scene: Scene) -> None:
    model = scene.pod(MODEL)
    good = model.command
    scene.filled["good"] = " ".join(good)
    dies = [sys.executable, "-c", "raise MemoryError('CUDA out of memory')"]

    def change() -> None:
        model.command = dies

    scene.kubelet.restart(model, change)
    scene.write_functions(SOME)


def memory_again(scene: Scene) -> None:
    model, writer = scene.pod(MODEL), scene.pod("writer-0")
    model.command = scene.filled["good"].split(" ")
    scene.kubelet.restart(model)

    def change() -> None:
        del writer.environment["C2C_WRITE__WRITER"]

    scene.kubelet.restart(writer, change)


def refuse(scene: Scene) -> None:
    scene.mood.write_text("refuse", encoding="utf-8")
    scene.write_functions(SOME)


def accept(scene: Scene) -> None:
    scene.mood.write_text("good", encoding="utf-8")


# --- records that are none


def garbage(scene: Scene) -> None:
    scene.append("files", *[b"no record"] * GARBAGE)


def newer_record(scene: Scene) -> None:
    """Put a record on the topic as the next version writes it, with a field more."""
    schema: dict[str, Any] = schema_of(File)
    schema["fields"] = [*schema["fields"], {"name": "later", "type": "string", "default": ""}]
    newer = parsed(_text(schema))
    body = _encoded(newer)
    scene.append("files", MARKER + crc64(newer) + body)
    known = scene.folder / "schemas"
    copytree(SCHEMAS, known)
    (known / "versions" / "c2c.File-later.avsc").write_text(_text(schema), encoding="utf-8")
    pod = scene.pod("collector-0")

    def apply() -> None:
        module = [sys.executable, "-m", "tests.monitoring.newer", str(known)]

        def change() -> None:
            pod.command = [*module, "serve", "collector"]

        scene.kubelet.restart(pod, change)

    scene.applies = apply


def _text(schema: Mapping[str, Any]) -> str:
    plain = {k: v for k, v in schema.items() if not k.startswith("__")}
    return json.dumps(plain, default=lambda b: b.decode("latin-1"))


def _encoded(schema: Any) -> bytes:
    out = io.BytesIO()
    empty = {f["name"]: f["default"] for f in schema["fields"] if "default" in f}
    fastavro.schemaless_writer(out, schema, empty | {"file_id": "later", "later": "new"})
    return out.getvalue()


# --- a service that the kernel kills


def kill_often(scene: Scene) -> None:
    pod = scene.pod("formatter-0")
    started = f'process_start_time_seconds{{instance="127.0.0.1:{pod.port}"}}'
    for _ in range(3):
        before = scene.server.series(started)[0]["value"][1]
        assert pod.process
        pod.process.kill()
        await_(
            lambda before=before: any(
                one["value"][1] != before for one in scene.server.series(started)
            )
        )


# --- Kafka


def open_transaction(scene: Scene) -> None:
    """Leave a transaction open, as a producer of somebody else does that has gone."""
    producer = Producer(
        {
            "bootstrap.servers": scene.brokers.address,
            "transactional.id": "main-writer-gone",
            "transaction.timeout.ms": 900_000,
            "log_level": 0,
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("main.cases", b"never committed", partition=0)
    assert not producer.flush(30)
    scene.filled |= {"BROKER": "0", "ID": "main-writer-gone", "TOPIC": "main.cases"}
    scene.filled["PARTITION"] = "0"


def read_off_offset(scene: Scene) -> None:
    """Read where the transaction began off what `describe-producers` has printed."""
    row = next(line for line in scene.said.splitlines() if re.search(r"\s\d+\s*$", line))
    scene.filled["OFFSET"] = row.split()[-1]


def no_brokers(scene: Scene) -> None:
    scene.brokers.kill(0)


def brokers_again(scene: Scene) -> None:
    scene.brokers.start(0)
    scene.brokers.await_in_sync()


def usual_time(scene: Scene) -> None:
    """Keep records for as long as is meant again."""
    scene.keep_files("604800000")


def wrong_books(scene: Scene) -> None:
    """Let somebody write to a group's committed offsets."""
    pod, run = scene.pod("formatter-0"), scene.environment["C2C_RUN"]
    scene.kubelet.stop(pod)
    group, servers = f"{run}-formatter", scene.brokers.address
    wanted = [TopicPartition(f"{run}.cases", n) for n in range(PARTITIONS)]
    asks = Consumer({"bootstrap.servers": servers, "group.id": group})
    at = next(one for one in asks.committed(wanted, 30) if one.metadata)
    asks.close()
    books = to_metadata(from_metadata(at.metadata or "", at) + Books(read=1))
    wrong = TopicPartition(at.topic, at.partition, at.offset, books)
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    changed = ConsumerGroupTopicPartitions(group, [wrong])

    def put() -> bool:
        """Say whether the brokers took it; they do not while they miss a member."""
        [done] = admin.alter_consumer_group_offsets([changed]).values()
        return all(one.error is None for one in done.result(30).topic_partitions)

    await_(put)
    scene.kubelet.restart(pod)
    scene.filled["NEW"] = "another"
    scene.applies = lambda: scene.serve("another")


def skipped(scene: Scene) -> None:
    """Let somebody skip what waits for the executor, by Kafka's own tool."""
    pod = scene.pod("executor-0")
    scene.kubelet.stop(pod)
    out = 'sum(c2c_books_records{stage="writer",column="out"})'
    before = _value(scene, out)
    scene.write_functions(SOME)
    await_(lambda: _value(scene, out) >= before + SOME)
    tool = ["kafka-consumer-groups.sh", "--bootstrap-server", scene.brokers.address]
    reset = ["--group", "main-executor", "--topic", "main.inputs", "--reset-offsets"]
    subprocess.run(
        [*tool, *reset, "--to-latest", "--execute"], check=True, env=scene.standin.operator
    )
    scene.kubelet.restart(pod)
    scene.filled["NEW"] = "again"
    scene.applies = lambda: scene.serve("again")


def _value(scene: Scene, query: str) -> float:
    found = scene.server.series(query)
    return float(found[0]["value"][1]) if found else 0.0


# --- machines


def older_kernel(scene: Scene) -> None:
    pod = scene.pod("executor-0")

    def change() -> None:
        pod.before = [sys.executable, "-m", "tests.monitoring.no_landlock"]

    scene.kubelet.restart(pod, change)


def fill(scene: Scene) -> None:
    ballast = scene.folder / "sink-0" / "ballast"
    ballast.write_bytes(b"\0" * int(FULL * DISK_MIB * 1024 * 1024))


def move_away(scene: Scene) -> None:
    scene.gone.path.rename(scene.gone.path.with_name("moved"))
    scene.filled["URL"] = str(scene.gone.path)


def take_out(scene: Scene) -> None:
    feed = scene.folder / FEED
    kept = feed.read_text(encoding="utf-8").rpartition("[[repositories]]")[0]
    scene.filled["URL"] = str(scene.gone.path)

    def apply() -> None:
        feed.write_text(kept, encoding="utf-8")
        scene.kubelet.restart(scene.pod("follower"))

    scene.applies = apply
