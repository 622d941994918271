"""A whole run as it stands in production: brokers, services, a model server, Prometheus."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from c2c_stream.broker.known import FOLLOWER
from c2c_stream.topics import SERVICES
from tests.e2e.following import write_feed
from tests.ingest.support import Git
from tests.kafka import cluster
from tests.kafka.node import JVM, jars
from tests.monitoring import prometheus
from tests.monitoring.pods import Kubelet, Pod, path_with
from tests.monitoring.prometheus import Prometheus, await_
from tests.monitoring.shortened import shortened
from tests.monitoring.standin import Standin, installed
from tests.require import missing
from tests.sockets import free_ports

RUN: Final = "main"
PARTITIONS: Final = 2
MODEL: Final = "vllm"
DISK_MIB: Final = 64
# What the model server answers, and what is followed.
MOOD: Final = "mood"
FEED: Final = "feed.toml"
SECOND_WRITER: Final = "writer-1"
# A member that is killed is missed after three seconds.
MEMBER: Final = '{"session.timeout.ms": "3000", "heartbeat.interval.ms": "500"}'
TOOL: Final = """#!/bin/sh
exec java {jvm} -cp '{jars}/*' org.apache.kafka.tools.{name} "$@"
"""
FUNCTION: Final = """
def shout_{n}(words):
    return [word.upper() + "{n}" for word in words if len(word) < {n}]
"""


def _nothing() -> None:
    """Change nothing."""


@dataclass(slots=True)
class Scene:
    """The run, and what a failure is induced by."""

    folder: Path
    brokers: cluster.Brokers
    kubelet: Kubelet
    standin: Standin
    server: Prometheus
    git: Git
    gone: Git
    environment: dict[str, str]
    mood: Path
    applies: Callable[[], None] = _nothing
    """What the next `kubectl apply` brings."""
    undoes: Callable[[], None] = _nothing
    """What the next `kubectl rollout undo` takes back."""
    filled: dict[str, str] = field(default_factory=dict)
    """What a reader of the section at hand fills in."""
    said: str = ""
    """What the step before has printed."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def pod(self, name: str) -> Pod:
        """Return a pod."""
        return self.kubelet.pods[name]

    def write_functions(self, count: int) -> None:
        """Commit new functions to the repository that is followed."""
        numbers = list(itertools.islice(self._numbers, count))
        text = "".join(FUNCTION.format(n=n) for n in numbers)
        self.git.commit({f"module_{numbers[0]}.py": text})

    def append(self, topic: str, *values: bytes) -> None:
        """Put bytes on a topic."""
        producer = Producer({"bootstrap.servers": self.brokers.address, "log_level": 0})
        for number, value in enumerate(values):
            producer.produce(f"{RUN}.{topic}", value, partition=number % PARTITIONS)
        assert not producer.flush(60)

    def keep_files(self, milliseconds: str) -> None:
        """Keep the records of a topic for so long, as Strimzi does what a KafkaTopic says."""
        operation = AlterConfigOpType.SET
        entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=operation)
        kind = ConfigResource.Type.TOPIC
        files = ConfigResource(kind, f"{RUN}.files", incremental_configs=[entry])
        admin = AdminClient({"bootstrap.servers": self.brokers.address, "log_level": 0})
        for done in admin.incremental_alter_configs([files]).values():
            done.result(30)

    def told(self) -> dict[str, str]:
        """Return what a reader of the runbook fills in everywhere."""
        return {
            "PROMETHEUS": f"http://127.0.0.1:{self.server.port}",
            "SERVERS": self.brokers.address,
            "RUN": self.environment["C2C_RUN"],
        }

    def apply(self) -> None:
        """Do what `kubectl apply` does."""
        self.applies()

    def undo(self) -> None:
        """Do what `kubectl rollout undo` does."""
        self.undoes()

    def serve(self, run: str) -> None:
        """Let all services serve another run."""
        self.environment["C2C_RUN"] = self.standin.operator["C2C_RUN"] = run
        for pod in self.kubelet.pods.values():
            pod.environment["C2C_RUN"] = run
            if pod.name not in (MODEL, SECOND_WRITER):
                self.kubelet.restart(pod)


@contextmanager
def running(folder: Path) -> Iterator[Scene]:
    """Run everything; nothing has failed yet, and functions have come to the dataset."""
    if os.geteuid() != 0:
        missing("root, for a disk of its own to fill")
    names = [f"{service}-0" for service in SERVICES]
    ports = dict(zip((*names, SECOND_WRITER, FOLLOWER, MODEL), free_ports(10), strict=True))
    with ExitStack() as stack:
        brokers = stack.enter_context(cluster.running(folder / "kafka", 1))
        for name in ("git", "gone"):
            (folder / name).mkdir()
        git, gone = Git(folder / "git" / "shop"), Git(folder / "gone" / "old")
        gone.commit({"old.py": "A = 1\n"})
        mood = folder / MOOD
        mood.write_text("good", encoding="utf-8")
        environment = {
            "C2C_RUN": RUN,
            "C2C_BROKER": f"kafka://{brokers.address}",
            "C2C_KAFKA__PARTITIONS": str(PARTITIONS),
            "C2C_KAFKA__REPLICATION": "1",
            "HOME": "/nonexistent",
            "COLUMNS": "140",
        }
        kubelet = Kubelet()
        stack.callback(kubelet.close)
        standin = Standin(kubelet, {})
        tools = stack.enter_context(installed(standin, folder))
        _install_tools(tools)
        base = {"PATH": path_with(Path(sys.executable).parent)}
        base["PATH"] = f"{tools}{os.pathsep}{base['PATH']}"
        (folder / "admin.properties").touch()
        standin.operator = {**base, **environment, "C2C_OUT": str(folder / "operator")}
        disk = folder / "sink-0"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "c2c", disk], check=True)
        stack.callback(lambda: subprocess.run(["umount", "--lazy", disk], check=True))
        write_feed(folder, git.path, gone.path, interval_s=1)
        for name in ports:
            kubelet.add(_pod(name, ports, folder, environment))
        watched = {name: port for name, port in ports.items() if name != MODEL}
        (folder / "prometheus").mkdir()
        server = stack.enter_context(prometheus.running(folder / "prometheus", watched, shortened))
        scene = Scene(folder, brokers, kubelet, standin, server, git, gone, environment, mood)
        _teach(scene)
        for name in (MODEL, FOLLOWER):
            kubelet.restart(scene.pod(name))
        scene.write_functions(4)
        for name in names:
            kubelet.restart(scene.pod(name))
        read = 'c2c_books_records{stage="sink",column="processed"} >= 4'
        await_(lambda: server.series(read), lambda: _logs(scene))
        await_(lambda: not server.alerts(), lambda: f"{server.alerts()}\n{_logs(scene)}")
        yield scene


def _pod(name: str, ports: Mapping[str, int], folder: Path, environment: Mapping[str, str]) -> Pod:
    stage, port = name.rpartition("-")[0] or name, ports[name]
    own = {
        "C2C_KAFKA__INSTANCE": name,
        "C2C_KAFKA__PROPERTIES": MEMBER,
        "C2C_HTTP_PORT": str(port),
        "C2C_OUT": str(folder / name),
    }
    ours = [sys.executable, "-m", "c2c_stream.cli"]
    match stage:
        case "vllm":
            command = [
                sys.executable,
                "-m",
                "tests.monitoring.model",
                str(port),
                str(folder / MOOD),
            ]
        case "follower":
            command = [*ours, "follow", str(folder / FEED)]
        case _:
            command = [*ours, "serve", stage]
    if stage == "writer":
        own["C2C_MODEL__SERVERS"] = f"http://127.0.0.1:{ports[MODEL]}/v1"
        own["C2C_MODEL__SAMPLED_SHARE"] = "1"  # it is asked for every function
    return Pod(name, command, {**environment, **own}, port, folder)


def _install_tools(folder: Path) -> None:
    for command, name in (
        ("kafka-transactions.sh", "TransactionsCommand"),
        ("kafka-consumer-groups.sh", "consumer.group.ConsumerGroupCommand"),
    ):
        tool = folder / command
        tool.write_text(TOOL.format(jvm=" ".join(JVM), jars=jars(), name=name), encoding="utf-8")
        tool.chmod(0o755)


def _teach(scene: Scene) -> None:
    """Say what stands in for what only a cluster, Strimzi and KEDA have."""

    def patched(_: list[str]) -> str:
        scene.keep_files("1209600000")
        return f"kafkatopic.kafka.strimzi.io/{RUN}.files patched\n"

    def said(text: str, do: Callable[[], object] = _nothing) -> Callable[[list[str]], str]:
        def done(_: list[str]) -> str:
            do()
            return f"{text}\n"

        return done

    def larger() -> None:
        size = f"remount,size={2 * DISK_MIB}m"
        subprocess.run(["mount", "-o", size, scene.folder / "sink-0"], check=True)

    def brokers(_: list[str]) -> str:
        up = [node.process is not None for node in scene.brokers.nodes]
        return f"c2c-brokers-0  {'Running' if all(up) else 'CrashLoopBackOff'}\n"

    scene.standin.does = {
        "apply --server-side --force-conflicts -k k8s/overlays/prod": said("applied", scene.apply),
        "rollout undo": said("rolled back", scene.undo),
        "get scaledobject": said("no KEDA here: this line stands in for it"),
        "get hpa": said("no KEDA here: this line stands in for it"),
        "patch scaledobject writer": said("patched", lambda: scene.standin.replicas("writer", 2)),
        "patch pvc dataset": said("persistentvolumeclaim/dataset patched", larger),
        f"patch kafkatopic {RUN}.files": patched,
        "get kafka c2c": brokers,
        "get pods -l strimzi.io/cluster=c2c": brokers,
        "get pod executor-0 -o jsonpath={.spec.nodeName}": said("node-1"),
        "cordon node-1": said("node/node-1 cordoned", lambda: _elsewhere(scene)),
    }


def _elsewhere(scene: Scene) -> None:
    """Let the next executor start on a node with all walls."""
    scene.pod("executor-0").before = ()


def _logs(scene: Scene) -> str:
    return "".join(f"{pod.name}:\n{pod.log()[-1500:]}" for pod in scene.kubelet.pods.values())
