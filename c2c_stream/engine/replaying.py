"""Copies a topic of an old run to the topic of the same name of a new one, each record once.

Where a killed copy goes on stands in the new run, in marks that move with the records. The old run
is read and never written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from c2c_stream.broker.protocol import Delivered, Partition, Produced
from c2c_stream.broker.run import Feeder, RunLog, Span
from c2c_stream.codec import Codec
from c2c_stream.engine.letters import REPLAYED, settled_in
from c2c_stream.engine.marks import Mark, from_text, to_text
from c2c_stream.engine.stage import Place
from c2c_stream.errors import SettingsError
from c2c_stream.topics import SETTLEMENTS

# One transaction carries at most this.
BATCH_RECORDS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024


def spans_of(old: RunLog, topic: str, since: float | None) -> dict[Partition, Span]:
    """Return what is to be copied as of now. Raises SettingsError where some of it is gone."""
    spans = dict(old.spans(topic))
    starts = dict.fromkeys(spans, 0) if since is None else old.since(topic, since)
    for partition, held in spans.items():
        # Behind a record that is older than `since` nothing is missing, whatever is before it.
        whole = held.first == 0 or starts[partition] > held.first
        if not whole:
            raise SettingsError(
                f"{old.name}: {topic}[{partition[1]}] holds offsets {held.first:,} to {held.end:,},"
                f" what stood before was removed when it had been read: keep a run that is to be"
                f" replayed with `c2c run --keep`, or replay from an earlier stage"
            )
        spans[partition] = Span(max(held.first, starts[partition]), held.end)
    return spans


def begin(old: RunLog, new: RunLog, feeder: Feeder, topic: str, since: float | None) -> None:
    """Fix what is to be copied, unless that was done before. Raises SettingsError."""
    if feeder.marks():
        return
    # Settlements first: what was replayed before stands again before the ends that come next.
    settlements = old.spans(SETTLEMENTS.name)
    wanted = spans_of(old, topic, since)
    if wanted.keys() != new.spans(topic).keys():
        raise SettingsError(
            f"{new.name}: {topic} has another number of partitions than in the old run:"
            f" {len(new.spans(topic))}, not {len(wanted)}; choose another --into"
        )
    spans = {**wanted, **settlements}
    feeder.append({}, {at: to_text(Mark(next=s.first, end=s.end)) for at, s in spans.items()})


def copy(old: RunLog, feeder: Feeder, topic: str, codec: Codec) -> Iterator[int]:
    """Copy what `begin` has fixed; yield how many records each transaction copied."""
    marks = {at: from_text(text, at) for at, text in feeder.marks().items()}
    again = _replayed(old, marks, codec)
    for partition, mark in marks.items():
        if partition[0] == topic and mark.next < mark.end:
            yield from _copy(old, feeder, partition, mark, again)


def _copy(
    old: RunLog, feeder: Feeder, partition: Partition, mark: Mark, again: frozenset[str]
) -> Iterator[int]:
    topic, _ = partition
    records = old.records(topic, {partition: Span(mark.next, mark.end)})
    for batch in _batches(records):
        outputs = [_copied(record) for record in batch if _place(record) not in again]
        mark = replace(mark.plus({topic: len(outputs)}), next=batch[-1].offset + 1)
        feeder.append({partition: outputs}, {partition: to_text(mark)})
        yield len(outputs)
    if mark.next < mark.end:  # marks of transactions are no records
        feeder.append({}, {partition: to_text(replace(mark, next=mark.end))})


def _replayed(old: RunLog, marks: Mapping[Partition, Mark], codec: Codec) -> frozenset[str]:
    """Return the places of dead letters that stand again, further on in the old topic."""
    spans = {
        at: Span(mark.next, mark.end) for at, mark in marks.items() if at[0] == SETTLEMENTS.name
    }
    settled = settled_in(old.records(SETTLEMENTS.name, spans), codec)
    return frozenset(place for place, action in settled.items() if action == REPLAYED)


def _batches(records: Iterator[Delivered]) -> Iterator[list[Delivered]]:
    batch: list[Delivered] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.value)
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _copied(record: Delivered) -> Produced:
    return Produced(record.topic, record.key, record.value, record.headers)


def _place(record: Delivered) -> str:
    return str(Place(record.topic, record.partition, record.offset))
