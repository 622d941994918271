"""The sink's door: a record is done when the shard that holds it is durable.

Records of a partition are handed over in offset order. Files are written by one thread, so two
writes never meet; rows stay in memory until they are durable, also when an attempt fails.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from c2c_stream import metrics
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.errors import Unavailable
from c2c_stream.records import DeadLetter, Record
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.card import NAME as CARD
from c2c_stream.sink.card import Facts, write_card
from c2c_stream.sink.columns import Row
from c2c_stream.sink.manifest import FOLDER, Manifest, Partition
from c2c_stream.sink.shards import Writer
from c2c_stream.sink.store import TMP, Store
from c2c_stream.topics import SERVICES, topic_of

# A full shard may be more than the engine's window holds: what waits is cut at this, too.
CUT_RECORDS = 500
CUT_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class _Lane:
    """One partition: what is durable, and the rows that are not yet."""

    manifest: Manifest
    rows: dict[int, list[Row]] = field(default_factory=dict)
    waiting: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    size: int = 0
    cut: asyncio.Task[None] | None = None

    def put(self, offset: int, rows: list[Row]) -> None:
        if offset not in self.rows:
            self.rows[offset] = rows
            self.size += sum(_size(row) for row in rows)

    def due(self) -> bool:
        """Tell whether a shard is complete, or enough waits to be worth a cut."""
        if not self.rows:
            return False
        first, last, shard = min(self.rows), max(self.rows), self.manifest.shard_rows
        complete = (last + 1) // shard > first // shard
        return complete or len(self.rows) >= CUT_RECORDS or self.size >= CUT_BYTES

    def forget_durable(self) -> None:
        self.rows = {o: rows for o, rows in self.rows.items() if o >= self.manifest.next}
        self.size = sum(_size(row) for rows in self.rows.values() for row in rows)


class Sink:
    """Stores samples, and what was lost on the way, under one folder."""

    def __init__(self, out: Path, settings: SinkSettings, store: Store | None = None) -> None:
        self._settings = settings
        self._writer = Writer(store or Store(out), settings)
        self._lanes: dict[Partition, _Lane] = {}
        self._thread = ThreadPoolExecutor(1, "sink")
        for stage in SERVICES:  # each has its zero
            metrics.AUDITED_DEAD.labels(stage)

    async def start(self) -> None:
        """Read the manifests, delete what they do not name, begin a card where there is none."""
        loop = asyncio.get_running_loop()
        manifests = await loop.run_in_executor(self._thread, self._open)
        self._lanes = {key: _Lane(manifest) for key, manifest in manifests.items()}

    async def stop(self) -> None:
        """Let the write in progress end. What is not durable will be delivered again."""
        await asyncio.to_thread(self._thread.shutdown)

    def limit(self) -> int:
        """Return more than a shard, so that one can fill."""
        return 2 * self._settings.shard_rows

    def positions(self) -> Mapping[Partition, int]:
        """Return the next offset to read of each partition that has rows."""
        return {key: lane.manifest.next for key, lane in self._lanes.items()}

    async def process(self, record: Record, place: Place) -> Outcome:
        """Return when the record's rows are durable. Raises Unavailable; then call it again."""
        lane = self._lane(record, place.partition)
        if place.offset >= lane.manifest.next:
            lane.put(place.offset, self._writer.rows(record))
            durable = asyncio.get_running_loop().create_future()
            lane.waiting[place.offset] = durable
            if lane.due():
                self._start_cut(lane)
            await durable
            if isinstance(record, DeadLetter) and record.stage in SERVICES:
                metrics.AUDITED_DEAD.labels(record.stage).inc()
        return Outcome()

    async def settle(self) -> None:
        """Write what waits as short shards. A failure goes to those who wait, not to the caller."""
        for lane in tuple(self._lanes.values()):
            while lane.waiting:
                await asyncio.wait([self._start_cut(lane)])

    def _open(self) -> Mapping[Partition, Manifest]:
        store = self._writer.store
        manifests = self._writer.open()
        with suppress(Unavailable), store.locked(f"{FOLDER}/{CARD}"):  # another sink begins one
            store.remove(store.root / f"{CARD}{TMP}")
            if not (store.root / CARD).exists():
                write_card(store.root, Facts(), self._settings.layout, store)
        return manifests

    def _lane(self, record: Record, partition: int) -> _Lane:
        key = (topic_of(record).name, partition)
        if key not in self._lanes:
            self._lanes[key] = _Lane(self._writer.manifest(*key))
        return self._lanes[key]

    def _start_cut(self, lane: _Lane) -> asyncio.Task[None]:
        if lane.cut is None or lane.cut.done():
            lane.cut = asyncio.create_task(self._cut(lane))
        return lane.cut

    async def _cut(self, lane: _Lane) -> None:
        """Write what waits, again and again while another cut has become due meanwhile."""
        loop = asyncio.get_running_loop()
        while lane.waiting:
            rows, waiting = dict(lane.rows), lane.waiting
            lane.waiting = {}
            try:
                await loop.run_in_executor(self._thread, self._write, lane, rows)
            except Exception as error:  # noqa: BLE001  # those who wait raise it to the engine
                _tell(waiting, error)
            else:
                _tell(waiting, None)
            lane.forget_durable()
            if not lane.due():
                return

    def _write(self, lane: _Lane, rows: Mapping[int, list[Row]]) -> None:
        for manifest in self._writer.cut(lane.manifest, rows):
            lane.manifest = manifest


def _tell(waiting: Mapping[int, asyncio.Future[None]], error: Exception | None) -> None:
    for future in waiting.values():
        if not future.done():
            if error:
                future.set_exception(error)
            else:
                future.set_result(None)


def _size(row: Row) -> int:
    return sum(len(value) if isinstance(value, str | bytes) else 64 for value in row.values())
