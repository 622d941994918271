"""A repository of very many real files, read by the ingester as a process on a real Kafka."""

import json
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.records import File
from tests.engine.make import CODEC
from tests.kafka.runs import Outside
from tests.processes import ROOT, unmeasured

SMALL_BYTES = 4096
LARGE_BYTES = 65_536


def make_repository(path: Path, count: int) -> Path:
    """Make a bare repository of `count` distinct files, the standard library many times over."""
    contents = _contents()
    subprocess.run(["git", "init", "--quiet", "--bare", path], check=True)
    compression = ("-c", "core.compression=1")
    command = ["git", *compression, f"--git-dir={path}", "fast-import", "--quiet", "--force"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as git:
        assert git.stdin
        git.stdin.write(b"commit refs/heads/main\ncommitter t <t@localhost> 0 +0000\ndata 1\nx\n")
        for number in range(count):
            copy, module = divmod(number, len(contents))
            data = b"# copy %d\n" % copy + contents[module]
            # Copies of a module are neighbours, so large files come many at a time.
            git.stdin.write(b"M 100644 inline m%04d/c%04d.py\n" % (module, copy))
            git.stdin.write(b"data %d\n" % len(data) + data + b"\n")
        git.stdin.close()
        assert git.wait() == 0
    subprocess.run(
        ["git", f"--git-dir={path}", "symbolic-ref", "HEAD", "refs/heads/main"], check=True
    )
    return path


def _contents() -> list[bytes]:
    """Return the small files of the standard library, and some of the large ones."""
    root = Path(sysconfig.get_path("stdlib"))
    passed_over = {"site-packages", "test", "tests", "__pycache__"}
    files = sorted(p for p in root.rglob("*.py") if not passed_over & set(p.parts))
    contents = [file.read_bytes() for file in files]
    small = [content for content in contents if len(content) <= SMALL_BYTES]
    large = [content for content in contents if SMALL_BYTES < len(content) <= LARGE_BYTES]
    return [*small, *large[::8]]


@contextmanager
def ingesting(cluster: Cluster, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the ingester for the length of the block, then kill it."""
    out.mkdir(exist_ok=True)
    options = ("--broker", f"kafka://{cluster.servers}", "--run", cluster.run, "--out", str(out))
    tied = ("setpriv", "--pdeathsig", "KILL")  # it does not outlive us
    command = [*tied, sys.executable, "-m", "c2c_stream.cli", "serve", "ingester", *options]
    settings = {
        "C2C_KAFKA__PROPERTIES": json.dumps(cluster.settings.properties),
        "C2C_KAFKA__INSTANCE": cluster.settings.instance,
        "C2C_ENGINE__HOLD_LAG_RECORDS": "1000000000",
    }
    with (out / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=unmeasured(**settings), stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def killed_on_the_way(run: Outside, out: Path, files: int, kills: int, rng: Random) -> int:
    """Kill the ingester at random points of its way; return how often it was not at its end."""
    on_the_way = 0
    for kill in range(kills):
        target = files * (kill + rng.random()) / kills
        with ingesting(run.cluster, out) as process:
            while run.end("files") <= target:
                assert process.poll() is None, f"{process.poll()}: {(out / 'log').read_text()}"
            process.kill()
            process.wait()
        on_the_way += not run.has_read("ingester", "repos")
    return on_the_way


def peak_bytes(process: subprocess.Popen[bytes]) -> int:
    """Return the most memory that a process has had resident: kept by the kernel."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@dataclass
class Arrived:
    """What stands on the topic `files`, of one partition."""

    paths: Counter[str] = field(default_factory=Counter)
    transactions: list[int] = field(default_factory=list)
    """Bytes of keys, values and headers of each."""


def arrived(cluster: Cluster) -> Arrived:
    """Read the topic `files` to its end."""
    found, last = Arrived(), -2
    reader = cluster.reader(lambda _: None)
    reader.assign([TopicPartition(cluster.topic("files"), 0, OFFSET_BEGINNING)])
    try:
        while True:
            message = reader.poll(30)
            assert message is not None, "nothing comes, and no end"
            if message.error():
                return found
            # A transaction ends with a mark, which takes an offset of its own.
            if message.offset() != last + 1:
                found.transactions.append(0)
            last = message.offset() or 0
            found.transactions[-1] += bytes_of(message)
            record = CODEC.decode(message.value() or b"")
            assert isinstance(record, File)
            found.paths[record.origin.path] += 1
    finally:
        reader.close()


def bytes_of(message: Message) -> int:
    """Return the bytes of one record, as it was produced."""
    headers: Any = message.headers() or []
    beside = sum(len(name) + len(value) for name, value in headers)
    return len(message.key() or b"") + len(message.value() or b"") + beside


def paths_of(repository: Path) -> Counter[str]:
    """Return every path of a repository, once."""
    command = ["git", f"--git-dir={repository}", "ls-tree", "-r", "--name-only", "main"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return Counter(listed.stdout.split())
