"""From `git commit` in a followed repository to the sample in the dataset, on a real Kafka.

    python -m benchmarks.latency [COMMITS]

The follower and the seven services run as processes, with the default settings and with settings
for latency. Each commit adds a file with one new function; when its row can be read in the
dataset's folder the next one follows, after a random part of the follower's interval. Stages are
told apart by the brokers' clock: from the record on a topic to its first successor on the next.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

import pyarrow.parquet as pq
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.records import Repository, origin_of
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import SERVICES
from tests.e2e.following import write_feed
from tests.engine.make import CODEC
from tests.ingest.support import Git
from tests.kafka.node import running

INTERVAL_S = 0.2
DEFAULTS: Mapping[str, str] = {}
FOR_LATENCY = {"C2C_ENGINE__FLUSH_AGE_S": "0.002", "C2C_ENGINE__SETTLE_IDLE_S": "0.02"}
TOPICS = ("repos", "files", "functions", "candidates", "inputs", "cases", "samples")
BETWEEN = (
    "commit -> repos (follower)",
    "repos -> files (ingester)",
    "files -> functions (collector)",
    "functions -> candidates (curator)",
    "candidates -> inputs (writer)",
    "inputs -> cases (executor)",
    "cases -> samples (formatter)",
    "samples -> row (sink)",
)
LOOK_S = 0.005
PATIENCE_S = 120.0
RUN = "main"
C2C = (sys.executable, "-m", "c2c_stream.cli")
CODE = """
def weigh_{n}(values, limit):
    \"\"\"Sum the values up to a limit, each weighted by its place.\"\"\"
    total = {n}
    for place, value in enumerate(values):
        if value <= limit:
            total += value * (place + {n})
    return total
"""


def main(commits: int) -> None:
    """Print both tables."""
    for number, settings in enumerate((DEFAULTS, FOR_LATENCY)):
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as address:
            seen, times = chain(Path(folder), address, settings, commits)
        print("\n" * number + f"settings: {json.dumps(settings) if settings else 'defaults'}")
        print_table(seen, times)


def chain(
    folder: Path, address: str, settings: Mapping[str, str], commits: int
) -> tuple[dict[str, tuple[float, float]], dict[str, dict[str, float]]]:
    """Run the chain; return when commits were made and read, and when records were appended."""
    git, out = Git(folder / "shop"), folder / "out"
    git.commit({"first.py": CODE.format(n=10_000)})
    broker = ("--broker", f"kafka://{address}", "--run", RUN)
    create = [*C2C, "topics", "create", *broker, "--partitions", "1"]
    subprocess.run(create, check=True, stdout=subprocess.DEVNULL)
    feed = write_feed(folder, git.path, interval_s=INTERVAL_S)
    commands = [["serve", service] for service in SERVICES] + [["follow", str(feed)]]
    with ExitStack() as stack:
        for command in commands:
            arguments = [*command, *broker, "--out", str(out)]
            stack.enter_context(process(folder, arguments, settings))
        await_row(out, git.run("rev-parse", "HEAD"))
        seen = dict(measured(git, out, commits))
        return seen, appended(Cluster(address, RUN, KafkaSettings()))


@contextmanager
def process(folder: Path, arguments: list[str], settings: Mapping[str, str]) -> Iterator[None]:
    """Run a command for the length of the block; it does not outlive us."""
    tied = ("setpriv", "--pdeathsig", "TERM", *C2C, *arguments)
    with (folder / "log").open("ab") as log:
        command = subprocess.Popen(tied, stderr=log, env=os.environ | settings)
    try:
        yield
    finally:
        command.terminate()
        command.wait()


def measured(git: Git, out: Path, commits: int) -> Iterator[tuple[str, tuple[float, float]]]:
    """Commit again and again; yield when each was made and when its row could be read."""
    moments = random.Random(commits)
    for number in range(commits):
        time.sleep(moments.random() * INTERVAL_S)
        (git.path / f"f{number}.py").write_text(CODE.format(n=number))
        git.run("add", "--all")
        began = time.time()
        git.run("commit", "--quiet", "--message", "x")
        commit = git.run("rev-parse", "HEAD")
        await_row(out, commit)
        yield commit, (began, time.time())


def await_row(out: Path, commit: str) -> None:
    """Wait until a row that came of a commit can be read."""
    deadline = time.monotonic() + PATIENCE_S
    seen: dict[Path, int] = {}
    while time.monotonic() < deadline:
        for shard in out.glob("data/*.parquet"):
            try:
                changed = shard.stat().st_mtime_ns
                if seen.get(shard) != changed and commit in commits_of(shard):
                    return
            except FileNotFoundError:  # a longer one is in its place
                continue
            seen[shard] = changed
        time.sleep(LOOK_S)
    raise AssertionError(f"no row of {commit} in {out} within {PATIENCE_S:g} s")


def commits_of(shard: Path) -> set[str]:
    """Return the commits that rows of a shard came of."""
    return set(map(str, pq.read_table(shard, columns=["commit"]).column("commit").to_pylist()))


def appended(cluster: Cluster) -> dict[str, dict[str, float]]:
    """Return when the first record of each commit was appended to each topic."""
    reader = cluster.reader(lambda _: None)
    reader.assign([TopicPartition(cluster.topic(name), 0, OFFSET_BEGINNING) for name in TOPICS])
    found: dict[str, dict[str, float]] = {name: {} for name in TOPICS}
    ended = 0
    while ended < len(TOPICS):
        message = reader.poll(30)
        assert message is not None, "nothing comes, and no end"
        if message.error():
            ended += 1
            continue
        record = CODEC.decode(message.value() or b"")
        commit = record.revision if isinstance(record, Repository) else origin_of(record).commit
        topic = (message.topic() or "").partition(".")[2]
        found[topic].setdefault(commit, message.timestamp()[1] / 1000)
    reader.close()
    return found


def print_table(
    seen: Mapping[str, tuple[float, float]], times: Mapping[str, Mapping[str, float]]
) -> None:
    """Print p50 and p99 of the whole and of each stage."""
    points = [
        [began, *(times[topic][commit] for topic in TOPICS), read]
        for commit, (began, read) in seen.items()
    ]
    about = f"{len(points)} commits, asked every {INTERVAL_S:g} s"
    print(f"{about}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'milliseconds':<36}{'p50':>8}{'p99':>8}{'max':>8}")
    for number, name in enumerate(BETWEEN):
        print_row(name, [at[number + 1] - at[number] for at in points])
    print_row("git commit -> row readable", [at[-1] - at[0] for at in points])


def print_row(name: str, seconds: list[float]) -> None:
    """Print one line."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    line = (cuts[49], cuts[98], max(seconds))
    print(f"{name:<36}" + "".join(f"{value * 1000:>8.0f}" for value in line))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
