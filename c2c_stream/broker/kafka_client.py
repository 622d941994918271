"""How a run's clients are made: addresses, names, and the properties that correctness rests on."""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient

from c2c_stream.broker.run import KAFKA_SCHEME
from c2c_stream.connection import properties_of, without_secrets
from c2c_stream.errors import SettingsError
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import BESIDE_BYTES, MAX_DEAD_LETTER_BYTES

# A dead pod's open transaction holds back its readers no longer than this.
TRANSACTION_TIMEOUT_MS: Final = 15_000
# Far above any tick; a service that does not poll for this long is stuck and loses its seat.
MAX_POLL_INTERVAL_MS: Final = 300_000
MAX_PRODUCED_BYTES: Final = MAX_DEAD_LETTER_BYTES + BESIDE_BYTES
# Fetched ahead and not yet polled; the window holds the rest.
PREFETCH_KIB: Final = 16 * 1024

# What matters comes as errors, and standard error belongs to the services' own lines.
_SILENT: Final = logging.getLogger("c2c_stream.librdkafka")
_SILENT.setLevel(logging.CRITICAL + 1)
Made = TypeVar("Made")
OnError = Callable[[KafkaError], None]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the brokers are, and the run whose name prefixes everything."""

    servers: str
    run: str
    settings: KafkaSettings

    def check(self) -> None:
        """Find what is wrong with how it is reached. Raises SettingsError."""
        properties_of(self.settings)

    def topic(self, name: str) -> str:
        """Return a topic's name on the brokers."""
        return f"{self.run}.{name}"

    def group(self, service: str) -> str:
        """Return a service's consumer group."""
        return f"{self.run}-{service}"

    def instance(self) -> str:
        """Return what tells this process from others of its service, stable over restarts."""
        return self.settings.instance or socket.gethostname()

    def consumer(self, service: str, on_error: OnError) -> Consumer:
        """Return a service's consumer. Connects in the background."""
        return self._made(
            Consumer,
            {
                "group.id": self.group(service),
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                # The first start reads from the beginning (kafka.py); later a gap is an incident.
                "auto.offset.reset": "error",
                "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
                "queued.max.messages.kbytes": PREFETCH_KIB,
                "error_cb": on_error,
                **self._membership(),
            },
        )

    def _membership(self) -> dict[str, str]:
        """Return how a member takes part in its group."""
        static = {"group.instance.id": self.instance()} if self.settings.static_membership else {}
        if self.settings.group_protocol == "consumer":
            return {"group.protocol": "consumer", **static}  # the brokers assign
        return {"partition.assignment.strategy": "cooperative-sticky", **static}

    def reader(self, on_error: OnError) -> Consumer:
        """Return a consumer without a group, for reading what partitions hold."""
        return self._made(
            Consumer,
            {
                "group.id": f"{self.run}-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                "error_cb": on_error,
            },
        )

    def observer(self, service: str, on_error: OnError, *, stable: bool) -> Consumer:
        """Return a consumer that never joins a service's group: it asks where the group stands.

        If `stable`, an answer waits for what a transaction is just committing.
        """
        return self._made(
            Consumer,
            {
                "group.id": self.group(service),
                "enable.auto.commit": False,
                "isolation.level": "read_committed" if stable else "read_uncommitted",
                "error_cb": on_error,
            },
        )

    def producer(self, service: str, on_error: OnError) -> Producer:
        """Return the transactional producer of a service's instance."""
        return self._made(
            Producer,
            {
                "transactional.id": f"{self.group(service)}-{self.instance()}",
                "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "message.max.bytes": MAX_PRODUCED_BYTES,
                "linger.ms": 1,
                # A report a record costs as much as the record; only refusals are of interest.
                "delivery.report.only.error": True,
                "error_cb": on_error,
            },
        )

    def admin(self, on_error: OnError) -> AdminClient:
        """Return a client for questions about groups and topics."""
        return self._made(AdminClient, {"error_cb": on_error})

    def _made(self, kind: Callable[[dict[str, Any]], Made], properties: Mapping[str, Any]) -> Made:
        common = {
            "bootstrap.servers": self.servers,
            "client.id": self.run,
            "logger": _SILENT,
            "log_level": 0,
        }
        chosen = properties_of(self.settings)
        try:
            return kind({**common, **properties, **chosen})
        except Exception as error:  # noqa: BLE001  # the client has no type of its own for it
            # The client's own check of names, values and files.
            cause = error.args[0] if error.args else error
            text = cause.str() if isinstance(cause, KafkaError) else str(error)
            told = without_secrets(text, chosen)
            raise SettingsError(f"kafka.properties: {told}") from None


def servers_of(broker: str) -> str:
    """Return HOST:PORT,... of kafka://HOST:PORT,... Raises SettingsError."""
    servers = broker.removeprefix(KAFKA_SCHEME)
    if "@" in servers:
        raise SettingsError(
            "broker: write kafka://HOST:PORT,HOST:PORT, with the login in kafka.username and"
            " kafka.password_file"
        )
    if not servers or not all(_is_address(one) for one in servers.split(",")):
        raise SettingsError(f"broker: found {broker!r}; write kafka://HOST:PORT,HOST:PORT")
    return servers


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and "/" not in text
