"""What a rebalance costs: a second writer comes, then leaves, while requests are in flight.

    python -m benchmarks.rebalance [--in-flight N] [--request-s S] [--records N]

Writers with N requests of S seconds in flight (they sleep, as those to a model server do) share 16
partitions on a real Kafka. A second one is started in the middle and is told to leave later. Only
what was in flight of the partitions that moved may be asked for a second time: printed is how many
requests were, for partitions that moved and for those that did not.
"""

import argparse
import asyncio
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.kafka_rounds import cluster_node, fill, make_topics, serve
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.engine.workers import AsyncWorker
from c2c_stream.records import Candidate, Function, Inputs, content_hash
from c2c_stream.settings import EngineSettings, KafkaSettings

PARTITIONS = 16
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a writer began."""

    writer: str
    partition: int
    offset: int
    at: float


class Asking:
    """An AsyncStage whose requests take a while; each is noted in a file when it begins."""

    def __init__(self, name: str, notes: Path, in_flight: int, seconds: float) -> None:
        self._name = name
        self._notes = notes
        self._in_flight = in_flight
        self._seconds = seconds

    async def start(self) -> None:
        """Nothing to build."""

    async def stop(self) -> None:
        """Nothing to release."""

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """See AsyncStage."""
        return self._in_flight

    async def process(self, record: Candidate, place: Place) -> Outcome:
        """See AsyncStage."""
        line = f"{self._name} {place.partition} {place.offset} {time.monotonic()}\n"
        with self._notes.open("a") as file:
            file.write(line)
        await asyncio.sleep(self._seconds)
        return Outcome((Inputs(record.function, record.curation),))


def writer(cluster: Cluster, notes: Path, in_flight: int, seconds: float) -> None:
    """Serve until SIGTERM."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    stage = Asking(cluster.instance(), notes, in_flight, seconds)
    serve(
        cluster,
        "writer",
        lambda _: AsyncWorker(stage, 60.0),
        EngineSettings(),
        count=10**9,
        stopping=lambda _: bool(stopping),
    )


def requests(notes: Path) -> list[Request]:
    """Return what was begun so far."""
    found = []
    for line in notes.read_text().splitlines():
        name, partition, offset, at = line.split()
        found.append(Request(name, int(partition), int(offset), float(at)))
    return found


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def begin(cluster: Cluster, name: str, notes: Path, options: argparse.Namespace) -> BaseProcess:
    """Start a writer."""
    settings = cluster.settings.model_copy(update={"instance": name})
    process = multiprocessing.get_context("spawn").Process(
        target=writer,
        args=(
            Cluster(cluster.servers, cluster.run, settings),
            notes,
            options.in_flight,
            options.request_s,
        ),
    )
    process.start()
    return process


def paced(options: argparse.Namespace) -> Iterator[Candidate]:
    """Yield records a little faster than a writer takes them, so that all partitions have some."""
    for n in range(options.records):
        if n >= 2 * options.in_flight:
            time.sleep(options.request_s / options.in_flight / 1.2)
        yield Candidate(Function(function_id=content_hash(b"%d" % n)))


def report(what: str, found: list[Request], since: float, before: float) -> None:
    """Print what a change cost: requests that began again after `since`, for the first time."""
    owners: dict[int, set[str]] = defaultdict(set)
    begun: Counter[tuple[int, int]] = Counter()
    again: Counter[int] = Counter()
    last: dict[int, str] = {}
    in_flight: Counter[int] = Counter()
    for request in found:
        at = (request.partition, request.offset)
        if since - before <= request.at < since:
            in_flight[request.partition] += 1
        if request.at < since:
            last[request.partition] = request.writer
        else:
            owners[request.partition].add(request.writer)
            again[request.partition] += at in begun
        begun[at] += 1
    moved = {p for p, names in owners.items() if names - {last.get(p, "")}}
    for name, partitions in (("moved", moved), ("unmoved", set(range(PARTITIONS)) - moved)):
        print(
            f"{what}: {len(partitions):>2} partitions {name:<8}"
            f" {sum(in_flight[p] for p in partitions):>4} requests in flight,"
            f" {sum(again[p] for p in partitions):>4} asked again"
        )


def main() -> None:
    """Print the cost of a writer that comes and of one that leaves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--request-s", type=float, default=8.0)
    parser.add_argument("--records", type=int, default=3000)
    options = parser.parse_args()
    with cluster_node() as servers, tempfile.TemporaryDirectory() as folder:
        notes = Path(folder, "requests")
        notes.touch()
        settings = KafkaSettings(partitions=PARTITIONS, instance="first")
        cluster = Cluster(servers, "rebalance", settings)
        make_topics(cluster)
        filling = threading.Thread(target=fill, args=(cluster, paced(options)))
        filling.start()
        first = begin(cluster, "first", notes, options)
        # In the middle of the second lot, when the first is committed.
        until(lambda: len(requests(notes)) >= 1.5 * options.in_flight)
        second = begin(cluster, "second", notes, options)
        # It has done what the first had to leave.
        until(lambda: sum(r.writer == "second" for r in requests(notes)) >= 2.5 * options.in_flight)
        came_at = next(r.at for r in requests(notes) if r.writer == "second")
        left_at = time.monotonic()
        assert second.pid
        os.kill(second.pid, signal.SIGTERM)
        second.join()
        until(lambda: len({(r.partition, r.offset) for r in requests(notes)}) >= options.records)
        filling.join()
        found = requests(notes)
        for process in (first, second):
            process.terminate()
            process.join()
        report("a writer comes", [r for r in found if r.at < left_at], came_at, options.request_s)
        report("a writer leaves", found, left_at, options.request_s)
        print(f"{len(found)} requests for {options.records} records")


if __name__ == "__main__":
    main()
