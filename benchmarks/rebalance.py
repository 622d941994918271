"""What a rebalance costs: a second writer comes, then leaves, while requests are in flight.

    python -m benchmarks.rebalance [--in-flight N] [--request-s S] [--records N] [--revoke-s S]

Writers with N requests of S seconds in flight (they sleep, as those to a model server do) share 16
partitions on a real Kafka. A second one is started in the middle and is told to leave later. Only
what was in flight of the partitions that moved may be asked for a second time: printed is how many
requests were in flight when they were given up and how many were asked again, for partitions that
moved and for those that did not.
"""

import argparse
import asyncio
import faulthandler
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from benchmarks.kafka_rounds import Timed, cluster_node, fill, make_topics, serve
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.engine.workers import AsyncWorker
from c2c_stream.records import Candidate, Function, Inputs, content_hash
from c2c_stream.settings import EngineSettings, KafkaSettings

PARTITIONS = 16
PATIENCE_S = 120.0
BEGUN = "begun"
ENDED = "ended"
GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Note:
    """What a writer did: it began or ended a request, or gave up a partition (of no offset)."""

    what: str
    writer: str
    partition: int
    offset: int
    at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests by partition: in flight at a moment, and asked a second time after it."""

    in_flight: Counter[int]
    again: Counter[int]


@dataclass(frozen=True, slots=True)
class Notes:
    """A file that all writers add to."""

    path: Path

    def add(self, what: str, writer: str, partition: int, offset: int = -1) -> None:
        """Take note of what happens now."""
        with self.path.open("a") as file:
            file.write(f"{what} {writer} {partition} {offset} {time.monotonic()}\n")

    def all(self, what: str) -> list[Note]:
        """Return what was noted so far of one kind, in order."""
        found = []
        for line in self.path.read_text().splitlines():
            kind, writer, partition, offset, at = line.split()
            if kind == what:
                found.append(Note(kind, writer, int(partition), int(offset), float(at)))
        return found

    def begun_by(self, writer: str) -> int:
        """Return how many requests a writer has begun."""
        return sum(note.writer == writer for note in self.all(BEGUN))

    def records(self) -> int:
        """Return of how many records a request was begun."""
        return len({(note.partition, note.offset) for note in self.all(BEGUN)})


class Asking:
    """An AsyncStage whose requests take a while; each is noted when it begins."""

    def __init__(self, name: str, notes: Notes, in_flight: int, seconds: float) -> None:
        self._name = name
        self._notes = notes
        self._in_flight = in_flight
        self._seconds = seconds
        self._begun = 0

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
        self._notes.add(BEGUN, self._name, place.partition, place.offset)
        self._begun += 1
        # The first lot is spread, or all would end at once for ever.
        seconds = self._seconds * min(1.0, self._begun / self._in_flight)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._notes.add(ENDED, self._name, place.partition, place.offset)
        return Outcome((Inputs(record.function, record.curation),))


class GivingUp(Timed):
    """A seat that notes the moment at which a partition is to be given up."""

    notes: Notes

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for at in partitions:
            self.notes.add(GIVEN_UP, self._cluster.instance(), at.partition)
        super()._on_revoke(consumer, partitions)


def writer(cluster: Cluster, notes: Notes, options: argparse.Namespace) -> None:
    """Serve until SIGTERM. SIGUSR1 tells where it hangs."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    faulthandler.register(signal.SIGUSR1)
    GivingUp.notes = notes
    stage = Asking(cluster.instance(), notes, options.in_flight, options.request_s)
    serve(
        cluster,
        "writer",
        lambda _: AsyncWorker(stage, 60.0),
        EngineSettings(revoke_s=options.revoke_s),
        count=10**9,
        stopping=lambda _: bool(stopping),
        seat=GivingUp,
    )


class Writers:
    """The writers of one run: it is noticed when one dies, and told what hangs where."""

    def __init__(self, cluster: Cluster, notes: Notes, options: argparse.Namespace) -> None:
        self._cluster = cluster
        self._notes = notes
        self._options = options
        self._running: dict[str, BaseProcess] = {}

    def start(self, name: str) -> None:
        """Start a writer."""
        settings = self._cluster.settings.model_copy(update={"instance": name})
        cluster = Cluster(self._cluster.servers, self._cluster.run, settings)
        self._running[name] = multiprocessing.get_context("spawn").Process(
            target=writer, args=(cluster, self._notes, self._options)
        )
        self._running[name].start()

    def stop(self, name: str) -> None:
        """Let a writer leave as it does on SIGTERM."""
        process = self._running.pop(name)
        process.terminate()
        process.join()
        assert process.exitcode == 0, f"{name} ended with {process.exitcode}"

    def kill(self) -> None:
        """End what is left."""
        for process in self._running.values():
            process.kill()
            process.join()

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            dead = [name for name, process in self._running.items() if process.exitcode is not None]
            if dead or time.monotonic() >= deadline:
                self._tell(dead)
            time.sleep(0.1)

    def _tell(self, dead: list[str]) -> None:
        begun = Counter(note.partition for note in self._notes.all(BEGUN))
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGUSR1)
        time.sleep(1.0)
        sys.exit(
            f"it did not come to pass; ended: {dead}; begun by partition: {sorted(begun.items())}"
        )


def paced(options: argparse.Namespace) -> Iterator[Candidate]:
    """Yield records a little faster than a writer takes them, so that all partitions have some."""
    for n in range(options.records):
        if n >= 2 * options.in_flight:
            time.sleep(options.request_s / options.in_flight / 1.2)
        yield Candidate(Function(function_id=content_hash(b"%d" % n)))


def report(what: str, asked: Asked, moved: AbstractSet[int]) -> None:
    """Print what a change cost."""
    for name, partitions in (("moved", moved), ("stayed", set(range(PARTITIONS)) - moved)):
        print(
            f"{what}: {len(partitions):>2} partitions {name:<7}"
            f"{sum(asked.in_flight[p] for p in partitions):>4} requests in flight,"
            f" {sum(asked.again[p] for p in partitions):>4} asked again"
        )


def asked_at(notes: Notes, moment: float, end: float) -> Asked:
    """Return what was in flight at a moment, and asked again until the end, by partition."""
    began, ended = notes.all(BEGUN), notes.all(ENDED)
    earlier = {(note.partition, note.offset) for note in began if note.at < moment}
    in_flight = Counter(note.partition for note in began if note.at < moment)
    in_flight -= Counter(note.partition for note in ended if note.at < moment)
    again = Counter(
        note.partition
        for note in began
        if moment <= note.at < end and (note.partition, note.offset) in earlier
    )
    return Asked(in_flight, again)


def main() -> None:
    """Print the cost of a writer that comes and of one that leaves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--request-s", type=float, default=8.0)
    parser.add_argument("--records", type=int, default=2400)
    parser.add_argument("--revoke-s", type=float, default=EngineSettings().revoke_s)
    options = parser.parse_args()
    with cluster_node() as servers, tempfile.TemporaryDirectory() as folder:
        notes = Notes(Path(folder, "notes"))
        notes.path.touch()
        cluster = Cluster(servers, "rebalance", KafkaSettings(partitions=PARTITIONS))
        make_topics(cluster)
        filling = threading.Thread(target=fill, args=(cluster, paced(options)), daemon=True)
        filling.start()
        writers = Writers(cluster, notes, options)
        try:
            left_at = run(writers, notes, options)
        finally:
            writers.kill()
        show(notes, left_at)


def show(notes: Notes, left_at: float) -> None:
    """Print the cost of both changes."""
    given_up = notes.all(GIVEN_UP)
    # All that it had is given up when it leaves at the end.
    by_first = [n for n in given_up if n.writer == "first" and n.at < left_at]
    came = asked_at(notes, min(note.at for note in by_first), left_at)
    left = asked_at(notes, left_at, float("inf"))
    report("a writer comes", came, {note.partition for note in by_first})
    report("a writer leaves", left, {n.partition for n in given_up if n.writer == "second"})
    print(f"{len(notes.all(BEGUN))} requests for {notes.records()} records")


def run(writers: Writers, notes: Notes, options: argparse.Namespace) -> float:
    """Let a second writer come and leave; return when it was told to."""
    writers.start("first")
    writers.until(lambda: notes.begun_by("first") >= 1.5 * options.in_flight)
    writers.start("second")
    writers.until(lambda: notes.begun_by("second") >= 1.5 * options.in_flight)
    left_at = time.monotonic()
    writers.stop("second")
    writers.until(lambda: notes.records() >= options.records)
    writers.stop("first")
    return left_at


if __name__ == "__main__":
    main()
