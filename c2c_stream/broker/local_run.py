"""A run on the local log as seen from outside of its services."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from c2c_stream.broker.local_log import LocalLog
from c2c_stream.broker.local_seat import take_seat
from c2c_stream.broker.protocol import Delivered, Partition, Produced
from c2c_stream.broker.run import COUNTING, Span, Standing

# Who feeds a run its sources, and the key under which it says so.
FEEDER: Final = "feeder"
FED_KEY: Final = "fed"
# One read holds at most so many records, and FETCH_BYTES.
READ_RECORDS: Final = 500


class LocalRun(LocalLog):
    """One run in a folder. Its topics have one partition each."""

    def feed(self, outputs: Sequence[Produced]) -> None:
        """See RunLog."""
        if self.value_of(FEEDER, FED_KEY) is None:
            self.commit(FEEDER, outputs, {}, {FED_KEY: b"%d" % len(outputs)}, keep=True)

    def feeder(self, name: str) -> "LocalFeeder":
        """See RunLog."""
        return LocalFeeder(self, name)

    def standing(self) -> Standing:
        """See RunLog."""
        with self.asking() as db:
            db.execute("BEGIN")
            try:
                marks = {name: self.marks_of(name) for name in COUNTING}
                return Standing(tuple(self.positions()), marks)
            finally:
                db.execute("ROLLBACK")

    def marks_of(self, feeder: str) -> dict[Partition, str]:
        """Return the marks of a feeder: its keyed state, by topic."""
        found = {key: self.value_of(feeder, key) for key in self.keys_of(feeder)}
        return {(topic, 0): (text or b"").decode() for topic, text in found.items()}

    def spans(self, topic: str) -> Mapping[Partition, Span]:
        """See RunLog."""
        name = self.table(topic)
        with self.asking() as db:
            [found] = db.execute(
                f'SELECT next, (SELECT min(place) FROM "{name}") FROM topics WHERE name = ?',  # noqa: S608  # see table
                (name,),
            ).fetchall()
        end, first = found
        return {(topic, 0): Span(end if first is None else first, end)}

    def since(self, topic: str, at: float) -> Mapping[Partition, int]:
        """See RunLog."""
        with self.asking() as db:
            [(place,)] = db.execute(
                f'SELECT min(place) FROM "{self.table(topic)}" WHERE at >= ?',  # noqa: S608  # see table
                (at,),
            ).fetchall()
        [(partition, span)] = self.spans(topic).items()
        return {partition: span.end if place is None else place}

    def records(self, topic: str, spans: Mapping[Partition, Span]) -> Iterator[Delivered]:
        """See RunLog."""
        for span in spans.values():
            offset = span.first
            while found := self.read(topic, offset, max(0, min(READ_RECORDS, span.end - offset))):
                yield from (record for record in found if record.offset < span.end)
                offset = found[-1].offset + 1


class LocalFeeder:
    """See Feeder. Its seat is a file lock, its marks are keyed state."""

    def __init__(self, run: LocalRun, name: str) -> None:
        self._run = run
        self._name = name
        self._lock: int | None = take_seat(Path(run.folder), run.group(name))

    def marks(self) -> Mapping[Partition, str]:
        """See Feeder."""
        return self._run.marks_of(self._name)

    def append(
        self, outputs: Mapping[Partition, Sequence[Produced]], marks: Mapping[Partition, str]
    ) -> None:
        """See Feeder."""
        appended = [output for some in outputs.values() for output in some]
        puts = {topic: text.encode() for (topic, _), text in marks.items()}
        self._run.commit(self._name, appended, {}, puts, keep=True)

    def close(self) -> None:
        """See Feeder. A second time is nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
