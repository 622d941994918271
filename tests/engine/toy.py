"""A broker with transactions, generations and marker gaps, and members that run the real core.

The core is what production runs: ledger, flights, outbox. A member stands for the runner. Time is a
counter, a stage is what a record's content says.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from c2c_stream.broker.protocol import Delivered, Partition, Position, Produced
from c2c_stream.engine.books import from_metadata
from c2c_stream.engine.flights import Flight, Flights
from c2c_stream.engine.ledger import Commit, Ledger
from c2c_stream.engine.outbox import Outbox
from c2c_stream.engine.policy import Bury, RetryPolicy
from c2c_stream.engine.stage import Chunk, Outcome, Place
from c2c_stream.engine.trace import Tracer
from c2c_stream.engine.worker import Task
from c2c_stream.errors import DecodeError, Poison, Retry, Unavailable
from c2c_stream.records import DeadLetter, File, Function, RejectedItem, Rejection
from c2c_stream.settings import EngineSettings
from tests.engine.make import CODEC

PARTITIONS: tuple[Partition, ...] = (("files", 0), ("files", 1))
SETTINGS = EngineSettings(flush_records=2)
CHUNKS = 3
# What becomes of an input in the end.
ENDS = {
    b"good": "functions",
    b"turned down": "rejections",
    b"poison": "dead-letters",
    b"garbage": "dead-letters",
    b"flaky": "functions",
    b"hopeless": "dead-letters",
    b"away": "functions",
    b"many": "functions",
}


class FencedError(Exception):
    """The generation is not the current one."""


@dataclass
class Broker:
    """As KIP-447: a commit is checked against the generation, not against the ownership."""

    logs: dict[Partition, list[Delivered]] = field(
        default_factory=lambda: {p: [] for p in PARTITIONS}
    )
    inputs: dict[str, bytes] = field(default_factory=dict)
    committed: dict[Partition, Position] = field(
        default_factory=lambda: {p: Position(0) for p in PARTITIONS}
    )
    appended: list[Produced] = field(default_factory=list)
    generation: int = 0
    epochs: Counter[Partition] = field(default_factory=Counter)
    owner: dict[Partition, int] = field(default_factory=lambda: dict.fromkeys(PARTITIONS, 0))

    def append(self, partition: Partition, kind: bytes, gap: int) -> None:
        log, name = self.logs[partition], str(len(self.inputs))
        value = b"no record" if kind == b"garbage" else CODEC.encode(File(name, content=kind))
        offset = (log[-1].offset + 1 if log else 0) + gap
        log.append(Delivered(*partition, offset, name.encode(), value))
        self.inputs[name] = kind

    def rebalance(self, owners: Sequence[int]) -> None:
        """Give each partition its owner; what changes hands begins another epoch."""
        self.generation += 1
        for partition, owner in zip(PARTITIONS, owners, strict=True):
            self.epochs[partition] += owner != self.owner[partition]
            self.owner[partition] = owner

    def assigned(self, member: int) -> dict[Partition, Position]:
        return {p: at for p, at in self.committed.items() if self.owner[p] == member}

    def after(self, partition: Partition, offset: int) -> Delivered | None:
        return next((r for r in self.logs[partition] if r.offset >= offset), None)

    def commit(self, generation: int, commit: Commit) -> None:
        if generation != self.generation:
            raise FencedError
        if all(self.committed[p] == position for p, position in commit.positions.items()):
            return  # the answer to the same commit was lost: it was stored
        self.appended += commit.outputs
        self.committed |= commit.positions

    def ends(self) -> Counter[tuple[str, str]]:
        """Count each input's ends: (its name, the topic)."""
        return Counter(end for output in self.appended for end in _ends_of(output))


def _ends_of(output: Produced) -> list[tuple[str, str]]:
    match CODEC.decode(output.value):
        case Function(function_id=name):
            return [(name, "functions")]
        case Rejection(items=items):
            return [(item.path, "rejections") for item in items]
        case DeadLetter(key=key):
            return [(key.decode(), "dead-letters")]
        case other:
            raise AssertionError(other)


class Member:
    """One consumer: what the runner does with the core, a step at a time."""

    def __init__(self, broker: Broker, number: int) -> None:
        self.broker = broker
        self.number = number
        self.outbox = Outbox("collector", CODEC, Tracer("main", "collector"))
        self.start()

    def start(self) -> None:
        """Start, or start again after a crash."""
        self.ledger = Ledger({}, SETTINGS)
        self.flights = Flights(RetryPolicy(3, 1.0))
        self.running: list[Task] = []
        self.outages: Counter[Place] = Counter()
        self.next: dict[Partition, int] = {}
        self.epochs: dict[Partition, int] = {}
        self.rebalanced()

    def rebalanced(self) -> None:
        """Join the new generation; what is not owned any more is forgotten in the callback."""
        self.generation = self.broker.generation
        assigned = self.broker.assigned(self.number)
        mine = {p: self.broker.epochs[p] for p in assigned}
        self.lose({p for p, epoch in self.epochs.items() if mine.get(p) != epoch})
        self.gain({p: at for p, at in assigned.items() if p not in self.epochs})

    def lose(self, partitions: set[Partition]) -> None:
        """Forget what somebody else owns or owned; what runs of it is not cancelled."""
        self.ledger.forget(partitions)
        self.flights.forget(partitions)
        for partition in partitions:
            del self.epochs[partition], self.next[partition]

    def gain(self, assigned: dict[Partition, Position]) -> None:
        self.ledger.open(assigned)
        self.next |= {p: at.offset for p, at in assigned.items()}
        self.epochs |= {p: self.broker.epochs[p] for p in assigned}

    def poll(self) -> None:
        self.rebalanced()
        for partition in self.next:
            record = self.broker.after(partition, self.next[partition])
            if record and not self.flights.away:
                self.next[partition] = record.offset + 1
                self.deliver(record)

    def deliver(self, record: Delivered) -> None:
        place = Place(record.topic, record.partition, record.offset)
        cursor = self.ledger.deliver(record)
        try:
            decoded = CODEC.decode(record.value)
        except DecodeError as error:
            letter = self.outbox.dead(record, "DecodeError", str(error), 1)
            self.ledger.add(place, letter, 0.0, done=True)
        else:
            self.flights.add(place, Flight(record, decoded, cursor))

    def work(self, now: float) -> None:
        """Begin what may begin."""
        while (place := self.flights.next(now)) is not None:
            self.running.append(self.flights.begin(place, 0.0))

    def finish(self, which: int, now: float) -> None:
        """Take one result of one of the running records."""
        task = self.running[which % len(self.running)]
        place, flight = task.place, self.flights.of(task)
        if flight is None:
            self.running.remove(task)
            return
        try:
            result = self.attempt(place, flight)
        except (Poison, Retry, Unavailable) as error:
            self.running.remove(task)
            self.failed(place, error, now)
            return
        if isinstance(result, Chunk):
            flight.cursor = result.cursor
            settled = self.outbox.chunk(flight.delivered, flight.record, result)
        else:
            self.running.remove(task)
            settled = self.outbox.outcome(flight.delivered, flight.record, result)
        done = isinstance(result, Outcome)
        self.flights.succeeded(place, done=done)
        self.ledger.add(place, settled, now, done=done)

    def failed(self, place: Place, error: Exception, now: float) -> None:
        match self.flights.failed(place, error, now, 0.0):
            case Bury(name, reason):
                flight = self.flights.bury(place)
                letter = self.outbox.dead(flight.delivered, name, reason, flight.attempt)
                self.ledger.add(place, letter, now, done=True)

    def attempt(self, place: Place, flight: Flight) -> Outcome | Chunk:
        """Do what the record's content says."""
        assert isinstance(flight.record, File)
        name = flight.record.file_id
        match flight.record.content:
            case b"turned down":
                return Outcome(rejected=(RejectedItem(path=name, reason="trivial"),))
            case b"poison":
                raise Poison("bad")
            case b"flaky" if flight.attempt < 3:
                raise Retry("slow")
            case b"hopeless":
                raise Retry("slow")
            case b"away" if self.outages[place] < 2:
                self.outages[place] += 1
                raise Unavailable("away")
            case b"many" if (index := int(flight.cursor or 0)) < CHUNKS:
                return Chunk((Function(f"{name}#{index}"),), (), str(index + 1))
            case b"many":
                return Outcome()
        return Outcome((Function(name),))

    def commit(self, *, lost: str = "") -> None:
        """Commit what may be; `lost`: the request or the answer, the same commit follows."""
        commit = self.ledger.commit()
        if commit and lost != "request":
            try:
                self.broker.commit(self.generation, commit)
            except FencedError:
                return  # aborted; the results are kept for as long as their partitions are
            if lost != "answer":
                self.ledger.committed(commit, 0.0)


def oracle(broker: Broker) -> None:
    """Hold what was appended against the inputs: nothing twice, nothing that is not an input's."""
    for (name, topic), count in broker.ends().items():
        assert count == 1, f"input {name} ended {count} times on {topic}"
        assert ENDS[broker.inputs[name.partition("#")[0]]] == topic


def final_oracle(broker: Broker) -> None:
    """Hold everything against the inputs: each exactly once, in order, and in the books."""
    oracle(broker)
    names = [
        f"{name}#{i}" if kind == b"many" else name
        for name, kind in broker.inputs.items()
        for i in range(CHUNKS if kind == b"many" else 1)
    ]
    assert sorted(name for name, _ in broker.ends()) == sorted(names)
    for partition, log in broker.logs.items():
        books = from_metadata(broker.committed[partition].metadata, partition)
        assert books.balanced()
        assert (books.read, books.cursor) == (len(log), None)
