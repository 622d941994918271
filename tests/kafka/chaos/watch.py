"""How far a run is and who is in its groups, looked at while brokers come and go."""

import threading
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaException

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_groups import Groups
from c2c_stream.engine.books import Books, from_metadata, total
from c2c_stream.errors import C2CError
from c2c_stream.topics import SERVICES, consumed_by

LOOK_S: Final = 0.3
ANSWER_S: Final = 3.0


class Watch:
    """Looks again and again on a thread; what it last saw stays where nobody answers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._admin = cluster.admin(lambda _: None)
        self._groups = Groups(cluster, lambda _: None, stable=False)
        self._books: dict[str, Books] = dict.fromkeys(SERVICES, Books())
        self._members: dict[str, Mapping[str, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def done(self) -> int:
        """Return how many records all services have read and committed."""
        return sum(books.read for books in self._books.values())

    def members(self, service: str) -> Mapping[str, int]:
        """Return the members of a group by name, with of how many topics each has any."""
        return self._members.get(service, {})

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            for service in SERVICES:
                try:
                    self._books[service] = self._read(service)
                    self._members[service] = self._found(service)
                except (C2CError, KafkaException):
                    continue

    def _read(self, service: str) -> Books:
        count = self._cluster.settings.partitions
        wanted = [(topic.name, n) for topic in consumed_by(service) for n in range(count)]
        found = self._groups.positions(service, wanted)
        return total({p: from_metadata(at.metadata, p) for p, at in found.items()})

    def _found(self, service: str) -> Mapping[str, int]:
        # Deprecated for describe_consumer_groups; but that, where a broker is killed, may never be
        # answered, or end the process (librdkafka 2.16).
        group = self._cluster.group(service)
        found: Any = self._admin.list_groups(group, timeout=ANSWER_S)
        members = [member for one in found for member in one.members]
        return {member.client_id: _topics_in(member.assignment) for member in members}


def _topics_in(assignment: bytes) -> int:
    """Return how many topics a member has partitions of: behind the version stands their number."""
    return int.from_bytes(assignment[2:6], "big")
