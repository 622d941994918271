"""A service's keyed state on Kafka: a compacted topic, and a file that holds a copy of it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from confluent_kafka import Message, TopicCollection
from confluent_kafka.admin import AdminClient

from c2c_stream.broker import kafka_layout, kafka_reader, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import answer_of, translating
from c2c_stream.broker.protocol import Partition
from c2c_stream.broker.state_file import StateFile
from c2c_stream.errors import Fatal
from c2c_stream.topics import state_topic_of

# A put's header: how many partitions there were. Of another count, keys are elsewhere by now.
PARTITIONS: Final = "partitions"
# Read and stored at once while a partition is restored.
RESTORE_AT_ONCE: Final = 2000
# After so many puts the file takes note of where it stands: what a killed service reads again.
NOTE_EVERY: Final = 5000


class State:
    """Committed values by key. A partition's puts came of the input partition of its number."""

    def __init__(self, cluster: Cluster, service: str, admin: AdminClient) -> None:
        self._cluster = cluster
        self._name = state_topic_of(service)
        self._topic = cluster.topic(self._name)
        self._admin = admin
        self._file = StateFile(_path_of(cluster, self._topic))
        self._owned: dict[int, str] = {}
        """The partitions of ours, each with the log that it was read of."""
        self._count = 0
        self._unnoted = 0
        self._stands: list[tuple[int, str, int]] = []
        self.view: Mapping[str, bytes] = _View(self._file, self._owned)

    def restore(self, partition: Partition, *, fresh: bool) -> None:
        """Read what was put for an input partition; called when it is assigned.

        The group's position must have been read before: then what belongs to it stands before the
        end. Raises Fatal if there is state of a group that never committed (`fresh`).
        """
        number = partition[1]
        # Marks that are still to come count: a transaction of the position may be among them.
        end = self._ends([number])[number]
        log = self._log_id()
        start = self._file.offset(number, log)
        if fresh or start is None or start > end:
            self._file.clear(number)
            start = 0
        puts = self._read(number, start, end)
        while batch := list(islice(puts, RESTORE_AT_ONCE)):
            if fresh:
                raise Fatal(
                    f"{self._topic}[{number}] holds state, but the group has no position: it was"
                    f" reset or its offsets expired; start a new run"
                )
            self._file.put((number, key, value) for key, value in batch)
        self._file.put((), [(number, log, end)])
        self._owned[number] = log

    def committing(self, puts: Mapping[Partition, Mapping[str, bytes]]) -> None:
        """Hear of a commit that comes now: note at times where the file stands before it.

        If the commit goes through, nobody else can have put anything before it since the
        assignment; so all below the ends that are read here is in the file. Raises Unavailable.
        """
        self._stands = []
        self._unnoted += sum(map(len, puts.values()))
        if self._unnoted >= NOTE_EVERY:
            ends = self._ends(self._owned)
            self._stands = [(n, log, ends[n]) for n, log in self._owned.items()]

    def keep(self, puts: Mapping[Partition, Mapping[str, bytes]]) -> None:
        """Take what was committed."""
        changes = [(n, key, value) for (_, n), part in puts.items() for key, value in part.items()]
        if changes or self._stands:
            self._file.put(changes, self._stands)
        if self._stands:
            self._stands, self._unnoted = [], 0

    def forget(self, partition: Partition) -> None:
        """Drop what a rebalance took away; the file keeps it for when it comes back."""
        self._owned.pop(partition[1], None)
        self._stands = []

    def close(self) -> None:
        """Let go of the file."""
        self._owned.clear()
        self._file.close()

    def _ends(self, numbers: Iterable[int]) -> dict[int, int]:
        wanted = [(self._name, number) for number in numbers]
        found = kafka_topics.ends(self._cluster, self._admin, wanted)
        return {number: end for (_, number), end in found.items()}

    def _log_id(self) -> str:
        """Return what tells this topic from an earlier one of its name, or of another count."""
        with translating(f"topic {self._topic}"):
            [asked] = self._admin.describe_topics(
                TopicCollection([self._topic]), request_timeout=kafka_layout.ANSWER_S
            ).values()
            found = answer_of(asked, kafka_layout.ANSWER_S)
        self._count = len(found.partitions)
        return f"{found.topic_id}/{self._count}"

    def _read(self, number: int, start: int, end: int) -> Iterator[tuple[str, bytes]]:
        for message in kafka_reader.read(self._cluster, self._name, number, start, end):
            self._check_count(message)
            yield (message.key() or b"").decode(), message.value() or b""

    def _check_count(self, put: Message) -> None:
        """Refuse what was put when there were more or fewer partitions. Raises Fatal."""
        then = dict(put.headers() or ()).get(PARTITIONS)
        if then is not None and int(then) != self._count:
            raise Fatal(
                f"{self._topic}[{put.partition()}]@{put.offset()} was put when there were"
                f" {int(then)} partitions, and there are {self._count}: the count was changed, so"
                f" keys have parted from their state; start a new run with the new count"
            )


class _View(Mapping[str, bytes]):
    """All owned partitions as one; a key stands in one of them, that of its records."""

    def __init__(self, file: StateFile, owned: Mapping[int, str]) -> None:
        self._file = file
        self._owned = owned

    def __getitem__(self, key: str) -> bytes:
        for number, value in self._file.values(key).items():
            if number in self._owned:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter({key for number in self._owned for key in self._file.keys(number)})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _path_of(cluster: Cluster, topic: str) -> Path | None:
    """Return the file of this process; without a folder in the settings it is a temporary one."""
    folder = cluster.settings.state_folder
    return folder / f"{topic}-{cluster.instance()}.sqlite" if folder else None
