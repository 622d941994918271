"""One transactional producer: a commit is stored as a whole, or not, or its end is found out later.

Nothing is ever produced again before it is known that the transaction before it was not stored.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from c2c_stream.broker.kafka_client import Cluster, OnError
from c2c_stream.broker.kafka_errors import (
    cause_of,
    is_fenced,
    is_passing,
    translated,
    translating,
)
from c2c_stream.broker.protocol import Produced
from c2c_stream.errors import Fatal, Unavailable

# One call to the brokers, and all calls of a commit: below the transaction's timeout.
CALL_S: Final = 4.0
COMMIT_S: Final = 12.0
# A producer that is fenced twice within this has a rival of the same name.
RIVAL_S: Final = 60.0

# The client's word for "by the key".
ANY_PARTITION: Final = -1
# Topic, partition (None: by the key), and the record.
Addressed = tuple[str, int | None, Produced]


class Transactions:
    """The producer of a service's instance. Owned by the broker thread."""

    def __init__(self, cluster: Cluster, service: str, on_error: OnError) -> None:
        self._cluster = cluster
        self._service = service
        self._on_error = on_error
        self._producer: Producer | None = None
        self._undelivered: KafkaError | None = None
        self._fenced_at = float("-inf")
        self.unsettled = False
        """Whether the end of the last commit is unknown: settle it before the next."""

    def open(self) -> Producer:
        """Return the producer, made where there is none; ends an orphan of the same name."""
        if self._producer is None:
            producer = self._cluster.producer(self._service, self._on_error)
            with translating(f"transactional id {self._name}"):
                producer.init_transactions(CALL_S)
            self._producer = producer
        return self._producer

    def close(self) -> None:
        """Let go of the producer. What it has not committed is aborted by its successor."""
        self._producer = None

    def commit(
        self, records: Sequence[Addressed], offsets: Sequence[TopicPartition], group: object
    ) -> None:
        """Store records and offsets. Raises Unavailable and Fatal, see `unsettled`."""
        producer = self.open()
        deadline = _now() + COMMIT_S
        try:
            self._fill(producer, records, offsets, group, deadline)
        except (KafkaException, SystemError) as error:
            self._abandon(error)
        self._finish(deadline)

    def settle(self, stored: Callable[[], bool]) -> bool:
        """Find out how the last commit ended; `stored` looks at the group's positions."""
        if self._producer is None:
            self.open()  # the brokers end what was open before they answer
            answer = stored()
            self.unsettled = False
            return answer
        try:
            self._finish(_now() + COMMIT_S)
        except Unavailable:
            if self.unsettled:
                raise
            return False
        return True

    def _fill(
        self,
        producer: Producer,
        records: Sequence[Addressed],
        offsets: Sequence[TopicPartition],
        group: object,
        deadline: float,
    ) -> None:
        self._undelivered = None
        producer.begin_transaction()
        for topic, partition, record in records:
            self._produce(producer, topic, partition, record)
        if offsets:
            self._add_offsets(producer, offsets, group, deadline)

    def _add_offsets(
        self,
        producer: Producer,
        offsets: Sequence[TopicPartition],
        group: object,
        deadline: float,
    ) -> None:
        """Add the positions, on a thread of its own: this call may never come back.

        librdkafka (2.16) waits for a group's coordinator without any timeout, and for ever where
        that one is gone (its issues 5456 and 5511). Such a producer is left to itself, and its
        successor aborts what it began.
        """
        added: Future[None] = Future()

        def add() -> None:
            try:
                _again_until(
                    deadline,
                    lambda: producer.send_offsets_to_transaction(list(offsets), group, CALL_S),
                )
            except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                added.set_exception(error)
            else:
                added.set_result(None)

        threading.Thread(target=add, name="positions", daemon=True).start()
        try:
            added.result(max(0.0, deadline - _now()) + CALL_S)
        except TimeoutError:
            self._producer = None
            raise Unavailable(
                f"commit of {self._name}: the client does not come back from adding positions;"
                f" its producer was made anew"
            ) from None

    def _produce(
        self, producer: Producer, topic: str, partition: int | None, record: Produced
    ) -> None:
        at = ANY_PARTITION if partition is None else partition
        headers: list[tuple[str, str | bytes | None]] = [*record.headers]
        while True:
            try:
                producer.produce(
                    topic, record.value, record.key, at, self._delivered, headers=headers
                )
            except BufferError:
                producer.poll(CALL_S)  # the queue is full: let some of it go
            else:
                return

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        """Keep why a record was refused; the commit itself only says that one was."""
        self._undelivered = self._undelivered or error

    def _finish(self, deadline: float) -> None:
        producer = self.open()
        try:
            _again_until(deadline, lambda: producer.commit_transaction(CALL_S))
        except (KafkaException, SystemError) as error:
            cause = cause_of(error)
            # Only where the client asks for an abort is it sure that nothing was stored.
            self.unsettled = cause is None or not cause.txn_requires_abort()
            self._abandon(error)
        self.unsettled = False

    def _abandon(self, error: BaseException) -> None:
        """End a transaction that failed, and raise what it means."""
        cause = cause_of(error)
        if cause is None:
            raise error
        if is_fenced(cause) or cause.fatal():
            self._replace(cause)
        elif not self.unsettled:
            self._abort()
        why = self._undelivered if cause.code() == KafkaError._INCONSISTENT else None
        raise translated(why or cause, f"commit of {self._name}") from error

    def _abort(self) -> None:
        producer = self.open()
        try:
            _again_until(_now() + COMMIT_S, lambda: producer.abort_transaction(CALL_S))
        except (KafkaException, SystemError):
            self._producer = None  # its successor aborts what is left of it

    def _replace(self, cause: KafkaError) -> None:
        """Let a producer go that was fenced. Raises Fatal for the second time in a minute."""
        self._producer = None
        now = _now()
        if now - self._fenced_at < RIVAL_S:
            raise Fatal(
                f"{self._name}: fenced twice within {RIVAL_S:.0f} s ({cause.name()}): another"
                f" process uses the same transactional id; give each its own kafka.instance"
            )
        self._fenced_at = now
        raise Unavailable(
            f"{self._name}: its producer was fenced ({cause.name()}) and is made anew: a"
            f" transaction lasted too long, or another process has the same kafka.instance"
        )

    @property
    def _name(self) -> str:
        return f"{self._cluster.group(self._service)}-{self._cluster.instance()}"


def _again_until(deadline: float, call: Callable[[], object]) -> None:
    """Make a call until it succeeds or fails for good; raises its last error at the deadline."""
    while True:
        try:
            call()
        except KafkaException as error:
            cause = cause_of(error)
            passing = cause is not None and is_passing(cause) and not cause.txn_requires_abort()
            if not passing or _now() >= deadline:
                raise
            time.sleep(0.05)  # noqa: TID251  # some errors come at once
        else:
            return


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # a broker's patience is real time
