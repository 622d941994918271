"""What a Kafka client's error means for us: one table, read where the clients are called."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

from c2c_stream.broker.protocol import SAY_AFTER_S
from c2c_stream.errors import C2CError, Fatal, SettingsError, Unavailable

RETRY_S: Final = 0.1
Answer = TypeVar("Answer")

_LOGIN: Final = "mend the credentials or the certificates and start again"
_RIGHT: Final = "grant this right to the service's user and start again"
_MISSING: Final = "make the run's topics with `c2c topics create`"
_SIZE: Final = "raise max.message.bytes of the topic to what `c2c topics create` sets"
_INSTANCE: Final = "another process has the same kafka.instance; give each its own"
_REPLICAS: Final = "ask for no more --replication than there are brokers"
_OFFSET: Final = (
    "records were removed before they were read; find out why before you move the group's offset"
)

# Whatever the client says of itself (retriable, fatal), these have a meaning of their own.
TABLE: Final[dict[int, tuple[type[C2CError], str]]] = {
    KafkaError._AUTHENTICATION: (Fatal, _LOGIN),
    KafkaError.SASL_AUTHENTICATION_FAILED: (Fatal, _LOGIN),
    KafkaError._SSL: (Fatal, _LOGIN),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: (Fatal, _RIGHT),
    KafkaError.GROUP_AUTHORIZATION_FAILED: (Fatal, _RIGHT),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: (Fatal, _RIGHT),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (Fatal, _RIGHT),
    KafkaError.UNKNOWN_TOPIC_OR_PART: (SettingsError, _MISSING),
    KafkaError._UNKNOWN_TOPIC: (SettingsError, _MISSING),
    KafkaError._UNKNOWN_PARTITION: (SettingsError, _MISSING),
    KafkaError.MSG_SIZE_TOO_LARGE: (Fatal, _SIZE),
    KafkaError.RECORD_LIST_TOO_LARGE: (Fatal, _SIZE),
    KafkaError.INVALID_REPLICATION_FACTOR: (SettingsError, _REPLICAS),
    KafkaError.FENCED_INSTANCE_ID: (Fatal, _INSTANCE),
    KafkaError.UNRELEASED_INSTANCE_ID: (Fatal, _INSTANCE),
    KafkaError.OFFSET_OUT_OF_RANGE: (Fatal, _OFFSET),
    KafkaError._AUTO_OFFSET_RESET: (Fatal, _OFFSET),
}
# Told in callbacks alone; the calls themselves only say that nobody answers.
LOGIN: Final = frozenset(code for code, (_, hint) in TABLE.items() if hint == _LOGIN)
# They pass although the client does not call them retriable.
_PASSING: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._CONFLICT,
        KafkaError._NOENT,  # a partition that was just made has no leader yet
        KafkaError._QUEUE_FULL,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._WAIT_COORD,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.CONCURRENT_TRANSACTIONS,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,  # another broker leads since we last looked
        KafkaError.GROUP_ID_NOT_FOUND,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_CONTROLLER,
        KafkaError.NOT_COORDINATOR,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
    }
)
_FENCED: Final = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
)


def cause_of(error: BaseException) -> KafkaError | None:
    """Return the Kafka error inside an exception; None if there is none, which is a bug.

    A fenced producer's flush can raise SystemError with the KafkaException as its cause.
    """
    for found in (error, error.__cause__, error.__context__):
        if isinstance(found, KafkaException) and found.args:
            inner = found.args[0]
            return inner if isinstance(inner, KafkaError) else None
    return None


def is_passing(error: KafkaError) -> bool:
    """Say whether the same call may succeed later."""
    return error.code() in _PASSING or (error.retriable() and not error.fatal())


def is_fenced(error: KafkaError) -> bool:
    """Say whether the producer is lost to a newer one of its id, or to the transaction timeout."""
    return error.code() in _FENCED


def translated(error: KafkaError, doing: str) -> C2CError:
    """Return the error of ours that says what to do about one of Kafka's."""
    text = f"{doing}: {error.str()} ({error.name()})"
    if error.code() == KafkaError._FATAL and "group.instance.id" in error.str():
        return Fatal(f"{text}; {_INSTANCE}")  # the cause stands in the text alone
    if error.code() in TABLE:
        kind, hint = TABLE[error.code()]
        return kind(f"{text}; {hint}")
    if is_passing(error) or error.txn_requires_abort():
        return Unavailable(f"{text}; it goes on when the brokers answer")
    return Fatal(f"{text}; start again")


@contextmanager
def translating(doing: str) -> Iterator[None]:
    """Turn Kafka's exceptions into ours; anything else is a bug and stays one."""
    try:
        yield
    except (KafkaException, SystemError) as error:
        cause = cause_of(error)
        if cause is None:
            raise
        raise translated(cause, doing) from error


def answer_of(asked: "Future[Answer]", patience_s: float) -> Answer:
    """Wait for an admin client's answer. Raises Unavailable where none comes.

    The client has its own timeout for a question; one that it forgets, for that of a leader or a
    coordinator that moved meanwhile, would be waited for until the end of time.
    """
    try:
        return asked.result(2 * patience_s)
    except TimeoutError:
        raise Unavailable("the client gave no answer; it goes on when one comes") from None


class Told:
    """Keeps what clients tell of themselves in callbacks: that the brokers refuse to know us."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._refused: C2CError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take an error; given to a client as its `error_cb`."""
        if error.code() in LOGIN:
            self._refused = self._refused or translated(error, self._servers)

    def check(self) -> None:
        """Raise Fatal if the brokers refuse us: waiting does not help."""
        if self._refused is not None:
            raise self._refused


def patiently(
    ask: Callable[[], Answer],
    patience_s: float,
    waiting: Callable[[Unavailable], None] = lambda _: None,
) -> Answer:
    """Ask until the brokers answer, and tell `waiting` that they do not, after a while each time.

    Raises Fatal when they have not for `patience_s`.
    """
    began = _now()
    while True:
        try:
            with translating("question"):
                return ask()
        except Unavailable as error:
            waited_s = _now() - began
            if waited_s >= SAY_AFTER_S:
                waiting(error)
            if waited_s >= patience_s:
                raise Fatal(f"{error} (for {patience_s:.0f} s)") from error
            time.sleep(RETRY_S)  # noqa: TID251  # some answers come at once


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # patience is real time
