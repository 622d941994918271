"""A service's seat at the embedded log: one partition a topic, one consumer a group."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from c2c_stream.broker.local_log import LOG_NAME, LocalLog
from c2c_stream.broker.local_seat import LOOK_S, now, take_seat, wait
from c2c_stream.broker.protocol import Delivered, Listener, Partition, Position, Produced
from c2c_stream.broker.run import GroupPosition
from c2c_stream.errors import SettingsError

__all__ = ["LOG_NAME", "GroupPosition", "LocalBroker", "LocalLog"]


class LocalBroker:
    """A service's seat at the local log. The seat is taken by a file lock that SIGKILL frees."""

    def __init__(self, folder: Path, run: str, service: str, *, keep: bool = False) -> None:
        self._service = service
        self._keep = keep
        self._paused: set[Partition] = set()
        self.log = _open(folder, run)
        try:
            self._lock: int | None = take_seat(folder, f"{run}-{service}")
        except BaseException:
            self.log.close()
            raise
        # Delivery goes on here. The first has its turn next, so that no topic waits for another.
        self._next = {at: position.offset for at, position in self.assigned().items()}

    def listen(self, listener: Listener) -> None:
        """See Broker. There is nothing to hear: the seat's partitions never change."""

    def assigned(self) -> Mapping[Partition, Position]:
        """See Broker: all of them, always."""
        return {
            (at.topic, 0): at.position for at in self.log.positions() if at.service == self._service
        }

    def poll(self, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        """See Broker."""
        deadline = now() + timeout_s
        while True:
            fetched = self._fetch(max_records)
            if fetched or now() >= deadline:
                return fetched
            wait(LOOK_S)

    def _fetch(self, max_records: int) -> list[Delivered]:
        fetched: list[Delivered] = []
        for partition in [p for p in self._next if p not in self._paused]:
            if len(fetched) >= max_records:
                break
            rows = self.log.read(partition[0], self._next[partition], max_records - len(fetched))
            if rows:
                del self._next[partition]
                self._next[partition] = rows[-1].offset + 1
                fetched += rows
        return fetched

    def commit(
        self,
        outputs: Sequence[Produced],
        positions: Mapping[Partition, Position],
        puts: Mapping[Partition, Mapping[str, bytes]],
    ) -> None:
        """See Broker."""
        topics = {topic: position for (topic, _), position in positions.items()}
        stored = {key: value for part in puts.values() for key, value in part.items()}
        self.log.commit(self._service, outputs, topics, stored, keep=self._keep)

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._paused |= set(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See Broker."""
        self._paused -= set(partitions)

    def ends(self) -> Mapping[Partition, int]:
        """See Broker."""
        return {(at.topic, 0): at.end for at in self.log.positions() if at.service == self._service}

    def lag_of(self, group: str, topic: str) -> int:
        """See Broker."""
        return sum(
            at.lag for at in self.log.positions() if (at.service, at.topic) == (group, topic)
        )

    def state(self) -> Mapping[str, bytes]:
        """See Broker."""
        return _State(self.log, self._service)

    def close(self) -> None:
        """See Broker. A second time is nothing."""
        self.log.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class _State(Mapping[str, bytes]):
    def __init__(self, log: LocalLog, service: str) -> None:
        self._log = log
        self._service = service

    def __getitem__(self, key: str) -> bytes:
        value = self._log.value_of(self._service, key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._log.keys_of(self._service))

    def __len__(self) -> int:
        return len(self._log.keys_of(self._service))


def _open(folder: Path, run: str) -> LocalLog:
    """Return the log of a run that has been made. Makes nothing where there is none."""
    if (folder / LOG_NAME).is_file():
        log = LocalLog(folder, run)
        if log.exists():
            return log
        log.close()
    raise SettingsError(
        f"{folder / LOG_NAME} holds no run {run!r}: start it with `c2c run` or `c2c ingest`"
    )
