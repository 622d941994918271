"""Replays and drops dead letters: each with its settlement, in transactions of bounded size.

Whoever is killed between two of them has settled what came before, and nothing of what comes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from c2c_stream.broker.protocol import Partition, Produced
from c2c_stream.broker.run import Feeder, RunLog, Span
from c2c_stream.codec import Codec
from c2c_stream.engine.letters import (
    REPLAYED,
    Choice,
    Letter,
    counts_of,
    letters_in,
    settled_in,
)
from c2c_stream.engine.marks import Mark, from_text, to_text
from c2c_stream.records import Settlement
from c2c_stream.topics import DEAD_LETTERS, SETTLEMENTS, TOPICS, key_of

# One transaction carries at most this; one letter is never split from its settlement.
BATCH_LETTERS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
# Settlements stand on one partition, and so does the mark.
_AT: Final[Partition] = (SETTLEMENTS.name, 0)
_TOPICS: Final = frozenset(topic.name for topic in TOPICS)


@dataclass(frozen=True, slots=True)
class Desk:
    """The letters of a run as of one moment: what comes later is not seen."""

    run: RunLog
    codec: Codec
    settled: dict[str, str]
    spans: dict[Partition, Span]

    def letters(self, choice: Choice) -> Iterator[Letter]:
        """Yield those that are meant, in the order in which they were written."""
        found = self.run.records(DEAD_LETTERS.name, self.spans)
        for letter in letters_in(found, self.settled, self.codec):
            if choice.takes(letter, self.codec):
                yield letter


def desk_of(run: RunLog, codec: Codec) -> Desk:
    """Return the letters of a run as they are now."""
    spans = dict(run.spans(DEAD_LETTERS.name))
    done = run.records(SETTLEMENTS.name, run.spans(SETTLEMENTS.name))
    return Desk(run, codec, settled_in(done, codec), spans)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about which letters; `refused` are places with why they cannot be."""

    action: str
    places: frozenset[str]
    counts: Counter[tuple[str, str]]
    refused: tuple[tuple[str, str], ...]


def plan(desk: Desk, choice: Choice, action: str, *, stop_at_first_error: bool) -> Plan:
    """Return what is to be done about the letters that are meant: counted, and nothing done yet."""
    places: set[str] = set()
    counts = Counter[tuple[str, str]]()
    refused: list[tuple[str, str]] = []
    for letter in desk.letters(choice):
        why = obstacle(letter) if action == REPLAYED else ""
        if why:
            refused.append((letter.place, why))
            if stop_at_first_error:
                break
        else:
            places.add(letter.place)
            counts += counts_of([letter])
    return Plan(action, frozenset(places), counts, tuple(refused))


def carry_out(wanted: Plan, desk: Desk, feeder: Feeder) -> Iterator[int]:
    """Do what was planned; yield how many letters each transaction settled."""
    letters = (one for one in desk.letters(Choice()) if one.place in wanted.places)
    yield from settle(feeder, letters, wanted.action, desk.codec)


def obstacle(letter: Letter) -> str:
    """Return why a letter cannot be replayed; nothing if it can."""
    if not letter.whole:
        kept, size = len(letter.dead.value), letter.dead.value_bytes
        return f"only the first {kept:,} of its {size:,} bytes were kept; feed its source again"
    if letter.dead.topic not in _TOPICS:
        return f"this version knows no topic {letter.dead.topic!r}; use the one that wrote it"
    return ""


def settle(feeder: Feeder, letters: Iterable[Letter], action: str, codec: Codec) -> Iterator[int]:
    """Settle letters; yield how many each transaction settled. Raises Fatal, Unavailable."""
    mark = from_text(feeder.marks().get(_AT, ""), _AT)
    for batch in _batches(letters):
        outputs: dict[Partition, list[Produced]] = defaultdict(list)
        for letter in batch:
            if action == REPLAYED:
                outputs[letter.dead.topic, letter.dead.partition].append(_original(letter))
            outputs[_AT].append(_settlement(letter, action, codec))
        mark = _counted(mark, outputs, batch)
        feeder.append(outputs, {_AT: to_text(mark)})
        yield len(batch)


def _counted(mark: Mark, outputs: dict[Partition, list[Produced]], batch: list[Letter]) -> Mark:
    put = Counter[str]()
    for (topic, _), some in outputs.items():
        put[topic] += len(some)
    return mark.plus(put, sum(not letter.action for letter in batch))


def _batches(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.dead.value)
        if len(batch) >= BATCH_LETTERS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _original(letter: Letter) -> Produced:
    """Return the record as it stood: key, value and headers byte for byte."""
    dead = letter.dead
    headers = tuple((header.name, header.value) for header in dead.headers)
    return Produced(dead.topic, dead.key, dead.value, headers)


def _settlement(letter: Letter, action: str, codec: Codec) -> Produced:
    dead = letter.dead
    record = Settlement(dead.topic, dead.partition, dead.offset, action)
    return Produced(SETTLEMENTS.name, key_of(record).encode(), codec.encode(record))
